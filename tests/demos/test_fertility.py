"""Tests of `demos/fertility.py` and of its data.

Oracles: the published counts of one pair of sentences (26 and 25 tokens for 17 Italian words, 16
for 15 English), two resamples of the bootstrap made by hand, and the normal approximation of a
ratio's interval.
"""

import json
import unicodedata

import numpy as np
import pytest

from demos.common.sentences.encoder import wordpiece_ids, wordpiece_vocabulary
from demos.fertility import N_PAIRS, USERS, cut, interval, load_pairs, measure, run, show
from demos.figures.fertility import alt, plot
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_legible

PUBLISHED = {
    "italian": "I modelli di linguaggio possono essere influenzati dai dati di addestramento "
    "e quindi essere soggetti a bias.",
    "english": "Language models can be influenced by their training data "
    "and therefore be subject to bias.",
}


@pytest.mark.parametrize(("name", "italian"), [("cl100k_base", 26), ("o200k_base", 25)])
def test_the_published_pair_costs_what_was_published(name: str, italian: int) -> None:
    """The published pair is 26 or 25 tokens of Italian and 16 of English, over 17 and 15 words."""
    row = measure(name, [PUBLISHED])
    assert (row["n_tokens_italian"], row["n_tokens_english"]) == (italian, 16)
    assert row["tokens_per_word_italian"] == italian / 17
    assert row["tokens_per_word_english"] == 16 / 15
    assert row["ratio"] == row["ratio_low"] == row["ratio_high"] == italian / 16


def test_wordpiece_is_counted_without_the_tokens_around_it() -> None:
    """The pieces are those of BERT's ids, but for [CLS] and [SEP]."""
    text = PUBLISHED["italian"]
    inverse = {token: piece for piece, token in wordpiece_vocabulary().items()}
    assert cut(text, "wordpiece") == [inverse[token] for token in wordpiece_ids(text)][1:-1]


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base", "smollm2"])
def test_the_pieces_of_byte_level_bpe_give_the_text_back(name: str) -> None:
    """Joined, with spaces for dots, they are the sentence, once bytes cut apart are joined too."""
    for sentence in (pair[side] for pair in load_pairs() for side in ("italian", "english")):
        joined = "".join(cut(sentence, name)).replace("·", " ")
        for character in filter(lambda character: not character.isascii(), sentence):
            written = "".join(f"\\x{byte:02x}" for byte in character.encode())
            joined = joined.replace(written, character)
        assert joined == sentence


def test_italian_costs_more_with_every_vocabulary() -> None:
    """The interval is above 1, most pairs are longer in Italian, and the newer GPT costs least."""
    rows = run()["by_vocabulary"]
    assert min(row["ratio_low"] for row in rows.values()) > 1.2
    assert min(row["n_pairs_italian_longer"] for row in rows.values()) >= 20
    assert min(rows, key=lambda name: rows[name]["ratio"]) == "o200k_base"
    assert rows["o200k_base"]["ratio_high"] < rows["smollm2"]["ratio_low"]


def test_it_is_not_that_italian_has_more_words() -> None:
    """The Italian side has fewer words than the English, so the cost is in the cuts."""
    facts = run()
    apart = [pair["italian"].replace("'", " ") for pair in load_pairs()]
    assert facts["n_words_italian"] == sum(len(sentence.split()) for sentence in apart)
    assert facts["n_words_italian"] < facts["n_words_english"]


def test_the_interval_is_that_of_the_resamples() -> None:
    """Of ratios 1 and 3 half of the resamples have one twice: the ends. Equal ones give a point."""
    assert interval(np.array([1, 3]), np.array([1, 1])) == (1, 3)
    assert interval(np.array([3, 3, 3]), np.array([2, 2, 2])) == (1.5, 1.5)


def test_the_interval_is_near_the_normal_one() -> None:
    """On the real counts it is within 8% of ratio ± 1.96 standard errors (delta method)."""
    italian, english = (
        np.array([len(cut(pair[side], "o200k_base")) for pair in load_pairs()])
        for side in ("italian", "english")
    )
    low, high = interval(italian, english)
    ratio = italian.sum() / english.sum()
    error = np.sqrt(((italian - ratio * english) ** 2).sum()) / english.sum()
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.08)
    assert (high + low) / 2 == pytest.approx(ratio, rel=0.02)


def test_the_pairs_are_sentences_of_their_own() -> None:
    """24 of six kinds, no sentence twice, in form C, plain apostrophes, each one sentence long."""
    pairs = load_pairs()
    assert len(pairs) == N_PAIRS
    assert len({pair["kind"] for pair in pairs}) == 6
    sentences = [pair[side] for pair in pairs for side in ("italian", "english")]
    assert len(set(sentences)) == 2 * N_PAIRS
    for sentence in sentences:
        assert unicodedata.is_normalized("NFC", sentence)
        assert "’" not in sentence and "  " not in sentence
        assert sentence[0].isupper() and sentence.endswith(".") and sentence.count(".") == 1
        assert 6 <= len(sentence.split()) <= 18


@pytest.mark.parametrize("bad", [{"vocabulary": "gpt2"}, {"pair": 0}, {"pair": N_PAIRS + 1}])
def test_what_is_not_offered_is_refused(bad: dict) -> None:
    """An unknown vocabulary or pair raises a ValueError."""
    with pytest.raises(ValueError, match="can't be"):
        bind(parameters_of(run), bad)


@pytest.mark.parametrize(
    ("name", "pair"), [*((name, 1) for name in USERS), ("smollm2", N_PAIRS), ("smollm2", 13)]
)
def test_what_is_shown_is_legible_and_inside(
    name: str, pair: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text is below 24 px or outside; the print-out fits 88 columns; the alt has each ratio."""
    facts = run(vocabulary=name, pair=pair)
    assert_legible(plot(facts))
    for row in facts["by_vocabulary"].values():
        assert f"{row['ratio']:.2f}".replace(".", ",") in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_twice_and_json() -> None:
    """Two runs agree, and JSON carries the facts unchanged."""
    assert run() == run() == json.loads(json.dumps(run()))
