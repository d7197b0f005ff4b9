"""Tests of `demos/overfitting.py`.

Oracles: the normal equations, and Lagrange's multipliers for the curve of least norm (both solved
with `numpy.linalg.solve`, another way than the demo's `lstsq`), a case worked out by hand, and the
mean of squared noise.
"""

import json
from itertools import pairwise

import numpy as np
import pytest

from demos.figures.overfitting import alt, plot
from demos.overfitting import GRID, SIZES, draw, errors, features, fit, run, show, truth
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_legible


def test_two_points_are_fitted_as_by_hand() -> None:
    """Through (0, 3) and (1, 1): one parameter gives the mean, 2; two what w0 ± w1 = 3, 1 gives.

    With three, w0 + w1 + w2/2 = 3 and w0 - w1 + w2/2 = 1: w1 = 1 and w0 + w2/2 = 2, whose least
    norm is at w2 = w0/2, so w0 = 8/5 and w2 = 4/5.
    """
    x, y = np.array([0.0, 1.0]), np.array([3.0, 1.0])
    assert fit(features(x, 1), y) == pytest.approx([2])
    assert fit(features(x, 2), y) == pytest.approx([2, 1])
    assert fit(features(x, 3), y) == pytest.approx([8 / 5, 1, 4 / 5])


@pytest.mark.parametrize("n_params", [1, 4, 10, 15, 40, 400])
def test_the_fit_is_that_of_the_textbook(n_params: int) -> None:
    """Up to the points it solves the normal equations, beyond them it is Φᵀ (ΦΦᵀ)⁻¹ y."""
    x, y = draw(7, 15, 0.3)
    phi, curve = features(x, n_params), features(GRID, n_params)
    if n_params <= 15:
        expected = np.linalg.solve(phi.T @ phi, phi.T @ y)
    else:
        expected = phi.T @ np.linalg.solve(phi @ phi.T, y)
    assert curve @ fit(phi, y) == pytest.approx(curve @ expected, abs=1e-4)


def test_of_two_curves_through_the_points_the_calmer_is_taken() -> None:
    """Past the points, ∫f'² is below that of the curve with just enough parameters."""
    x, y = draw(0, 15, 0.3)

    def steepness(n_params: int) -> float:
        curve = features(GRID, n_params) @ fit(features(x, n_params), y)
        return np.mean(np.gradient(curve, GRID) ** 2)

    assert steepness(400) < steepness(15) / 2


def test_more_parameters_never_fit_the_seen_points_worse() -> None:
    """The training error never grows with the parameters, and is zero from as many as points."""
    facts = run()
    training = [row["training_error"] for row in facts["curve"]]
    assert [row["n_params"] for row in facts["curve"]] == list(SIZES)
    assert all(after <= before + 1e-9 for before, after in pairwise(training))
    assert max(training[14:]) == 0 < training[13]


def three_errors(row: dict) -> tuple[float, float]:
    """Give a test error less and plus three standard errors."""
    spread = 3 * row["test_standard_error"]
    return row["test_error"] - spread, row["test_error"] + spread


def test_the_test_error_falls_rises_and_falls_again() -> None:
    """It peaks where parameters equal points, beyond chance; the end is lower, the best lowest."""
    facts = run()
    peak = facts["at_threshold"]
    best_low, best_high = three_errors(facts["best"])
    last_low, last_high = three_errors(facts["last"])
    later = [row["test_error"] for row in facts["curve"] if row["n_params"] > 3]
    assert peak["test_error"] == max(later)
    assert 0 < best_low < best_high < last_low < last_high < three_errors(peak)[0]


@pytest.mark.parametrize("n_points", [10, 20, 30])
def test_the_peak_is_where_parameters_equal_points(n_points: int) -> None:
    """Past the best size the largest test error is within one parameter of as many as points."""
    facts = run(n_points=n_points)
    past = [row for row in facts["curve"] if row["n_params"] > facts["best"]["n_params"]]
    peak = max(past, key=lambda row: row["test_error"])
    assert abs(peak["n_params"] - n_points) <= 1


def test_without_noise_there_is_nothing_wrong_to_learn() -> None:
    """Without noise as many parameters as points do no harm: the error is below a tenth."""
    quiet, noisy = run(noise_percent=0), run()
    assert quiet["at_threshold"]["test_error"] < noisy["at_threshold"]["test_error"] / 10


def test_new_points_are_as_noisy_as_the_seen_ones() -> None:
    """The error is what a million new noisy points give, and never below the noise itself."""
    n_params, noise = 4, 0.3
    x, y = draw(0, 15, noise)
    w = fit(features(x, n_params), y)
    generator = np.random.default_rng(1)
    places = generator.choice(GRID, size=1_000_000)
    heights = truth(places) + noise * generator.standard_normal(len(places))
    measured = np.sqrt(np.mean((features(places, n_params) @ w - heights) ** 2))
    assert errors([(x, y)], n_params, noise)["test_error"] == pytest.approx(measured, rel=0.005)
    assert min(row["test_error"] for row in run()["curve"]) > noise


def test_ten_times_the_data_cure_it() -> None:
    """15 parameters on 150 points add the noise of 15 of 150 directions: σ √(1 + p / n)."""
    more = run()["more_data"]
    assert more["test_error"] == pytest.approx(0.3 * np.sqrt(1 + 15 / 150), rel=0.01)


def test_a_flat_line_is_off_by_the_wave() -> None:
    """With one parameter and no noise the error is that of a wave about its mean, √½."""
    row = errors([draw(seed, 30, 0) for seed in range(20)], 1, noise=0)
    assert row["test_error"] == pytest.approx(np.sqrt(0.5), rel=0.01)
    assert truth(np.array([0.75])) == pytest.approx(-1)


@pytest.mark.parametrize(
    "bad", [{"n_points": 12}, {"n_points": 0}, {"noise_percent": 35}, {"noise_percent": -10}]
)
def test_values_off_the_sliders_are_refused(bad: dict[str, int]) -> None:
    """What is not a stop of a slider raises a ValueError."""
    with pytest.raises(ValueError, match="can't be"):
        bind(parameters_of(run), bad)


@pytest.mark.parametrize(
    ("n_points", "noise_percent"), [(15, 30), (10, 0), (30, 0), (30, 50), (10, 50)]
)
def test_what_is_shown_is_legible_and_inside(
    n_points: int, noise_percent: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text is below 24 px or outside; the print-out fits 88 columns; the alt has the peak."""
    facts = run(n_points=n_points, noise_percent=noise_percent)
    assert_legible(plot(facts))
    peak = facts["at_threshold"]["test_error"]
    assert f"{peak:.3f}".replace(".", ",") in alt(facts)
    show(facts)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert ("doppia discesa" in out) == (noise_percent > 0)


def test_the_facts_are_the_same_twice_and_json() -> None:
    """Two runs agree, and JSON carries the facts unchanged."""
    assert run() == run() == json.loads(json.dumps(run()))
