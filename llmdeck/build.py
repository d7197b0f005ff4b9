"""The pipeline as a story: from templates, ledger and demos to one file that is verified, then put in its place."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from llmdeck.config import Config
from llmdeck.errors import ConfigError, DeckError, raise_all
from llmdeck.marp.convert import Expected, convert
from llmdeck.marp.process import Marp
from llmdeck.model import Result, Variant
from llmdeck.output.formats import HTML, Format
from llmdeck.output.page import Page, make_self_contained
from llmdeck.output.sources import Sources
from llmdeck.render.controls import packed
from llmdeck.render.deck import Rendered
from llmdeck.resolve import resolve
from llmdeck.results import fingerprint
from llmdeck.results.files import LEFTOVER_S, write_whole
from llmdeck.results.store import Store
from llmdeck.run.batch import Progress, Runner, run_jobs


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a build is asked for."""

    formats: tuple[Format, ...] = (HTML,)
    notes: bool = True
    rerun: bool = False
    """Run every demo again, fresh or not."""
    keep_stale: bool = False
    """Show a failing demo's last good facts, visibly marked, instead of failing."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a build did."""

    outputs: tuple[Path, ...]
    slides: int
    """How many slides the deck has."""
    ran: tuple[Variant, ...] = ()
    """The variants that had to be computed."""
    kept: tuple[DeckError, ...] = ()
    """The failures behind facts that could not be recomputed (`keep_stale`)."""


def build(
    config: Config,
    options: Options,
    marp: Marp,
    progress: Progress,
    runner: Runner = run_jobs,
    before: Mapping[str, str] | None = None,
) -> Built:
    """Build the deck: run what is not fresh, render, convert, verify, and only then put it in its place.

    `marp` was started by the caller, so that it loads while the rest happens; `before` are the
    inputs as the caller has just seen them (see `fingerprint.inputs`), so that they are not read a second
    time.

    Raises:
        DeckError: whatever went wrong, all of it; the last good deck is left as it was.
    """
    if options.keep_stale and os.environ.get("CI"):
        raise ConfigError(
            "--keep-stale is for the evening before the lecture, not for CI (CI is set)"
        )
    before = before or fingerprint.inputs(config)
    resolved = resolve(
        config,
        progress,
        runner,
        rerun=options.rerun,
        keep_stale=options.keep_stale,
        notes=options.notes,
    )
    kept = resolved.kept()
    raise_all(resolved.errors)
    Store(config).prune(resolved.rendered.variants)
    with _work_folder(config.output) as work:
        written = _convert_all(config, options, resolved.rendered, marp, work)
        _publish(config.output, work, written)
    outputs = {
        fingerprint.name_of(made.file, notes=options.notes): config.output / made.file
        for made in options.formats
    }
    if not kept:  # else the next build tries again
        used = [resolved.results[variant] for variant in resolved.rendered.variants]
        fingerprint.write(config, outputs, _others(used, before), before)
    return Built(
        outputs=tuple(outputs.values()),
        slides=len(resolved.rendered.slides),
        ran=tuple(resolved.ran),
        kept=kept,
    )


def _others(results: Iterable[Result], known: Mapping[str, str]) -> dict[str, str]:
    """Return what results came from outside the deck and the demos, with its digest as it was read."""
    inputs: dict[str, str] = {}
    for result in results:
        inputs.update(result.inputs)
    return {name: digest for name, digest in inputs.items() if name not in known}


def _convert_all(
    config: Config, options: Options, rendered: Rendered, marp: Marp, work: Path
) -> list[Path]:
    """Make every format in the work folder; return the files that belong into the output folder."""
    source = _write(work / "deck.md", rendered.markdown)
    figures = [_write(work / name, svg) for name, svg in rendered.figures.items()]
    expected = Expected(slides=len(rendered.slides), theme=config.deck.theme, lang=config.deck.lang)
    themes = sorted((config.folder / "theme").glob("*.css"))
    page = _page(config, rendered, marp, source, expected, themes)
    assets = [_copy(path, work / name) for name, path in page.assets.items()]
    decks = []
    for made in options.formats:
        target = work / made.file
        if made is HTML:
            _write(target, page.html)
        else:
            convert(source, target, expected, themes=themes, marp=marp)
            target.write_bytes(made.same_bytes(target, config.words.slide))
        decks.append(target)
    return [source, *figures, *assets, *decks]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _copy(path: Path, target: Path) -> Path:
    """Copy what Marp's own reading of the Markdown, for PDF and PPTX, needs beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    return target


def _page(
    config: Config,
    rendered: Rendered,
    marp: Marp,
    source: Path,
    expected: Expected,
    themes: Sequence[Path],
) -> Page:
    """Convert to HTML and make one self-contained page of it."""
    raw = source.with_name("marp.html")
    with ThreadPoolExecutor(1) as pool:  # while Marp, another process, converts
        fragments = pool.submit(packed, rendered.lives, config)
        convert(source, raw, expected, themes=themes, marp=marp)
    sources = Sources(
        folder=config.folder,
        themes=config.folder / "theme",
        packages=marp.folder / "node_modules",
        figures=rendered.figures,
        slides=rendered.slides,
    )
    return make_self_contained(raw.read_text(encoding="utf-8"), sources, fragments.result())


@contextmanager
def _work_folder(output: Path) -> Iterator[Path]:
    """A folder to build in, on the file system of the output; those that killed builds left are removed."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob(".work-*"):
        with suppress(FileNotFoundError):  # another build has just ended
            if time.time() - old.stat().st_mtime > LEFTOVER_S:
                shutil.rmtree(old, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=output, prefix=".work-"))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _publish(output: Path, work: Path, files: Sequence[Path]) -> None:
    """Put what was built in its place, each file whole; the figures that no slide shows any more go."""
    names = {path.relative_to(work).as_posix() for path in files}
    for path in files:
        write_whole(output / path.relative_to(work), path.read_bytes())
    for old in (output / "figures").glob("*.svg"):
        if f"figures/{old.name}" not in names:
            old.unlink(missing_ok=True)
