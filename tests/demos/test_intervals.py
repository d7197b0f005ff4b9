"""The bootstrap against formulas that know the answer.

Oracle: the normal interval of a mean, ± 1.96 standard errors; a change that is the same everywhere.
"""

import math

import numpy as np
import pytest

from demos.common.intervals import interval, perplexity_change


def test_interval_of_a_mean_is_the_normal_one():
    """For the mean of 400 numbers both ends are near mean ± 1.96 s / √n."""
    numbers = np.random.default_rng(5).standard_normal(400)
    half = 1.96 * numbers.std() / math.sqrt(400)
    ends = interval(lambda drawn: float(numbers[drawn].mean()), 400)
    assert ends == pytest.approx((numbers.mean() - half, numbers.mean() + half), abs=0.1 * half)


def test_interval_is_the_same_twice_and_depends_on_the_seed():
    """No global randomness: the same call gives the same ends, another seed others."""
    numbers = np.arange(20.0) ** 2
    first, second, other = (
        interval(lambda drawn: float(numbers[drawn].mean()), 20, seed) for seed in (0, 0, 1)
    )
    assert first == second != other


def test_perplexity_change_is_that_of_the_perplexities():
    """exp(mean after) / exp(mean before) - 1 in percent, within its interval; neighbours that agree widen it."""
    rng = np.random.default_rng(2)
    before = rng.uniform(2, 8, 1000)
    noise = rng.standard_normal(1000)
    change, low, high = perplexity_change(before, before + noise)
    assert change == pytest.approx(100 * (math.exp((before + noise).mean() - before.mean()) - 1))
    assert low < change < high
    in_runs = perplexity_change(before, before + np.repeat(noise[::25], 25))
    assert in_runs[2] - in_runs[1] > 2 * (high - low)
