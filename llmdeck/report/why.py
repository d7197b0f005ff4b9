"""`llmdeck why`: which part of a demo changed since its stored results."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from llmdeck import report
from llmdeck.config import Config
from llmdeck.model import Answer, Variant
from llmdeck.render.deck import Rendered
from llmdeck.report.demos import named
from llmdeck.resolve import Project
from llmdeck.results.store import Store


def why(config: Config, options: Namespace) -> int:
    """Say of each variant that the deck uses whether it is fresh, and what changed."""
    project = Project.read(config, computes=False)
    name = named(options.name, project.demos).name
    rendered = project.render()
    answers = _answers(name, rendered, project.store)
    if options.json:
        report.print_json([_as_json(*item, rendered) for item in answers.items()])
        return 0
    for variant, answer in answers.items():
        print(f"{variant}: {answer.state.value}")
        for reason in answer.reasons:
            print(f"  {reason}")
    if not answers:
        print(f"{name}: no slide and no claim uses it")
    return 0


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
