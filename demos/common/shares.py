"""Shares of things that came out right: how far to trust one, and whether two differ.

Wilson, 1927 (https://doi.org/10.1080/01621459.1927.10502953); McNemar, 1947
(https://doi.org/10.1007/BF02295996), in its exact form.

Leaves out: whatever all the things have in common (one model, one wording of the question).
"""

import math
from collections.abc import Sequence

from demos.common.words import percent

Z = 1.959963984540054  # of 95 %


def wilson(n_right: int, n: int) -> tuple[float, float]:
    """Give the ends of the 95 % interval of a share, as shares of 1: Wilson's.

    >>> wilson(0, 40), wilson(20, 40)
    ((0.0, 0.08762), (0.352, 0.648))
    """
    share, square = n_right / n, Z * Z / n
    middle = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(share * (1 - share) / n + square / (4 * n))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return float(f"{low:.4g}") if n_right else 0.0, float(f"{high:.4g}") if n_right < n else 1.0


def share_of(n_right: int, n: int) -> dict:
    """Give a share with the ends of its interval: `n_right` of `n` independent answers.

    >>> share_of(1, 4)
    {'n': 4, 'n_right': 1, 'share': 0.25, 'low': 0.04559, 'high': 0.6994}
    """
    low, high = wilson(n_right, n)
    return {"n": n, "n_right": n_right, "share": n_right / n, "low": low, "high": high}


def count_right(right: Sequence[bool]) -> dict:
    """Count what is right, with its share and the ends of its interval.

    >>> count_right([True, False, False, False]) == share_of(1, 4)
    True
    """
    return share_of(sum(right), len(right))


def compare(before: Sequence[bool], after: Sequence[bool]) -> dict:
    """Compare two ways with the same items: only those that one way gets right tell (McNemar).

    `p_value` is how often a coin thrown for each of them would differ as much or more.

    >>> compare([True, False, False, False, False, False], [True] + 5 * [True])
    {'n_only_before': 0, 'n_only_after': 5, 'p_value': 0.062}
    """
    pairs = list(zip(before, after, strict=True))
    lost = sum(one and not two for one, two in pairs)
    won = sum(two and not one for one, two in pairs)
    tail = sum(math.comb(lost + won, k) for k in range(min(lost, won) + 1))
    p_value = min(1.0, 2 * tail / 2 ** (lost + won))
    return {"n_only_before": lost, "n_only_after": won, "p_value": float(f"{p_value:.2g}")}


def in_words(counted: dict) -> str:
    """Write a share with its interval.

    >>> in_words(count_right([True, False]))
    '1 su 2: 50% (intervallo al 95%: da 9% a 91%)'
    """
    low, high = percent(counted["low"], 0), percent(counted["high"], 0)
    share = percent(counted["share"], 0)
    return f"{counted['n_right']} su {counted['n']}: {share} (intervallo al 95%: da {low} a {high})"
