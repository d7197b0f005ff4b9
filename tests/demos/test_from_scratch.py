"""The small network against its own slopes by finite differences, and counts made by hand.

Oracles: the loss a little to both sides of each number, in float64; `pairs_perplexity`, written
another way; fractions on paper; ln of the number of characters.
"""

import json
import math

import numpy as np
import pytest

from demos.common.training.baselines import pairs_perplexity
from demos.common.training.counted import count, counted_perplexity, probability
from demos.common.training.network import forward, gradients, mean_loss, new_params, windows, write
from demos.figures.from_scratch import alt, plot
from demos.from_scratch import FILES, run, show, texts
from tests.demos.looks import assert_apart, assert_legible, printed_with_each_thread_count


@pytest.fixture(scope="module")
def facts():
    """The facts of one run."""
    return run()


@pytest.mark.parametrize("name", ["table", "w1", "b1", "w2", "b2"])
def test_the_gradients_are_finite_differences(name):
    """Each slope is (loss just above - loss just below) / distance, here with float64 numbers."""
    params = {part: values.astype(np.float64) for part, values in new_params(9).items()}
    rng = np.random.default_rng(3)
    seen, targets = rng.integers(9, size=(20, 6)), rng.integers(9, size=20)
    slopes, values = gradients(params, seen, targets)[name].ravel(), params[name].ravel()
    for place in rng.permutation(values.size)[:25]:
        kept = values[place]
        losses = []
        for value in (kept + 1e-5, kept - 1e-5):
            values[place] = value
            losses.append(mean_loss(params, seen, targets))
        values[place] = kept
        assert slopes[place] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-4, abs=1e-9)


def test_all_is_float32():
    """No number, probability or slope has become float64."""
    params = new_params(65)
    seen, targets = windows(range(20))
    found = [*params.values(), *forward(params, seen), *gradients(params, seen, targets).values()]
    assert {values.dtype for values in found} == {np.dtype(np.float32)}


def test_the_loss_is_written_out():
    """The mean loss is that of a softmax written with `math.exp`."""
    params = new_params(5)
    seen, targets = windows([0, 1, 2, 3, 4, 0, 1])
    _, h, _ = forward(params, seen)
    scores = (h[0] @ params["w2"] + params["b2"]).tolist()
    odds = [math.exp(score) for score in scores]
    assert mean_loss(params, seen, targets) == pytest.approx(
        -math.log(odds[1] / sum(odds)), abs=1e-6
    )


def test_it_starts_at_chance_and_learns(facts):
    """The first loss is ln of the alphabet's size, and each text's last is half of it or less."""
    chance = math.log(facts["n_vocab"])
    first, last = facts["curve"][0], facts["curve"][-1]
    for part in FILES:
        assert first[f"{part}_loss"] == pytest.approx(chance, abs=0.02)
        assert last[f"{part}_loss"] < chance / 2
        perplexity = math.exp(last[f"{part}_loss"])
        assert facts[f"last_{part}_perplexity"] == pytest.approx(perplexity, rel=1e-3)
    assert last["training_loss"] < last["validation_loss"]


def test_it_beats_pairs_and_not_longer_counts(facts):
    """What the slide and the notes say: below counted pairs, above what three back give."""
    assert facts["counted_perplexity"] < facts["last_validation_perplexity"]
    assert facts["last_validation_perplexity"] < 0.75 * facts["pairs_perplexity"]


def test_counted_pairs_are_those_of_the_other_demo(facts):
    """With one character back counting gives what `pairs_perplexity` gives."""
    both = texts()
    alphabet = sorted(set("".join(both.values())))
    ids = {part: [alphabet.index(character) for character in text] for part, text in both.items()}
    expected = pairs_perplexity(ids["training"], ids["validation"], len(alphabet))
    assert facts["pairs_perplexity"] == pytest.approx(expected, rel=1e-3)


def test_counts_by_hand():
    """After 0 1 comes 0, once: (1 + p(0 | 1)) / 2, and p(0 | 1) = (1 + (2 + 2·¼) / 6) / 2."""
    followers = count([0, 1, 0, 1], 2)
    single = (2 + 2 / 4) / 6
    assert probability(followers, [0, 1], 0, 4) == pytest.approx((1 + (1 + single) / 2) / 2)
    assert counted_perplexity([0, 1, 0, 1], [0, 1, 0], 4, 2) == pytest.approx(
        1 / ((1 + (1 + single) / 2) / 2)
    )


def test_probabilities_of_all_tokens_sum_to_one():
    """Whatever was counted, the vocabulary shares out 1."""
    followers = count([0, 1, 2, 0, 1, 1, 0], 3)
    for before in ([], [0], [2, 0], [2, 2], [0, 1, 1]):
        total = sum(probability(followers, before, token, 4) for token in range(4))
        assert total == pytest.approx(1)


def test_at_first_it_writes_noise_and_later_words(facts):
    """More and more of the words written are words of the text; at first almost none."""
    shares = [row["known_words_percent"] for row in facts["written"]]
    assert [row["step"] for row in facts["written"]] == [0, 100, 1000]
    assert shares[0] < 2 < 5 < shares[1] < shares[2]


def test_the_same_seed_writes_the_same():
    """Two writings of one model are one; another beginning gives another."""
    params = new_params(65)
    assert write(params, range(6), 30) == write(params, range(6), 30)
    trained_on_nothing = write(params, range(6, 12), 30)
    assert len(trained_on_nothing) == 30


def test_threads_change_nothing_that_is_shown():
    """One thread and two write the same texts, and the same four digits."""
    code = (
        "from demos.from_scratch import run; f = run();"
        "print(f['written'], f['last_validation_perplexity'])"
    )
    one, two = printed_with_each_thread_count(code)
    assert one == two
    assert "éPn" in one


def test_what_is_shown_is_legible_and_inside(facts, capsys):
    """No text is below 18 px, outside or on another; the print-out fits 88 columns."""
    assert_apart(assert_legible(plot(facts)))
    assert facts["written"][2]["text"] in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_json(facts):
    """JSON carries the facts unchanged."""
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
