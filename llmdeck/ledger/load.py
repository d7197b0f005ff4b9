"""Read `deck/claims.toml`: a table a claim, with known keys and values of the right types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from llmdeck.config import Config, TomlFile
from llmdeck.errors import ConfigError, did_you_mean
from llmdeck.ledger.faults import EXAMPLES, faults
from llmdeck.ledger.messages import short
from llmdeck.ledger.parts import FILE
from llmdeck.model import Claim, Place, Variant, Verdict

KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "demo": ((str,), "text"),
    "with": ((dict,), "a table"),
    "says": ((str,), "text"),
    "holds": ((str, list), "text, or a list of texts"),
    "verdict": ((str,), "text"),
    "often": ((str,), "text"),
    "sources": ((list,), "a list of texts"),
    "asks": ((str,), "text"),
    "answer": ((str,), "text"),
    "within": ((int, float), "a number"),
}
"""The keys of a claim, the types of their values, and how these are called."""
NOT_EMPTY = ("demo", "says", "holds", "often", "answer", "asks")
"""The keys whose text must say something."""


def load_ledger(config: Config) -> dict[str, Claim]:
    """Return the claims by id, in the ledger's order; a deck without a ledger has none.

    Raises:
        ConfigError: not TOML, an unknown key, or a claim that lacks what its verdict needs.
    """
    path = config.folder / FILE
    if not path.is_file():
        return {}
    source = TomlFile.read(path, config.relative(path))
    claims: dict[str, Claim] = {}
    for claim, table in source.tables.items():
        _check_keys(claim, table, source)
        claims[claim] = _claim(claim, table, source)
    return claims


def _check_keys(claim: str, table: Any, source: TomlFile) -> None:
    """See that a claim is a table with known keys and values of the right types."""
    if not isinstance(table, dict):
        raise ConfigError(f"claim {claim}: must be a table", place=source.place(claim))
    for key, value in table.items():
        if _fits(key, value):
            continue
        place = source.place(claim, key)
        if key not in KINDS:
            message = f"claim {claim}: unknown key `{key}`; known: {', '.join(KINDS)}"
            raise ConfigError(message, place=place, hint=did_you_mean(key, KINDS))
        message = f"claim {claim}: `{key}` must be {KINDS[key][1]}, not {short(value)}"
        raise ConfigError(message, place=place, hint=f"write {key} = {EXAMPLES[key]}")


def _fits(key: str, value: Any) -> bool:
    """Return whether a key is known and its value is of the right type."""
    if key not in KINDS or isinstance(value, bool):
        return False
    if key in ("holds", "sources") and isinstance(value, list):
        return bool(value) and all(isinstance(each, str) and each.strip() for each in value)
    if isinstance(value, str) and key in NOT_EMPTY:
        return bool(value.strip())
    return isinstance(value, KINDS[key][0])


def _claim(key: str, table: Mapping[str, Any], source: TomlFile) -> Claim:
    """Return a claim from its table, whose keys are right."""
    place = source.place(key)
    for fault in faults(table):
        raise ConfigError(f"claim {key}: {fault}", place=place)
    parameters = _parameters(key, table, source)
    checks = table.get("holds", ())
    variant = Variant.of(table["demo"], parameters) if "demo" in table else None
    return Claim(
        id=key,
        says=table["says"],
        verdict=Verdict(table["verdict"]),
        place=place,
        variant=variant,
        holds=(checks,) if isinstance(checks, str) else tuple(checks),
        often=table.get("often"),
        sources=tuple(table.get("sources", ())),
        asks=table.get("asks"),
        answer=table.get("answer"),
        within=float(table.get("within", Claim.within)),
        places={part: source.place(key, part) for part in table},
    )


def _parameters(key: str, table: Mapping[str, Any], source: TomlFile) -> Mapping[str, Any]:
    """Return the parameters that a claim gives its demo, each one that a demo can ask for."""
    parameters: Mapping[str, Any] = table.get("with", {})
    for name, value in parameters.items():
        _check_parameter(f"claim {key}: `{name}` in `with`", value, source.place(key, "with", name))
    return parameters


def _check_parameter(what: str, value: Any, place: Place) -> None:
    """See that a parameter is something that a demo's signature can ask for."""
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return
    shown = value if isinstance(value, float) else type(value).__name__
    raise ConfigError(
        f"{what} must be a text, a number, true or false, not {shown}",
        place=place,
        hint='write a date as text: "2026-01-31"; lists are for live(…) on a slide',
    )
