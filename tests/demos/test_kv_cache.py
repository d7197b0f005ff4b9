"""The KV cache while a real LLM writes.

Oracles: the 46,080 bytes a token and the multiplications of every matrix product, written out below
from the model's published shape (30 layers, width 576, 9 and 3 heads of 64, feed-forward 1536,
49,152 tokens); for `Counted`, the three loops of a matrix product in plain Python.
"""

import json
from collections import Counter

import numpy as np
import pytest
from matplotlib.text import Text

from demos import kv_cache
from demos.figures.kv_cache import alt, plot
from demos.smollm import multiplications
from demos.smollm.cache import Cache
from demos.smollm.transformer import forward
from demos.smollm.weights import load
from llmdeck.run.interface import bind, parameters_of

HOSTILE = "\x1b[31m{{ 7*7 }} <b>$x$</b>\n---\n`` ` é😀" + "w" * 20


@pytest.fixture(scope="module")
def facts() -> dict:
    """Give the facts of the default parameters, computed once."""
    return kv_cache.run()


def products(seen: int) -> int:
    """Count the multiplications of a token that looks at `seen` tokens, itself included."""
    per_layer = 576 * (9 + 3 + 3) * 64 + 9 * 64 * 576 + 576 * 2 * 1536 + 1536 * 576
    attention = 9 * seen * 64 * 2  # queries · keys, then probabilities · values
    return 30 * (per_layer + attention)


def test_each_token_adds_the_bytes_of_the_formula(facts: dict) -> None:
    """The arrays in use take 2 × 30 layers × 3 heads × 64 × 4 bytes = 46,080 bytes a token."""
    assert facts["kv_bytes_per_token"] == 2 * 30 * 3 * 64 * 4 == 46080
    assert [step["kv_cache_bytes"] for step in facts["steps"]] == [46080 * n for n in range(9, 33)]
    assert facts["measured_is_formula"] is True
    assert (facts["kv_full_context_bytes"], facts["weights_bytes"]) == (46080 * 8192, 134515008 * 4)


def test_the_bytes_are_measured_and_not_taken_from_the_formula(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cache in half as many bytes is measured as such: measure and formula then differ."""

    def half(cls: type[Cache], _shape: object, capacity: int) -> Cache:
        return cls(
            keys=np.empty((30, 3, capacity, 64), np.float16),
            values=np.empty((30, 3, capacity, 64), np.float16),
        )

    monkeypatch.setattr(Cache, "empty", classmethod(half))
    spoilt = kv_cache.run(text="Hi", n_tokens=8)
    assert spoilt["kv_cache_bytes"] == 8 * 46080 // 2
    assert spoilt["measured_is_formula"] is False


def test_multiplications_equal_the_count_by_hand(facts: dict) -> None:
    """With the cache a token's products, without it all tokens', and one output of 49,152 × 576."""
    output = 49152 * 576
    first, *others = facts["steps"]
    assert (
        first["n_multiplications_with"]
        == first["n_multiplications_without"]
        == 9 * products(9) + output
    )
    for step in others:
        n = step["n_tokens"]
        assert step["n_multiplications_with"] == products(n) + output
        assert step["n_multiplications_without"] == n * products(n) + output
        assert step["n_multiplications_attention"] == 30 * 9 * n * 64 * 2
    ratio = sum(s["n_multiplications_without"] for s in facts["steps"])
    ratio /= sum(s["n_multiplications_with"] for s in facts["steps"])
    assert facts["total_ratio"] == pytest.approx(ratio, rel=1e-12)


def test_a_product_is_counted_as_its_three_loops() -> None:
    """A stack of products, written into our array, counts one multiplication a turn of loops."""
    tally: Counter = Counter()
    a, b = (
        np.ones((2, 3, 4), np.float32),
        multiplications.count(np.ones((5, 4), np.float32), tally, "weights"),
    )
    turns = sum(1 for _ in range(2) for _ in range(3) for _ in range(5) for _ in range(4))
    out = np.matmul(a, b.T, out=np.empty((2, 3, 5), np.float32))
    assert (tally["weights"], out.tolist()) == (turns, np.full((2, 3, 5), 4.0).tolist())
    assert type(b + b) is np.ndarray and tally["weights"] == turns


def test_counting_changes_nothing() -> None:
    """The counted model's logits are the plain one's, bit for bit; shared weights stay plain."""
    weights = load()
    observed = multiplications.count_weights(weights, Counter())
    assert np.array_equal(forward(observed, [504, 3575]), forward(weights, [504, 3575]))
    assert type(weights.embedding) is np.ndarray and not weights.embedding.flags.writeable


def test_the_cache_changes_no_token_and_no_token_is_a_toss_up(facts: dict) -> None:
    """Each likeliest token is the same, and leads the second by far more than float32's noise."""
    assert facts["same_tokens"] is True
    text = facts["ids"] + [step["id"] for step in facts["steps"]]
    best_two = np.sort(forward(load(), text)[len(facts["ids"]) - 1 : -1], axis=-1)[:, -2:]
    assert (best_two[:, 1] - best_two[:, 0]).min() > 0.01


def test_facts_are_plain_json_and_the_same_twice() -> None:
    """Two runs give equal facts, which survive JSON unchanged."""
    facts = kv_cache.run(text="Hi", n_tokens=8)
    assert (
        json.loads(json.dumps(facts, allow_nan=False))
        == facts
        == kv_cache.run(text="Hi", n_tokens=8)
    )


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"text": ""}, "vuoto"),
        ({"text": "a " * 81}, "token"),
    ],
)
def test_bad_text_is_named(bad: dict, message: str) -> None:
    """An empty text and one too long raise a ValueError that says so."""
    with pytest.raises(ValueError, match=message):
        kv_cache.run(**bad)


