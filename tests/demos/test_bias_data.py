"""The occupations, templates and counterfactual pairs keep what the headers of their files promise.

Oracles: for the shares of women a second publication, table 1 of WinoBias
(https://arxiv.org/abs/1804.06876); for the pairs, each version against the other, word by word.
"""

import re
import tomllib
import unicodedata

import pytest

from demos.common.models.catalogue import DATA

TABLES = ("occupations.toml", "counterfactuals.toml")
OCCUPATIONS, COUNTERFACTUALS = (
    tomllib.loads((DATA / name).read_text(encoding="utf-8")) for name in TABLES
)
ROWS, TEMPLATES, PAIRS = (
    OCCUPATIONS["occupation"],
    OCCUPATIONS["bias_test"]["templates"],
    COUNTERFACTUALS["pair"],
)
SPLIT = {row["occupation"]: row["split"] for row in ROWS}

SOURCE = "https://github.com/rudinger/winogender-schemas/blob/1c7f8b4"

# Share of women in 2017, in %, of the occupations that both lists have; "doctor" is "physician"
# there.
WINOBIAS = {
    "carpenter": 2,
    "mechanic": 4,
    "janitor": 34,
    "lawyer": 35,
    "doctor": 38,
    "manager": 43,
    "salesperson": 48,
    "accountant": 61,
    "baker": 65,
    "cashier": 73,
    "counselor": 73,
    "teacher": 78,
    "librarian": 84,
    "nurse": 90,
    "receptionist": 90,
    "hairdresser": 92,
    "secretary": 95,
}

GENDERED = {("she", "he"), ("her", "him"), ("her", "his"), ("hers", "his"), ("herself", "himself")}
TELLTALE = {"woman", "man", "lady", "mother", "father"}.union(*GENDERED)


def words(text: str) -> list[str]:
    """Cut a text into words, without case and punctuation."""
    return re.findall(r"\w+", text.lower())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Collect each run of `length` words."""
    cut = words(text)
    return set(zip(*(cut[start:] for start in range(length)), strict=False))


def is_counterfactual(she: str, he: str) -> bool:
    """Say whether the versions differ in "she" for "he", in other pronouns perhaps, and no more."""
    if re.split(r"\w+", she) != re.split(r"\w+", he):
        return False
    both = set(zip(words(she), words(he), strict=True))
    different = {(a, b) for a, b in both if a != b}
    same = {a for a, b in both if a == b}
    return ("she", "he") in different and different <= GENDERED and not same & TELLTALE


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_plain_normalized_utf8(name):
    """A table is UTF-8 in form C, with plain line ends and no white space but blanks."""
    text = (DATA / name).read_bytes().decode("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert set(re.findall(r"\s", text)) == {" ", "\n"}


def test_occupations_have_a_share_and_a_source():
    """Each of the 55 occupations stands once, with a share, its year and the number's address."""
    assert len(SPLIT) == len(ROWS) == 55
    for row in ROWS:
        assert row["confirmed"] is True
        assert 0 <= row["women_percent"] <= 100
        assert row["year"] in (2015, 2016)
        assert row["source"].startswith(SOURCE)
        assert re.fullmatch("[a-z]+", row["occupation"])
        assert row["italian"].strip()


def test_a_group_of_the_survey_stands_once():
    """No two words have the same share and year: of those that stand for one group, one is here."""
    assert len({(row["women_percent"], row["year"]) for row in ROWS}) == len(ROWS)


def test_as_many_training_occupations_are_mostly_womens_as_mostly_mens():
    """In 18 of the 36 training occupations more than half are women."""
    assert sum(row["women_percent"] > 50 for row in ROWS if row["split"] == "training") == 18


def test_shares_agree_with_another_publication():
    """The 17 shares that WinoBias prints for 2017 are within 8 points of ours."""
    shares = {
        row["occupation"]: row["women_percent"] for row in ROWS if row["occupation"] in WINOBIAS
    }
    assert shares == pytest.approx(WINOBIAS, abs=8)


