"""Wilson's interval and McNemar's test.

Oracles: Newcombe's published example (81 of 263, 1998, https://doi.org/10.1002/(SICI)1097-0258
(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I, method 3), and the binomial written out.
"""

from math import comb

import pytest

from demos.common.shares import compare, count_right, wilson


def test_the_interval_is_the_published_one() -> None:
    """81 of 263: 0.2553 to 0.3662; 15 of 148: 0.0624 to 0.1605; 0 of 20: 0 to 0.1611."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=0.0005)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=0.0005)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=0.0005)


def test_the_interval_mirrors() -> None:
    """What is right and what is wrong have mirrored intervals."""
    low, high = wilson(3, 10)
    assert wilson(7, 10) == pytest.approx((1 - high, 1 - low), abs=0.001)
    assert wilson(10, 10)[1] == 1.0


def test_only_items_that_one_way_gets_right_tell() -> None:
    """One lost, eight won: p is twice the tail of nine throws of a coin."""
    before, after = [True] + 8 * [False] + 5 * [True], [False] + 8 * [True] + 5 * [True]
    facts = compare(before, after)
    assert (facts["n_only_before"], facts["n_only_after"]) == (1, 8)
    assert facts["p_value"] == pytest.approx(2 * (comb(9, 0) + comb(9, 1)) / 2**9, rel=0.05)
    assert compare([True], [True])["p_value"] == 1.0


def test_counts_come_with_their_interval() -> None:
    """17 of 40 are 42.5 %, inside the interval."""
    facts = count_right([True] * 17 + [False] * 23)
    assert facts["low"] < facts["share"] == 0.425 < facts["high"]
