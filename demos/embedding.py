"""Tokens become vectors: which of them point the same way, and what groups of words look like.

The table is the real one of SmolLM2-135M-Instruct, 49,152 rows of 576 numbers (Q8_0 on disk, 8 bits
a number). Nearness is the cosine of the angle: 1 the same direction, 0 at right angles. Nobody
put a meaning in: it was learned from text.

Leaves out: what the layers make of a vector in context; the table has one `bank`, river or money.
"""

import numpy as np

from demos.common.intervals import all_significant
from demos.common.standalone import run_alone
from demos.common.text import one_token
from demos.common.tokens.pieces import piece, shorten
from demos.common.words import number, wrap
from demos.smollm.tokenizer import decode
from demos.smollm.weights import load

GROUPS = {
    "giorni": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "numeri": ("two", "three", "four", "five", "six", "seven", "eight"),
    "animali": ("dog", "cat", "horse", "bird", "fish", "lion", "elephant"),
    "paesi": ("Italy", "France", "Spain", "Germany", "Greece", "Poland", "Hungary"),
}
N_NEIGHBOURS, N_CANDIDATES, N_NUMBERS = 8, 200, 6


def nearest(table: np.ndarray, chosen: int) -> dict:
    """List the rows of the table nearest to row `chosen`, and how near a row is on average.

    >>> facts = nearest(load().embedding, one_token("king"))
    >>> [row["piece"] for row in facts["other_words"]][:3]
    ['·kings', '·queen', '·emperor']
    """
    # float32 finds candidates among all rows; float64 gives the same digits on any machine.
    lengths = np.sqrt(np.einsum("vd,vd->v", table, table))  # [V]
    rough = table @ table[chosen] / (lengths * lengths[chosen])  # [V, d] @ [d] → [V]
    rough[chosen] = -2  # else it would be the nearest to itself
    candidates = np.argsort(-rough, kind="stable")[:N_CANDIDATES]  # [N]
    near = cosines(table[candidates], table[chosen])  # [N]
    rows = []
    for n in np.argsort(-near, kind="stable"):
        token = int(candidates[n])
        rows.append({"id": token, "piece": piece(token), "cosine": float(near[n])})
    return {
        "neighbours": rows[:N_NEIGHBOURS],
        "other_words": distinct(rows, chosen)[:N_NEIGHBOURS],
        "mean_cosine": round(float(np.delete(rough, chosen).mean(dtype=np.float64)), 3),
    }


