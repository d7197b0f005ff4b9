"""`llmdeck why`: which part of a demo changed since its stored results, and its facts' units."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from llmdeck import report
from llmdeck.config import Config
from llmdeck.model import Answer, Variant
from llmdeck.render.deck import Rendered
from llmdeck.render.numbers import Numbers
from llmdeck.render.units import Units
from llmdeck.report.demos import named
from llmdeck.resolve import Project
from llmdeck.results.store import Store


def why(config: Config, options: Namespace) -> int:
    """Say of each variant that the deck uses whether it is fresh, and what changed."""
    project = Project.read(config, computes=False)
    name = named(options.name, project.demos).name
    rendered = project.render()
    answers = _answers(name, rendered, project.store)
    units = Units(config.units)
    stored = [project.results[variant].facts for variant in answers if variant in project.results]
    facts = list(_number_names(stored))
    if options.json:
        named_units = {fact: units.of(fact) for fact in facts}
        rows = [_as_json(*item, rendered) | {"units": named_units} for item in answers.items()]
        report.print_json(rows)
        return 0
    _show_answers(name, answers)
    _show_units(config, units, facts)
    return 0


def _show_answers(name: str, answers: Mapping[Variant, Answer]) -> None:
    """Say of each variant of a demo whether it is fresh, and why where it isn't."""
    for variant, answer in answers.items():
        print(f"{variant}: {answer.state.value}")
        for reason in answer.reasons:
            print(f"  {reason}")
    if not answers:
        print(f"{name}: no slide and no claim uses it")


def _show_units(config: Config, units: Units, facts: Sequence[str]) -> None:
    """Say which unit each fact's name ends in, which have none, and why where one may be meant."""
    numbers = Numbers.of(config)
    known = [f"{fact} {numbers.unit_name(units.of(fact))}" for fact in facts if units.of(fact)]
    doubts = {fact: units.doubt(fact) for fact in facts if units.doubt(fact)}
    none = [fact for fact in facts if not units.of(fact) and fact not in doubts]
    if known:
        print(f"units: {', '.join(known)}")
    if none:
        print(f"no unit: {', '.join(none)} (for others, [units] in deck/deck.toml)")
    for fact, doubt in doubts.items():
        print(f"{fact}: {doubt}")


def _number_names(values: Iterable[Any], name: str = "") -> Iterator[str]:
    """Give the names of the facts that are numbers, or lists of numbers, each once."""
    found: dict[str, None] = {}
    for value in values:
        if isinstance(value, Mapping):
            for key, item in value.items():
                found.update(dict.fromkeys(_number_names([item], key)))
        elif isinstance(value, list):
            found.update(dict.fromkeys(_number_names(value, name)))
        elif name and isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = None
    yield from found


def _answers(name: str, rendered: Rendered, store: Store) -> dict[Variant, Answer]:
    """What the store says of each variant of a demo."""
    return {
        variant: store.look_up(variant, figure=variant in rendered.wants_figure)
        for variant in rendered.variants
        if variant.demo == name
    }


def _as_json(variant: Variant, answer: Answer, rendered: Rendered) -> dict[str, Any]:
    return {
        "parameters": variant.parameters,
        "state": answer.state.value,
        "reasons": list(answer.reasons),
        "used": list(rendered.places([variant])),
    }
