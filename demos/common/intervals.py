"""How far to trust a figure: the bootstrap, Wilson, standard errors, and digits machines agree on.

How far could a figure be another by the luck of what was measured? Draw from the things measured
(occupations, pieces of a text) as many as there are, the same one perhaps twice, and compute the
figure again; of many such draws, the middle 95 % are the interval (Efron 1979,
https://doi.org/10.1214/aos/1176344552; the percentile method).

Leaves out: whatever all the things have in common (one model, one country, one author of the
sentences).
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

N_DRAWS = 2000
Z = 1.959964  # standard errors on each side that hold 95 % of a normal distribution
BLOCK = 32  # tokens of a text that are drawn together: neighbours are not independent


def interval(figure: Callable[[np.ndarray], float], n: int, seed: int = 0) -> tuple[float, float]:
    """Give the ends of the 95 % interval of a figure of `n` things.

    `figure` computes it from the indices drawn, [n], of 0 … n - 1.

    >>> heights = np.array([160.0, 170, 180])
    >>> interval(lambda drawn: heights[drawn].mean(), 3)
    (160.0, 180.0)
    """
    rng = np.random.default_rng(seed)
    figures = [figure(rng.integers(n, size=n)) for _ in range(N_DRAWS)]
    low, high = np.percentile(figures, (2.5, 97.5))
    return float(low), float(high)


def wilson(n_right: int, n: int) -> tuple[float, float]:
    """Give the ends of the 95 % interval of a share: `n_right` of `n` independent answers.

    Wilson's, which unlike p ± 2 errors is never empty at 0 and at 1, and holds for a small n too
    (1927, https://doi.org/10.1080/01621459.1927.10502953).

    >>> low, high = wilson(0, 12)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.242)
    """
    share, spread = n_right / n, Z**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def share_of(n_right: int, n: int) -> dict:
    """Make the facts of a share: counts, share, the ends of its 95 % interval.

    >>> share_of(3, 4)["share_right"], share_of(3, 4)["share_low"]
    (0.75, 0.301)
    """
    low, high = wilson(n_right, n)
    return {
        "n": n,
        "n_right": n_right,
        "share_right": round(n_right / n, 4),
        "share_low": round(low, 3),
        "share_high": round(high, 3),
    }


def perplexity_change(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    """Say by how many percent perplexity changes, with the ends of the 95 % interval.

    Takes the losses of the same tokens, [n] each, in nats.

    >>> perplexity_change(np.full(64, np.log(100.0)), np.full(64, np.log(90.0)))
    (-10.0, -10.0, -10.0)
    """
    blocks = np.array_split(after - before, max(1, len(before) // BLOCK))
    sums = np.array([block.sum() for block in blocks])
    sizes = np.array([len(block) for block in blocks])

    def percent(drawn: np.ndarray) -> float:
        mean = sums[drawn].sum() / sizes[drawn].sum()
        return round(float(100 * (np.exp(mean) - 1)), 9)

    return percent(np.arange(len(blocks))), *interval(percent, len(blocks))


def perplexity_ratio(differences: np.ndarray) -> dict:
    """Turn differences of loss, token by token, into a ratio of perplexities and its error.

    The standard error of their mean is s / √n (Student, 1908), that of its exp is as many times
    larger as exp is; `low` and `high` are exp(mean ∓ 2 errors), about 95 %. A ratio is told from
    none where 1 lies outside them.

    >>> [round(value, 3) for value in perplexity_ratio(np.log([1.0, 4.0])).values()][:4]
    [2.0, 1.386, 0.5, 8.0]
    >>> perplexity_ratio(np.array([0.1, 0.2, 0.1]))["told_from_none"]
    True
    """
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return {
        "perplexity_ratio": stable(math.exp(mean)),
        "perplexity_ratio_error": stable(math.exp(mean) * error),
        "perplexity_ratio_low": stable(math.exp(mean - 2 * error)),
        "perplexity_ratio_high": stable(math.exp(mean + 2 * error)),
        "told_from_none": abs(mean) > 2 * error,
    }


def stable(value: float) -> float:
    """Keep two digits of a number beyond 1000: more would be the float32 noise of a ruined model.

    >>> stable(42986644.4), stable(63.1145)
    (43000000.0, 63.1145)
    """
    return significant(value, 2) if value > 1000 else value


def significant(value: float, digits: int = 3) -> float:
    """Keep the first digits: two machines add float32 in another order, and differ in the sixth.

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
