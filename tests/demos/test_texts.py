"""The texts that the model's demos train and measure on keep what their README promises.

Oracles: the held-out text against the training text, word by word; and the rules of Italian
spelling, each tried on a spoiled sentence.
"""

import re
import unicodedata

import pytest

from demos.common.models.catalogue import DATA

TRAINING, VALIDATION = "italiano-addestramento.txt", "italiano-scelta.txt"
HELD_OUT, ENGLISH = "italiano-prova.txt", "english-heldout.txt"
N_WORDS = {TRAINING: 9000, VALIDATION: 1200, HELD_OUT: 1100, ENGLISH: 1200}

# A vowel before an apostrophe is right in these.
SHORTENED = {"po'", "di'", "fa'", "va'", "da'", "sta'", "be'", "mo'"}
WRONG_ITALIAN = {
    "acute on a, i, o or u": r"\w*[áíóú]\w*",
    "grave where the sound is closed": r"\w*chè\b|\w+trè\b|\b(?:nè|sè)\b",
    "acute where the sound is open": r"(?<!\w)é(?!\w)|\b(?:cioé|caffé|té)\b",
    "accent inside a word": r"\w*[àèéìòù]\w+",
    "accent on a word of one syllable": r"\b(?:pò|quì|quà|stà|fà|và|sò|sà|nò|sù|fù|mè)\b",
    "accent left out": r"\b(?:perche|poiche|finche|benche|affinche|piu|puo|gia|giu|cosi|cioe|citta"
    r"|percio|venerdi)\b",
    "apostrophe for an accent": r"\b\w*[aeiou]'(?!\w)",
    "apostrophe that should not be": r"\bqual'è|\bun'(?:altro|uomo|amico|anno)\b",
}
SPOILED = """perchè no / E' vero / ancora piu' in là / un pò / qual'è / così e cosi / nè l'uno
cioé / lunedí / é qui / la citta / ventitrè / un'altro / quì / pèsca"""
SPOILED = SPOILED.replace("\n", " / ").split(" / ")
RIGHT = [
    "Un po' più giù.",
    "Di' loro che è così.",
    "Perché né l'uno né l'altro batté?",
    "Il tè e il caffè.",
]


def read(name: str) -> str:
    """Read a text, its line ends as they are."""
    return (DATA / "texts" / name).read_bytes().decode("utf-8")


def words(text: str) -> list[str]:
    """Cut a text into words, without case and punctuation."""
    return re.findall(r"\w+", text.lower())


def runs(text: str, length: int = 8) -> list[tuple[str, ...]]:
    """List each run of `length` words, in order."""
    cut = words(text)
    return list(zip(*(cut[start:] for start in range(length)), strict=False))


def sentences(text: str) -> set[tuple[str, ...]]:
    """Collect the sentences and titles of a text, each as its words."""
    return {tuple(words(part)) for part in re.split(r"[.!?…\n]+", text)} - {()}


def wrong_italian(text: str) -> list[str]:
    """List what is spelt wrong, by the rules of `WRONG_ITALIAN`."""
    found: list[str] = []
    for rule in WRONG_ITALIAN.values():
        found += (match.group() for match in re.finditer(rule, text, re.IGNORECASE))
    return [word for word in found if word.lower() not in SHORTENED]


@pytest.mark.parametrize("name", N_WORDS)
def test_texts_are_plain_normalized_utf8(name):
    """A text is UTF-8 in form C, with plain line ends, no byte order mark, and single blanks."""
    text = read(name)
    assert unicodedata.is_normalized("NFC", text)
    assert set(re.findall(r"\s", text)) == {" ", "\n"}
    assert not re.search(r"\ufeff|  | \n|\n ", text)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", N_WORDS)
def test_texts_have_the_promised_size_and_layout(name):
    """A text has its words, give or take a tenth, a paragraph a line, its language's quotes."""
    text = read(name)
    assert len(text.split()) == pytest.approx(N_WORDS[name], rel=0.1)
    assert not any(text.splitlines()[1::2])
    assert all(text.splitlines()[::2])
    assert not re.search("[’‘“”]", text)
    assert text.count("«") == text.count("»")
    assert text.count('"') % 2 == 0
    assert ("«" in text, '"' in text) == ((False, True) if name == ENGLISH else (True, False))


@pytest.mark.parametrize(
    ("later", "earlier"), [(VALIDATION, TRAINING), (HELD_OUT, TRAINING), (HELD_OUT, VALIDATION)]
)
def test_nothing_held_out_was_trained_on_or_chosen_by(later, earlier):
    """No sentence, no title and no run of eight words of one Italian text occurs in another."""
    assert not sentences(read(later)) & sentences(read(earlier))
    assert not set(runs(read(later))) & set(runs(read(earlier)))


def test_a_leak_would_be_seen():
    """A held-out sentence in the training text, spelt a little otherwise, is found both ways."""
    leak = "Per crescere di UN CENTIMETRO, impiegano spesso più di un secolo!"
    leaked = f"{read(TRAINING)}\n{leak}\n"
    assert sentences(read(HELD_OUT)) & sentences(leaked)
    assert set(runs(read(HELD_OUT))) & set(runs(leaked))


@pytest.mark.parametrize("name", N_WORDS)
def test_texts_are_prose_and_not_filler(name):
    """A text says no eight words twice, and more than 450 of each 1,000 words are different."""
    assert len(set(runs(read(name)))) == len(runs(read(name)))
    cut = words(read(name))
    for start in range(0, len(cut) - 999, 1000):
        assert len(set(cut[start : start + 1000])) > 450


@pytest.mark.parametrize("name", [TRAINING, VALIDATION, HELD_OUT])
def test_italian_is_spelt_with_its_own_accents(name):
    """No accent is wrong, missing or written as an apostrophe."""
    assert wrong_italian(read(name)) == []


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_wrong_accent_would_be_seen(spoiled):
    """Each spoiled sentence is found."""
    assert wrong_italian(f"Disse: {spoiled}.")


@pytest.mark.parametrize("right", RIGHT)
def test_right_accents_are_left_alone(right):
    """Words that look like mistakes and are none are not reported."""
    assert wrong_italian(right) == []


def test_readme_names_each_text_and_what_is_held_out():
    """The README has a row for each text, and marks as held out the two that are."""
    rows = {
        name: line
        for name in N_WORDS
        for line in read("README.md").splitlines()
        if line.startswith(f"| `{name}`")
    }
    assert [name for name, line in rows.items() if "**held out**" in line] == [HELD_OUT, ENGLISH]
    assert rows.keys() == {path.name for path in (DATA / "texts").glob("*.txt")}
