"""The layer-by-layer demo.

Oracles: the model itself with fewer layers, a softmax written out, and statistics' quartiles.
"""

import json
import statistics
from dataclasses import replace

import numpy as np
import pytest

from demos.figures.layer_by_layer import alt, plot, x_of, y_of
from demos.layer_by_layer import arrival, run, show, try_all
from demos.smollm.lens import as_if_last, last_after_each
from demos.smollm.tokenizer import encode, token_bytes
from demos.smollm.transformer import forward
from demos.smollm.weights import load
from tests.demos.looks import assert_apart, assert_legible, printed_with_each_thread_count

TEXTS = [
    "The capital of Italy is",
    "The opposite of hot is",
    "I drink a cup of",
    "The largest planet in the solar system is",
    "Water boils at a temperature of one hundred",
    "$x_1^2$ {{ facts }} <b>",
    "你好 🦔 \t\n\u200b\x1b[31m",
]


@pytest.mark.parametrize("n_layers", [0, 1, 17, 30])
def test_a_layers_scores_are_those_of_a_model_that_ends_there(n_layers: int) -> None:
    """A model made of the first layers alone gives the same logits."""
    ids, whole = encode("The capital of Italy is"), load()
    shape = replace(whole.shape, n_layers=n_layers)
    shorter = replace(whole, layers=whole.layers[:n_layers], shape=shape)
    found = as_if_last(whole, last_after_each(whole, ids))[n_layers]
    np.testing.assert_allclose(found, forward(shorter, ids, last=True)[0], atol=2e-3)


def test_probabilities_are_a_softmax_written_out() -> None:
    """The answer's after each layer: exp of its score over the sum of all, to three digits."""
    facts, ids = run(), encode("The capital of Italy is")
    logits = as_if_last(load(), last_after_each(load(), ids)).astype(np.float64)
    [rome] = [t for t in np.argsort(-logits[-1])[:3].tolist() if token_bytes(t) == b" Rome"]
    for row, scores in zip(facts["layers"], logits, strict=True):
        share = np.exp(scores[rome]) / np.exp(scores).sum()
        assert row["answer_probability"] == pytest.approx(share, rel=0.01)
    assert facts["answer"] == "·Rome"


def test_an_answer_arrives_where_it_is_first_for_good() -> None:
    """Before it another token is first, from it on the answer always is."""
    for text in TEXTS:
        facts = run(text=text)
        firsts = [row["likeliest"][0]["piece"] for row in facts["layers"]]
        assert set(firsts[facts["arrival"] :]) == {facts["answer"]}
        assert facts["arrival"] == 0 or firsts[facts["arrival"] - 1] != facts["answer"]
    assert arrival([1, 1, 1]) == 0


def test_the_summary_is_that_of_statistics() -> None:
    """Median and quartiles of the twenty arrivals, in the middle of the interval and the range."""
    facts = run()
    arrivals = [row["arrival"] for row in try_all()]
    quartiles = statistics.quantiles(arrivals, n=4, method="inclusive")
    assert [facts["first_quartile"], facts["median"], facts["third_quartile"]] == quartiles
    assert facts["median_low"] <= facts["median"] <= facts["median_high"]
    assert len({row["text"] for row in try_all()}) == facts["n_prompts"] == 20
    alone = run(text=try_all()[3]["text"])
    assert alone["arrival"] == arrivals[3]


@pytest.mark.parametrize(("text", "says"), [("", "vuoto"), ("one " * 100, "token")])
def test_bad_text_is_refused(text: str, says: str) -> None:
    """Empty and too long text raise a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=says):
        run(text=text)


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_shown_is_legible_and_inside(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No text is too small, outside the figure or upon another; lines fit 88 columns."""
    facts = run(text=text)
    assert_apart(assert_legible(plot(facts)))
    assert f"strato {facts['arrival']}" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_axes_run_with_layers_and_powers_of_ten() -> None:
    """Equal steps for layers, and for each factor of ten."""
    assert x_of(2) - x_of(1) == x_of(30) - x_of(29)
    assert y_of(0.1) - y_of(1) == pytest.approx(y_of(1e-5) - y_of(1e-4))


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """What two processes with one and two BLAS threads say of tokens and layers is the same."""
    code = "import json; from demos.layer_by_layer import run; print(json.dumps(run()))"
    answers = [json.loads(text) for text in printed_with_each_thread_count(code)]
    for one, two in zip(*(answer["layers"] for answer in answers), strict=True):
        assert one["likeliest"][0]["piece"] == two["likeliest"][0]["piece"]
        assert one["answer_probability"] == pytest.approx(two["answer_probability"], rel=0.0101)
    assert answers[0]["prompts"] == answers[1]["prompts"] == run()["prompts"]
