"""Tests of `demos/position.py` and `demos/smollm/order.py`.

Oracles: rotation by sines and cosines written out (RoFormer, equation 34), the model's own forward
pass, and that a sum does not depend on the order of its terms.
"""

import json
import math

import numpy as np
import pytest

from demos.figures.position import alt, plot
from demos.position import N_DISTANCES, STARTS, compare, products, run, show
from demos.smollm.order import attend_without_mask, follow_last
from demos.smollm.tokenizer import encode
from demos.smollm.transformer import collect, hidden
from demos.smollm.weights import load
from tests.demos.looks import assert_apart, assert_legible, printed_with_each_thread_count


def turn(vector: np.ndarray, position: int) -> list[float]:
    """Rotate each pair of numbers by its angle, with sines and cosines, in float64."""
    turned = []
    for pair in range(len(vector) // 2):
        angle = position * load().shape.rope_theta ** (-2 * pair / len(vector))
        a, b = float(vector[2 * pair]), float(vector[2 * pair + 1])
        turned.append(a * math.cos(angle) - b * math.sin(angle))
        turned.append(a * math.sin(angle) + b * math.cos(angle))
    return turned


def test_the_products_are_those_of_sines_and_cosines() -> None:
    """Each product is that of two vectors rotated pair by pair, written out, over √64."""
    rng = np.random.default_rng(1)
    query, key = rng.normal(size=(2, 64)).astype(np.float32)
    found = products(query, key, 100, load().shape)
    for distance in (0, 1, 7, 32):
        terms = zip(turn(query, 100 + distance), turn(key, 100), strict=True)
        assert found[distance] == pytest.approx(sum(a * b for a, b in terms) / 8, abs=1e-4)


@pytest.mark.parametrize("head", range(9))
def test_only_the_distance_counts_in_every_head(head: int) -> None:
    """From each start the products are the same to 1e-4 of their size, and they do vary."""
    rows = [row["products"] for row in run(head=head)["from_starts"]]
    assert [len(row) for row in rows] == [N_DISTANCES] * len(STARTS)
    size = max(map(abs, rows[0]))
    np.testing.assert_allclose(rows, np.tile(rows[0], (len(STARTS), 1)), atol=1e-3 * size)
    assert run(head=head)["largest_difference"] < 1e-4
    assert np.ptp(rows[0]) > 0.1 * size


def test_with_rotation_and_mask_it_is_the_model() -> None:
    """After each layer the last token's vector is what the forward pass itself computes."""
    ids = encode("The dog bites the man.")
    stream: list[np.ndarray] = []
    hidden(load(), ids, watch=collect("hidden", stream))
    found = follow_last(ids, rotation=True, mask=True)
    np.testing.assert_array_equal(found, [x[-1] for x in stream])


def test_without_rotation_the_order_leaves_no_trace_after_one_layer() -> None:
    """Equal to float32 without rotation, a thousand times farther apart with it."""
    assert compare(rotation=False, mask=True)["after_one"] < 1e-6
    assert compare(rotation=True, mask=True)["after_one"] > 1e-3


def test_the_mask_alone_gives_away_the_order_later() -> None:
    """Without rotation the vectors differ from the second layer on; without mask too, never."""
    one, other = encode("The dog bites the man."), encode("The man bites the dog.")
    masked = [follow_last(ids, rotation=False, mask=True) for ids in (one, other)]
    unmasked = [follow_last(ids, rotation=False, mask=False) for ids in (one, other)]
    sizes = [float(np.linalg.norm(vector)) for vector in masked[0]]
    apart = np.linalg.norm(np.subtract(*masked), axis=1) / sizes
    assert apart[1] < 1e-6
    assert min(apart[2:]) > 0.01
    alike = np.linalg.norm(np.subtract(*unmasked), axis=1) / np.linalg.norm(unmasked[0], axis=1)
    assert max(alike) < 1e-4


def test_without_mask_attention_follows_its_tokens_around() -> None:
    """In another order it gives the same vectors, in that order."""
    weights, order = load(), [5, 3, 0, 2, 1, 4]
    x = weights.embedding[encode("The dog bites the man.")]
    found = attend_without_mask(weights.layers[0], x, weights.shape)
    turned = attend_without_mask(weights.layers[0], x[order], weights.shape)
    np.testing.assert_allclose(turned, found[order], atol=1e-4)


def test_the_two_texts_hold_the_same_tokens_and_end_alike() -> None:
    """What differs is the order alone."""
    facts = run()
    assert sorted(facts["pieces"][0]) == sorted(facts["pieces"][1])
    assert facts["pieces"][0] != facts["pieces"][1]
    assert facts["pieces"][0][-1] == facts["pieces"][1][-1]
    assert facts["same_tokens"] and facts["same_last"]


@pytest.mark.parametrize("head", range(9))
def test_what_is_shown_is_legible_and_inside(head: int, capsys: pytest.CaptureFixture[str]) -> None:
    """No text is too small, outside the figure or upon another; lines fit 88 columns."""
    facts = run(head=head)
    assert_apart(assert_legible(plot(facts)))
    assert "gli stessi prodotti" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """What two processes with one and two BLAS threads say differs by a rounding step at most."""
    code = "import json; from demos.position import run; print(json.dumps(run()))"
    one, two = (json.loads(text) for text in printed_with_each_thread_count(code))
    for way in ("with_rotation", "without_rotation", "without_both"):
        for after in ("after_one", "after_all"):
            assert one[way][after] == pytest.approx(two[way][after], rel=0.0101, abs=1e-4)
    assert one["pieces"] == two["pieces"] == run()["pieces"]
