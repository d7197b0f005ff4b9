"""Who looks at whom: for each token, how much of its attention one head gives to each token before it.

The model is SmolLM2-135M-Instruct (`smollm/`): 30 layers of 9 heads, counted from 0 here as in the
code. Most heads look at the first token when they find nothing to do; a few do something that has a
name.

Leaves out: what is carried over (the values): a high number says where a head looks, not that it
changed the answer. Whoever looks at 270 heads finds one that does what was hoped for: the tests try
it on sentences not used to choose it.
"""

from functools import lru_cache
from textwrap import fill
from typing import Annotated

import numpy as np

from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens import one_line, piece, shorten
from demos.common.words import number
from demos.smollm.transformer import forward
from demos.smollm.weights import load

MAX_TOKENS = 16  # more rows than these can't be read from the last seat
HEADS = {
    "subject": (13, 8),
    "previous": (16, 0),
    "first": (18, 8),
}  # chosen among the 270 on three sentences


def run(
    *,
    text: str = "The cat drank the milk because it was thirsty.",
    layer: Annotated[int, range(30)] = 13,
    head: Annotated[int, range(9)] = 8,
) -> dict:
    """Compute the attention of one head on `text`: `matrix[i][j]` is the share that token i gives to token j.

    Shares have two decimals: the figure shows no more. Raises ValueError for a text without tokens
    or with more than `MAX_TOKENS`, and for a layer or head that is not there.
    """
    for name, value, among in (("layer", layer, range(30)), ("head", head, range(9))):
        if value not in among:
            raise ValueError(f"{name} {value!r} is not from 0 to {among[-1]}")
    ids, weights = read_prompt(text, MAX_TOKENS), load()
    attention = look_inside(tuple(ids))  # [L, H, T, T]
    matrix = attention[layer, head]  # [T, T]
    pieces = [piece(token) for token in ids]
    return {
        "text": text,
        "ids": ids,
        "pieces": pieces,
        "n_tokens": len(ids),
        "layer": layer,
        "head": head,
        "n_layers": weights.shape.n_layers,
        "n_heads": weights.shape.n_heads,
        "n_all_heads": weights.shape.n_layers * weights.shape.n_heads,
        "matrix": [[round(float(share), 2) for share in row] for row in matrix],
        "rows_sum_to_one": bool(
            np.all(np.abs(attention.sum(axis=-1, dtype=np.float64) - 1) < 1e-5)
        ),
        "largest_look_ahead": float(np.triu(attention, 1).max()),
        "strongest": [strongest(row, place, pieces) for place, row in enumerate(matrix)],
        **habits(matrix),
        "n_heads_on_first": int((first_shares(attention) > 0.5).sum()),
        "jobs": {
            job: habits(attention[which]) | {"layer": which[0], "head": which[1]}
            for job, which in HEADS.items()
        },
    }


@lru_cache(maxsize=1)
def look_inside(ids: tuple[int, ...]) -> np.ndarray:
    """Compute what every head of every layer looks at: [T] → [L, H, T, T]. Kept, since all heads come at once.

    >>> look_inside((504, 2644)).shape
    (30, 9, 2, 2)
    """
    maps: list[np.ndarray] = []  # a layer each: [H, T, T]
    forward(
        load(),
        ids,
        last=True,
        watch=lambda what, _, x: maps.append(x) if what == "attention" else None,
    )
    return np.stack(maps)


def strongest(row: np.ndarray, place: int, pieces: list[str]) -> dict:
    """Say where a token looks most, beside the first token, which collects what is not needed elsewhere.

    >>> strongest(np.float32([0.7, 0.2, 0.1]), 2, ["The", "·cat", "·sat"])
    {'piece': '·sat', 'to': 1, 'to_piece': '·cat', 'share': 0.2}
    """
    to = 1 + int(np.argmax(row[1 : place + 1])) if place > 0 else 0
    return {
        "piece": pieces[place],
        "to": to,
        "to_piece": pieces[to],
        "share": round(float(row[to]), 2),
    }


def habits(matrix: np.ndarray) -> dict[str, float]:
    """Average what the tokens give to the first one, to the one before them and to themselves.

    The first token is left out, and the second counts only in the last: it has the first one before
    it.

    >>> habits(np.float32([[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.7, 0.1]]))
    {'share_first': 0.2, 'share_previous': 0.7, 'share_self': 0.3}
    """
    means = matrix[2:, 0], np.diag(matrix, -1)[1:], np.diag(matrix)[1:]
    names = ("share_first", "share_previous", "share_self")
    return {
        name: round(float(x.mean()), 2) if len(x) else 0.0
        for name, x in zip(names, means, strict=True)
    }


def first_shares(attention: np.ndarray) -> np.ndarray:
    """Average, for each head of [L, H, T, T], what the tokens after the first give to it: [L, H].

    >>> first_shares(np.float32([[[[1, 0], [0.75, 0.25]]]])).tolist()
    [[0.75]]
    """
    return (
        attention[:, :, 1:, 0].mean(axis=-1)
        if attention.shape[-1] > 1
        else np.zeros(attention.shape[:2])
    )


def show(facts: dict) -> None:
    """Print the matrix, where each token looks most, and what other heads do."""
    print(
        fill(
            f"1. Il testo: «{one_line(facts['text'])}»: {facts['n_tokens']} token.",
            88,
            subsequent_indent="   ",
        )
    )
    print(
        f"2. Strato {facts['layer']}, testa {facts['head']} (contando da 0; in tutto {facts['n_all_heads']} teste)."
    )
    print("   Ogni riga: quanto quel token guarda ciascuno dei precedenti e sé stesso, in %.")
    width = 4
    print(f"   {'':<16}" + "".join(f"{n:>{width}}" for n in range(facts["n_tokens"])))
    for n, (text, row) in enumerate(zip(facts["pieces"], facts["matrix"], strict=True)):
        cells = (f"{round(100 * share)}" for share in row[: n + 1])
        print(f"   {n:>2} {shorten(text, 12):<13}" + "".join(f"{cell:>{width}}" for cell in cells))
    print(
        f"   Ogni riga somma a 1, in tutte le teste: {'sì' if facts['rows_sum_to_one'] else 'no'}."
    )
    print(
        f"   Lo sguardo più forte su un token che viene dopo: {number(facts['largest_look_ahead'])}."
    )
    print("3. Dove guarda di più ciascuno, oltre al primo token:")
    for look in facts["strongest"][1:]:
        print(
            f"   {shorten(look['piece']):<20}→ {shorten(look['to_piece']):<20}{percent(look['share']):>6}"
        )
    show_jobs(facts)


def show_jobs(facts: dict) -> None:
    """Print what three known heads do with this text."""
    print("4. Altre teste, altri mestieri, su questo testo (medie; dal terzo token in poi):")
    print(f"   {'':<20}{'al primo':>10}{'al precedente':>15}{'a sé stesso':>13}")
    for job in facts["jobs"].values():
        shares = (percent(job[f"share_{where}"]) for where in ("first", "previous", "self"))
        print(
            f"   strato {job['layer']:>2}, testa {job['head']:<3}"
            + "{:>10}{:>15}{:>13}".format(*shares)
        )
    print(
        f"   Su {facts['n_all_heads']} teste, {facts['n_heads_on_first']} danno al primo token più di metà del loro"
    )
    print("   sguardo: è il posto dove guardare quando non c'è niente da cercare.")


def percent(share: float) -> str:
    """Write a share as a whole percentage.

    >>> percent(0.75)
    '75%'
    """
    return f"{number(100 * share, 0)}%"


if __name__ == "__main__":
    run_alone(run, show)
