"""Invented facts with a passage each, and the passages whose meaning is nearest to a question's.

They are in `data/passages.toml`, with how they were chosen.
"""

import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np

from demos.common.intervals import significant
from demos.common.sentences.encoder import embed, load_tensors

PASSAGES = Path(__file__).parents[1] / "data" / "passages.toml"
N_NEAREST = 3  # passages listed


@lru_cache
def read_facts() -> list[dict]:
    """Read the facts.

    >>> len(read_facts()), sorted(read_facts()[0])
    (24, ['about', 'alone', 'key', 'passage', 'question'])
    """
    return tomllib.loads(PASSAGES.read_text(encoding="utf-8"))["fact"]


@lru_cache
def cosines() -> np.ndarray:
    """Compare the meaning of each question with each passage: [questions, passages].

    >>> cosines().shape, round(float(cosines()[4, 4]), 2)
    ((24, 24), 0.81)
    """
    tensors = load_tensors()
    questions = embed(tensors, [fact["question"] for fact in read_facts()])  # [n, d]
    passages = embed(tensors, [fact["passage"] for fact in read_facts()])  # [n, d]
    return questions @ passages.T


def rank(n: int) -> dict:
    """Say at which place the right passage is among the nearest, and how near.

    >>> rank(4)
    {'place': 1, 'cosine': 0.807}
    """
    row = cosines()[n]
    return {"place": int((row > row[n]).sum()) + 1, "cosine": significant(float(row[n]))}


def nearest(n: int) -> list[dict]:
    """List the passages nearest to a question.

    >>> nearest(4)[0]
    {'about': 'una cuoca', 'cosine': 0.807}
    """
    row = cosines()[n]
    places = np.argsort(-row, kind="stable")[:N_NEAREST]
    return [
        {"about": read_facts()[place]["about"], "cosine": significant(float(row[place]))}
        for place in places
    ]
