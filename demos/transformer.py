"""The way of a text through a real transformer: ids, vectors, 30 layers, probabilities; and where the parameters are.

The model is SmolLM2-135M-Instruct (`smollm/`): every shape and count is read off its own matrices.
On disk those of the layers have 4 bits a weight (Q4_1) and the table 8 (Q8_0); here they are
float32.

Leaves out: how the parameters were learned; what happens inside the two parts of a layer
(`smollm/transformer.py`).
"""

from math import prod
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from demos.common.intervals import significant
from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens import one_line, piece, shorten
from demos.common.words import number
from demos.smollm.generate import distribution, top
from demos.smollm.transformer import forward, rms_norm
from demos.smollm.weights import Weights, load

if TYPE_CHECKING:  # at run time matplotlib is imported by plot alone: it takes 0.7 s
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_TOKENS = 64
PARTS = {
    "embedding": ("tabella", "embedding"),
    "attention": ("attenzione", "qkv", "output"),
    "feed_forward": ("feed-forward", "gate_up", "down"),
    "norms": ("normalizzazioni", "attention_norm", "ffn_norm", "norm"),
}  # what a part is called in Italian, and the names of its matrices
LENS = (
    0,
    5,
    10,
    15,
    20,
    25,
    29,
    30,
)  # after how many layers the last vector is turned into a token
N_ROWS, N_NUMBERS = 5, 10  # of tokens drawn, and of numbers of each vector


def run(*, text: str = "The capital of Italy is") -> dict:
    """Send `text` through the model: the shape of what each step makes, parameters of each part, the next token.

    Raises ValueError for a text without tokens or with more than `MAX_TOKENS`.
    """
    ids, weights = read_prompt(text, MAX_TOKENS), load()
    stream: list[np.ndarray] = []  # [T, d], as it enters the first layer and as it leaves each
    logits = forward(
        weights,
        ids,
        last=True,
        watch=lambda what, _, x: stream.append(x) if what == "hidden" else None,
    )
    shape = weights.shape
    return {
        "text": text,
        "ids": ids,
        "pieces": [piece(token) for token in ids],
        "n_tokens": len(ids),
        "n_layers": shape.n_layers,
        "hidden_size": shape.d,
        "n_heads": shape.n_heads,
        "n_kv_heads": shape.n_kv_heads,
        "head_dim": shape.head_dim,
        "ffn_size": shape.ffn,
        "vocab_size": shape.vocab,
        "context_length": shape.context,
        **count_parameters(weights),
        "shapes": {
            "vectors": list(stream[0].shape),
            "after_layers": list(stream[-1].shape),
            "probabilities": list(logits.shape),
        },
        "vectors": [
            [float(f"{value:.4g}") for value in vector[:N_NUMBERS]] for vector in stream[0]
        ],
        "lens": [{"layer": n, **read_off(weights, stream[n][-1:])} for n in LENS],
        "likeliest": [
            {"piece": piece(token), "probability": significant(probability)}
            for token, probability in top(distribution(logits[0]), 4)
        ],
        "sum_of_probabilities": round(float(distribution(logits[0]).sum()), 9),
    }


def count_parameters(weights: Weights) -> dict:
    """Count the parameters, all and by part; there is no output matrix of its own, the table is used again.

    >>> facts = count_parameters(load())
    >>> facts["n_params"], facts["n_params_feed_forward"], facts["n_params_feed_forward_per_layer"]
    (134515008, 79626240, 2654208)
    """
    arrays = {name: array.shape for name, array in weights.arrays()}
    n_params = sum(map(prod, arrays.values()))
    facts: dict = {"n_params": n_params}
    for part, (_, *matrices) in PARTS.items():
        counts = {
            name: prod(shape) for name, shape in arrays.items() if name.split(".")[-1] in matrices
        }
        facts[f"n_params_{part}"] = sum(counts.values())
        facts[f"share_{part}"] = sum(counts.values()) / n_params
        facts[f"n_params_{part}_per_layer"] = sum(
            n for name, n in counts.items() if name.startswith("layers.0.")
        )
    wide = [
        prod(shape)
        for name, shape in arrays.items()
        if shape[0] == weights.shape.vocab and name != "embedding"
    ]
    facts["n_params_output"] = sum(wide)
    first = vars(weights.layers[0]).items()
    facts["matrices"] = [
        {"name": name, "shape": list(array.shape), "n_params": array.size} for name, array in first
    ]
    return facts


