"""Recompute every number, and say which is no longer what the slides say; nothing is written.

What is not the stored result to the last digit is computed a second time: two runs in a row that
differ show a clock, an unseeded random number or a set's order, and then nothing else can be said
of that demo. Where the store has the very same result, that was the other run. So a check costs
twice its time only for what moved. A demo whose tolerance is its own says that its last digits
depend on the machine: for it the two runs, too, may differ by so much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest

from llmdeck.config import Config, Limits
from llmdeck.errors import DeckError, DemoError
from llmdeck.ledger import short
from llmdeck.model import Drift, Place, Result, State, Use, Variant
from llmdeck.render.deck import Rendered
from llmdeck.resolve import Project, failures, run_variants
from llmdeck.results.compare import Tolerance, differences
from llmdeck.run.batch import Outcome, Progress, Runner, run_jobs

MAKE_IT_STEADY = (
    "seed what is random (random.Random(0), numpy.random.default_rng(0)), take the clock out "
    "(time.time()), sort what has no order (a set, a folder's files); where only last digits of "
    "float32 or of matrix products differ, write in deck/deck.toml: [demos.{demo}] "
    "tolerance = 1e-6"
)
"""What mends a demo that gives another result each time."""


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
    """Demos that fail or that give another result each time, claims that don't hold, templates that
    can't be rendered."""

    @property
    def clean(self) -> bool:
        """Whether there is nothing to report."""
        return not (self.moved or self.stale or self.errors)


def check(config: Config, progress: Progress, runner: Runner = run_jobs) -> Checked:
    """Recompute every variant and compare it with the store; write nothing."""
    project = Project.read(config, computes=False)
    stored = project.render()
    run = partial(_run, project, stored, progress, runner)
    first = run(stored.variants)
    new, failed = _parted(first)
    old = _stored(project, new)
    second = run(_doubtful(project, stored, old, new))
    unsteady = dict(_unsteady(project, stored, new, second))
    steady = {variant: result for variant, result in old.items() if variant not in unsteady}
    project.results.update(new)
    rendered = project.render()
    return Checked(
        variants=len(first),
        slides=len(rendered.slides),
        moved=tuple(all_moved(project, rendered, steady, new)),
        stale=_stale(project, stored),
        errors=(
            *failures(failed, stored),
            *_not_deterministic(project, stored, unsteady),
            *rendered.errors,
        ),
    )


def _run(
    project: Project,
    stored: Rendered,
    progress: Progress,
    runner: Runner,
    variants: Collection[Variant],
) -> Mapping[Variant, Outcome]:
    """Run variants, with the figures that slides show of them."""
    figures = stored.wants_figure
    return run_variants(project.config, project.demos, variants, figures, progress, runner)


def _parted(
    outcomes: Mapping[Variant, Outcome],
) -> tuple[dict[Variant, Result], dict[Variant, DemoError]]:
    """Return the results of what ran, and the errors of what failed."""
    results = {v: outcome for v, outcome in outcomes.items() if isinstance(outcome, Result)}
    errors = {v: outcome for v, outcome in outcomes.items() if isinstance(outcome, DemoError)}
    return results, errors


def _stored(project: Project, variants: Iterable[Variant]) -> dict[Variant, Result]:
    """Return the stored results of variants, where there are any."""
    stored = project.results
    return {variant: stored[variant] for variant in variants if variant in stored}


def _doubtful(
    project: Project,
    stored: Rendered,
    old: Mapping[Variant, Result],
    new: Mapping[Variant, Result],
) -> list[Variant]:
    """Return the variants of which one run says too little: they are not as the store has them."""
    return [variant for variant in new if _is_doubtful(project, stored, old, new[variant])]


def _is_doubtful(
    project: Project, stored: Rendered, old: Mapping[Variant, Result], new: Result
) -> bool:
    """Return whether a result is not as the store has it."""
    before = old.get(new.variant)
    return before is None or bool(_changes(project, stored, before, new))


def _changes(project: Project, stored: Rendered, a: Result, b: Result) -> list[Drift]:
    """Return what differs between two runs: any digit, where the demo has the usual tolerance."""
    limits = project.config.limits_of(a.variant.demo)
    usual = (limits.tolerance, limits.tolerance_abs) == (Limits.tolerance, Limits.tolerance_abs)
    allowed = replace(limits, tolerance=0.0) if usual else limits
    return drifts(a, b, allowed, stored.printed.get(a.variant, ()))


