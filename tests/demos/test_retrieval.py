"""The retrieval demo against the model one prompt at a time, and a search written out.

Oracle: `generate.greedy` on each prompt alone; cosines by Python's own sums.
"""

import json
import math

import pytest

from demos.common.answers import has_word
from demos.common.passages import cosines, read_facts
from demos.common.sentences.encoder import embed, load_tensors
from demos.common.shares import wilson
from demos.figures.retrieval import alt, plot
from demos.retrieval import N_TOKENS, WAYS, prompt, run, show
from demos.smollm import batch, tokenizer
from demos.smollm.generate import END, greedy
from demos.smollm.weights import load
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_apart, assert_legible


@pytest.fixture(scope="module")
def facts() -> dict:
    """The demo's facts, computed once."""
    return run()


def test_prompts_side_by_side_give_what_each_gives_alone() -> None:
    """Of different lengths, with a common beginning and without, one of them ending early."""
    texts = [
        "Once upon a time",
        "The capital of Italy is",
        "2 + 2 =",
        "The opposite of hot is cold",
    ]
    ids = [tokenizer.encode(text) for text in texts]
    chats = [tokenizer.chat(text) for text in ("Hi", "Say yes.", "What is the capital of Peru?")]
    for prompts in (ids, chats):
        alone = [list(greedy(load(), one, 8)) for one in prompts]
        assert batch.greedy(load(), prompts, 8) == alone
        stop = alone[0][3]
        until = [one[: one.index(stop)] if stop in one else one for one in alone]
        assert batch.greedy(load(), prompts, 8, stop=[stop, *END]) == until
    assert batch.count_common(ids) == 0 < batch.count_common(chats)


@pytest.mark.parametrize("n", [0, 13])
def test_the_answers_are_the_chat_models_own(facts: dict, n: int) -> None:
    """With and without the passage, `greedy` on the chat template writes the same."""
    row = facts["facts"][n]
    for way, passage in (("without", ""), ("own", row["passage"])):
        ids = tokenizer.chat(prompt(row["question"], passage))
        text = tokenizer.decode(greedy(load(), ids, N_TOKENS))
        assert " ".join(text.split()) == row[way]["answer"]


def test_the_right_answer_is_in_its_passage_alone_and_in_no_question() -> None:
    """So nothing but the passage can tell it, and a word of the question is no answer."""
    rows = read_facts()
    for row in rows:
        assert has_word(row["passage"], row["key"])
        assert not has_word(row["question"], row["key"])
        others = [other["passage"] for other in rows if other is not row]
        assert sum(has_word(other, row["key"]) for other in others) <= 1  # «three» of sheets
    assert sum(row["alone"] for row in rows) == 12


def test_the_nearest_passage_is_that_of_the_largest_cosine(facts: dict) -> None:
    """Dot product over lengths, each summed by Python, picks the same ones in the same order."""
    question = facts["chosen"]["question"]
    passages = [row["passage"] for row in facts["facts"]]
    mine, *others = embed(load_tensors(), [question, *passages]).tolist()

    def cosine(other: list[float]) -> float:
        dot = math.fsum(a * b for a, b in zip(mine, other, strict=True))
        return dot / math.hypot(*mine) / math.hypot(*other)

    order = sorted(range(len(others)), key=lambda n: -cosine(others[n]))[:3]
    abouts = [facts["facts"][n]["about"] for n in order]
    assert [row["about"] for row in facts["chosen"]["nearest_passages"]] == abouts
    assert cosines().shape == (24, 24)


def test_the_counts_are_those_of_the_answers(facts: dict) -> None:
    """Right ones counted again by hand, with Wilson's interval."""
    for way in WAYS:
        right = [row for row in facts["facts"] if has_word(row[way]["answer"], row["key"])]
        share = facts["shares"][way]["all"]
        assert (share["n_right"], share["n"]) == (len(right), 24)
        ends = share["low"], share["high"]
        assert ends == pytest.approx(wilson(len(right), 24), abs=6e-4)
        parts = (facts["shares"][way][kind] for kind in ("alone", "others"))
        assert sum(part["n_right"] for part in parts) == len(right)


def test_the_passage_helps_and_is_not_enough(facts: dict) -> None:
    """Without it nothing is right; with it more than luck and less than all."""
    without, own = (facts["shares"][way]["all"] for way in ("without", "own"))
    assert without["n_right"] == 0
    assert without["high"] < own["low"] < own["high"] < 0.75


def test_it_is_legible_and_described(facts: dict, capsys: pytest.CaptureFixture[str]) -> None:
    """Figure texts are large, inside and apart; lines fit 88 columns; alt and figure agree."""
    assert_apart(assert_legible(plot(facts)))
    assert f"{facts['shares']['own']['alone']['n_right']} su 12" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88
    json.dumps(facts, allow_nan=False)


@pytest.mark.parametrize("bad", [0, 25, 1.5])
def test_a_fact_that_is_not_there_is_refused(bad: float) -> None:
    """There are 24."""
    with pytest.raises(ValueError, match="`fact`"):
        bind(parameters_of(run), {"fact": bad})
