"""`llmdeck check`: what moved, each with slide, line, old and new value."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from llmdeck import report
from llmdeck.check import Checked, Moved
from llmdeck.check import check as recompute
from llmdeck.config import Config
from llmdeck.ledger import short
from llmdeck.model import Place, Variant
from llmdeck.report.runner import runner_at

MOVED = 1
"""The exit code where a number moved, or the store is not up to date."""
SETTING = re.compile(r"^points\[\d+\]")
"""How the path of a fact begins that is one of a control's settings."""


def check(config: Config, options: Namespace) -> int:
    """Recompute everything, compare it with the store, and show what differs."""
    with report.progress_bar() as progress, runner_at(options.scheduler) as runner:
        checked = recompute(config, progress, runner)
    if options.json:
        report.print_json(as_json(checked))
    else:
        show(config, checked)
    if checked.moved or checked.stale:
        return MOVED
    return checked.errors[0].exit_code if checked.errors else 0


def show(config: Config, checked: Checked) -> None:
    """Print what a check found, and count it."""
    show_moved(checked.moved)
    for variant, reasons in checked.stale.items():
        _show_stale(config, variant, reasons)
    for error in checked.errors:
        report.show_error(error)
    counted = f"{checked.variants} variants on {checked.slides} slides"
    print(f"{counted}: nothing moved" if checked.clean else f"{counted}: {_count(checked)}")


def show_moved(moved: Iterable[Moved]) -> None:
    """Print the facts that moved; what moved at many settings of a control is one line."""
    groups: dict[tuple[Variant, str], list[Moved]] = {}
    for each in moved:
        drift = each.drift
        fact = SETTING.sub("", drift.path) if drift.variant.grid else drift.path
        groups.setdefault((drift.variant, fact), []).append(each)
    for first, *others in groups.values():
        _show_first(first, len(others))


def _show_first(moved: Moved, n_others: int) -> None:
    """Print one fact that moved, with all the places that say it."""
    others = f", and at {n_others} more settings" if n_others else ""
    message = moved_message(moved) + others
    places = list(dict.fromkeys(str(use) for use in moved.uses))
    where = places[0] if places else str(moved.drift.variant)
    print(f"{where}: {message}")
    for other in places[1:]:
        print(f"  also at {other}")
    first = moved.uses[0].place if moved.uses else None
    report.annotate(first, message, places[1:])


def moved_message(moved: Moved) -> str:
    """Return one drift in a line."""
    drift = moved.drift
    change = f"{drift.path} was {short(drift.old)}, is now {short(drift.new)}"
    claims = f" (claim {', '.join(moved.claims)})" if moved.claims else ""
    return f"{drift.variant}: {change}{claims}"


def _show_stale(config: Config, variant: Variant, reasons: tuple[str, ...]) -> None:
    why = ", ".join(reasons)
    print(f"{variant}: the store is not up to date ({why}); run: llmdeck build")
    place = Place(file=config.relative(config.results))
    report.annotate(place, f"{variant} is not up to date: {why}")


def _count(checked: Checked) -> str:
    counts = {
        "moved": len(checked.moved),
        "not up to date": len(checked.stale),
        "failed": len(checked.errors),
    }
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number)


def as_json(checked: Checked) -> dict[str, Any]:
    """Return what a check found, for a program."""
    errors = [item for error in checked.errors for item in report.error_json(error)]
    return {
        "clean": checked.clean,
        "variants": checked.variants,
        "slides": checked.slides,
        "moved": [_moved_json(moved) for moved in checked.moved],
        "stale": [
            {"demo": variant.demo, "parameters": variant.parameters, "reasons": list(reasons)}
            for variant, reasons in checked.stale.items()
        ],
        "errors": errors,
    }


def _moved_json(moved: Moved) -> dict[str, Any]:
    drift = moved.drift
    uses = [
        {"file": use.place.file, "line": use.place.line, "slide": use.slide} for use in moved.uses
    ]
    return {
        "demo": drift.variant.demo,
        "parameters": drift.variant.parameters,
        "fact": drift.path,
        "old": drift.old,
        "new": drift.new,
        "claims": list(moved.claims),
        "uses": uses,
    }
