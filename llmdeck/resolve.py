"""Render, run what is missing or stale, render again: what several commands have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace

from llmdeck import ledger
from llmdeck.config import Config
from llmdeck.errors import DeckError, DemoError, ParameterError
from llmdeck.model import Claim, Demo, Result, Variant
from llmdeck.render.cache import KeptLedger, RenderCache
from llmdeck.render.deck import Rendered, Renderer
from llmdeck.results.digests import NamedDigests
from llmdeck.results.store import ASIDE, Results, Store
from llmdeck.run.batch import Job, Progress, Runner, run_jobs
from llmdeck.run.interface import find_demos


@dataclass(kw_only=True, eq=False)
class Project:
    """A deck's sources as they are now, and the results that there are."""

    config: Config
    demos: Mapping[str, Demo]
    claims: Mapping[str, Claim]
    store: Store
    results: Results
    renderer: Renderer
    current: set[Variant]
    """The variants that need not run: their results are fresh, or have just been computed."""
    failed: dict[Variant, DemoError] = field(default_factory=dict)
    """What failed is not tried again."""

    @classmethod
    def read(
        cls,
        config: Config,
        *,
        notes: bool = True,
        known: Mapping[str, str] | None = None,
        cache: RenderCache | None = None,
        computes: bool = True,
    ) -> Project:
        """Read a project; `known` are digests of its files, `cache` is what was rendered before.

        Where nothing will be computed, the stored results alone count; else also those that were
        computed for a deck that could not be built.

        Raises:
            ConfigError: where the ledger or `deck.toml` is not right.
        """
        cache = RenderCache() if cache is None else cache
        digests = NamedDigests(config.root, known)
        demos, claims = find_demos(config), _claims(config, digests, cache)
        store = Store(config, digests, cache.heads)
        aside = Store(config, digests, folder=config.output / ASIDE) if computes else None
        results = store.results(aside)
        cache.heads = store.heads_by_name
        renderer = Renderer(config=config, demos=demos, claims=claims, notes=notes, cache=cache)
        return cls(
            config=config,
            demos=demos,
            claims=claims,
            store=store,
            results=results,
            renderer=renderer,
            current={*filter(store.is_fresh, store.heads), *results.computed},
        )

    def look_again(self) -> None:
        """Look again at the files that templates are rendered from: they may have been saved."""
        self.store.digests = NamedDigests(self.config.root)

    def render(self) -> Rendered:
        """Render all templates once, with the results that there are."""
        return self.renderer.render(self.results, self.store.digests)


def _claims(config: Config, digests: NamedDigests, cache: RenderCache) -> Mapping[str, Claim]:
    """Return the claims of the ledger, which is read anew where it changed."""
    digest = digests[config.relative(config.folder / ledger.FILE)]
    if digest != cache.ledger.digest:
        cache.ledger = KeptLedger(digest=digest, claims=ledger.load_ledger(config))
    return cache.ledger.claims


@dataclass
class Resolved:
    """A rendering in which no result is missing, or the errors that say why one is."""

    rendered: Rendered
    results: MutableMapping[Variant, Result]
    ran: list[Variant] = field(default_factory=list)
    failed: Mapping[Variant, DemoError] = field(default_factory=dict)

    @property
    def outdated(self) -> dict[Variant, DemoError]:
        """The failures whose last good facts are shown instead."""
        shown = set(self.results).difference(self.rendered.pending)
        return {variant: error for variant, error in self.failed.items() if variant in shown}

    @property
    def errors(self) -> list[DeckError]:
        """Demos that failed, with the slides that they take with them, and what rendering found."""
        outdated = self.outdated
        used = set(self.rendered.variants)
        failed = {v: e for v, e in self.failed.items() if v in used and v not in outdated}
        return [*failures(failed, self.rendered), *self.rendered.errors]


def resolve(
    config: Config,
    progress: Progress,
    runner: Runner = run_jobs,
    *,
    rerun: bool = False,
    keep_stale: bool = False,
) -> Resolved:
    """Read a project, run what is missing or stale, and render it."""
    project = Project.read(config)
    if rerun:
        project.current.clear()
    return complete(project, progress, runner, keep_stale=keep_stale)


def complete(
    project: Project, progress: Progress, runner: Runner = run_jobs, *, keep_stale: bool = False
) -> Resolved:
    """Render; run what is missing or stale; render again, until nothing is missing but what failed.

    The first rendering uses stale results too: it only has to find out which variants are used.
    With `keep_stale` a variant that fails keeps its last good facts, marked as outdated.
    """
    found = Resolved(project.render(), project.results, failed=project.failed)
    while wanted := _wanted(project, found.rendered):
        outcomes = run_variants(
            project.config,
            project.demos,
            wanted,
            found.rendered.wants_figure,
            progress,
            runner,
            project.store.results(),
        )
        if not outcomes:
            break
        found.ran += sorted(outcomes, key=str)
        for variant, outcome in outcomes.items():
            _take_in(project, variant, outcome, keep_stale=keep_stale)
        found.rendered = project.render()
    return found


def _wanted(project: Project, rendered: Rendered) -> set[Variant]:
    """Return what is used but not fresh, or lacks its figure; what failed is not tried again."""
    stale = set(rendered.variants).difference(project.current)
    return (stale | rendered.pending).difference(project.failed)


def _take_in(
    project: Project, variant: Variant, outcome: Result | DemoError, *, keep_stale: bool
) -> None:
    """Keep a result; after a failure show the last good one, or none."""
    if isinstance(outcome, Result):
        project.results.save(outcome)
        project.current.add(variant)
        return
    last_good = project.results.pop(variant, None)
    project.failed[variant] = outcome
    if keep_stale and last_good:
        project.results[variant] = replace(last_good, outdated=True)


def failures(failed: Mapping[Variant, DemoError], rendered: Rendered) -> Iterable[DemoError]:
    """Give the errors of demos that failed, with the slides that they take with them.

    Variants that fail at the same line in the same way are one failure.
    """
    alike: dict[tuple[object, str], list[Variant]] = {}
    for variant, error in failed.items():
        message = error.message.replace(str(variant), variant.demo, 1)
        alike.setdefault((error.place, message), []).append(variant)
    for (_, message), variants in alike.items():
        error = failed[variants[0]]
        used = rendered.places(variants)
        place = error.place
        if isinstance(error, ParameterError):  # what is wrong stands where the variant is asked for
            place = rendered.asked_at(variants[0]) or place
        several = f" ({len(variants)} variants, the first: {variants[0]})"
        yield DemoError(
            message + several if len(variants) > 1 else error.message,
            place=place,
            used=used,
            hint=error.hint,
            printed=error.printed,
        )


def run_variants(
    config: Config,
    demos: Mapping[str, Demo],
    variants: Collection[Variant],
    figures: Collection[Variant],
    progress: Progress,
    runner: Runner,
    stored: Mapping[Variant, Result] | None = None,
) -> Mapping[Variant, Result | DemoError]:
    """Run variants, one job a demo.

    A number that moved by less than its tolerance stays as it was `stored`.
    """
    known = {} if stored is None else stored
    by_demo: dict[str, list[Variant]] = {}
    for variant in sorted(variants, key=str):
        if variant.demo in demos:
            by_demo.setdefault(variant.demo, []).append(variant)
    jobs = [
        Job(
            demo=demos[name],
            variants=tuple(mine),
            figures=frozenset(figures).intersection(mine),
            stored={variant: known[variant].facts for variant in mine if variant in known},
        )
        for name, mine in by_demo.items()
    ]
    return runner(config, jobs, progress)
