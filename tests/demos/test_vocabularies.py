"""Tests of `demos/vocabularies.py`.

Oracles: each algorithm written out here from its definition (merges done again in order; the
longest entry first; the most probable of all cuts, found by trying all), the published pieces of
BERT's vocabulary, and other processes.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demos.figures.vocabularies import alt, plot
from demos.vocabularies import MAX_CHARACTERS, NAMES, TEXT, TRAINED, entries, run, show, train
from tests.demos.looks import assert_legible

ROOT = Path(__file__).parents[2]
# Words of the held-out text, which nothing is trained on.
WORDS = sorted(set((TEXT.parent / "italiano-prova.txt").read_text(encoding="utf-8").split()))
PLAIN = [word for word in WORDS if word.isalpha() and len(word) <= 12]
HOSTILE = [
    "[UNK] ##a <unk> [CLS] [SEP]",
    "$x_1$ {{ facts }} {% raw %} <script>alert(1)</script> `---`",
    "\x00\x1b[31m\u202e\u200b a",
    "语🦙 Z\u0334\u0322\u031b",
    "a" * MAX_CHARACTERS,
    "parola " * 70,
]
CHILD = """
import hashlib, json
from demos.vocabularies import TEXT, TRAINED, run, train
from tests.demos.looks import assert_legible
found = []
for size in ("500", "1000", "2000"):
    found.append(run(n_vocab=size))
    found += [sorted(train(name, int(size)).get_vocab().items()) for name in TRAINED]
held_out = (TEXT.parent / "italiano-prova.txt").read_text(encoding="utf-8")
found += [train(name, 1000).encode(held_out).ids for name in TRAINED]
print(hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest())
"""


def model(name: str) -> dict:
    """Read what a trained vocabulary of 1,000 entries is made of."""
    return json.loads(train(name, 1000).to_str())["model"]


def cuts(word: str) -> Iterator[list[str]]:
    """List all the ways to cut a word into pieces."""
    if not word:
        yield []
    for end in range(1, len(word) + 1):
        for rest in cuts(word[end:]):
            yield [word[:end], *rest]


def test_bpe_does_its_merges_again_in_order() -> None:
    """On each held-out word BPE's pieces are those of the merges done one after the other."""
    merges = model("bpe")["merges"]
    for word in PLAIN:
        parts = list(word)
        for first, second in merges:
            place = 0
            while place < len(parts) - 1:
                if (parts[place], parts[place + 1]) == (first, second):
                    parts[place : place + 2] = [first + second]
                place += 1
        assert train("bpe", 1000).encode(word).tokens == parts


def test_wordpiece_takes_the_longest_entry_first() -> None:
    """On each held-out word WordPiece's pieces are the longest entries from the left."""
    known = model("wordpiece")["vocab"]
    for word in PLAIN:
        parts, start = [], 0
        while start < len(word):
            mark = "##" if start else ""
            end = max(
                end for end in range(start + 1, len(word) + 1) if mark + word[start:end] in known
            )
            parts.append(mark + word[start:end])
            start = end
        assert train("wordpiece", 1000).encode(word).tokens == parts


def test_unigram_takes_the_most_probable_cut() -> None:
    """No way at all to cut a word of the held-out text is more probable than Unigram's."""
    scores = dict(model("unigram")["vocab"])

    def score(parts: list[str]) -> float:
        return sum(scores.get(part, -math.inf) for part in parts)

    for word in [word for word in PLAIN if len(word) <= 9][::5]:
        found = train("unigram", 1000).encode(word).tokens
        assert "".join(found) == word
        assert score(found) == pytest.approx(max(map(score, cuts(word))), abs=1e-4)


def test_wordpiece_and_bpe_learn_alike_and_cut_differently() -> None:
    """Most entries of BPE are WordPiece's too, most of Unigram's not; no two cut the text alike."""
    facts = run()
    assert 700 < facts["n_shared_by_two"]["bpe_wordpiece"] < facts["n_distinct"]["bpe"] < 1000
    assert facts["n_shared"] <= facts["n_shared_by_two"]["bpe_unigram"] < 400

    def bare(name: str) -> tuple[str, ...]:
        pieces = (piece.removeprefix("##").replace("·", "") for piece in facts[name]["pieces"])
        return tuple(filter(None, pieces))

    assert len(set(map(bare, NAMES))) == 4


def test_all_three_have_the_size_asked_for() -> None:
    """Each has 500, 1,000 or 2,000 entries, as asked, and BERT's 30,522."""
    for size in ("500", "1000", "2000"):
        facts = run(n_vocab=size)
        assert [facts[name]["n_vocab"] for name in TRAINED] == [int(size)] * 3
        assert all(train(name, int(size)).get_vocab_size() == int(size) for name in TRAINED)
    assert facts["bert"]["n_vocab"] == 30522


def test_berts_pieces_are_the_published_ones() -> None:
    """The sentence that the lecture begins with becomes nine pieces without capitals and accent."""
    pieces = ["chat", "##gp", "##t", "e", "inc", "##red", "##ib", "##ile", "!"]
    assert run(text="ChatGPT è incredibile!")["bert"]["pieces"] == pieces


def test_other_processes_train_the_same_vocabularies() -> None:
    """Whatever seeds the hash tables, however many threads: entries, ids and cuts are the same."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "RAYON_NUM_THREADS": str(threads)},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        for seed, threads in ((1, 1), (2, 2), (3, 4))
    ]
    digests = {child.communicate(timeout=120)[0] for child in children}
    assert [child.returncode for child in children] == [0, 0, 0]
    assert len(digests) == 1


def test_what_was_never_seen_is_unknown() -> None:
    """An emoji that the text lacks is [UNK] to all; a typed "[UNK]" or "##a" is plain text."""
    facts = run(text="🦙")
    assert [facts[name]["n_unknown"] for name in NAMES] == [1, 1, 1, 1]
    for name in TRAINED:
        assert "##a" not in train(name, 1000).encode("b##a").tokens
        assert len(train(name, 1000).encode("[UNK]").tokens) > 1
    assert "🦙" not in set.union(*(entries(train(name, 1000)) for name in TRAINED))


@pytest.mark.parametrize(
    ("text", "says"), [(" ", "vuoto"), ("a" * 501, "501 caratteri"), ("a\ud800", "Unicode")]
)
def test_bad_text_is_refused(text: str, says: str) -> None:
    """Empty, too long and invalid text raise a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=says):
        run(text=text)


@pytest.mark.parametrize("text", [run()["text"], "a", *HOSTILE])
def test_what_is_shown_is_legible_and_inside(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No text is below 24 px or outside, no glyph is missing, the print-out fits 88 columns."""
    facts = run(text=text)
    assert_legible(plot(facts))
    assert all(label in alt(facts) for label in NAMES.values())
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_twice_and_json() -> None:
    """Two runs, the second trained anew, agree, and JSON carries the facts unchanged."""
    first = run()
    train.cache_clear()
    assert run() == first == json.loads(json.dumps(first))
