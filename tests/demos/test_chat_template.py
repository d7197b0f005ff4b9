"""The chat-template demo.

Oracles: `generate.greedy` one prompt at a time, the template as its maker writes it, and a search
for the answers' words written out.
"""

import json
from typing import get_args

import pytest

from demos.chat_template import N_TOKENS, Question, ask_all, read_questions, run, show
from demos.figures.chat_template import alt, plot, split_turns
from demos.smollm.generate import greedy
from demos.smollm.tokenizer import decode, encode
from demos.smollm.weights import load
from tests.demos.looks import assert_apart, assert_legible, printed_with_each_thread_count

MADE = """\
<|im_start|>system
You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
<|im_start|>user
What do bees make?<|im_end|>
<|im_start|>assistant
"""


def test_the_template_is_the_makers() -> None:
    """Joined, the pieces are the published template, and its five special tokens are marked."""
    asked = run(question="What do bees make?")["asked"]["template"]
    text = "".join(asked["pieces"]).replace("·", " ").replace("↵", "\n")
    assert text == MADE
    assert [asked["pieces"][n] for n in asked["special"]] == [
        "<|im_start|>",
        "<|im_end|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|im_start|>",
    ]
    assert run()["asked"]["bare"]["special"] == []


@pytest.mark.parametrize("question", ["Who wrote Romeo and Juliet?", "What is 2 + 2?"])
def test_the_continuations_are_those_of_one_prompt_at_a_time(question: str) -> None:
    """Bare and in the template, `generate` goes on in the same way."""
    place = list(read_questions()).index(question)
    prompts = {"bare": question, "template": MADE.replace("What do bees make?", question)}
    for way, text in prompts.items():
        alone = list(greedy(load(), encode(text, special=True), N_TOKENS))
        row = ask_all()[way][place]
        assert row["text"] == decode(alone).replace("\n", "↵")
        assert (row["n_tokens"], row["ends"]) == (len(alone), len(alone) < N_TOKENS)


def test_an_answer_has_one_of_its_words() -> None:
    """Split at what is no letter or figure, each text has a word of its question, or has none."""
    facts = run()
    for way, rows in ask_all().items():
        found = []
        for row, words in zip(rows, read_questions().values(), strict=True):
            spaced = "".join(c if c.isalnum() or c == "-" else " " for c in row["text"].lower())
            found.append(bool({word.lower() for word in words} & set(spaced.split())))
        assert [row["answers"] for row in rows] == found
        assert facts[way]["n_right"] == sum(found)


def test_a_question_answered_has_words() -> None:
    """No text is both empty and an answer; no question holds its own answer."""
    for rows in ask_all().values():
        assert not any(row["is_empty"] and row["answers"] for row in rows)
    for question, words in read_questions().items():
        assert not set(map(str.lower, words)) & set(question.lower().rstrip("?").split())


def test_turns_begin_where_the_special_token_is() -> None:
    """The template has three, a bare question one."""
    facts = run()["asked"]
    assert len(split_turns(facts["template"]["pieces"])) == 3
    assert len(split_turns(facts["bare"]["pieces"])) == 1


@pytest.mark.parametrize("question", get_args(Question))
def test_what_is_shown_is_legible_and_inside(
    question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text is too small, outside the figure or upon another; lines fit 88 columns."""
    facts = run(question=question)
    assert_apart(assert_legible(plot(facts)))
    assert question in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """Processes with one and two BLAS threads write the same JSON, which is that of this one."""
    code = "import json; from demos.chat_template import run; print(json.dumps(run()))"
    answers = printed_with_each_thread_count(code)
    assert answers[0] == answers[1]
    assert json.loads(answers[0]) == run()
