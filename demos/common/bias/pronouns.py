"""The bias test's question to the LLM: is " she" or " he" the next token of "The nurse said that".

An answer is log-odds: 0 where both are equally likely, above it where " she" is the likelier.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from demos.common.bias.occupations import load_occupations, read, templates
from demos.common.words import number
from demos.smollm import tokenizer, weights
from demos.smollm.packed import hidden_each


def pronoun_ids() -> tuple[int, int]:
    """Give the tokens " she" and " he": one token each, so their probabilities can be compared.

    >>> pronoun_ids()
    (1041, 384)
    """
    (she,) = tokenizer.encode(" she")
    (he,) = tokenizer.encode(" he")
    return she, he


@lru_cache
def hidden_states() -> np.ndarray:
    """Compute what the LLM knows at the end of each sentence; read-only, since shared.

    The shape is [occupations, templates, d].

    >>> hidden_states().shape
    (55, 8, 576)
    """
    jobs, beginnings = load_occupations(), templates()
    sentences = [
        beginning.format(occupation=job.name)  # all of an occupation, then those of the next
        for job in jobs
        for beginning in beginnings
    ]
    states = hidden_at_ends(list(map(tokenizer.encode, sentences)))
    states = states.reshape(len(jobs), len(beginnings), -1)
    states.flags.writeable = False
    return states


def hidden_at_ends(texts: Sequence[Sequence[int]]) -> np.ndarray:
    """Compute what the LLM knows at the end of each text, given as ids: [n, d].

    >>> hidden_at_ends([[504, 7158], [504]]).shape
    (2, 576)
    """
    return np.stack([states[-1] for states in hidden_each(weights.load(), texts)])


def log_odds(hidden: np.ndarray) -> np.ndarray:
    """Compute ln(p(" she") / p(" he")) after each hidden state: [.., d] → [..], float64.

    It is the difference of the two logits, since softmax divides both by the same sum.

    >>> log_odds(hidden_states()).shape
    (55, 8)
    """
    she, he = weights.load().embedding[list(pronoun_ids())].astype(np.float64)  # [d], [d]
    return hidden.astype(np.float64) @ (she - he)


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Compute the correlation of two rows of numbers.

    1: they rise together; 0: no tie; -1: one falls as the other rises.

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


def known_gender() -> tuple[np.ndarray, np.ndarray]:
    """Read the sentences that have said who is meant, each about a woman and then about a man.

    Gives the hidden states at their ends, [n, d], and 1 where it is a woman, or else -1, [n].

    >>> states, right = known_gender()
    >>> states.shape, right.sum()
    ((48, 576), np.int64(0))
    """
    rows = read("known_gender.toml")["sentence"]
    sentences = [
        row["begins"].format(person=row[who])  # in both versions, one behind the other
        for row in rows
        for who in ("she", "he")
    ]
    states = hidden_at_ends(list(map(tokenizer.encode, sentences)))
    return states, np.array([1, -1] * len(rows))


def unevenness(odds: float) -> float:
    """Say how many times the likelier pronoun is as likely as the other.

    >>> unevenness(4.0), unevenness(0.25)
    (4.0, 4.0)
    """
    return max(odds, 1 / odds)


def times(odds: float) -> str:
    """Say in Italian how many times " she" is as likely as " he", or the other way round.

    >>> times(2.0), times(0.25)
    ('«she» 2,0 volte «he»', '«he» 4,0 volte «she»')
    """
    more, less = ("she", "he") if odds >= 1 else ("he", "she")
    return f"«{more}» {number(unevenness(odds), 1)} volte «{less}»"


def log(odds: float) -> str:
    """Write log-odds with their sign and two decimals.

    >>> log(2.0), log(0.5), log(1.0)
    ('+0,69', '−0,69', '0,00')
    """
    digits = number(abs(np.log(odds)), 2)
    sign = "+" if odds > 1 else "−"
    return digits if digits == "0,00" else sign + digits