@pytest.mark.parametrize("n_tokens", [7, 56])
def test_a_number_of_tokens_that_is_no_choice_is_refused(n_tokens: int) -> None:
    """The signature says which there are: multiples of 8 from 8 to 48."""
    with pytest.raises(ValueError, match=f"can't be {n_tokens}; allowed: 8 to 48 in steps of 8"):
        bind(parameters_of(kv_cache.run), {"n_tokens": n_tokens})


@pytest.mark.parametrize("text", ["Hi", HOSTILE])
def test_the_figure_is_legible_and_told_in_words(text: str, capsys: pytest.CaptureFixture) -> None:
    """Text is 24 points or more and inside the figure; lines fit 88 columns; alt has the bytes."""
    facts = kv_cache.run(text=text, n_tokens=8)
    figure = plot(facts)
    figure.draw_without_rendering()
    texts = [
        found for found in figure.findobj(Text) if found.get_visible() and found.get_text().strip()
    ]
    assert min(found.get_fontsize() for found in texts) >= 24
    box = figure.get_tightbbox().padded(-1 / 72)
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= 1120 / 72 and box.y1 <= 430 / 72
    assert "46.080 byte" in alt(facts)
    kv_cache.show(facts)
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines()) <= 88
    assert "\x1b" not in printed


def test_the_walk_through_is_the_same_each_time(facts: dict, capsys: pytest.CaptureFixture) -> None:
    """Printed twice it is the same, to the last line: what a build stores holds no time."""
    kv_cache.show(facts)
    first = capsys.readouterr().out
    kv_cache.show(facts)
    assert capsys.readouterr().out == first
    assert "letto, un peso degli strati serve a 1 moltiplicazione con la cache, a 32" in first


def test_each_weight_of_the_layers_is_multiplied_once_a_token() -> None:
    """So with the cache a weight that is read serves one multiplication, without it one a token."""
    tally: Counter = Counter()
    counted = multiplications.count_weights(load(), tally)
    n_layers = sum(a.size for name, a in load().arrays() if a.ndim == 2 and name != "embedding")
    forward(counted, [504, 3575, 282], last=True)
    assert tally["weights"] == 3 * n_layers + load().embedding.size
