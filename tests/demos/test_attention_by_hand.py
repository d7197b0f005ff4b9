"""Tests of `demos/attention_by_hand.py`.

Oracles: the sums written out as on a blackboard, with two decimals at every step; NumPy's matrix
products; and the attention of the real model's own code.
"""

import json
import math
from typing import get_args

import numpy as np
import pytest

from demos.attention_by_hand import KEYS, QUERIES, TOKENS, VALUES, Token, run, show, softmax
from demos.smollm import transformer

CASES = [(token, mask) for token in get_args(Token) for mask in (True, False)]


def test_the_lectures_token_comes_out_as_on_the_blackboard() -> None:
    """For «dorme»: 1·1 + 2·0 = 1, 1·1 + 2·1 = 3, 1·0 + 2·1 = 2, and so on, written out."""
    facts = run()
    powers = (math.e ** (1 / 2**0.5), math.e ** (3 / 2**0.5), math.e ** (2 / 2**0.5))
    total = powers[0] + powers[1] + powers[2]
    il, gatto, dorme = powers[0] / total, powers[1] / total, powers[2] / total
    assert [row["product"] for row in facts["rows"]] == [1, 3, 2]
    assert facts["weights"] == pytest.approx([il, gatto, dorme])
    assert facts["result"] == pytest.approx([il * 1 + dorme * 1, gatto * 1 + dorme * 1])
    assert [round(number, 2) for number in facts["result"]] == [0.42, 0.86]


@pytest.mark.parametrize(("token", "mask"), CASES)
def test_two_decimals_at_every_step_give_what_the_slide_shows(token: Token, mask: bool) -> None:
    """Who rounds at each step, as a hand does, finds the same weights and result."""
    facts = run(who=token, mask=mask)
    seen = [row for row in facts["rows"] if row["sees"]]
    powers = [round(math.exp(round(row["product"] / 1.41, 2)), 2) for row in seen]
    weights = [round(power / round(sum(powers), 2), 2) for power in powers]
    assert weights == [round(row["weight"], 2) for row in seen]
    by_hand = np.round(weights @ np.array([row["value"] for row in seen]), 2).tolist()
    assert by_hand == [round(number, 2) for number in facts["result"]]


@pytest.mark.parametrize("mask", [True, False])
def test_all_three_are_softmax_of_a_matrix_product(mask: bool) -> None:
    """softmax(Q Kᵀ / √2 + mask) V in NumPy gives everyone's weights and results."""
    queries, keys, values = np.array(QUERIES), np.array(KEYS), np.array(VALUES)
    scores = queries @ keys.T / np.sqrt(2)
    if mask:
        scores += np.triu(np.full((3, 3), -np.inf), 1)
    odds = np.exp(scores)
    weights = odds / odds.sum(axis=1, keepdims=True)
    rows = run()["masked" if mask else "unmasked"]
    np.testing.assert_allclose([row["weights"] for row in rows], weights)
    np.testing.assert_allclose([row["result"] for row in rows], weights @ values)


def test_the_real_models_code_gives_the_same_weights() -> None:
    """`look` of the transformer, on these queries and keys, gives the masked weights."""
    queries, keys = np.float32(QUERIES)[None, None], np.float32(KEYS)[None]
    found = transformer.look(queries, keys)[0, 0]
    np.testing.assert_allclose([row["weights"] for row in run()["masked"]], found, atol=1e-6)


def test_the_mask_hides_what_comes_later_and_nothing_else() -> None:
    """Masked weights above the diagonal are 0, and without the mask none is."""
    facts = run()
    for who, (masked, unmasked) in enumerate(zip(facts["masked"], facts["unmasked"], strict=True)):
        assert masked["weights"][who + 1 :] == [0.0] * (2 - who)
        assert min(masked["weights"][: who + 1]) > 0
        assert min(unmasked["weights"]) > 0
    assert facts["masked"][2] == facts["unmasked"][2]  # nobody comes after the last


def test_softmax_sums_to_one_and_knows_only_differences() -> None:
    """The weights sum to 1, and scores that are all larger by the same change none."""
    assert sum(softmax([0.3, -1.0, 2.5])) == pytest.approx(1)
    assert softmax([0.3, -1.0, 2.5]) == pytest.approx(softmax([10.3, 9.0, 12.5]))


@pytest.mark.parametrize(("token", "mask"), CASES)
def test_the_walk_through_fits_and_says_the_result(
    token: Token, mask: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The print-out fits 88 columns, and what is hidden is said to be."""
    facts = run(who=token, mask=mask)
    show(facts)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 88
    assert ("la maschera" in printed.split("3. ")[0]) == (mask and token != TOKENS[-1])
    assert "somma è 1: sì" in printed


def test_the_facts_are_the_same_twice_and_json() -> None:
    """Two runs agree, and JSON carries the facts; tuples come back as lists."""
    once, again = json.dumps(run()), json.dumps(run())
    assert once == again
    assert json.loads(once)["result"] == run()["result"]