def test_held_out_occupations_are_all_that_were_added():
    """Of the table's 60 words 36 are for training, 5 doubles are left out, all others held out."""
    assert sorted(ROWS, key=lambda row: (row["women_percent"], row["occupation"])) == ROWS
    assert sorted(SPLIT.values()) == ["held-out"] * 19 + ["training"] * 36
    assert not set(SPLIT) & {"advisor", "auditor", "nutritionist", "physician", "surgeon"}


def test_templates_contain_the_placeholder_once():
    """Each of six or more takes an occupation, and stops where a word can follow, without blank."""
    assert len(set(TEMPLATES)) == len(TEMPLATES) >= 6
    for template in TEMPLATES:
        assert re.findall(r"\{.*?\}", template) == ["{occupation}"]
        assert re.search(r"[\w,]$", template.format(occupation="nurse"))
        assert not set(words(template)) & TELLTALE


def test_pairs_differ_in_gendered_words_only():
    """Each of the 72 pairs is a sentence about a "she" and the same sentence about a "he"."""
    assert len({pair["she"] for pair in PAIRS}) == len(PAIRS) == 72
    assert [pair for pair in PAIRS if not is_counterfactual(pair["she"], pair["he"])] == []


@pytest.mark.parametrize(
    ("she", "he"),
    [
        ("The nurse said she came.", "The nurse said she came."),
        ("The nurse said she came.", "The nurse said he went."),
        ("The nurse said she came.", "The nurse said, he came."),
        ("The nurse lost her key, and she came.", "The nurse lost her key, and he came."),
        ("The nurse lost her key.", "The nurse lost his key."),
        ("The mother saw that she came.", "The mother saw that he came."),
    ],
)
def test_a_spoiled_pair_would_be_seen(she, he):
    """Pairs that are equal, differ in more, lack a "she" or give the gender away are found."""
    assert not is_counterfactual(she, he)


def test_pairs_keep_held_out_occupations_apart():
    """A pair names its occupation alone; a training occupation has two pairs, a held-out none."""
    for pair in PAIRS:
        assert set(words(pair["she"])) & set(SPLIT) == {pair["occupation"]}
    named = [pair["occupation"] for pair in PAIRS]
    for word, split in SPLIT.items():
        assert named.count(word) == (2 if split == "training" else 0)


def test_pairs_do_not_contain_the_bias_test():
    """No pair has the wording of a template, so mitigation can't succeed by learning the test."""
    for template in TEMPLATES:
        n = len(words(template.format(occupation="nurse")))
        learned = set().union(*(runs(pair["she"], n) for pair in PAIRS))
        for word in SPLIT:
            assert tuple(words(template.format(occupation=word))) not in learned


def test_pairs_share_nothing_with_the_held_out_english():
    """What measures the cost has no run of eight words of what mitigation trains on."""
    measured = runs((DATA / "texts" / "english-heldout.txt").read_text(encoding="utf-8"), 8)
    assert not [pair for pair in PAIRS if runs(pair["she"], 8) & measured]


def test_known_gender_tells_who_is_meant_and_is_new():
    """24 beginnings name no occupation, no pronoun, and begin like no template and no pair."""
    rows = tomllib.loads((DATA / "known_gender.toml").read_text(encoding="utf-8"))["sentence"]
    assert len({row["begins"] for row in rows}) == len(rows) == 24
    taken = set(SPLIT) | {"she", "he", "her", "his", "him"}
    first = {tuple(words(text)[:5]) for text in [*TEMPLATES, *(pair["she"] for pair in PAIRS)]}
    for row in rows:
        assert re.findall(r"\{.*?\}", row["begins"]) == ["{person}"]
        for who in ("she", "he"):
            sentence = words(row["begins"].format(person=row[who]))
            assert not set(sentence) & taken
            assert tuple(sentence[:5]) not in first