def cosines(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Compute the cosine of the angle of each row [N, d] with a vector [d], in float64.

    >>> cosines(np.float32([[3, 4], [0, 2]]), np.float32([0, 1])).tolist()
    [0.8, 1.0]
    """
    rows, vector = rows.astype(np.float64), vector.astype(np.float64)
    return rows @ vector / (np.linalg.norm(rows, axis=1) * np.linalg.norm(vector))


def distinct(rows: list[dict], chosen: int) -> list[dict]:
    """Keep the first row of each word, and none of the chosen one: `king` and `·KING` are one word.

    >>> king, queen = ({"id": one_token(word), "cosine": 0.9} for word in ("King", "queen"))
    >>> distinct([king, queen, queen], one_token("king")) == [queen]
    True
    """
    found: dict[str, dict] = {}
    for row in [{"id": chosen}, *rows]:
        found.setdefault(decode([row["id"]]).strip().casefold(), row)
    return list(found.values())[1:]


def project(table: np.ndarray) -> dict:
    """Lay the words of `GROUPS` on the plane in which their vectors differ most.

    >>> facts = project(load().embedding)
    >>> facts["own_group_percent"], facts["groups"][0]["words"][0]
    (100.0, 'Monday')
    """
    names = np.repeat(list(GROUPS), [len(words) for words in GROUPS.values()])  # [N]
    ids = [one_token(word) for words in GROUPS.values() for word in words]
    vectors = table[ids].astype(np.float64)  # [N, d]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)  # only directions count
    near = vectors @ vectors.T - 2 * np.eye(len(ids))  # [N, N]: no word is its own nearest one
    # Whether a word's nearest word is of its own group, in all the dimensions and not on the plane.
    own = names[near.argmax(axis=1)] == names  # [N]
    points, shown = flatten(vectors)
    groups = []
    for label, words in GROUPS.items():
        mine = points[names == label].tolist()
        groups.append({"label": label, "words": list(words), "points": mine})
    return {
        "groups": groups,
        "own_group_percent": 100 * float(own.mean()),
        "spread_shown_percent": 100 * shown,
    }


def flatten(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """Show vectors [N, d] on the plane of their two widest directions: [N, 2], and the share shown.

    >>> points, shown = flatten(np.array([[0.0, 3, 0], [0, 0, 1], [0, 0, 0]]))
    >>> points.shape, round(shown, 9)
    ((3, 2), 1.0)
    """
    centred = vectors - vectors.mean(axis=0)  # [N, d]
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)  # widest directions first
    plane = directions[:2]  # [2, d]
    largest = plane[[0, 1], np.abs(plane).argmax(axis=1)]  # [2]
    plane *= np.sign(largest)[:, None]  # of a direction and its opposite, always the same one
    shown = (spread[:2] ** 2).sum() / (spread**2).sum()
    return centred @ plane.T, float(shown)  # [N, d] @ [d, 2] → [N, 2]


def run(*, token: str = "king") -> dict:  # noqa: S107 - a token of text, no password
    """Find the tokens nearest to `token`: a word, best known after a space, or a piece of one.

    Raises ValueError where `token` is empty or more than one token.
    """
    table, chosen = load().embedding, one_token(token)  # [V, d]
    return {
        "token": token,
        "id": chosen,
        "piece": piece(chosen),
        "n_vocab": len(table),
        "hidden_size": table.shape[1],
        "n_numbers": table.size,
        "vector": all_significant(table[chosen][:N_NUMBERS], 6),
        **nearest(table, chosen),
        **project(table),
    }


def show(facts: dict) -> None:
    """Print the vector, the nearest tokens, and the groups."""
    token, d = facts["id"], facts["hidden_size"]
    numbers = "  ".join(number(value, 4) for value in facts["vector"])
    print(f"""\
1. La tabella: {number(facts["n_vocab"])} token × {d} numeri = {number(facts["n_numbers"])}.
   Il token {facts["piece"]} ha id {token}: la riga {token} comincia con
   {numbers}  …
2. I vicini: i vettori che puntano più nella stessa direzione (coseno, al massimo 1).""")
    for row in facts["neighbours"]:
        print(f"   {shorten(row['piece']):<20}{number(row['cosine'], 3):>7}   id {row['id']}")
    words = (f"{shorten(row['piece'])} {number(row['cosine'], 2)}" for row in facts["other_words"])
    print(f"""\
   Un token qualsiasi, in media: {number(facts["mean_cosine"], 3)}.
3. Senza le altre grafie della stessa parola:
{wrap(", ".join(words), first="   ")}""")
    show_groups(facts)


def show_groups(facts: dict) -> None:
    """Print where the groups lie on the plane, and how much of the whole the plane shows."""
    d, shown, own = facts["hidden_size"], facts["spread_shown_percent"], facts["own_group_percent"]
    print("4. Gruppi di parole, sul piano che le distingue di più (SVD di vettori lunghi 1):")
    for group in facts["groups"]:
        x, y = np.mean(group["points"], axis=0)
        place, words = f"({number(x, 2)}; {number(y, 2)})", ", ".join(group["words"][:4])
        print(f"   {group['label']:<9}attorno a {place}: {words}, …")
    print(f"""\
   Il piano mostra il {shown:.0f}% di come differiscono. Con tutti i {d} numeri, la parola più
   vicina è dello stesso gruppo nel {own:.0f}% dei casi.""")


if __name__ == "__main__":
    run_alone(run, show)
