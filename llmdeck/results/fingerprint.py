"""Has anything changed since the last build? Digests of all inputs and outputs, in the output folder.

This is what makes a build with nothing to do take a tenth of a second, so it imports next to
nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmdeck.config import Config
from llmdeck.results.files import digest, write_whole

NAME = ".llmdeck.json"
PACKAGE = Path(__file__).parent.parent
SKIPPED = {"__pycache__", ".DS_Store"}


def _files(folder: Path) -> Iterable[Path]:
    """The files below a folder, sorted; a symbolic link to a folder is not followed."""
    found: list[Path] = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        found += [
            Path(here, name) for name in names if name not in SKIPPED and not name.startswith(".")
        ]
    return sorted(path for path in found if path.is_file())


def inputs(config: Config) -> dict[str, str]:
    """SHA-256 of what a build reads, as far as it is known before: the deck, the demos, this package."""
    known = {
        config.relative(path): digest(path)
        for path in (*_files(config.folder), *_files(config.demos_folder))
    }
    package = hashlib.sha256()
    for path in _files(PACKAGE):
        package.update(f"{path.relative_to(PACKAGE).as_posix()} {digest(path)}\n".encode())
    return known | {"llmdeck": package.hexdigest()}


def looks_changed(config: Config, outputs: Iterable[str]) -> bool:
    """Whether a file that a build reads is newer than what the last one wrote: a guess that reads no file."""
    try:
        oldest = min((config.output / name.split()[0]).stat().st_mtime_ns for name in outputs)
    except OSError:
        return True
    folders = (config.folder, config.demos_folder, PACKAGE)
    return any(path.stat().st_mtime_ns > oldest for folder in folders for path in _files(folder))


def read(config: Config) -> dict[str, Any]:
    """What the last build noted; nothing where there is no build or the note can't be read."""
    try:
        noted = json.loads((config.output / NAME).read_text(encoding="utf-8"))
        return noted if isinstance(noted, dict) else {}
    except (OSError, ValueError):
        return {}


def current(config: Config, wanted: Iterable[str], now: Mapping[str, str]) -> set[str]:
    """Which of the outputs (see `name_of`) are what a build would write, with the inputs as they are `now`."""
    noted = read(config)
    seen = noted.get("inputs", {})
    others = {name: digest(config.root / name) for name in noted.get("others", [])}
    if seen != dict(now) | others:
        return set()
    outputs: Mapping[str, str] = noted.get("outputs", {})
    return {
        name
        for name in wanted
        if name in outputs and digest(config.output / name.split()[0]) == outputs[name]
    }


def name_of(file: str, *, notes: bool) -> str:
    """Return what an output is noted as: without speaker notes it is another one in the same file."""
    return file + ("" if notes else " without notes")


def write(
    config: Config,
    outputs: Mapping[str, Path],
    others: Mapping[str, str],
    before: Mapping[str, str],
) -> None:
    """Note a build, with the digests of what it wrote.

    Its inputs are taken as they were `before` it, and the `others` as they were read, so that an
    edit made while it ran is not lost; but for the store, which it has only just written.
    """
    noted = read(config)
    results = config.folder / "results"
    stored = {config.relative(path): digest(path) for path in _files(results)}
    kept = {
        name: value
        for name, value in before.items()
        if not name.startswith(f"{config.relative(results)}/")
    }
    seen = kept | stored | dict(others)
    earlier = noted.get("outputs", {}) if noted.get("inputs") == seen else {}
    written = {name.split()[0] for name in outputs}
    earlier = {name: value for name, value in earlier.items() if name.split()[0] not in written}
    record = {
        "inputs": seen,
        "others": sorted(others),
        "outputs": earlier | {name: digest(path) for name, path in outputs.items()},
    }
    write_whole(config.output / NAME, json.dumps(record, indent=1) + "\n")
