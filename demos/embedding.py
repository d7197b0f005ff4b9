"""Tokens become vectors: which tokens have vectors that point the same way, and what groups of words look like.

The table is the real one of SmolLM2-135M-Instruct, 49,152 rows of 576 numbers (Q8_0 on disk, 8 bits
a number). Nearness is the cosine of the angle: 1 the same direction, 0 at right angles. No meaning
was put in: only text was learned from.

Leaves out: what the layers make of a vector in its context; the table has one row for `bank`, river
or money.
"""

from textwrap import fill

import numpy as np

from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens import piece, shorten
from demos.common.words import number
from demos.smollm.tokenizer import decode, encode
from demos.smollm.weights import load

GROUPS = {
    "giorni": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "numeri": ("two", "three", "four", "five", "six", "seven", "eight"),
    "animali": ("dog", "cat", "horse", "bird", "fish", "lion", "elephant"),
    "paesi": ("Italy", "France", "Spain", "Germany", "Greece", "Poland", "Hungary"),
}
N_NEIGHBOURS, N_CANDIDATES, N_NUMBERS = 8, 200, 6


def run(*, token: str = "king") -> dict:  # noqa: S107 - a token of text, no password
    """Find the tokens nearest to `token`: a word (its token in mid-sentence, with a space, is tried first) or a piece.

    `neighbours` are the nearest rows of the table, `other_words` those that are not the same word
    in other letters. Raises ValueError where `token` is empty or more than one token of the
    vocabulary.
    """
    table, chosen = load().embedding, one_token(token)
    return {
        "token": token,
        "id": chosen,
        "piece": piece(chosen),
        "n_vocab": len(table),
        "hidden_size": table.shape[1],
        "n_numbers": table.size,
        "vector": [float(f"{value:.6g}") for value in table[chosen][:N_NUMBERS]],
        **nearest(table, chosen),
        **project(table),
    }


def one_token(text: str) -> int:
    """Find the one token that a text is.

    >>> one_token("king") == encode(" king")[0], one_token("!") == encode(" !")[0]
    (True, True)
    >>> one_token("incredibile")
    Traceback (most recent call last):
    ValueError: «incredibile» non è un token solo: diventa ·incred | ib | ile. Scegline uno.
    """
    ids = read_prompt(text, most=64)
    in_sentence = (
        ids if text[0].isspace() else encode(f" {text}")
    )  # most words follow a space, part of their token
    for written in (in_sentence, ids):
        if len(written) == 1:
            return written[0]
    pieces = " | ".join(map(piece, in_sentence))
    raise ValueError(
        f"«{shorten(text, 40)}» non è un token solo: diventa {shorten(pieces, 200)}. Scegline uno."
    )


def nearest(table: np.ndarray, chosen: int) -> dict:
    """List the rows of the table nearest to row `chosen`, by cosine, and how near a row is on average.

    float32 finds the candidates among all the rows, float64 says how near they are: any machine
    gives the same digits.

    >>> facts = nearest(load().embedding, one_token("king"))
    >>> [row["piece"] for row in facts["other_words"]][:3]
    ['·kings', '·queen', '·emperor']
    """
    lengths = np.sqrt(np.einsum("vd,vd->v", table, table))  # [V]
    rough = (table @ table[chosen]) / (lengths * lengths[chosen])  # [V, d] @ [d] → [V]
    rough[chosen] = -2  # nearer to itself than to any other
    candidates = np.argsort(-rough, kind="stable")[:N_CANDIDATES]
    near = cosines(table[candidates], table[chosen])  # [N_CANDIDATES]
    order = np.argsort(-near, kind="stable")
    rows = [
        {"id": int(candidates[n]), "piece": piece(int(candidates[n])), "cosine": float(near[n])}
        for n in order
    ]
    return {
        "neighbours": rows[:N_NEIGHBOURS],
        "other_words": distinct(rows, chosen)[:N_NEIGHBOURS],
        "mean_cosine": round(float(np.delete(rough, chosen).mean(dtype=np.float64)), 3),
    }


