"""The adapter against calculations written out: finite differences, softmax, whole products.

Oracle: NumPy in float64, the plain definition of each quantity; `transformer.hidden` one text at a
time for the packs.
"""

import numpy as np
import pytest

from demos.smollm import tokenizer, weights
from demos.smollm.adapter import Adapter, Positions, cross_entropy, gradients, train
from demos.smollm.packed import hidden_each
from demos.smollm.transformer import forward, hidden

D, V, N, RANK = 6, 11, 70, 2


def small(seed=3):
    """Make an adapter and positions of a small vocabulary, more of them than one block holds."""
    rng = np.random.default_rng(seed)
    adapter = Adapter(
        a=rng.standard_normal((D, RANK)) * 0.3, b=rng.standard_normal((RANK, D)) * 0.3
    )
    states, table = (rng.standard_normal(size).astype(np.float32) for size in ((N, D), (V, D)))
    return adapter, Positions.at(states, rng.integers(0, V, N), table)


def loss_by_hand(adapter, places, rows):
    """Mean -ln softmax((h + h A B) Eᵀ)[target], as the formula says, in float64."""
    states = places.hidden[rows].astype(float)
    logits = (states + states @ adapter.a @ adapter.b) @ places.embedding.astype(float).T
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(probabilities[np.arange(len(rows)), places.targets[rows]]).mean()


def test_loss_is_that_of_the_whole_product():
    """Scores computed once plus the low-rank part give the loss of the changed hidden states."""
    adapter, places = small()
    assert cross_entropy(adapter, places) == pytest.approx(
        loss_by_hand(adapter, places, np.arange(N)), rel=1e-6
    )


@pytest.mark.parametrize("name", ["a", "b"])
def test_gradient_is_what_finite_differences_give(name):
    """Every number of A and B, moved a little both ways, changes the loss as the gradient says."""
    adapter, places = small()
    rows = np.arange(5, N - 3)
    loss, gradient = gradients(adapter, places, rows)
    numbers, slopes = getattr(adapter, name), np.empty_like(getattr(adapter, name))
    for at in np.ndindex(numbers.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = numbers.copy()
            moved[at] += step
            ends.append(loss_by_hand(Adapter(**{**vars(adapter), name: moved}), places, rows))
        slopes[at] = (ends[0] - ends[1]) / 2e-5
    assert loss == pytest.approx(loss_by_hand(adapter, places, rows), rel=1e-6)
    np.testing.assert_allclose(getattr(gradient, name), slopes, rtol=1e-4, atol=1e-6)


def test_a_new_adapter_changes_nothing():
    """B is zero: hidden states come out as they went in, and perplexity is that of the logits."""
    ids = tokenizer.encode("Nel mezzo del cammin di nostra vita mi ritrovai per una selva oscura")
    places, new = Positions.of_text(weights.load(), ids), Adapter.new(576, 8)
    assert np.array_equal(new(places.hidden), places.hidden)
    logits = forward(weights.load(), ids[:-1]).astype(float)
    by_hand = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(ids) - 1), ids[1:]]
    assert cross_entropy(new, places) == pytest.approx(by_hand.mean(), rel=1e-5)


def test_first_step_of_adam_is_the_learning_rate_against_the_slope():
    """After one step each number with a slope has moved by the rate, whatever the slope's size."""
    adapter, places = small()
    _, gradient = gradients(adapter, places, np.arange(N))
    (_, moved), *_ = train(adapter, places, n_steps=1, batch=N, learning_rate=0.01)
    np.testing.assert_allclose(moved.a - adapter.a, -0.01 * np.sign(gradient.a), atol=1e-5)
    np.testing.assert_allclose(moved.b - adapter.b, -0.01 * np.sign(gradient.b), atol=1e-5)


def test_training_lowers_the_loss_and_is_the_same_twice():
    """The same seed takes the same batches, and nothing given is changed."""
    adapter, places = small()
    before = adapter.a.copy()
    first, second = (
        list(train(adapter, places, n_steps=30, batch=32, learning_rate=0.02))[-1][1]
        for _ in range(2)
    )
    assert cross_entropy(first, places) < cross_entropy(adapter, places)
    assert np.array_equal(first.a, second.a)
    assert np.array_equal(first.b, second.b)
    assert np.array_equal(adapter.a, before)


def test_each_pass_takes_each_position_at_most_once(monkeypatch):
    """Two batches of 32 of 70 positions share none; only these 70 are ever asked for."""
    adapter, places = small()
    asked = []
    original = gradients

    def note(adapter, places, rows):
        asked.append(rows)
        return original(adapter, places, rows)

    monkeypatch.setattr("demos.smollm.adapter.gradients", note)
    list(train(adapter, places, n_steps=4, batch=32, learning_rate=0.01))
    assert all(len({*asked[i], *asked[i + 1]}) == 64 for i in (0, 2))
    assert {int(row) for rows in asked for row in rows} <= set(range(N))


def test_too_few_positions_are_refused():
    """A batch larger than the text is an error that says both numbers."""
    adapter, places = small()
    with pytest.raises(ValueError, match="70 positions are fewer than a batch of 71"):
        next(train(adapter, places, n_steps=1, batch=71, learning_rate=0.1))


def test_a_pack_of_texts_gives_what_each_gives_alone():
    """Texts of different lengths, one of them twice, see only themselves; none may be empty."""
    texts = [
        tokenizer.encode(text)
        for text in ("The nurse", "Nobody noticed the plumber until", "a", "The nurse")
    ]
    for packed, ids in zip(hidden_each(weights.load(), texts), texts, strict=True):
        np.testing.assert_allclose(packed, hidden(weights.load(), ids), rtol=1e-3, atol=2e-4)
    with pytest.raises(ValueError, match="empty"):
        hidden_each(weights.load(), [[1], []])
