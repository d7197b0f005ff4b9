"""Occupations with their share of women, beginnings of sentences about them, pairs for training.

The shares are of people at work in the United States, with source and year, in
`data/occupations.toml`; the sentences for training are in `data/counterfactuals.toml`.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data"


@dataclass(frozen=True, kw_only=True)
class Occupation:
    """One occupation, and how many of those who do it are women."""

    name: str
    """In English, as it stands in the sentences."""
    italian: str
    """As the audience reads it."""
    women_percent: float
    """Women among people at work in it, United States."""
    held_out: bool
    """True where no training sentence names it, and no setting was chosen by it."""


def read(name: str) -> dict[str, Any]:
    """Read one of the TOML files.

    >>> len(read("occupations.toml")["bias_test"]["templates"])
    8
    """
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


@lru_cache
def load_occupations() -> tuple[Occupation, ...]:
    """List the occupations whose figure was read in its source, by rising share of women.

    >>> load_occupations()[0].name, load_occupations()[-1].name
    ('plumber', 'pathologist')
    """
    found = [
        Occupation(
            name=row["occupation"],
            italian=row["italian"],
            women_percent=row["women_percent"],
            held_out=row["split"] == "held-out",
        )
        for row in read("occupations.toml")["occupation"]
        if row["confirmed"]
    ]
    return tuple(sorted(found, key=lambda occupation: occupation.women_percent))


@lru_cache
def templates() -> tuple[str, ...]:
    """List the beginnings of sentences, after which "she" or "he" means who has the occupation.

    >>> templates()[0].format(occupation="nurse")
    'The nurse said that'
    """
    return tuple(read("occupations.toml")["bias_test"]["templates"])


def pairs() -> list[dict[str, str]]:
    """List the pairs of sentences for training, "she" and "he"; none names a held-out occupation.

    >>> pairs()[0]["occupation"], len(pairs())
    ('plumber', 72)
    """
    held_out = {job.name for job in load_occupations() if job.held_out}
    found: list[dict[str, str]] = read("counterfactuals.toml")["pair"]
    named = {pair["occupation"] for pair in found}
    assert not named & held_out, "a training sentence names a held-out occupation"
    return found
