"""Tests of `demos/gradient_descent.py`.

Oracles: least squares by `numpy.linalg.lstsq`, finite differences, the closed formula for the
distance after n steps, and 2 / curvature.
"""

import json

import numpy as np
import pytest

from demos.figures.gradient_descent import alt, plot
from demos.gradient_descent import SIZES, best, curvature, descend, loss, points, run, show, slope
from tests.demos.looks import assert_legible


def test_the_best_weight_is_least_squares():
    """It is what `lstsq` finds on the same points, and there the slope is zero."""
    words, tokens = np.array(points(), float).T
    expected = np.linalg.lstsq(words[:, None], tokens, rcond=None)[0][0]
    assert best(points()) == pytest.approx(expected)
    assert slope(best(points()), points()) == pytest.approx(0, abs=1e-9)


def test_slope_and_curvature_are_finite_differences():
    """They are how the loss and the slope change a little to both sides."""
    for weight in (-1.0, 0.0, 3.0):
        beside = (weight + 1e-4, weight - 1e-4)
        losses = [loss(at, points()) for at in beside]
        slopes = [slope(at, points()) for at in beside]
        assert slope(weight, points()) == pytest.approx((losses[0] - losses[1]) / 2e-4, abs=1e-4)
        assert curvature(points()) == pytest.approx((slopes[0] - slopes[1]) / 2e-4)


@pytest.mark.parametrize("size", SIZES)
def test_each_step_multiplies_the_distance_by_the_formula(size):
    """After n steps the distance is (1 - step · curvature)ⁿ times that at the start."""
    found, factor = best(points()), 1 - float(size) * curvature(points())
    for n, weight in enumerate(descend(float(size), points(), 10)):
        assert weight - found == pytest.approx((0 - found) * factor**n, abs=1e-9)


@pytest.mark.parametrize(("share", "grows"), [(0.99, False), (1.01, True)])
def test_it_diverges_just_above_two_over_the_curvature(share, grows):
    """At 99% of 2 / curvature the loss falls, at 101% it grows, at each of ten steps."""
    step = share * 2 / curvature(points())
    losses = [loss(weight, points()) for weight in descend(step, points(), 10)]
    order = sorted(losses, reverse=not grows)
    assert losses == order


def test_the_table_says_which_sizes_reach():
    """All sizes below the limit reach 1%, after the steps that the formula needs; none above."""
    facts = run()
    for row in facts["sizes"]:
        factor = abs(1 - float(row["step_size"]) * facts["curvature"])
        if float(row["step_size"]) < facts["largest_step"]:
            assert row["n_steps_to_near"] == int(np.ceil(np.log(0.01) / np.log(factor)))
            assert not row["loss_grows"]
        else:
            assert row["n_steps_to_near"] is None
            assert row["loss_grows"]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_shown_is_legible_and_inside(size, capsys):
    """No text is below 18 px or outside; the print-out fits 88 columns."""
    facts = run(step_size=size)
    assert_legible(plot(facts))
    assert ("diverge" in alt(facts)) == (size == "0.006")
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_twice_and_json():
    """Two runs agree, and JSON carries the facts unchanged."""
    assert run() == run() == json.loads(json.dumps(run()))
