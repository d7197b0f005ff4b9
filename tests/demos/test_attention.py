"""The attention demo against one head computed from its definition, and what any causal one does.

Oracle: softmax(Q Kᵀ / √64) of the first layer written out token by token in float64 with RoPE as a
rotation matrix (https://arxiv.org/abs/2104.09864); sentences that had no part in choosing the
heads.
"""

import json

import numpy as np
import pytest

from demos.attention import MAX_TOKENS, run, show
from demos.figures.attention import alt, findings, plot, shade
from demos.smollm.weights import load
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_legible, printed_with_each_thread_count

TEXTS = [
    "The cat drank the milk because it was thirsty.",
    "a",
    "Il gatto beve il latte.",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen",
    "$x_1^2$ {{ facts }} <b>",
    "你好\t\n\u200b\x1b[31m",
    "supercalifragilistic antidisestablishmentarianism",
]


def by_hand(ids: list[int], head: int) -> np.ndarray:
    """Compute the attention of a head of layer 0 from the definition, pair by pair of tokens."""
    layer, shape = load().layers[0], load().shape
    x = load().embedding[ids].astype(np.float64)
    x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + shape.eps) * layer.attention_norm
    queries = x @ layer.qkv[64 * head : 64 * (head + 1)].T.astype(np.float64)
    first_key = 576 + 64 * (head // 3)  # three heads of queries share a head of keys
    keys = x @ layer.qkv[first_key : first_key + 64].T.astype(np.float64)
    shares = np.zeros((len(ids), len(ids)))
    for i in range(len(ids)):
        scores = [
            turned(queries[i], i, shape.rope_theta) @ turned(keys[j], j, shape.rope_theta)
            for j in range(i + 1)
        ]
        odds = np.exp(np.array(scores) / 8)
        shares[i, : i + 1] = odds / odds.sum()
    return shares


def turned(vector: np.ndarray, position: int, theta: float) -> np.ndarray:
    """Rotate each pair of numbers by the angle of a position."""
    out = np.empty(64)
    for pair in range(32):
        angle = position * theta ** (-2 * pair / 64)
        x, y = vector[2 * pair], vector[2 * pair + 1]
        out[2 * pair] = x * np.cos(angle) - y * np.sin(angle)
        out[2 * pair + 1] = x * np.sin(angle) + y * np.cos(angle)
    return out


@pytest.mark.parametrize("head", [0, 4, 8])
def test_a_head_is_the_softmax_of_queries_and_keys(head: int) -> None:
    """The matrix of a head of the first layer is the definition's, to its two decimals."""
    facts = run(layer=0, head=head)
    assert np.abs(np.array(facts["matrix"]) - by_hand(facts["ids"], head)).max() < 0.00501


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (13, 8), (29, 8)])
def test_rows_sum_to_one_and_nothing_looks_ahead(layer: int, head: int) -> None:
    """Each row sums to 1, before the rounding in all heads, and above the diagonal is 0."""
    facts = run(layer=layer, head=head)
    matrix = np.array(facts["matrix"])
    assert np.abs(matrix.sum(axis=1) - 1).max() <= 0.005 * facts["n_tokens"]
    assert np.all(np.triu(matrix, 1) == 0)
    assert facts["rows_sum_to_one"] is True
    assert facts["largest_look_ahead"] == 0.0
    assert matrix[0, 0] == 1


def test_the_default_head_finds_the_subject_of_the_sentence_on_the_slide() -> None:
    """`drank`, `it`, `thirsty` look at `cat`, `was` at `milk`: what the figure points at."""
    facts = run()
    pairs = {facts["strongest"][i]["piece"]: facts["pieces"][j] for i, j in findings(facts)}
    assert pairs == {"·drank": "·cat", "·it": "·cat", "·thirsty": "·cat", "·was": "·milk"}