def _unsteady(
    project: Project,
    stored: Rendered,
    new: Mapping[Variant, Result],
    again: Mapping[Variant, Outcome],
) -> Iterator[tuple[Variant, Drift | DemoError]]:
    """Give the variants whose second run was another than the first, and the first difference."""
    for variant, second in again.items():
        if isinstance(second, DemoError):
            yield variant, second
        elif changes := _changes(project, stored, new[variant], second):
            yield variant, changes[0]


def _not_deterministic(
    project: Project, stored: Rendered, unsteady: Mapping[Variant, Drift | DemoError]
) -> Iterator[DemoError]:
    """Give an error for each demo that gives another result each time, and says what to do."""
    by_demo: dict[str, list[Variant]] = {}
    for variant in unsteady:
        by_demo.setdefault(variant.demo, []).append(variant)
    for demo, variants in by_demo.items():
        found = unsteady[variants[0]]
        if isinstance(found, DemoError):
            yield found
            continue
        several = f" ({len(variants)} variants differ so)" if len(variants) > 1 else ""
        yield DemoError(
            f"demo {variants[0]}: two runs in a row give two results: "
            f"{found.path} is {short(found.old)}, then {short(found.new)}{several}",
            place=Place(file=project.demos[demo].file),
            used=stored.places(variants),
            hint=MAKE_IT_STEADY.format(demo=demo),
        )


def all_moved(
    project: Project,
    rendered: Rendered,
    old: Mapping[Variant, Result],
    new: Mapping[Variant, Result],
) -> Iterator[Moved]:
    """Give what moved, each with the claims and the places that show it."""
    for variant in sorted(old, key=str):
        limits = project.config.limits_of(variant.demo)
        printed = rendered.printed.get(variant, ())
        found = drifts(old[variant], new[variant], limits, printed)
        if found:
            reads = _facts_by_claim(project, variant)
            yield from (_moved(rendered, drift, reads) for drift in found)


def _facts_by_claim(project: Project, variant: Variant) -> dict[str, set[str]]:
    """Return the facts that each claim over a variant reads."""
    claims = [claim for claim in project.claims.values() if claim.variant == variant]
    return {claim.id: project.renderer.facts_of(claim) for claim in claims}


def _moved(rendered: Rendered, drift: Drift, reads: Mapping[str, set[str]]) -> Moved:
    """Return a drift with the claims and places that show the fact; else all of the variant."""
    affected = tuple(claim for claim, facts in reads.items() if drift.fact in facts)
    mine = [use for use in rendered.uses if use.variant == drift.variant and use.slide]
    shows = [use for use in mine if use.fact == drift.fact or use.claim in affected]
    return Moved(drift=drift, uses=tuple(shows or mine), claims=affected)


def _stale(project: Project, rendered: Rendered) -> dict[Variant, tuple[str, ...]]:
    """Return the variants whose stored result is not up to date, and why."""
    answers = {
        variant: project.store.look_up(variant, figure=variant in rendered.wants_figure)
        for variant in rendered.variants
    }
    stale = {v: answer for v, answer in answers.items() if answer.state is not State.FRESH}
    return {variant: answer.reasons for variant, answer in stale.items()}


def drifts(old: Result, new: Result, limits: Limits, shown: Collection[int] = ()) -> list[Drift]:
    """Return the facts of `new` that differ from `old`, floats by more than `limits` allow.

    What a demo prints and its figure's words come from its facts: where the facts are the same to
    the last digit, the printed lines that are `shown` on slides and these words must be, too. A
    line that no slide shows may tell how long something took. The figure's own bytes depend on the
    version of the library that drew it.
    """
    found = list(differences(old.facts, new.facts, Tolerance.of(limits)))
    if old.facts == new.facts:
        found += _words_that_differ(old, new, shown)
    return [Drift(variant=new.variant, path=path, old=a, new=b) for path, a, b in found]


def _words_that_differ(
    old: Result, new: Result, shown: Collection[int]
) -> list[tuple[str, object, object]]:
    """Return the first printed line and the alternative text that differ, with old and new."""
    found: list[tuple[str, object, object]] = []
    printed = zip_longest(old.output.split("\n"), new.output.split("\n"))
    for number, (before, after) in enumerate(printed, 1):
        if before != after and number in shown:
            found.append((f"output, line {number}", before, after))
            break
    if None not in (old.alt, new.alt) and old.alt != new.alt:
        found.append(("alt", old.alt, new.alt))
    return found
