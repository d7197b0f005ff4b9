"""Is a model as often right as it is sure? Bins of answers that it is as sure of as of each other.

Leaves out: bins of equal numbers of answers; how sure the model is of other answers.
"""

import numpy as np

from demos.common.intervals import significant
from demos.common.shares import share_of
from demos.common.words import number, percent

EDGES = (0, 0.25, 0.5, 0.75, 1)


def bins(rows: list[dict]) -> list[dict]:
    """Put answers as sure as each other together: how sure on average, and how often right.

    >>> rows = [{"probability": 0.8, "is_right": True}, {"probability": 1.0, "is_right": False}]
    >>> last = bins(rows)[-1]
    >>> last["sure_from"], last["mean_probability"], last["share"]
    (0.75, 0.9, 0.5)
    """
    places = np.digitize([row["probability"] for row in rows], EDGES[1:-1])  # [n] of 0 … 3
    found = []
    for place in sorted(set(places.tolist())):
        members = [row for row, at in zip(rows, places, strict=True) if at == place]
        mean = np.mean([row["probability"] for row in members])
        share = share_of(sum(row["is_right"] for row in members), len(members))
        edges = {"sure_from": EDGES[place], "sure_to": EDGES[place + 1]}
        found.append(edges | {"mean_probability": significant(float(mean))} | share)
    return found


def calibration_error(sure: np.ndarray, right: np.ndarray) -> float:
    """Average over the answers how far their bin is from calibrated: the ECE.

    `sure` and `right` are [n]; https://arxiv.org/abs/1706.04599, equation 3.

    >>> calibration_error(np.array([0.9, 0.8, 0.1]), np.array([1, 0, 0]))  # two bins
    0.26666666666666666
    """
    places = np.digitize(sure, EDGES[1:-1])
    sums = np.bincount(places, weights=sure - right)  # of each bin
    return float(np.abs(sums).sum() / len(sure))


def error_by_luck(sure: np.ndarray, n_draws: int = 2000) -> float:
    """Say which error a perfectly calibrated model, as sure as this, would have on average.

    Each of its answers is right with the probability that it gives: with few answers some bins
    have more than their share.

    >>> error_by_luck(np.full(100, 1.0))
    0.0
    """
    rng = np.random.default_rng(0)
    drawn = rng.random((n_draws, len(sure))) < sure  # [draws, n]
    return float(np.mean([calibration_error(sure, right) for right in drawn]))


def span(low: float, high: float) -> str:
    """Write two shares, from one to the other.

    >>> span(0.25, 0.5)
    'da 25 a 50%'
    """
    return f"da {number(100 * low, 0)} a {percent(high, 0)}"
