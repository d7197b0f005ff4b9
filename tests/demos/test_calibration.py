"""The calibration demo against one token at a time, sums written out, and models made up.

Oracle: `transformer.forward` on each whole text; counts by hand; coins of a known probability.
"""

import json
import math

import numpy as np
import pytest

from demos.calibration import DOUBTS, judge, run, show
from demos.common.questions import after_examples, questions, read_facts
from demos.common.reliability import EDGES, bins, calibration_error, error_by_luck
from demos.common.short_answers import is_right, read_answer, write_each
from demos.figures.calibration import alt, plot
from demos.smollm import tokenizer
from demos.smollm.generate import distribution, greedy
from demos.smollm.transformer import forward
from demos.smollm.weights import load
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_apart, assert_legible, printed_with_each_thread_count


@pytest.fixture(scope="module")
def facts() -> dict:
    """The demo's facts, computed once."""
    return run()


def test_an_answer_is_what_greedy_writes_and_as_sure_as_the_product_says() -> None:
    """Of a question of each kind, token by token without packs: same text, same probability."""
    prompts = [after_examples(one["question"]) for one in questions()[::16]]
    for prompt, written in zip(prompts, write_each(prompts, 6), strict=True):
        ids = tokenizer.encode(prompt)
        assert [token for token, _ in written] == list(greedy(load(), ids, len(written)))
        text, probability = read_answer(written)
        kept, product = tokenizer.encode(f" {text}"), 1.0
        for n, token in enumerate(kept):
            logits = forward(load(), ids + kept[:n], last=True)[0]
            product *= distribution(logits)[token]
        assert probability == pytest.approx(product, rel=1e-3)


def test_the_examples_ask_nothing_that_is_asked() -> None:
    """No example begins as a question, and no question comes twice."""
    begins = [one["question"] for one in questions()]
    begins += [one["begins"] for one in read_facts()["invented"]]
    assert len(set(begins)) == len(begins) == 86
    for example in read_facts()["examples"]:
        assert not any(example.startswith(begin) for begin in begins)


def test_half_the_capitals_are_the_largest_city(facts: dict) -> None:
    """As the data says of them, eight and eight."""
    capitals = [row for row in facts["answers"] if row["kind"] == "capitali"]
    others = {"Australia", "Brazil", "Canada", "Morocco", "New Zealand", "Switzerland", "Turkey"}
    others |= {"Vietnam"}
    smaller = [row for row in capitals if any(name in row["question"] for name in others)]
    assert (len(capitals), len(smaller)) == (16, 8)


def test_the_bins_hold_each_answer_once(facts: dict) -> None:
    """Their counts, means and shares are those of the answers between their edges."""
    assert [one["sure_from"] for one in facts["bins"]] == list(EDGES[:-1])
    assert sum(one["n"] for one in facts["bins"]) == facts["n_questions"] == len(questions())
    assert sum(one["n_right"] for one in facts["bins"]) == facts["n_right"]
    for one in facts["bins"]:
        rows = [
            r for r in facts["answers"] if one["sure_from"] <= r["probability"] < one["sure_to"]
        ]
        mean = sum(row["probability"] for row in rows) / len(rows)
        assert one["mean_probability"] == pytest.approx(mean, rel=0.005)
        assert one["low"] < one["share"] < one["high"]


def test_no_answer_is_at_the_edge_of_a_bin(facts: dict) -> None:
    """Another machine's last digits move none into the next bin."""
    for row in facts["answers"]:
        assert min(abs(row["probability"] - edge) for edge in EDGES[1:-1]) > 1e-3


def test_the_error_is_that_of_the_bins_by_hand(facts: dict) -> None:
    """The mean of the distances of the bins from the diagonal, by their numbers of answers."""
    apart = [one["n"] * abs(one["mean_probability"] - one["share"]) for one in facts["bins"]]
    assert facts["calibration_error"] == pytest.approx(sum(apart) / 80, abs=0.002)


def test_a_perfect_model_has_no_error_and_a_boaster_has_his() -> None:
    """20,000 coins as likely as they say: about 0; coins that say 0.9 and are 0.6: 0.3."""
    rng = np.random.default_rng(1)
    sure = rng.random(20_000)
    assert calibration_error(sure, rng.random(20_000) < sure) < 0.02
    says = np.full(20_000, 0.9)
    assert calibration_error(says, rng.random(20_000) < 0.6) == pytest.approx(0.3, abs=0.02)
    # |k / n - p| is on average √(2 p (1 - p) / (π n)) of one bin (de Moivre)
    one_bin = math.sqrt(2 * 0.9 * 0.1 / (math.pi * 400))
    assert error_by_luck(np.full(400, 0.9)) == pytest.approx(one_bin, rel=0.05)


def test_the_surer_bins_are_the_righter_ones(facts: dict) -> None:
    """Each has a larger share of right answers, and the first and last intervals are apart."""
    shares = [one["share"] for one in facts["bins"]]
    assert shares == sorted(shares)
    assert facts["bins"][0]["high"] < facts["bins"][-1]["low"]
    assert facts["surest_wrong"][0]["answer"] == "Sydney"
    assert facts["surest_wrong"][0]["probability"] > 0.85


def test_a_wrong_or_longer_answer_is_not_right() -> None:
    """Only a right one is, in whatever capitals."""
    assert is_right("dante alighieri", ["Dante", "Dante Alighieri"])
    assert not any(is_right(wrong, ["Dante"]) for wrong in ("", "Dan", "Dante Alighon Society"))
    assert bins([{"probability": 1.0, "is_right": True}])[0]["low"] > 0.2
    assert judge([], ["x"]) == {"answer": "", "probability": 1.0, "is_right": False}


def test_doubts_are_recognised(facts: dict) -> None:
    """Sentences that say so are found; the model wrote none of them."""
    for said in ("I don't know.", "I'm not sure which", "It does not exist", "a fictional city"):
        assert any(doubt in said.casefold() for doubt in DOUBTS)
    assert facts["n_invented_doubted"] == 0
    assert facts["n_invented_answered"] == facts["n_invented"] == 6


def test_it_is_legible_and_described(facts: dict, capsys: pytest.CaptureFixture[str]) -> None:
    """Figure texts are large, inside and apart; lines fit 88 columns; the alt names a mistake."""
    assert_apart(assert_legible(plot(facts)))
    assert "Sydney" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_a_question_that_is_no_choice_is_refused() -> None:
    """The signature has all there is to choose from."""
    with pytest.raises(ValueError, match="can't be 'The capital of Oz is'"):
        bind(parameters_of(run), {"question": "The capital of Oz is"})


def test_one_thread_and_two_give_the_same_answers(facts: dict) -> None:
    """Texts and counts are equal, probabilities to their third digit."""
    code = "import json; from demos.calibration import run; print(json.dumps(run()))"
    one, two = map(json.loads, printed_with_each_thread_count(code))
    for name in ("n_right", "surest_wrong", "n_invented_doubted"):
        assert one[name] == two[name] == facts[name]
    for each in zip(one["answers"], two["answers"], strict=True):
        assert each[0]["answer"] == each[1]["answer"]
        assert each[0]["probability"] == pytest.approx(each[1]["probability"], rel=0.0101)
