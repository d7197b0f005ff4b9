"""Tests of `demos/bpe.py`.

Oracles: the example that minbpe's README publishes (github.com/karpathy/minbpe, after Wikipedia's
article on byte pair encoding), the trainer in `tiktoken._educational`, and the default text's first
merges counted by hand.
"""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken._educational import bpe_train

from demos.bpe import MAX_CHARACTERS, PATTERN, merge, run, show
from demos.figures.bpe import alt, plot
from tests.demos.looks import assert_legible

HOSTILE = [
    "<|endoftext|> <|endoftext|>",
    "$x_1$ $x_1$ {{ facts }} {% raw %} <script>alert(1)</script> `---` ---",
    "\x00\x1b[31m\x00\x1b[31m\r\n\u202e\u200b\u3164\u3164",
    "语语 🦙🦙 Z\u0334\u0322\u031bZ\u0334\u0322\u031b",
    "a",
    " ",
    "a" * MAX_CHARACTERS,
]


def test_the_published_example_comes_out() -> None:
    """`aaabdaaabac` with 3 merges becomes the ids of minbpe's README, which stand for X d X a c."""
    facts = run(text="aaabdaaabac", n_merges=3)
    assert facts["ids"] == [258, 100, 258, 97, 99]
    assert [row["token"] for row in facts["rows"]] == ["aa", "aaa", "aaab"]
    assert facts["rows"][0] == {
        "id": 256,
        "pair_ids": [97, 97],
        "pair": ["a", "a"],
        "count": 4,
        "token": "aa",
        "n_tokens": 9,
        "pieces": ["aa", "a", "b", "d", "aa", "a", "b", "a", "c"],
    }


def test_the_default_text_is_merged_as_counted_by_hand() -> None:
    """« gatt» is in «il gatto e la gatta, il gattino …» four times, what is merged later twice."""
    rows = run()["rows"]
    assert [row["count"] for row in rows] == [4, 4, 4, 4, 2, 2, 2, 2, 2]
    assert [row["token"] for row in rows][:5] == ["·g", "·ga", "·gat", "·gatt", "il"]
    assert [row["n_tokens"] for row in rows] == [40, 36, 32, 28, 26, 24, 22, 20, 18]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.text(alphabet="abè ,1", min_size=2, max_size=60), st.integers(1, 12))
def test_the_merges_are_those_of_tiktokens_own_trainer(text: str, n_merges: int) -> None:
    """On any text the entries learned, and their ids, are those of `tiktoken._educational`."""
    facts = run(text=text, n_merges=n_merges)
    if not facts["rows"]:
        return  # its trainer stops with an error where no pair is left
    ranks = bpe_train(text, 256 + facts["n_merges"], PATTERN, visualise=None)
    learned = {token: rank for token, rank in ranks.items() if rank > 255}
    inverse = {rank: token for token, rank in ranks.items()}
    made = {}
    for row in facts["rows"]:
        made[b"".join(inverse[part] for part in row["pair_ids"])] = row["id"]
    assert made == learned


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.text(min_size=1, max_size=60))
def test_any_text_comes_back_and_each_merge_saves_tokens(text: str) -> None:
    """The tokens join to the text, each merge leaves fewer, and none is of a pair seen once."""
    facts = run(text=text, n_merges=30)
    counts = [facts["n_bytes"], *(row["n_tokens"] for row in facts["rows"])]
    assert facts["round_trip"]
    assert all(after < before for before, after in pairwise(counts))
    assert all(row["count"] >= 2 for row in facts["rows"])
    assert facts["n_vocab"] == 256 + facts["n_merges"]


def test_what_is_merged_is_used_up() -> None:
    """Of the two overlapping pairs in `aaa` only the first is replaced."""
    assert merge([97, 97, 97], (97, 97), 256) == [256, 97]


def test_no_token_crosses_a_word() -> None:
    """A space stands only at a token's start: words are cut apart before any merge."""
    facts = run(text="la la la la la la", n_merges=30)
    assert facts["pieces"] == ["la", *["·la"] * 5]


def test_it_stops_where_no_pair_is_found_twice() -> None:
    """`abc` teaches nothing, and the figure and the walk-through say so."""
    facts = run(text="abc")
    assert (facts["n_merges"], facts["ids"]) == (0, [97, 98, 99])
    assert "nessuna coppia" in alt(facts)


@pytest.mark.parametrize(
    ("text", "says"), [("", "vuoto"), ("a" * 1001, "1.001 caratteri"), ("a\ud800", "Unicode")]
)
def test_bad_text_is_refused(text: str, says: str) -> None:
    """Empty, too long and invalid text raise a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=says):
        run(text=text)


@pytest.mark.parametrize("n_merges", [1, 9, 30])
@pytest.mark.parametrize("text", [run()["text"], *HOSTILE])
def test_what_is_shown_is_legible_and_inside(
    text: str, n_merges: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text is below 24 px or outside, no glyph is missing, the print-out fits 88 columns."""
    facts = run(text=text, n_merges=n_merges)
    assert_legible(plot(facts))
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_twice_and_json() -> None:
    """Two runs agree, and JSON carries the facts unchanged."""
    assert run() == run() == json.loads(json.dumps(run()))
