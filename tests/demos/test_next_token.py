"""The next-token demo against a softmax written out by hand, and `demos.smollm.generate`.

Oracle: Python's own `math.exp` over all 49,152 logits, `generate.greedy` and `generate.sample`.
"""

import json
import math

import numpy as np
import pytest

from demos.figures.next_token import alt, plot
from demos.next_token import even_choices, look, run, show, stream
from demos.smollm.generate import distribution, greedy, sample
from demos.smollm.tokenizer import decode
from demos.smollm.transformer import forward
from demos.smollm.weights import load
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_legible, printed_with_each_thread_count

HOSTILE = [
    "<|im_start|><|im_end|>",
    "costa $5 e $x_1^2$ \\frac{a}{b} {{ facts }} {% raw %} <script>alert(1)</script> `---`",
    "\t\n\x1b[31m\u200b\u202e\ufeff",
    "你好 नमस्ते مرحبا 🦔👩‍👩‍👧",
    " ",
    "parola " * 160,
]


def test_the_probabilities_are_a_softmax_written_out_by_hand() -> None:
    """They are exp(score / T) over the sum of all, at three temperatures, and sum to 1."""
    facts = run(n_tokens=1)
    logits = forward(load(), facts["ids"], last=True)[0].tolist()
    largest = max(logits)
    for column in facts["by_temperature"]:
        odds = [math.exp((score - largest) / column["temperature"]) for score in logits]
        for likely, probability in zip(facts["likeliest"], column["probabilities"], strict=True):
            assert probability == pytest.approx(
                odds[likely["id"]] / math.fsum(odds), rel=0.006
            )  # 3 digits
    assert facts["sum_of_probabilities"] == 1.0
    assert facts["n_probabilities"] == facts["n_vocab"] == 49152 == facts["n_others"] + 5
    assert facts["n_zero_probabilities"] == 0
    assert facts["others_probability"] == pytest.approx(
        1 - sum(likely["probability"] for likely in facts["likeliest"]), abs=0.002
    )


def test_the_likeliest_are_in_order_and_the_best_is_rome() -> None:
    """The five are the largest logits in order, and the first is the right answer, with 38%."""
    facts = run(n_tokens=1)
    logits = forward(load(), facts["ids"], last=True)[0]
    assert [likely["id"] for likely in facts["likeliest"]] == np.argsort(-logits)[:5].tolist()
    assert facts["likeliest"][0] == {"id": 7268, "piece": "·Rome", "probability": 0.38}


def test_the_text_is_that_of_generate() -> None:
    """Token by token, the greedy and the drawn texts are those of `generate`."""
    facts = run(n_tokens=6, temperature="0.8")
    ids = list(greedy(load(), facts["ids"], 6))
    assert [step["id"] for step in facts["steps"]] == ids
    assert facts["greedy"] == decode(ids).replace(" ", "·").replace("\n", "↵")
    ids = facts["ids"]
    drawn = [decode(sample(load(), ids, 6, temperature=0.8, seed=(seed, *ids))) for seed in (1, 2)]
    assert facts["drawn"] == [text.replace(" ", "·").replace("\n", "↵") for text in drawn]


def test_each_step_is_the_whole_text_read_again() -> None:
    """Each step's probability, with the cache, is that of all tokens so far without it."""
    facts = run(n_tokens=3)
    for n, step in enumerate(facts["steps"]):
        ids = facts["ids"] + [earlier["id"] for earlier in facts["steps"][:n]]
        probability = distribution(forward(load(), ids, last=True)[0])[step["id"]]
        assert step["probability"] == pytest.approx(probability, rel=0.006)


