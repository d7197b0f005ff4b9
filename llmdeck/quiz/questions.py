"""The questions that claims answer, each with its answer computed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmdeck.config import Config
from llmdeck.errors import ClaimError, ConfigError, DeckError, did_you_mean, raise_all
from llmdeck.ledger import answer, load_ledger, source_name
from llmdeck.model import Claim, Facts, Place, Result, Variant
from llmdeck.render import markdown
from llmdeck.render.environment import DeckEnvironment, environment, view
from llmdeck.render.mistakes import MISTAKES
from llmdeck.render.numbers import Numbers
from llmdeck.resolve import run_variants
from llmdeck.results.store import Store
from llmdeck.run.batch import Progress, Runner
from llmdeck.run.interface import find_demos

ROUNDING = 1e-9
"""How much further than its claim says a guess may be: both are sums of binary fractions."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question and its answer, as a terminal shows them."""

    claim: Claim
    asks: str
    answer: float
    """A number that remembers its unit, where it is a fact (see `numbers.with_unit`)."""
    says: str

    def right(self, guess: float) -> bool:
        """Return whether a guess is as near as the claim wants it."""
        allowed = (self.claim.within + ROUNDING) * abs(self.answer)
        return abs(guess - self.answer) <= allowed


def questions(
    config: Config, only: Sequence[str], seed: int | None, progress: Progress, runner: Runner
) -> list[Question]:
    """Return the questions in the ledger's order, or mixed by `seed`; `only` these, where given.

    Answers come from the store where it is fresh, else their demos run; nothing is written.

    Raises:
        ConfigError: where `only` names a claim that asks nothing, or no claim does.
        DeckError: where a demo fails, or a question can't be made from its facts.
    """
    claims = load_ledger(config)
    chosen = _chosen(config, claims, only)
    if seed is not None:
        random.Random(seed).shuffle(chosen)  # noqa: S311  an order, not a secret
    variants = {claim.variant for claim in chosen if claim.variant}
    results = _results(config, variants, progress, runner)
    numbers = Numbers.of(config)
    env = environment(config, numbers, claims)
    found = []
    for claim in chosen:
        if claim.variant:
            result = results[claim.variant]
            facts = view(result.facts, "", f"demo {claim.variant.demo}", numbers.units)
            found.append(_question(env, claim, facts))
    return found


def _chosen(config: Config, claims: Mapping[str, Claim], only: Sequence[str]) -> list[Claim]:
    """The claims that are asked, in the ledger's order."""
    asking = {key: claim for key, claim in claims.items() if claim.asks}
    for key in only:
        if key not in claims:
            raise ConfigError(f"claim {key} is not in the ledger", hint=did_you_mean(key, asking))
        if key not in asking:
            hint = f"these ask: {', '.join(asking)}"
            raise ConfigError(f"claim {key} asks nothing", place=claims[key].place, hint=hint)
    if not asking:
        place = Place(file=config.relative(config.ledger))
        hint = "give one the keys `asks` and `answer`"
        raise ConfigError("no claim asks anything", place=place, hint=hint)
    return [claim for key, claim in asking.items() if not only or key in only]


def _results(
    config: Config, variants: set[Variant], progress: Progress, runner: Runner
) -> dict[Variant, Result]:
    """The result of each variant: stored, where it is fresh, else computed."""
    store = Store(config)
    results = {variant: store.read(variant) for variant in variants if store.is_fresh(variant)}
    missing = variants - results.keys()
    if not missing:
        return results
    demos = find_demos(config)
    for variant in sorted(missing, key=str):
        if variant.demo not in demos:
            raise ConfigError(f"no demo `{variant.demo}`", hint=did_you_mean(variant.demo, demos))
    outcomes = run_variants(config, demos, missing, frozenset(), progress, runner)
    raise_all([outcome for outcome in outcomes.values() if isinstance(outcome, DeckError)])
    return results | {v: found for v, found in outcomes.items() if isinstance(found, Result)}


def _question(env: DeckEnvironment, claim: Claim, facts: Facts) -> Question:
    try:
        asks = env.get_template(source_name(claim, "asks")).render(facts)
        says = env.get_template(source_name(claim, "says")).render(facts)
    except MISTAKES as error:
        raise ClaimError(f"claim {claim.id}: {error}", place=claim.place) from None
    return Question(
        claim=claim,
        asks=markdown.plain(asks),
        answer=answer(env, claim, facts),
        says=markdown.plain(says),
    )
