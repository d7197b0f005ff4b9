"""`llmdeck claims`: the ledger as a table: id, verdict, whether it holds, slides."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from typing import Any

from llmdeck import report
from llmdeck.config import Config
from llmdeck.errors import raise_all
from llmdeck.ledger import load_ledger
from llmdeck.model import Claim
from llmdeck.resolve import Resolved, resolve

WORDS = {True: "yes", False: "NO", None: "–"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim, and how it stands."""

    claim: Claim
    holds: bool | None
    """None where it has no check: a cited claim."""
    slides: list[int]
    """The slides that say it."""


def claims(config: Config, options: Namespace) -> int:
    """Compute what is not fresh, and show how each claim stands."""
    with report.progress_bar() as progress:
        resolved = resolve(config, progress)
    slides: dict[str, list[int]] = {}
    for key, slide in resolved.rendered.claim_slides:
        slides.setdefault(key, []).append(slide)
    rows = [
        _row(claim, resolved, slides.get(key, [])) for key, claim in load_ledger(config).items()
    ]
    if not options.json:
        report.show_table(("claim", "verdict", "holds", "slide"), [_cells(row) for row in rows])
        raise_all(resolved.errors)
        return 0
    report.print_json([_as_json(row) for row in rows])
    for error in resolved.errors:  # on stderr: what is printed stays one document
        report.show_error(error)
    return resolved.errors[0].exit_code if resolved.errors else 0


def _row(claim: Claim, resolved: Resolved, slides: list[int]) -> Row:
    holds = None
    if claim.holds:
        computed = claim.variant in resolved.results
        holds = computed and claim.id not in resolved.rendered.failing
    return Row(claim=claim, holds=holds, slides=slides)


def _cells(row: Row) -> tuple[str, str, str, str]:
    slides = ", ".join(map(str, row.slides)) or "–"
    return (row.claim.id, row.claim.verdict, WORDS[row.holds], slides)


def _as_json(row: Row) -> dict[str, Any]:
    claim = row.claim
    return {
        "id": claim.id,
        "verdict": claim.verdict.value,
        "holds": row.holds,
        "slides": row.slides,
        "demo": claim.variant.demo if claim.variant else None,
        "parameters": claim.variant.parameters if claim.variant else {},
        "sources": list(claim.sources),
    }
