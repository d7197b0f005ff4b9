"""Is every number still what the slides say? Recompute all of them, compare with the store, and write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from llmdeck import ledger
from llmdeck.config import Config
from llmdeck.errors import DeckError, DemoError
from llmdeck.model import Claim, Drift, Result, State, Use, Variant
from llmdeck.render.deck import Rendered
from llmdeck.render.environment import environment
from llmdeck.render.numbers import Numbers
from llmdeck.resolve import Resolved, render, run_variants
from llmdeck.results.store import Store
from llmdeck.run.batch import Progress, Runner, run_jobs
from llmdeck.run.interface import find_demos


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
    rendered = render(config, demos, claims, stored)
    outcomes = run_variants(
        config, demos, set(rendered.variants), rendered.wants_figure, progress, runner
    )
    fresh = {
        variant: outcome for variant, outcome in outcomes.items() if isinstance(outcome, Result)
    }
    errors = Resolved(
        replace(rendered, errors=()),
        {},
        failed={v: o for v, o in outcomes.items() if isinstance(o, DemoError)},
    ).errors
    again = render(config, demos, claims, stored | fresh)
    names = _names_by_claim(config, claims)
    moved = [
        _moved(again, drift, {c: n for c, n in names.items() if claims[c].variant == variant})
        for variant, new in sorted(fresh.items(), key=lambda item: str(item[0]))
        if variant in stored
        for drift in ledger.drifts(
            stored[variant], new, config.limits_of(variant.demo), again.shown.get(variant, ())
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


def _names_by_claim(config: Config, claims: Mapping[str, Claim]) -> dict[str, set[str]]:
    """The facts that each computed claim reads."""
    env = environment(config, Numbers(config.deck.locale or config.deck.lang), claims)
    return {c.id: ledger.names_in(env, c) for c in claims.values() if c.variant}


def _moved(rendered: Rendered, drift: Drift, names: Mapping[str, set[str]]) -> Moved:
    """Which claims and which places show a fact that moved; where none is known to, every place of the variant."""
    affected = tuple(key for key, facts in names.items() if drift.fact in facts)
    mine = [use for use in rendered.uses if use.variant == drift.variant and use.slide]
    shows = [use for use in mine if use.fact == drift.fact or use.claim in affected]
    return Moved(drift=drift, uses=tuple(shows or mine), claims=affected)
