"""The letters demo.

Oracles: `str.count`, `generate.greedy` one question at a time, and tokens read off the vocabulary.
"""

import json
from typing import get_args

import pytest

from demos.common.answers import read_number
from demos.figures.letters import alt, plot, shade
from demos.letters import N_TOKENS, Word, ask_all, make_prompt, read_words, run, show
from demos.smollm.generate import greedy
from demos.smollm.tokenizer import decode, encode
from demos.smollm.weights import load
from tests.demos.looks import assert_apart, assert_legible, printed_with_each_thread_count


def test_every_word_is_one_token_and_has_its_letter_as_often_as_its_group_says() -> None:
    """16 once, 12 twice, 12 three times; no word comes twice."""
    words = read_words()
    assert [word.count(letter) for word, letter in words] == [1] * 16 + [2] * 12 + [3] * 12
    assert all(len(encode(f" {word}")) == 1 for word, _ in words)
    assert len(dict(words)) == len(words) == 40


@pytest.mark.parametrize("word", ["strawberry", "garden"])
def test_the_answers_are_those_of_one_question_at_a_time(word: str) -> None:
    """Whole and spelled out, `generate` goes on with the same prompt in the same way."""
    letter = dict(read_words())[word]
    for way, form in (("whole", word), ("spelled", "-".join(word))):
        alone = decode(greedy(load(), make_prompt(form, letter), N_TOKENS))
        row = next(row for row in ask_all()[way] if row["word"] == word)
        assert row["answer"] == alone.replace(" ", "·")
        assert row["said"] == read_number(alone)


def test_the_counts_are_those_of_the_rows() -> None:
    """Right answers and the tables, counted again from what was said."""
    facts = run()
    for way, rows in ask_all().items():
        assert facts[way]["n_right"] == sum(row["said"] == row["true"] for row in rows)
        table = facts[way]["said_by_true"]
        assert sum(table[n][n] for n in table) == facts[way]["n_right"]
        assert sum(sum(said.values()) for said in table.values()) == len(rows) == 40
    assert facts["always_one"]["n_right"] == 16


def test_an_answer_is_read_by_its_first_number() -> None:
    """Figures and words, in capitals too; a number inside a word is none."""
    assert read_number(" Three times") == 3
    assert read_number(" 11 times, not 2") == 11
    assert read_number(" someone") is None


@pytest.mark.parametrize("word", get_args(Word))
def test_what_is_shown_is_legible_and_inside(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No text is too small, outside the figure or upon another; lines fit 88 columns."""
    facts = run(word=word)
    assert_apart(assert_legible(plot(facts)))
    assert word in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_a_cell_is_darker_the_more_it_holds() -> None:
    """The sum of its colours falls."""
    assert sum(shade(0.9)) < sum(shade(0.2)) < sum(shade(0))


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """Processes with one and two BLAS threads write the same JSON, which is that of this one."""
    code = "import json; from demos.letters import run; print(json.dumps(run()))"
    answers = printed_with_each_thread_count(code)
    assert answers[0] == answers[1]
    assert json.loads(answers[0]) == run()
