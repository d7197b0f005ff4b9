"""How far to trust a figure: the bootstrap's interval, and the digits that two machines agree on.

How far could a figure be another by the luck of what was measured? Draw from the things measured
(occupations, pieces of a text) as many as there are, the same one perhaps twice, and compute the
figure again; of many such draws, the middle 95 % are the interval (Efron 1979,
https://doi.org/10.1214/aos/1176344552; the percentile method).

Leaves out: whatever all the things have in common (one model, one country, one author of the
sentences).
"""

from collections.abc import Callable, Iterable

import numpy as np

N_DRAWS = 2000
BLOCK = 32  # tokens of a text that are drawn together: neighbours are not independent


def interval(figure: Callable[[np.ndarray], float], n: int, seed: int = 0) -> tuple[float, float]:
    """Give the ends of the 95 % interval; `figure` computes the figure from the drawn indices [n] of 0 … n - 1.

    >>> heights = np.array([160.0, 170, 180])
    >>> interval(lambda drawn: heights[drawn].mean(), 3)
    (160.0, 180.0)
    """
    rng = np.random.default_rng(seed)
    figures = [figure(rng.integers(n, size=n)) for _ in range(N_DRAWS)]
    low, high = np.percentile(figures, (2.5, 97.5))
    return float(low), float(high)


def perplexity_change(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    """Say by how many percent perplexity changes, with the ends of the 95 % interval; losses [n] of the same tokens.

    >>> perplexity_change(np.full(64, np.log(100.0)), np.full(64, np.log(90.0)))
    (-10.0, -10.0, -10.0)
    """
    blocks = np.array_split(after - before, max(1, len(before) // BLOCK))
    sums, sizes = (
        np.array([block.sum() for block in blocks]),
        np.array([len(block) for block in blocks]),
    )

    def percent(drawn: np.ndarray) -> float:
        return round(float(100 * (np.exp(sums[drawn].sum() / sizes[drawn].sum()) - 1)), 9)

    return percent(np.arange(len(blocks))), *interval(percent, len(blocks))


def significant(value: float, digits: int = 3) -> float:
    """Keep what two machines agree on: float32 sums differ in the sixth digit with the order that they are made in.

    >>> significant(0.380123), significant(18.4567)
    (0.38, 18.5)
    """
    return float(f"{value:.{digits}g}")


def all_significant(values: Iterable[float], digits: int) -> list[float]:
    """Keep so many digits of each number.

    >>> all_significant([0.123456, 2], 4)
    [0.1235, 2.0]
    """
    return [significant(value, digits) for value in values]
