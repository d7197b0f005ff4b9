"""The pipeline as a story: from templates, ledger and demos to one file that is verified.

`build` writes the deck, `check` recomputes everything and compares it with the store, `resolve` is what they share.
"""

from __future__ import annotations

import io
import logging
import os
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmdeck import claims as ledger
from llmdeck import stamp
from llmdeck.config import Config
from llmdeck.demos import find_demos
from llmdeck.errors import ConfigError, DeckError, DemoError, raise_all
from llmdeck.files import LEFTOVER_S, write_whole
from llmdeck.marp.driver import Expected, Marp, convert
from llmdeck.model import Claim, Demo, Drift, Result, State, Use, Variant
from llmdeck.page import Page, Sources, make_self_contained
from llmdeck.render import Rendered, Renderer
from llmdeck.runner import Job, Progress, Runner, run_jobs
from llmdeck.store import Store

FORMATS = ("html", "pdf", "pptx")
FIXED_DATE = "20000101000000Z"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a build is asked for."""

    formats: tuple[str, ...] = ("html",)
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


@dataclass
class Resolved:
    """A rendering in which no result is missing, or the errors that say why one is."""

    rendered: Rendered
    results: dict[Variant, Result]
    ran: list[Variant] = field(default_factory=list)
    failed: dict[Variant, DemoError] = field(default_factory=dict)

    def wanted(self, current: Collection[Variant]) -> frozenset[Variant]:
        """What is used but not `current`, or lacks something that a slide shows; what failed is not tried again."""
        return (self.rendered.pending | set(self.rendered.variants).difference(current)) - self.failed.keys()

    def kept(self) -> tuple[DemoError, ...]:
        """Forgive the failures whose last good facts are shown instead, and return them."""
        shown = [v for v in self.failed if v in self.results and v not in self.rendered.pending]
        return tuple(self.failed.pop(variant) for variant in shown)

    @property
    def errors(self) -> list[DeckError]:
        """Demos that failed, with the slides that they take with them, then what the rendering found; each once.

        Variants that fail at the same line in the same way are one failure.
        """
        same: dict[tuple[object, str], list[Variant]] = {}
        for variant, error in self.failed.items():
            same.setdefault((error.place, error.message.replace(str(variant), variant.demo, 1)), []).append(variant)
        found: list[DeckError] = []
        for (_, message), variants in same.items():
            error = self.failed[variants[0]]
            error.used = self.rendered.places(variants)
            if len(variants) > 1:
                error.message = f"{message} ({len(variants)} variants, the first: {variants[0]})"
            found.append(error)
        return [*found, *self.rendered.errors]


def build(
    config: Config,
    options: Options,
    marp: Marp,
    progress: Progress,
    runner: Runner = run_jobs,
    before: Mapping[str, str] | None = None,
) -> Built:
    """Build the deck: run what is not fresh, render, convert, verify, and only then put it in its place.

    `marp` was started by the caller, so that it loads while the rest happens; `before` are the inputs as the caller has
    just seen them (see `stamp.inputs`), so that they are not read a second time.

    Raises:
        DeckError: whatever went wrong, all of it; the last good deck is left as it was.
    """
    if options.keep_stale and os.environ.get("CI"):
        raise ConfigError("--keep-stale is for the evening before the lecture, not for CI (CI is set)")
    before = before or stamp.inputs(config)
    resolved = resolve(
        config, progress, runner, rerun=options.rerun, keep_stale=options.keep_stale, notes=options.notes
    )
    kept = resolved.kept()
    raise_all(resolved.errors)
    Store(config).prune(resolved.rendered.variants)
    with _work_folder(config.output) as work:
        written = _convert_all(config, options, resolved.rendered, marp, work)
        _publish(config.output, work, written)
    outputs = {stamp.name_of(fmt, notes=options.notes): config.output / f"deck.{fmt}" for fmt in options.formats}
    if not kept:  # else the next build tries again
        used = [resolved.results[variant] for variant in resolved.rendered.variants]
        stamp.write(config, outputs, _others(used, before), before)
    return Built(
        outputs=tuple(outputs.values()), slides=len(resolved.rendered.slides), ran=tuple(resolved.ran), kept=kept
    )


def resolve(
    config: Config,
    progress: Progress,
    runner: Runner = run_jobs,
    *,
    rerun: bool = False,
    keep_stale: bool = False,
    notes: bool = True,
) -> Resolved:
    """Render; run what is missing or stale; render again, until nothing is missing or only what failed.

    The first rendering uses stale results too: it only has to find out which variants the templates use.
    """
    demos, claims, store = find_demos(config), ledger.load_ledger(config), Store(config)
    answers = store.answers()
    results = {variant: answer.result for variant, answer in answers.items() if answer.result}
    current = set() if rerun else {variant for variant, answer in answers.items() if answer.state is State.FRESH}
    found = Resolved(_render(config, demos, claims, results, notes), results)
    while wanted := found.wanted(current):
        outcomes = _run(config, demos, wanted, found.rendered.wants_figure, progress, runner)
        if not outcomes:
            break
        found.ran += sorted(outcomes, key=str)
        for variant, outcome in outcomes.items():
            last_good = results.pop(variant, None)
            if isinstance(outcome, Result):
                store.write(outcome)
                results[variant] = outcome
                current.add(variant)
                continue
            found.failed[variant] = outcome
            if keep_stale and last_good:
                results[variant] = replace(last_good, kept=True)
        found.rendered = _render(config, demos, claims, results, notes)
    return found


def _render(
    config: Config,
    demos: Mapping[str, Demo],
    claims: Mapping[str, Claim],
    results: Mapping[Variant, Result],
    notes: bool,
) -> Rendered:
    return Renderer(config=config, demos=demos, claims=claims, results=results, notes=notes).render()


def _run(
    config: Config,
    demos: Mapping[str, Demo],
    variants: frozenset[Variant] | set[Variant],
    figures: frozenset[Variant],
    progress: Progress,
    runner: Runner,
) -> Mapping[Variant, Result | DemoError]:
    """Run variants, one job a demo."""
    by_demo: dict[str, list[Variant]] = {}
    for variant in sorted(variants, key=str):
        by_demo.setdefault(variant.demo, []).append(variant)
    jobs = [
        Job(demo=demos[name], variants=tuple(mine), figures=frozenset(figures.intersection(mine)))
        for name, mine in by_demo.items()
        if name in demos
    ]
    return runner(config, jobs, progress)


def _others(results: Iterable[Result], known: Mapping[str, str]) -> dict[str, str]:
    """What results came from that is not `known` yet (it lies outside the deck and the demos), as it was read."""
    inputs = {name: digest for result in results for name, digest in result.inputs.items()}
    return {name: digest for name, digest in inputs.items() if name not in known}


def _convert_all(config: Config, options: Options, rendered: Rendered, marp: Marp, work: Path) -> list[Path]:
    """Every format, in the work folder; return the files that belong into the output folder."""
    source = work / "deck.md"
    source.write_text(rendered.markdown, encoding="utf-8")
    for name, svg in rendered.figures.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(svg, encoding="utf-8")
    expected = Expected(slides=len(rendered.slides), theme=config.deck.theme, lang=config.deck.lang)
    themes = sorted((config.folder / "theme").glob("*.css"))
    page = _html(config, rendered, marp, source, expected, themes)
    written = [source, *(work / name for name in rendered.figures)]
    for name, path in page.assets.items():  # what Marp's own reading of the Markdown, for PDF and PPTX, needs beside it
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, work / name)
        written.append(work / name)
    for fmt in options.formats:
        target = work / f"deck.{fmt}"
        if fmt == "html":
            target.write_text(page.html, encoding="utf-8")
        else:
            extra = ["--pdf-outlines", *(["--pdf-notes"] if options.notes else [])] if fmt == "pdf" else []
            convert(source, target, expected, themes=themes, extra=extra, notes=options.notes)
            target.write_bytes(same_bytes_twice(target))
        written.append(target)
    return written


def _html(
    config: Config, rendered: Rendered, marp: Marp, source: Path, expected: Expected, themes: Sequence[Path]
) -> Page:
    raw = source.with_name("marp.html")
    convert(source, raw, expected, themes=themes, marp=marp)
    sources = Sources(
        folder=config.folder,
        themes=config.folder / "theme",
        packages=marp.folder / "node_modules",
        figures=rendered.figures,
        slides=rendered.slides,
    )
    return make_self_contained(raw.read_text(encoding="utf-8"), sources)


def same_bytes_twice(path: Path) -> bytes:
    """A PDF or PPTX with its dates set to a fixed one, so that two builds give the same bytes."""
    if path.suffix == ".pdf":
        return _same_pdf(path)
    fixed = path.with_suffix(".fixed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(item.filename, (2000, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, item.external_attr
            new.writestr(entry, content)
    raw = fixed.read_bytes()
    fixed.unlink()
    return raw


def _same_pdf(path: Path) -> bytes:
    """A PDF with its dates set; where it has notes, they lie in a compressed stream, so it is written anew."""
    from pypdf import PdfWriter

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of more objects than there were: it adds some itself
    writer, buffer = PdfWriter(clone_from=path), io.BytesIO()
    writer.pdf_header = path.read_bytes()[:8].decode("ascii")
    writer.add_metadata({"/CreationDate": f"D:{FIXED_DATE}", "/ModDate": f"D:{FIXED_DATE}"})
    writer.write(buffer)
    return buffer.getvalue()


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
        if f"figures/{old.name}" not in names and old.stem.count("-"):
            old.unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One fact that moved, and where the lecture says it."""

    drift: Drift
    uses: tuple[Use, ...]
    """The places that show it."""
    claims: tuple[str, ...] = ()
    """The claims that read it."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found."""

    variants: int
    slides: int
    moved: tuple[Moved, ...] = ()
    stale: Mapping[Variant, tuple[str, ...]] = field(default_factory=dict)
    """Variants whose stored result is not up to date, and why."""
    errors: tuple[DeckError, ...] = ()
    """Demos that fail, claims that don't hold, templates that can't be rendered."""

    @property
    def clean(self) -> bool:
        """Whether there is nothing to report."""
        return not (self.moved or self.stale or self.errors)