def cosines(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Give the cosine of the angle of each row [N, d] with a vector [d], in float64.

    >>> cosines(np.float32([[3, 4], [0, 2]]), np.float32([0, 1])).tolist()
    [0.8, 1.0]
    """
    rows, vector = rows.astype(np.float64), vector.astype(np.float64)
    return rows @ vector / (np.linalg.norm(rows, axis=1) * np.linalg.norm(vector))


def distinct(rows: list[dict], chosen: int) -> list[dict]:
    """Keep the first row of each word: `king`, `·King` and `KING` are one.

    >>> king, queen = ({"id": one_token(word), "cosine": 0.9} for word in ("King", "queen"))
    >>> distinct([king, queen, queen], one_token("king")) == [queen]
    True
    """
    seen, kept = {decode([chosen]).strip().casefold()}, []
    for row in rows:
        word = decode([row["id"]]).strip().casefold()
        if word not in seen:
            seen.add(word)
            kept.append(row)
    return kept


def project(table: np.ndarray) -> dict:
    """Lay the words of `GROUPS` on a plane: the two directions in which their vectors differ most (SVD).

    `own_group_percent` says how many words have a word of their own group as the nearest one, in
    all 576 dimensions.

    >>> facts = project(load().embedding)
    >>> facts["own_group_percent"], facts["groups"][0]["words"][0]
    (100.0, 'Monday')
    """
    ids = [one_token(word) for words in GROUPS.values() for word in words]
    vectors = table[ids].astype(np.float64)  # [N, d]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = vectors @ vectors.T - 2 * np.eye(len(ids))  # [N, N], each word but itself
    names = np.repeat(list(GROUPS), [len(words) for words in GROUPS.values()])  # [N]
    own = names[near.argmax(axis=1)] == names
    centred = vectors - vectors.mean(axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    directions *= np.sign(
        directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)]
    )[:, None]
    points = (
        centred @ directions[:2].T
    )  # [N, d] @ [d, 2] → [N, 2]; the largest part of a direction is positive
    return {
        "groups": [
            {"label": label, "words": list(words), "points": points[names == label].tolist()}
            for label, words in GROUPS.items()
        ],
        "own_group_percent": 100 * float(own.mean()),
        "spread_shown_percent": 100 * float((spread[:2] ** 2).sum() / (spread**2).sum()),
    }


def show(facts: dict) -> None:
    """Print the vector, the nearest tokens, and the groups."""
    v, d = number(facts["n_vocab"]), facts["hidden_size"]
    print(f"1. La tabella: {v} token × {d} numeri = {number(facts['n_numbers'])}.")
    print(f"   Il token {facts['piece']} ha id {facts['id']}: la riga {facts['id']} comincia con")
    print("   " + "  ".join(number(value, 4) for value in facts["vector"]) + "  …")
    print("2. I vicini: i vettori che puntano più nella stessa direzione (coseno, al massimo 1).")
    for row in facts["neighbours"]:
        print(f"   {shorten(row['piece']):<20}{number(row['cosine'], 3):>7}   id {row['id']}")
    print(f"   Un token qualsiasi, in media: {number(facts['mean_cosine'], 3)}.")
    print("3. Senza le altre grafie della stessa parola:")
    words = ", ".join(
        f"{shorten(row['piece'])} {number(row['cosine'], 2)}" for row in facts["other_words"]
    )
    print(fill(f"   {words}", 88, subsequent_indent="   "))
    print("4. Gruppi di parole, sul piano che le distingue di più (SVD di vettori lunghi 1):")
    for group in facts["groups"]:
        x, y = np.mean(group["points"], axis=0)
        print(
            f"   {group['label']:<9}attorno a ({number(x, 2)}; {number(y, 2)}): {', '.join(group['words'][:4])}, …"
        )
    shown, own = number(facts["spread_shown_percent"], 0), number(facts["own_group_percent"], 0)
    print(
        f"   Il piano mostra il {shown}% di come differiscono. Con tutti i {d} numeri, la parola più"
    )
    print(f"   vicina è dello stesso gruppo nel {own}% dei casi.")


if __name__ == "__main__":
    run_alone(run, show)