def read_off(weights: Weights, x: np.ndarray) -> dict:
    """Turn a vector [1, d] of the stream into the token that it is most like, as the last step does with the last one.

    Source: https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens

    >>> read_off(load(), load().embedding[[314]])["piece"]  # before any layer, a token is most like itself
    '·is'
    """
    logits = (
        rms_norm(x, weights.norm, weights.shape.eps) @ weights.embedding.T
    )  # [1, d] @ [d, V] → [1, V]
    [(token, probability)] = top(distribution(logits[0]), 1)
    length = float(np.sqrt(np.mean(x.astype(np.float64) ** 2)))
    return {
        "piece": piece(token),
        "probability": significant(probability),
        "rms": significant(length),
    }


def millions(count: int, decimals: int = 1) -> str:
    """Write a count of parameters in millions.

    >>> millions(134515008), millions(884736, 2), millions(35136)
    ('134,5 M', '0,88 M', '0,04 M')
    """
    return f"{number(count / 10**6, decimals if count >= 10**5 else 2)} M"


def percent(share: float) -> str:
    """Write a share of 1 as a percentage.

    >>> percent(0.38), percent(0.00026)
    ('38,0%', '0,03%')
    """
    return f"{number(100 * share, 1 if share >= 0.001 else 2)}%"


def show(facts: dict) -> None:
    """Print the way of the text, step by step, with the shape that each step makes."""
    n, d = facts["n_tokens"], facts["hidden_size"]
    print(fill(f"1. Testo: «{one_line(facts['text'])}»", 88, subsequent_indent="   "))
    print(
        fill(
            f"2. Id, {n}: {shorten(' '.join(map(str, facts['ids'])), 400)}",
            88,
            subsequent_indent="   ",
        )
    )
    print(
        f"3. Vettori, {n} × {d}: per ogni id, una riga della tabella {number(facts['vocab_size'])} × {d}."
    )
    numbers = "  ".join(number(value, 3) for value in facts["vectors"][-1][:6])
    print(f"   {shorten(facts['pieces'][-1])} diventa: {numbers}  …")
    print(
        f"4. {facts['n_layers']} strati; ciascuno prende {n} × {d} e rende {n} × {d}, sommando a ciò che ha letto:"
    )
    print(
        f"   attenzione ({facts['n_heads']} teste da {facts['head_dim']}): ogni token raccoglie dai precedenti;"
    )
    print(f"   feed-forward ({d} → {number(facts['ffn_size'])} → {d}): ogni token per conto suo.")
    for matrix in facts["matrices"]:
        shape = " × ".join(map(number, matrix["shape"]))
        print(f"      {matrix['name']:<16}{shape:>14}{number(matrix['n_params']):>14}")
    print("5. Probabilità: l'ultimo vettore, per la stessa tabella, dà un punteggio a ogni token;")
    print(
        f"   poi la softmax. La somma delle {number(facts['vocab_size'])} è {number(facts['sum_of_probabilities'])}."
    )
    for likely in facts["likeliest"]:
        print(f"      {shorten(likely['piece']):<20}{percent(likely['probability']):>8}")
    show_lens(facts)
    show_parameters(facts)


def show_lens(facts: dict) -> None:
    """Print what the last vector would say if the model stopped after some layers."""
    print("6. E se il modello si fermasse prima? L'ultimo vettore, dopo quanti strati, dice:")
    for step in facts["lens"]:
        print(f"      {step['layer']:>2}  {shorten(step['piece']):<20}{percent(step['probability']):>8}"
              f"   lunghezza (RMS) {number(step['rms'])}")  # fmt: skip


def show_parameters(facts: dict) -> None:
    """Print the parameters of each part."""
    print("7. I parametri:")
    for part, (label, *_) in PARTS.items():
        one = facts[f"n_params_{part}_per_layer"]
        each = f"   {facts['n_layers']} × {number(one)}" + (
            f" + {facts['hidden_size']}" if part == "norms" else ""
        )
        count = f"{number(facts[f'n_params_{part}']):>14}{percent(facts[f'share_{part}']):>9}"
        print(f"      {label:<16}{count}{each if one else ''}")
    print(f"      {'uscita':<16}{number(facts['n_params_output']):>14}{'':9}   riusa la tabella")
    print(f"      {'in tutto':<16}{number(facts['n_params']):>14}")
    print("   Sul disco: strati a 4 bit per peso (Q4_1), tabella a 8 (Q8_0); qui in float32.")