def test_a_higher_temperature_is_less_decided_and_changes_no_greedy_text() -> None:
    """Even choices grow with the temperature; the order of tokens and the greedy text stay."""
    cold, hot = run(temperature="0.5", n_tokens=2), run(temperature="2.0", n_tokens=2)
    counts = [column["n_even_choices"] for column in hot["by_temperature"]]
    assert counts == sorted(counts)
    assert cold["n_even_choices"] < 3 < 100 < hot["n_even_choices"]
    assert cold["greedy"] == hot["greedy"]
    assert [likely["id"] for likely in cold["likeliest"]] == [
        likely["id"] for likely in hot["likeliest"]
    ]


def test_even_choices_of_equal_tokens_are_their_number() -> None:
    """A uniform distribution over 8 is as undecided as 8 tokens; a certain one as 1."""
    assert even_choices(np.full(8, 1 / 8)) == 8
    assert even_choices(np.array([1.0, 0.0])) == 1
    assert look(np.zeros(10, np.float32), 1.0)["n_even_choices"] == 10


def test_the_same_question_is_answered_less_surely_in_italian() -> None:
    """Asked with «la città di», Rome is first in both languages, in Italian at a third of it."""
    facts = run(n_tokens=4)
    roma, rome = (facts[language]["likeliest"][0] for language in ("italian", "english"))
    assert (roma["piece"], rome["piece"]) == ("·Roma", "·Rome")
    assert 0.2 < roma["probability"] < 0.3 < 0.7 < rome["probability"] < 0.8
    assert facts["model_language"] == "English"
    asked = run(text=facts["italian"]["text"], n_tokens=4)
    assert asked["likeliest"] == facts["italian"]["likeliest"]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"text": ""}, "vuoto"),
        ({"text": "a\ud800"}, "Unicode"),
        ({"text": "one " * 600}, "601 token|600 token"),
        ({"text": "a" * 10**6}, "troppi"),
    ],
)
def test_bad_text_is_refused(bad: dict, says: str) -> None:
    """Each raises a ValueError that says what is wrong, before the model runs."""
    with pytest.raises(ValueError, match=says):
        run(**bad)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"temperature": "0"}, "`temperature` can't be '0'"),
        ({"temperature": "-1"}, "`temperature` can't be '-1'"),
        ({"temperature": 1.0}, "`temperature` must be str, not 1.0"),
        ({"n_tokens": 0}, "`n_tokens` can't be 0"),
        ({"n_tokens": 25}, "`n_tokens` can't be 25"),
    ],
)
def test_what_is_no_choice_is_refused(bad: dict, says: str) -> None:
    """The signature says what there is to choose from; `stream` has the same."""
    for compute in (run, stream):
        with pytest.raises(ValueError, match=says):
            bind(parameters_of(compute), bad)


@pytest.mark.parametrize("text", ["The capital of Italy is", "La capitale d'Italia è", *HOSTILE])
def test_what_is_shown_is_legible_and_inside(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No text is below 24 px, outside the figure or without its glyph; lines fit 88 columns."""
    facts = run(text=text, n_tokens=2 if text in HOSTILE else 10)
    assert_legible(plot(facts))
    assert facts["likeliest"][0]["piece"][:8] in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """Processes with one and two BLAS threads write the same JSON, which is that of this one."""
    wild = (
        "text=\"La capitale d'Italia è\", temperature='2.0'"  # what is drawn from the long tail too
    )
    code = "import json; from demos.next_token import run; "
    code += f"print(json.dumps([run(n_tokens=3), run({wild})]))"
    answers = printed_with_each_thread_count(code)
    assert answers[0] == answers[1]
    assert json.loads(answers[0])[0] == run(n_tokens=3) == run(n_tokens=3)


@pytest.mark.parametrize("text", ["The capital of Italy is", "你好 🦔", HOSTILE[1]])
def test_what_is_streamed_is_the_drawn_text_piece_by_piece(text: str) -> None:
    """Joined, they are the first drawn text of `run`, also where tokens are parts of characters."""
    pieces = list(stream(text=text, temperature="1.5", n_tokens=6))
    assert "".join(pieces) == run(text=text, temperature="1.5", n_tokens=6)["drawn"][0]
    assert len(pieces) > 1