@pytest.mark.parametrize(
    ("text", "verb", "subject"),
    [
        ("The girl closed the window because she felt cold.", "·closed", "·girl"),
        ("The engineer repaired the bridge in the summer.", "·repaired", "·engineer"),
        ("The old king visited a small village.", "·visited", "·king"),
        ("My sister painted a portrait of our mother.", "·painted", "·sister"),
    ],
)
def test_the_default_head_finds_the_subject_of_new_sentences(
    text: str, verb: str, subject: str
) -> None:
    """The verb gives most of its attention, the first token apart, to the subject."""
    [look] = [look for look in run(text=text)["strongest"] if look["piece"] == verb]
    assert look["to_piece"] == subject
    assert look["share"] > 0.5


def test_the_head_fails_where_the_lecture_says() -> None:
    """With another noun in between it misses three of ten, with none it finds all eight."""
    trial = run()["trial"]
    missed = [row["verb"] for row in trial["rows"] if not row["found"]]
    assert missed == ["bark", "called", "arrived"]
    assert (trial["n_right_next"], trial["n_next"]) == (8, 8)
    assert (trial["n_right_farther"], trial["n_farther"]) == (7, 10)
    for row in trial["rows"]:
        looks = {look["piece"]: look for look in run(text=row["text"])["strongest"]}
        look = looks[f"·{row['verb']}"]
        assert (look["to_piece"], look["share"]) == (row["to_piece"], row["share"])


def test_what_comes_after_it_can_not_matter() -> None:
    """`it` looks at the same, with the same shares, whether the last word is thirsty or fresh."""
    thirsty, fresh = run()["trial"]["twins"]
    assert thirsty["text"].replace("thirsty", "fresh") == fresh["text"]
    assert (thirsty["to_piece"], thirsty["share"]) == (fresh["to_piece"], fresh["share"])
    rows = [run(text=twin["text"])["matrix"][7] for twin in (thirsty, fresh)]
    assert rows[0] == rows[1]


def test_the_other_heads_do_what_is_said_of_them() -> None:
    """On a new sentence too, one head looks at the token before, and one at the first."""
    jobs = run(text="A red bus stopped near the old school at noon.")["jobs"]
    assert jobs["previous"]["share_previous"] > 0.5
    assert jobs["first"]["share_first"] > 0.95


def test_most_heads_rest_on_the_first_token() -> None:
    """More than half of the 270 heads give the first token more than half of their attention."""
    facts = run()
    assert facts["n_all_heads"] == 270
    assert 135 < facts["n_heads_on_first"] < 270


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"text": ""}, "vuoto"),
        ({"text": "one " * (MAX_TOKENS + 1)}, "token"),
        ({"text": "\ud800"}, "Unicode"),
    ],
)
def test_bad_text_is_refused(bad: dict, says: str) -> None:
    """Each raises a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=says):
        run(**bad)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"layer": 30}, "`layer` can't be 30"),
        ({"layer": -1}, "`layer` can't be -1"),
        ({"head": 9}, "`head` can't be 9"),
        ({"head": "8"}, "`head` must be int, not '8'"),
    ],
)
def test_a_layer_or_a_head_that_is_not_there_is_refused(bad: dict, says: str) -> None:
    """The signature says which there are, and whoever calls the demo checks with it."""
    with pytest.raises(ValueError, match=says):
        bind(parameters_of(run), bad)


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_shown_is_legible_and_inside(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No text is below 24 px, outside the figure or without its glyph; lines fit 88 columns."""
    facts = run(text=text)
    assert_legible(plot(facts))
    assert f"strato {facts['layer']}, testa {facts['head']}" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_numbers_in_the_darkest_cell_can_be_read() -> None:
    """Ink on the darkest cell has a contrast of 4.5 to 1 or more (WCAG 2.1, relative luminance)."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert (luminance(shade(1)) + 0.05) / (luminance((30 / 255,) * 3) + 0.05) >= 4.5


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """Processes with one and two BLAS threads write the same JSON, which is that of this one."""
    code = "import json; from demos.attention import run; print(json.dumps(run()))"
    answers = printed_with_each_thread_count(code)
    assert answers[0] == answers[1]
    assert json.loads(answers[0]) == run() == run()
