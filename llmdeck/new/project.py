"""A new deck in an empty folder: copied from what the package brings, or from another deck."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from llmdeck.config import load
from llmdeck.errors import ConfigError

FILES = Path(__file__).parent / "files"
LANGUAGES = ("en", "it")
BOTH = "both"
TITLE = "@TITLE@"
"""What stands for the title in the files."""
WORDS = "deck/words.txt"
"""The words that the spelling lint takes as right; the title's may be of no dictionary."""
DOT = "dot-"
"""How the name of a hidden file begins here, where tools would take it for one of the package."""
LEFT_OUT = (".git", ".venv", "__pycache__", "*.pyc", ".*_cache")
"""What is not copied from another deck, beside what it built."""


def create(folder: Path, *, language: str = "en", source: Path | None = None) -> list[Path]:
    """Write a deck that builds, checks and lints clean; return its files, sorted.

    `source` is the folder of a deck that is copied instead; its stored results come along.

    Raises:
        ConfigError: where the folder is there and not empty, or `source` holds no deck.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"{folder} is there already and not empty",
            hint="name a folder that does not exist: llmdeck new my-talk",
        )
    if source:
        _copy_deck(source.resolve(), folder)
    else:
        _copy_files(folder, language)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def title_of(folder: Path) -> str:
    """Return a title made of a folder's name.

    >>> title_of(Path("talks/dark-matter_2027"))
    'Dark matter 2027'
    """
    words = folder.resolve().name.replace("-", " ").replace("_", " ").split()
    title = " ".join(words)
    return title[:1].upper() + title[1:]


def _copy_files(folder: Path, language: str) -> None:
    """Copy the package's files, with the deck's title in them."""
    title = title_of(folder)
    for path, name in _files(language):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8").replace(TITLE, title)
        target.write_text(text, encoding="utf-8")
    words = "".join(f"{word}\n" for word in sorted(set(title.split())))
    (folder / WORDS).write_text(words, encoding="utf-8")


def _files(language: str) -> Iterator[tuple[Path, Path]]:
    """Give the package's files for a language, and the name of each in the new deck."""
    for top in (FILES / BOTH, FILES / language):
        for path in top.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                parts = path.relative_to(top).parts
                yield path, Path(*(_name(part) for part in parts))


def _name(part: str) -> str:
    return f".{part.removeprefix(DOT)}" if part.startswith(DOT) else part


def _copy_deck(source: Path, folder: Path) -> None:
    """Copy another deck as it is, without what it built.

    Raises:
        ConfigError: where there is no deck.
    """
    output = load(source).output
    left_out = shutil.ignore_patterns(*LEFT_OUT)

    def ignore(parent: str, names: list[str]) -> set[str]:
        built = {output.name} if Path(parent) == output.parent else set()
        return set(left_out(parent, names)) | built.intersection(names)

    shutil.copytree(source, folder, ignore=ignore, dirs_exist_ok=True)