def plot(facts: dict) -> "Figure":
    """Draw the architecture from left to right, with the model's shapes, and below it where the parameters are."""
    from demos.common.style import new_figure

    figure = new_figure(1120, 430)
    figure.set_layout_engine("none")  # drawn by hand, in slide pixels, y down
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1120), ylim=(430, 0), xticks=[], yticks=[])
    axes.set_axis_off()
    n, d = facts["n_tokens"], facts["hidden_size"]
    head(axes, 72, "testo", f"{n} token")
    head(axes, 213, "id", f"{n}")
    head(axes, 345, "vettori", f"{n} × {d}")
    head(axes, 648, f"{facts['n_layers']} strati", f"{n} × {d} → {n} × {d}")
    head(axes, 1000, "probabilità", number(facts["vocab_size"]))
    draw_tokens(axes, facts)
    draw_layers(axes, facts)
    draw_likeliest(axes, facts)
    for left, right in ((150, 171), (255, 276), (424, 447), (853, 884)):
        arrow(axes, (left, 164), (right, 164))
    draw_parameters(axes, facts)
    return figure


def head(axes: "Axes", x: float, title: str, shape: str) -> None:
    """Write a column's name, and below it the shape of what it holds."""
    from demos.common.style import BLUE

    axes.text(x, 18, title, size=23, weight=600, ha="center", va="center")
    axes.text(
        x, 48, shape, size=22, ha="center", va="center", color=BLUE, family="Fantasque Sans Mono"
    )


