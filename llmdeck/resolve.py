"""Render; run what is missing or stale; render again: what building, checking and listing claims have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from llmdeck import ledger
from llmdeck.config import Config
from llmdeck.errors import DeckError, DemoError
from llmdeck.model import Claim, Demo, Result, State, Variant
from llmdeck.render.deck import Rendered, Renderer
from llmdeck.results.store import Store
from llmdeck.run.batch import Job, Progress, Runner, run_jobs
from llmdeck.run.interface import find_demos


@dataclass
class Resolved:
    """A rendering in which no result is missing, or the errors that say why one is."""

    rendered: Rendered
    results: dict[Variant, Result]
    ran: list[Variant] = field(default_factory=list)
    failed: dict[Variant, DemoError] = field(default_factory=dict)

    def wanted(self, current: Collection[Variant]) -> frozenset[Variant]:
        """What is used but not `current`, or lacks something that a slide shows; what failed is not tried again."""
        return (
            self.rendered.pending | set(self.rendered.variants).difference(current)
        ) - self.failed.keys()

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
            same.setdefault(
                (error.place, error.message.replace(str(variant), variant.demo, 1)), []
            ).append(variant)
        found: list[DeckError] = []
        for (_, message), variants in same.items():
            error, several = (
                self.failed[variants[0]],
                f" ({len(variants)} variants, the first: {variants[0]})",
            )
            found.append(
                DemoError(
                    message + several if len(variants) > 1 else error.message,
                    place=error.place,
                    used=self.rendered.places(variants),
                    hint=error.hint,
                    printed=error.printed,
                )
            )
        return [*found, *self.rendered.errors]


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

    The first rendering uses stale results too: it only has to find out which variants the templates
    use.
    """
    demos, claims, store = find_demos(config), ledger.load_ledger(config), Store(config)
    answers = store.answers()
    results = {variant: answer.result for variant, answer in answers.items() if answer.result}
    current = (
        set()
        if rerun
        else {variant for variant, answer in answers.items() if answer.state is State.FRESH}
    )
    again = partial(render, config, demos, claims, results, notes)
    return complete(
        config, demos, store, results, current, again, progress, runner, keep_stale=keep_stale
    )


def complete(
    config: Config,
    demos: Mapping[str, Demo],
    store: Store,
    results: dict[Variant, Result],
    current: set[Variant],
    again: Callable[[], Rendered],
    progress: Progress,
    runner: Runner,
    *,
    keep_stale: bool = False,
    failed: dict[Variant, DemoError] | None = None,
) -> Resolved:
    """Render with `again`, run what is missing or not `current`, and so on.

    `results`, `current` and `failed` get what ran; what `failed` before is not tried again.
    """
    found = Resolved(again(), results, failed={} if failed is None else failed)
    while wanted := found.wanted(current):
        outcomes = run_variants(
            config, demos, wanted, found.rendered.wants_figure, progress, runner, results
        )
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
                results[variant] = replace(last_good, not_updated=True)
        found.rendered = again()
    return found


def render(
    config: Config,
    demos: Mapping[str, Demo],
    claims: Mapping[str, Claim],
    results: Mapping[Variant, Result],
    notes: bool = True,
) -> Rendered:
    """Render all templates once with the results that there are."""
    return Renderer(
        config=config, demos=demos, claims=claims, results=results, notes=notes
    ).render()


def run_variants(
    config: Config,
    demos: Mapping[str, Demo],
    variants: frozenset[Variant] | set[Variant],
    figures: frozenset[Variant],
    progress: Progress,
    runner: Runner,
    stored: Mapping[Variant, Result] | None = None,
) -> Mapping[Variant, Result | DemoError]:
    """Run variants, one job a demo; a number that moved by less than its tolerance stays as it was `stored`."""
    known = {variant: result.facts for variant, result in (stored or {}).items()}
    by_demo: dict[str, list[Variant]] = {}
    for variant in sorted(variants, key=str):
        by_demo.setdefault(variant.demo, []).append(variant)
    jobs = [
        Job(
            demo=demos[name],
            variants=tuple(mine),
            figures=frozenset(figures.intersection(mine)),
            stored={variant: known[variant] for variant in mine if variant in known},
        )
        for name, mine in by_demo.items()
        if name in demos
    ]
    return runner(config, jobs, progress)
