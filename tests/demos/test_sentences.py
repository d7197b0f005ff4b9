"""all-MiniLM-L6-v2 in NumPy, and its WordPiece.

Oracles: PyTorch 2.13 and transformers 5.23, which loaded the same files (BertModel and
AutoTokenizer, then mean pooling and length 1): their ids and vectors of the sentences below are
pinned here. On 2,005 sentences of random characters of many scripts ids were equal, and no number
of a vector differed by more than 2.4e-7; the only difference found was U+061D, which their table of
Unicode is too old to know. For `erf`, Python's own.
"""

import math

import numpy as np
import pytest

from demos.common.sentences.encoder import (
    embed,
    erf,
    load_tensors,
    wordpiece_ids,
    wordpiece_vocabulary,
)

IDS = {
    "Hello, world!": [101, 7592, 1010, 2088, 999, 102],
    "Perché il cielo è blu?": [101, 21836, 2063, 6335, 25022, 18349, 1041, 14154, 1029, 102],
    "東京は日本の": [101, 1879, 1755, 1672, 1864, 1876, 1671, 102],
    "a" * 101: [101, 100, 102],
    "<b>\n--\n`` é😀": [101, 1026, 1038, 1028, 1011, 1011, 1036, 1036, 100, 102],
    "İstanbul ß ﬁ ²½": [101, 9960, 1096, 1984, 1082, 13714, 102],
    "ΑΣ ΣΑ": [101, 1155, 29733, 1173, 14608, 102],
    "l’amico c'è \u200b x\u0301": [101, 1048, 1521, 26445, 3597, 1039, 1005, 1041, 1060, 102],
    "": [101, 102],
    "\x1b[31m naïve ＡＢＣ\x00": [101, 1031, 2861, 2213, 15743, 100, 102],
    "quantizations 3.14 1e-9": [
        101,
        24110,
        3775,
        9276,
        2015,
        1017,
        1012,
        2403,
        1015,
        2063,
        1011,
        1023,
        102,
    ],
    "한국어 שלום": [
        101,
        1469,
        30006,
        30021,
        29991,
        30014,
        30020,
        29999,
        30008,
        1266,
        29799,
        29792,
        29800,
        102,
    ],
}
VECTORS = {  # the first four of 384 numbers
    "A cat sleeps.": [0.0936754, 0.0177694, -0.0313953, 0.104523],
    "A kitten is napping on the warm chair near the stove.": [
        0.0461122,
        0.0225683,
        -0.0644564,
        0.0802332,
    ],
}
COSINE = 0.6101094  # of the two sentences


@pytest.mark.parametrize("text", IDS)
def test_ids_are_those_of_hugging_face(text: str) -> None:
    """Accents, ideograms, ligatures, control characters, unknown and overlong words: pinned ids."""
    assert wordpiece_ids(text) == IDS[text]


def test_the_vocabulary_is_read_whole() -> None:
    """There are 30,522 pieces, and a piece's id is its line."""
    assert list(wordpiece_vocabulary().values()) == list(range(30522))


def test_vectors_are_those_of_pytorch() -> None:
    """Pinned numbers and the cosine agree to 1e-6, in one batch or alone; lengths are 1."""
    together = embed(load_tensors(), list(VECTORS))
    for i, (text, first) in enumerate(VECTORS.items()):
        assert together[i, :4] == pytest.approx(first, abs=1e-6)
        assert embed(load_tensors(), [text])[0] == pytest.approx(together[i], abs=1e-6)
    assert float(together[0] @ together[1]) == pytest.approx(COSINE, abs=1e-6)
    assert together.dtype == np.float32
    assert np.square(together).sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_padding_changes_nothing() -> None:
    """A sentence's vector is the same beside one of a hundred words, to float32's noise."""
    alone = embed(load_tensors(), ["A cat."])[0]
    padded = embed(load_tensors(), ["A cat.", "word " * 100])[0]
    assert alone == pytest.approx(padded, abs=1e-6)


def test_erf_is_python_s_to_float32() -> None:
    """From -6 to 6 the polynomial differs from math.erf by less than 5e-7."""
    x = np.linspace(-6, 6, 2001, dtype=np.float32)
    assert np.abs(erf(x) - [math.erf(float(v)) for v in x]).max() < 5e-7
