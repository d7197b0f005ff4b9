"""The bootstrap and the standard errors against formulas that know the answer.

Oracle: the normal interval of a mean, ± 1.96 standard errors; published intervals of shares;
a change that is the same everywhere; Python's own `statistics`; 4,000 resamplings.
"""

import math
import statistics

import numpy as np
import pytest

from demos.common.intervals import interval, perplexity_change, perplexity_ratio, share_of, wilson


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


@pytest.mark.parametrize(
    ("n_right", "n", "ends"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0, 0.1611))],
)
def test_wilson_gives_the_published_intervals(n_right, n, ends):
    """Those of Newcombe 1998 (Statistics in Medicine 17, table I, method 3), and turned round."""
    assert wilson(n_right, n) == pytest.approx(ends, abs=5e-5)
    assert wilson(n - n_right, n) == pytest.approx((1 - ends[1], 1 - ends[0]), abs=5e-5)
    assert share_of(n_right, n)["share_low"] == pytest.approx(ends[0], abs=6e-4)


def test_perplexity_change_is_that_of_the_perplexities():
    """exp(mean after - mean before) - 1 in percent, in its interval, wider if neighbours agree."""
    rng = np.random.default_rng(2)
    before = rng.uniform(2, 8, 1000)
    noise = rng.standard_normal(1000)
    change, low, high = perplexity_change(before, before + noise)
    assert change == pytest.approx(100 * (math.exp((before + noise).mean() - before.mean()) - 1))
    assert low < change < high
    in_runs = perplexity_change(before, before + np.repeat(noise[::25], 25))
    assert in_runs[2] - in_runs[1] > 2 * (high - low)


def test_the_error_is_that_of_the_mean_of_paired_differences() -> None:
    """Ratio, error and interval equal s / √n by Python."""
    differences = np.random.default_rng(0).normal(0.3, 1, 256)
    found = perplexity_ratio(differences)
    mean = statistics.fmean(differences)
    error = statistics.stdev(differences) / math.sqrt(256)
    assert found["perplexity_ratio"] == pytest.approx(math.exp(mean))
    assert found["perplexity_ratio_error"] == pytest.approx(math.exp(mean) * error)
    assert found["perplexity_ratio_low"] == pytest.approx(math.exp(mean - 2 * error))
    assert found["perplexity_ratio_high"] == pytest.approx(math.exp(mean + 2 * error))
    assert found["told_from_none"]
    assert not perplexity_ratio(differences - mean)["told_from_none"]


def test_the_error_is_a_bootstraps() -> None:
    """Drawn again 4,000 times, the ratio scatters by its standard error, to 5%."""
    rng = np.random.default_rng(0)
    differences = rng.normal(0.3, 1, 256)
    drawn = rng.integers(256, size=(4000, 256))
    again = np.exp(differences[drawn].mean(axis=1))
    error = perplexity_ratio(differences)["perplexity_ratio_error"]
    assert error == pytest.approx(again.std(), rel=0.05)