def arrow(axes: "Axes", start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow."""
    style = {
        "arrowstyle": "-|>,head_width=0.32,head_length=0.5",
        "lw": 2.4,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", end, start, arrowprops={**style, "color": "#1E1E1E"})


def shown_rows(n_tokens: int) -> list[int | None]:
    """Choose which tokens to draw: all, or the first ones, a gap and the last.

    >>> shown_rows(3), shown_rows(9)
    ([0, 1, 2], [0, 1, 2, None, 8])
    """
    return list(range(n_tokens)) if n_tokens <= N_ROWS else [*range(N_ROWS - 2), None, n_tokens - 1]


def draw_tokens(axes: "Axes", facts: dict) -> None:
    """Draw a row a token: its text, its id, and the first numbers of its vector as cells, blue below 0, red above."""
    from matplotlib.patches import Rectangle

    from demos.common.blocks import FONTS, drawable
    from demos.common.style import TINTS

    rows = shown_rows(facts["n_tokens"])
    largest = max(abs(value) for vector in facts["vectors"] for value in vector)
    for place, token in enumerate(rows):
        y = 164 + 40 * (place - (len(rows) - 1) / 2)
        if token is None:
            for x in (72, 213, 345):
                axes.text(x, y, "…", size=24, ha="center", va="center")
            continue
        box(axes, (0, y - 17, 144, 34), TINTS[place % len(TINTS)])
        label = drawable(shorten(facts["pieces"][token], 11))
        axes.text(72, y, label, size=22, ha="center", va="center", family=FONTS, parse_math=False)
        axes.text(
            213,
            y,
            str(facts["ids"][token]),
            size=22,
            ha="center",
            va="center",
            family="Fantasque Sans Mono",
        )
        for n, value in enumerate(facts["vectors"][token]):
            cell = Rectangle(
                (282 + 12 * n, y - 12), 12, 24, facecolor=shade(value / largest), ec="white", lw=1
            )
            axes.add_patch(cell)
        axes.text(401, y, "…", size=18, ha="left", va="center")


def shade(value: float) -> tuple[float, float, float]:
    """Turn a number from -1 to 1 into a colour: blue, white, red.

    >>> shade(0), shade(-1)
    ((1.0, 1.0, 1.0), (0.0, 0.45, 0.7))
    """
    end = (0.77, 0.31, 0.04) if value > 0 else (0.0, 0.45, 0.7)
    strength = abs(value) ** 0.6  # most numbers are small: show them too
    return tuple(round(1 - strength * (1 - part), 3) for part in end)  # type: ignore[return-value]


def box(
    axes: "Axes", place: tuple[float, float, float, float], colour: str, edge: str = "none"
) -> None:
    """Draw a box with round corners: left, top, width, height."""
    from matplotlib.patches import FancyBboxPatch

    left, top_edge, width, height = place
    shape = "round,pad=0,rounding_size=7"
    axes.add_patch(
        FancyBboxPatch(
            (left, top_edge), width, height, shape, facecolor=colour, edgecolor=edge, lw=2
        )
    )


def draw_layers(axes: "Axes", facts: dict) -> None:
    """Draw one layer in front of the others: the stream goes straight on, and each part adds to it."""
    from matplotlib.patches import Circle

    from demos.common.style import GREEN, GREY, INK, PAPER, VERMILION

    for behind in (12, 6, 0):
        box(axes, (450 + behind, 84 - behind, 384, 186), PAPER, GREY)
    axes.plot([450, 834], [236, 236], color=INK, lw=2.4)
    parts = (("attention", 478, 138, VERMILION), ("feed_forward", 656, 150, GREEN))
    for part, left, width, colour in parts:
        count = millions(facts[f"n_params_{part}_per_layer"], 2)
        box(axes, (left, 100, width, 84), colour)
        middle = left + width / 2
        axes.text(
            middle, 126, PARTS[part][0], size=21, weight=600, ha="center", va="center", color=PAPER
        )
        axes.text(middle, 158, count, size=21, ha="center", va="center", color=PAPER)
        arrow(axes, (left + 26, 236), (left + 26, 186))
        arrow(axes, (left + width - 26, 184), (left + width - 26, 223))
        axes.add_patch(
            Circle((left + width - 26, 236), 13, facecolor=PAPER, edgecolor=INK, lw=2.2, zorder=3)
        )
        axes.text(
            left + width - 26,
            236,
            "+",
            size=22,
            weight=600,
            ha="center",
            va="center_baseline",
            zorder=4,
        )


def draw_likeliest(axes: "Axes", facts: dict) -> None:
    """Draw the likeliest next tokens as bars."""
    from matplotlib.patches import Rectangle

    from demos.common.blocks import FONTS, drawable
    from demos.common.style import BLUE, LIGHT

    largest = facts["likeliest"][0]["probability"]
    for n, likely in enumerate(facts["likeliest"]):
        y = 92 + 48 * n
        axes.add_patch(Rectangle((892, y + 14), 228, 8, facecolor=LIGHT))
        axes.add_patch(
            Rectangle((892, y + 14), 228 * likely["probability"] / largest, 8, facecolor=BLUE)
        )
        label = drawable(shorten(likely["piece"], 11))
        axes.text(892, y, label, size=22, va="center", family=FONTS, parse_math=False)
        axes.text(1120, y, percent(likely["probability"]), size=21, ha="right", va="center")


def draw_parameters(axes: "Axes", facts: dict) -> None:
    """Draw one bar for all the parameters, cut into the parts."""
    from matplotlib.patches import Rectangle

    from demos.common.style import BLUE, GREEN, PAPER, VERMILION

    title = f"I {number(facts['n_params'] / 10**6, 1)} milioni di parametri"
    axes.text(0, 325, title, size=23, weight=600, va="center")
    left = 0.0
    for part, colour in (("embedding", BLUE), ("attention", VERMILION), ("feed_forward", GREEN)):
        width = 1120 * facts[f"share_{part}"]
        axes.add_patch(Rectangle((left, 350), width, 72, facecolor=colour, ec=PAPER, lw=2))
        count = (
            f"{millions(facts[f'n_params_{part}'])} = {number(100 * facts[f'share_{part}'], 0)}%"
        )
        axes.text(
            left + width / 2,
            372,
            PARTS[part][0],
            size=21,
            weight=600,
            ha="center",
            va="center",
            color=PAPER,
        )
        axes.text(left + width / 2, 401, count, size=21, ha="center", va="center", color=PAPER)
        left += width


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    n, d = facts["n_tokens"], facts["hidden_size"]
    parts = ", ".join(
        f"{PARTS[part][0]} {millions(facts[f'n_params_{part}'])}" for part in list(PARTS)[:3]
    )
    best = facts["likeliest"][0]
    return (
        f"Da sinistra a destra: il testo «{one_line(facts['text'], 80)}» in {n} token, i loro id, {n} vettori di {d} "
        f"numeri, {facts['n_layers']} strati che sommano attenzione e feed-forward, {number(facts['vocab_size'])} "
        f"probabilità: la prima è {shorten(best['piece'])}, {percent(best['probability'])}. "
        f"Sotto, i {number(facts['n_params'] / 10**6, 1)} milioni di parametri: {parts}."
    )


if __name__ == "__main__":
    run_alone(run, show, plot)
