"""One head of attention put to the test: does the verb look at its subject, and at what else.

The sentences are `data/subjects.toml`, none of which was used to choose the head.
"""

import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np

from demos.common.tokens.pieces import piece
from demos.smollm.tokenizer import encode
from demos.smollm.transformer import collect, forward
from demos.smollm.weights import load

FILE = Path(__file__).parents[1] / "data" / "subjects.toml"
TWINS = (
    "The cat drank the milk because it was thirsty.",
    "The cat drank the milk because it was fresh.",
)
"""Two sentences that are the same up to the word that says what "it" means."""


@lru_cache(maxsize=64)
def look_inside(ids: tuple[int, ...]) -> np.ndarray:
    """Compute what every head looks at, [T] → [L, H, T, T]; kept, since one pass gives them all.

    >>> look_inside((504, 2644)).shape
    (30, 9, 2, 2)
    """
    maps: list[np.ndarray] = []  # one a layer: [H, T, T]
    forward(load(), ids, last=True, watch=collect("attention", maps))
    return np.stack(maps)


def are_shares(attention: np.ndarray) -> bool:
    """Say whether what each token gives to all, [.., T], makes 1 in sum.

    >>> are_shares(np.float32([[0.25, 0.75], [1, 0]])), are_shares(np.float32([0.5, 0.4]))
    (True, False)
    """
    sums = attention.sum(axis=-1, dtype=np.float64)
    return bool(np.all(np.abs(sums - 1) < 1e-5))


def strongest(row: np.ndarray, place: int, pieces: list[str]) -> dict:
    """Say where a token looks most, the first token apart: most heads rest there.

    >>> strongest(np.float32([0.7, 0.2, 0.1]), 2, ["The", "·cat", "·sat"])
    {'piece': '·sat', 'to': 1, 'to_piece': '·cat', 'share': 0.2}
    """
    to = 1 + int(np.argmax(row[1 : place + 1])) if place > 0 else 0
    share = round(float(row[to]), 2)
    return {"piece": pieces[place], "to": to, "to_piece": pieces[to], "share": share}


def look_of(text: str, word: str, layer: int, head: int) -> dict:
    """Say where a word of a text looks most; it is one token, after a space.

    >>> look_of("The old king visited a small village.", "visited", 13, 8)["to_piece"]
    '·king'
    """
    ids = encode(text)
    pieces = [piece(token) for token in ids]
    place = pieces.index(f"·{word}")
    row = look_inside(tuple(ids))[layer, head, place]  # [T]
    return strongest(row, place, pieces)


def try_subjects(layer: int, head: int) -> list[dict]:
    """Try a head on each sentence: does the verb look most at its subject, the first token apart.

    >>> rows = try_subjects(13, 8)
    >>> rows[0]["found"], rows[8]["text"], rows[8]["found"]
    (True, 'The dog that the cats chased barked.', False)
    """
    rows = []
    for sentence in tomllib.loads(FILE.read_text(encoding="utf-8"))["sentence"]:
        look = look_of(sentence["text"], sentence["verb"], layer, head)
        found = look["to_piece"] == f"·{sentence['subject']}"
        rows.append(sentence | {"to_piece": look["to_piece"], "share": look["share"]})
        rows[-1]["found"] = found
    return rows


def trial(layer: int, head: int) -> dict:
    """Count the sentences in which a head finds the subject, next to the verb and farther off.

    `twins` is what "it" looks at in two sentences that differ only after it.

    >>> facts = trial(13, 8)
    >>> facts["n_right_next"], facts["n_right_farther"]
    (8, 7)
    """
    rows = try_subjects(layer, head)
    farther = [row["found"] for row in rows if row["between"]]
    near = [row["found"] for row in rows if not row["between"]]
    return {
        "rows": rows,
        "n_next": len(near),
        "n_right_next": sum(near),
        "n_farther": len(farther),
        "n_right_farther": sum(farther),
        "twins": [look_of(text, "it", layer, head) | {"text": text} for text in TWINS],
    }