def check(config: Config, progress: Progress, runner: Runner = run_jobs) -> Checked:
    """Recompute every variant and compare it with the store; write nothing."""
    demos, claims, store = find_demos(config), ledger.load_ledger(config), Store(config)
    stored = store.results()
    rendered = _render(config, demos, claims, stored, notes=True)
    outcomes = _run(config, demos, set(rendered.variants), rendered.wants_figure, progress, runner)
    fresh = {variant: outcome for variant, outcome in outcomes.items() if isinstance(outcome, Result)}
    errors = Resolved(
        replace(rendered, errors=()), {}, failed={v: o for v, o in outcomes.items() if isinstance(o, DemoError)}
    ).errors
    again = _render(config, demos, claims, stored | fresh, notes=True)
    moved = [
        _moved(again, drift, names)
        for variant, new in sorted(fresh.items(), key=lambda item: str(item[0]))
        if variant in stored
        for names in [_names_by_claim(config, claims, variant)]
        for drift in ledger.drifts(
            stored[variant], new, config.limits_of(variant.demo).tolerance, again.shown.get(variant, ())
        )
    ]
    answers = {v: store.look_up(v, figure=v in rendered.wants_figure) for v in rendered.variants}
    stale = {v: answer.reasons for v, answer in answers.items() if answer.state is not State.FRESH}
    return Checked(
        variants=len(outcomes),
        slides=len(again.slides),
        moved=tuple(moved),
        stale=stale,
        errors=(*errors, *again.errors),
    )


def _names_by_claim(config: Config, claims: Mapping[str, Claim], variant: Variant) -> dict[str, set[str]]:
    from llmdeck.render import environment
    from llmdeck.units import Numbers

    env = environment(config, Numbers(config.deck.locale or config.deck.lang), claims)
    return {c.id: ledger.names_in(env, c) for c in claims.values() if c.variant == variant}


def _moved(rendered: Rendered, drift: Drift, names: Mapping[str, set[str]]) -> Moved:
    """Which claims and which places show a fact that moved; where none is known to, every place of the variant."""
    affected = tuple(key for key, facts in names.items() if drift.fact in facts)
    mine = [use for use in rendered.uses if use.variant == drift.variant and use.slide]
    shows = [use for use in mine if use.fact == drift.fact or use.claim in affected]
    return Moved(drift=drift, uses=tuple(shows or mine), claims=affected)
