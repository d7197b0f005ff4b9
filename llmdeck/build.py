"""The pipeline as a story: from templates, ledger and demos to files that are verified.

Only then are they put in their place.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from llmdeck.check import Moved, all_moved
from llmdeck.config import Config
from llmdeck.errors import ConfigError, DeckError, raise_all
from llmdeck.marp.convert import Expected, convert
from llmdeck.marp.process import Marp
from llmdeck.model import Variant
from llmdeck.output.formats import HTML, Format
from llmdeck.output.page import Page, check_size, make_self_contained, page_parts
from llmdeck.output.sources import Sources
from llmdeck.render.cache import RenderCache
from llmdeck.render.controls import packed
from llmdeck.render.deck import Rendered
from llmdeck.resolve import Project, complete
from llmdeck.results import fingerprint
from llmdeck.results.files import LEFTOVER_S, write_whole
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
    moved: tuple[Moved, ...] = ()
    """What they gave that is no longer what was stored."""
    outdated: tuple[DeckError, ...] = ()
    """The failures behind facts that could not be recomputed (`keep_stale`)."""


def build(
    config: Config,
    options: Options,
    marp: Marp,
    progress: Progress,
    runner: Runner = run_jobs,
    before: Mapping[str, str] | None = None,
) -> Built:
    """Build the deck: run what is not fresh, render, convert, verify; then put it in its place.

    Only then do results go into the store: after a build that failed it is what it was.

    `marp` was started by the caller, so that it loads while the rest happens. `before` are the
    inputs as the caller has just seen them (see `fingerprint.inputs`).

    Raises:
        DeckError: whatever went wrong, all of it; the last good deck is left as it was.
    """
    _refuse_stale_in_ci(options)
    before = before or fingerprint.inputs(config)
    project = _read(config, options, before)
    resolved = complete(project, progress, runner, keep_stale=options.keep_stale)
    raise_all(resolved.errors)
    with _writing(project.renderer.cache, config, before):
        _convert(config, options, resolved.rendered, marp)
    moved = _moved(project, resolved.rendered)
    _keep_results(project, resolved.rendered)
    if not resolved.outdated:  # else the next build tries again
        _note(options, project, resolved.rendered, before)
    return Built(
        outputs=tuple(config.output / made.file for made in options.formats),
        slides=len(resolved.rendered.slides),
        ran=tuple(resolved.ran),
        moved=moved,
        outdated=tuple(resolved.outdated.values()),
    )


def _read(config: Config, options: Options, inputs: Mapping[str, str]) -> Project:
    """Return the project, with the pages that an earlier build rendered."""
    cache = RenderCache.read(config.output, inputs["llmdeck"])
    project = Project.read(config, notes=options.notes, known=inputs, cache=cache)
    if options.rerun:
        project.current.clear()
    return project


@contextmanager
def _writing(cache: RenderCache, config: Config, inputs: Mapping[str, str]) -> Iterator[None]:
    """Write what was rendered while Marp, another process, converts it."""
    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(cache.write, config.output, inputs["llmdeck"])
        yield
    writing.result()


def _convert(config: Config, options: Options, rendered: Rendered, marp: Marp) -> None:
    """Convert the deck in a work folder, and put what was verified in its place."""
    with _work_folder(config.output) as work:
        conversion = Conversion(config=config, rendered=rendered, marp=marp, work=work)
        _publish(config.output, work, conversion.run(options.formats))


def _keep_results(project: Project, rendered: Rendered) -> None:
    """Put new results into the store, and take those out that nothing uses any more."""
    project.results.publish()
    project.store.prune(rendered.variants)


def _moved(project: Project, rendered: Rendered) -> tuple[Moved, ...]:
    """Return what was computed and is no longer what is stored, as `check` would tell it."""
    new, stored = project.results.computed, project.store.results()
    old = {variant: stored[variant] for variant in new if variant in stored}
    return tuple(all_moved(project, rendered, old, new))


def _refuse_stale_in_ci(options: Options) -> None:
    if options.keep_stale and os.environ.get("CI"):
        raise ConfigError(
            "--keep-stale is for the evening before the lecture, not for CI (CI is set)"
        )


def _note(
    options: Options, project: Project, rendered: Rendered, before: Mapping[str, str]
) -> None:
    """Note what was built and from what, so that the next build sees whether anything changed."""
    output = project.config.output
    outputs = {
        fingerprint.name_of(made.file, notes=options.notes): output / made.file
        for made in options.formats
    }
    read: dict[str, str] = {}
    for variant in rendered.variants:
        read.update(project.store.heads[variant].inputs)
    others = {name: digest for name, digest in read.items() if name not in before}
    fingerprint.write(project.config, outputs, others, before)


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A rendered deck on its way through Marp, in a work folder."""

    config: Config
    rendered: Rendered
    marp: Marp
    work: Path

    def run(self, wanted: Sequence[Format]) -> list[Path]:
        """Make every format; return the files that belong into the output folder.

        HTML is always made: with it, what the other formats load is found and verified.
        """
        limit_mb = self.config.limits.page_mb
        check_size(self.rendered.parts, limit_mb)
        source = _write(self.work / "deck.md", self.rendered.markdown)
        written = [source]
        for name, svg in self.rendered.figures.items():
            written.append(_write(self.work / name, svg))
        page = self._page(source)
        check_size(page_parts(page, self.rendered.slides), limit_mb)
        for name, path in page.assets.items():
            written.append(_copy(path, self.work / name))
        for made in wanted:
            target = self.work / made.file
            if made is HTML:
                _write(target, page.html)
            else:
                self._convert(source, target)
                target.write_bytes(made.same_bytes(target, self.config.words.slide))
            written.append(target)
        return written

    def _page(self, source: Path) -> Page:
        """Convert to HTML and make one self-contained page of it."""
        raw = self.work / "marp.html"
        with ThreadPoolExecutor(1) as pool:  # while Marp, another process, converts
            fragments = pool.submit(packed, self.rendered.controls, self.config)
            self._convert(source, raw)
        sources = Sources(
            folder=self.config.folder,
            themes=self.config.folder / "theme",
            packages=self.marp.folder / "node_modules",
            figures=self.rendered.figures,
            slides=self.rendered.slides,
            formulas=self.rendered.formulas,
        )
        return make_self_contained(raw.read_text(encoding="utf-8"), sources, fragments.result())

    def _convert(self, source: Path, target: Path) -> None:
        deck = self.config.deck
        expected = Expected(slides=len(self.rendered.slides), theme=deck.theme, lang=deck.lang)
        themes = sorted((self.config.folder / "theme").glob("*.css"))
        convert(source, target, expected, themes=themes, marp=self.marp)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _copy(path: Path, target: Path) -> Path:
    """Copy what Marp's own reading of the Markdown, for PDF and PPTX, needs beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    return target


@contextmanager
def _work_folder(output: Path) -> Iterator[Path]:
    """Give a folder to build in, on the file system of the output.

    Those that killed builds left are removed.
    """
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
    """Put what was built in its place, each file whole; figures that no slide shows any more go."""
    names = {path.relative_to(work).as_posix() for path in files}
    for path in files:
        write_whole(output / path.relative_to(work), path.read_bytes())
    for old in (output / "figures").glob("*.svg"):
        if f"figures/{old.name}" not in names:
            old.unlink(missing_ok=True)
