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
from typing import TYPE_CHECKING, Annotated

import numpy as np

from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens import one_line, piece, shorten
from demos.common.words import number
from demos.smollm.transformer import forward
from demos.smollm.weights import load

if TYPE_CHECKING:  # at run time matplotlib is imported by plot alone: it takes 0.7 s
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


def findings(facts: dict, most: int = 3) -> list[tuple[int, int]]:
    """Choose the pairs of tokens to point at: the strongest looks at another token than the first, at least 30%.

    >>> looks = [{"to": 0, "share": 1.0}, {"to": 1, "share": 0.7}, {"to": 1, "share": 0.4}, {"to": 2, "share": 0.9}]
    >>> findings({"strongest": looks})
    [(3, 2), (2, 1)]
    """
    looks = enumerate(facts["strongest"])
    others = [
        (-look["share"], place, look["to"]) for place, look in looks if 0 < look["to"] < place
    ]
    return [(place, to) for share, place, to in sorted(others)[:most] if share <= -0.3]


def plot(facts: dict) -> "Figure":
    """Draw the heat map: rows look, columns are looked at; and beside it, in words, the strongest look."""
    from demos.common.style import new_figure

    figure = new_figure(1120, 430)
    figure.set_layout_engine("none")  # placed by hand, in slide pixels
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1120), ylim=(430, 0), xticks=[], yticks=[])
    axes.set_axis_off()
    draw_map(axes, facts)
    draw_finding(axes, facts)
    return figure


def draw_map(axes: "Axes", facts: dict) -> None:
    """Draw a cell for each pair of tokens, darker where the look is stronger, with the larger shares written in."""
    from matplotlib.patches import Rectangle

    from demos.common.blocks import FONTS, drawable
    from demos.common.style import LIGHT, VERMILION

    n_tokens = facts["n_tokens"]
    high = min(40.0, 320 / n_tokens)
    wide, left, top, size = min(62.0, 560 / n_tokens), 170.0, 104.0, 22 if n_tokens <= 13 else 18
    for i, row in enumerate(facts["matrix"]):
        label = drawable(shorten(facts["pieces"][i], 11))
        axes.text(left - 12, top + high * (i + 0.5), label, size=size, ha="right", va="center", family=FONTS,
                  parse_math=False)  # fmt: skip
        axes.text(left + wide * (i + 0.5) - 6, top - 8, label, size=size, rotation=38, ha="left", va="bottom",
                  rotation_mode="anchor", family=FONTS, parse_math=False)  # fmt: skip
        for j, share in enumerate(row[: i + 1]):
            axes.add_patch(
                Rectangle(
                    (left + wide * j, top + high * i), wide, high, facecolor=shade(share), ec=LIGHT
                )
            )
            if share >= 0.095 and high >= 24:
                axes.text(left + wide * (j + 0.5), top + high * (i + 0.5), f"{round(100 * share)}", size=18,
                          ha="center", va="center", weight=600 if share >= 0.5 else "normal")  # fmt: skip
    for i, j in findings(facts):
        corner = (left + wide * j, top + high * i)
        axes.add_patch(Rectangle(corner, wide, high, fill=False, ec=VERMILION, lw=3.5, zorder=5))


def shade(share: float) -> tuple[float, float, float]:
    """Turn a share into a colour from white to a blue that black numbers can be read on (5.8:1).

    >>> shade(0), shade(1)
    ((1.0, 1.0, 1.0), (0.3, 0.62, 0.88))
    """
    strength = share**0.7
    return tuple(round(1 - strength * (1 - part), 3) for part in (0.3, 0.62, 0.88))  # type: ignore[return-value]


def draw_finding(axes: "Axes", facts: dict) -> None:
    """Write beside the map which head it is, what it does here, and how to read the map."""
    from demos.common.blocks import FONTS, drawable
    from demos.common.style import GREY, VERMILION

    left = 790
    axes.text(
        left,
        30,
        f"Strato {facts['layer']}, testa {facts['head']}",
        size=26,
        weight=600,
        va="center",
    )
    axes.text(
        left,
        64,
        f"una delle {facts['n_all_heads']}, contando da 0",
        size=20,
        va="center",
        color=GREY,
    )
    for n, (i, j) in enumerate(findings(facts)):
        pair = " → ".join(drawable(shorten(facts["pieces"][place], 9)) for place in (i, j))
        axes.text(
            left,
            126 + 40 * n,
            pair,
            size=25,
            va="center",
            family=FONTS,
            color=VERMILION,
            parse_math=False,
        )
        axes.text(1118, 126 + 40 * n, percent(facts["matrix"][i][j]), size=24, weight=600, ha="right", va="center",
                  color=VERMILION)  # fmt: skip
    lines = (
        "Chi guarda: le righe.",
        "Chi è guardato: le colonne.",
        "Ogni riga somma a 100.",
        "Nessuno guarda avanti.",
    )
    for n, line in enumerate(lines):
        axes.text(left, 280 + 36 * n, line, size=22, va="center")


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    pairs = [
        f"{shorten(facts['pieces'][i])} guarda {shorten(facts['pieces'][j])} al {percent(facts['matrix'][i][j])}"
        for i, j in findings(facts)
    ]
    return (
        f"Mappa dell'attenzione di «{one_line(facts['text'], 100)}» nello strato {facts['layer']}, testa "
        f"{facts['head']}: un triangolo, perché ogni token guarda solo sé stesso e i precedenti. "
        + (f"Gli sguardi più forti: {', '.join(pairs)}. " if pairs else "")
        + f"Al primo token va in media il {percent(facts['share_first'])}."
    )


if __name__ == "__main__":
    run_alone(run, show, plot)
