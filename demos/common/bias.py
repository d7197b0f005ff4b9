"""The bias test's data, and its question to the LLM: which pronoun comes after "The nurse said that".

The figures are shares of women among people at work in the United States, with source and year, in
`data/occupations.toml`; the sentences for training are in `data/counterfactuals.toml`.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from demos.common.words import number
from demos.smollm import tokenizer, weights
from demos.smollm.packed import hidden_each

DATA = Path(__file__).parents[1] / "data"


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
    rows = [row for row in read("occupations.toml")["occupation"] if row["confirmed"]]
    found = [
        Occupation(
            name=row["occupation"],
            italian=row["italian"],
            women_percent=row["women_percent"],
            held_out=row["split"] == "held-out",
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda occupation: occupation.women_percent))


@lru_cache
def templates() -> tuple[str, ...]:
    """List the beginnings of sentences; "she" or "he" can come next, and means the person of the occupation.

    >>> templates()[0].format(occupation="nurse")
    'The nurse said that'
    """
    return tuple(read("occupations.toml")["bias_test"]["templates"])


def pronoun_ids() -> tuple[int, int]:
    """Give the tokens " she" and " he": each is one token, so that their probabilities can be compared.

    >>> pronoun_ids()
    (1041, 384)
    """
    (she,), (he,) = tokenizer.encode(" she"), tokenizer.encode(" he")
    return she, he


@lru_cache
def hidden_states() -> np.ndarray:
    """Compute what the LLM knows at the end of each sentence: [occupations, templates, d]; read-only.

    >>> hidden_states().shape
    (55, 8, 576)
    """
    sentences = [
        template.format(occupation=job.name)
        for job in load_occupations()
        for template in templates()
    ]
    after = hidden_each(weights.load(), [tokenizer.encode(sentence) for sentence in sentences])
    found = np.stack([states[-1] for states in after]).reshape(
        len(load_occupations()), len(templates()), -1
    )
    found.flags.writeable = False
    return found


def log_odds(hidden: np.ndarray) -> np.ndarray:
    """Compute ln(p(" she") / p(" he")): the difference of the two logits, since softmax divides both by one sum.

    `hidden` [.., d] → [..], float64.

    >>> log_odds(hidden_states()).shape
    (55, 8)
    """
    she, he = weights.load().embedding[list(pronoun_ids())].astype(np.float64)  # [d], [d]
    return hidden.astype(np.float64) @ (she - he)


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Compute the correlation of two rows of numbers: 1 they rise together, 0 no tie, -1 one falls as the other rises.

    >>> pearson(np.array([1.0, 2, 3]), np.array([10.0, 20, 30]))
    1.0
    """
    return float(np.corrcoef(x, y)[0, 1])


def line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Fit y ≈ slope × x + intercept by least squares.

    >>> slope, intercept = line(np.array([0.0, 1, 2]), np.array([1.0, 3, 5]))
    >>> round(slope, 9), round(intercept, 9)
    (2.0, 1.0)
    """
    slope = float(np.cov(x, y, bias=True)[0, 1] / np.var(x))
    return slope, float(y.mean() - slope * x.mean())


def pairs() -> list[dict[str, str]]:
    """List the pairs of sentences for training, "she" and "he": none is about an occupation that is held out.

    >>> pairs()[0]["occupation"], len(pairs())
    ('plumber', 72)
    """
    held_out = {job.name for job in load_occupations() if job.held_out}
    found: list[dict[str, str]] = read("counterfactuals.toml")["pair"]
    assert not any(pair["occupation"] in held_out for pair in found), (
        "a training sentence names a held-out occupation"
    )
    return found


def times(odds: float) -> str:
    """Say in Italian how many times " she" is as likely as " he", or the other way round.

    >>> times(2.0), times(0.25)
    ('«she» 2,0 volte «he»', '«he» 4,0 volte «she»')
    """
    more, less = ("she", "he") if odds >= 1 else ("he", "she")
    return f"«{more}» {number(max(odds, 1 / odds), 1)} volte «{less}»"
