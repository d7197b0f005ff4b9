"""The demo of examples in a prompt against the model that writes its answers token by token.

Oracle: `generate.greedy` on each prompt alone, and Wilson's interval of counts made by hand.
"""

import json
from itertools import pairwise

import pytest

from demos.common.shares import wilson
from demos.examples_in_prompt import (
    COUNTS,
    MOST,
    asked,
    read_tasks,
    right_words,
    run,
    show,
    write_prompt,
)
from demos.figures.examples_in_prompt import alt, plot
from demos.smollm import tokenizer
from demos.smollm.generate import greedy
from demos.smollm.weights import load
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_apart, assert_legible


@pytest.fixture(scope="module")
def facts() -> dict:
    """The demo's facts, computed once."""
    return run()


@pytest.mark.parametrize(("task", "n"), [("opposites", 2), ("capitals", 8), ("translations", 4)])
def test_what_is_called_right_is_what_the_model_writes(task: str, n: int) -> None:
    """Of eight words, `greedy` writes a right answer and a new line just where it is called so."""
    for word, *right in asked(task)[::3]:
        ids = tokenizer.encode(write_prompt(task, n, word))
        text = tokenizer.decode(greedy(load(), ids, 8))
        line, is_ended, _ = text.partition("\n")
        writes = is_ended == "\n" and line in {f" {one}" for one in right}
        assert writes == (word in right_words(task, n)), (word, text)


def test_no_word_is_asked_that_is_an_example() -> None:
    """24 words a task, none twice, none an example; no answer of an example among theirs."""
    for task in read_tasks():
        words = [word for word, *_ in read_tasks()[task]["pairs"]]
        assert len(words) == len(set(words)) == 32 == len(asked(task)) + MOST
        prompt = write_prompt(task, MOST, asked(task)[0][0])
        assert prompt.count(" -> ") == MOST
        lines = prompt.split("\n")
        assert not any(
            line.startswith(f"{word} ->") for line in lines[:-1] for word, *_ in asked(task)
        )


def test_more_examples_go_on_from_fewer() -> None:
    """A prompt with more of them begins with all lines of one with fewer."""
    for task in read_tasks():
        shown = [write_prompt(task, n, "x").rsplit("x", 1)[0] for n in COUNTS]
        assert all(more.startswith(fewer) for fewer, more in pairwise(shown))


def test_the_counts_have_their_intervals(facts: dict) -> None:
    """Each count is that of the right words, its interval Wilson's."""
    for task in facts["tasks"]:
        assert [row["n_examples"] for row in task["by_examples"]] == list(COUNTS)
        for row in task["by_examples"]:
            n_right = len(right_words(task["task"], row["n_examples"]))
            assert row["n_right"] == n_right
            ends = row["low"], row["high"]
            assert ends == pytest.approx(wilson(n_right, 24), abs=6e-4)


def test_examples_help_and_most_with_opposites(facts: dict) -> None:
    """From none right, surely up in two tasks; translations stay below both."""
    last = {task["task"]: task["by_examples"][-1] for task in facts["tasks"]}
    assert all(task["by_examples"][0]["n_right"] == 0 for task in facts["tasks"])
    assert last["opposites"]["low"] > 0.6
    assert last["capitals"]["low"] > wilson(0, 24)[1]
    assert last["translations"]["high"] < last["opposites"]["low"]


@pytest.mark.parametrize("n", ["0", "1", "8"])
def test_the_answers_shown_agree_with_the_counts(n: str) -> None:
    """What is shown as right is among the right words, and the rest is not."""
    for task in read_tasks():
        facts = run(task=task, n_examples=n)
        for row in facts["answers"]:
            assert row["is_right"] == (row["word"] in right_words(task, int(n)))
        assert len(facts["prompt"]) == int(n) + 1
        assert facts["chosen"]["n_examples"] == int(n)


def test_it_is_legible_and_described(facts: dict, capsys: pytest.CaptureFixture[str]) -> None:
    """Figure texts are large, inside and apart; lines fit 88 columns; the alt has the counts."""
    assert_apart(assert_legible(plot(facts)))
    for task in facts["tasks"]:
        assert f"con 8 {task['by_examples'][-1]['n_right']} su 24" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88
    json.dumps(facts, allow_nan=False)


@pytest.mark.parametrize("bad", [{"n_examples": "3"}, {"n_examples": 4}, {"task": "sums"}])
def test_what_is_no_choice_is_refused(bad: dict) -> None:
    """There are five numbers of examples and three tasks."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        bind(parameters_of(run), bad)
