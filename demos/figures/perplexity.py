"""The figure of `perplexity`: what fewer bits cost, here and elsewhere, and MiniLM's vectors."""

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common import style
from demos.common.words import number
from demos.perplexity import SCOPES

TOP = 12  # of the figure's axis; what is lost beyond is written


def plot(facts: dict) -> Figure:
    """Draw what fewer bits cost the LLM, here and elsewhere, and MiniLM's vectors beside it."""
    fig = style.new_figure(height=384)  # its slide has three lines below it
    left, right = fig.subplots(1, 2, width_ratios=(1.5, 1))
    plot_ratios(left, facts)
    bits = number(facts["bits_per_weight"], 2)
    left.set_title(f"{bits} bit per peso: perplessità × {times(facts)}")
    plot_minilm(right, facts)
    right.set_title("MiniLM, nato in FP32")
    return fig


def plot_ratios(axes: Axes, facts: dict) -> None:
    """Draw perplexity over that of 16 bits against bits a weight, on logarithmic axes.

    A line a granularity, the others' points, each named, and a ring around the chosen one.
    """
    draw_ours(axes, facts)
    draw_published(axes, facts["published"].values())
    chosen = (facts["bits_per_weight"], facts["perplexity_ratio"])
    if facts["perplexity_ratio"] < TOP:
        axes.plot(*chosen, "o", ms=20, mew=3, mfc="none", mec=style.INK)
    axes.set(xscale="log", yscale="log", xlim=(2, 18), ylim=(0.9, TOP))
    axes.set_xticks([3, 4, 5, 6, 8, 16], ["3", "4", "5", "6", "8", "16"])
    axes.set_yticks([1, 2, 5, 10], ["× 1", "× 2", "× 5", "× 10"])
    axes.minorticks_off()
    axes.set(xlabel="bit per peso, scale comprese", ylabel="× quella a 16 bit")
    axes.grid(axis="y")
    name_marks(axes)


def name_marks(axes: Axes) -> None:
    """Write beside the lines what they are, and what bands and triangles mean."""
    in_blocks = SCOPES["block32"].replace(" ", "\n", 1)  # narrow: the line is near the edge
    labels = {
        (4.3, 9): (f"SmolLM2, {SCOPES['row']}", style.BLUE, "left"),
        (3.3, 5.5): (f"SmolLM2,\n{in_blocks}", style.GREEN, "right"),
        (4.3, 6.1): ("bande: ± due errori standard", style.INK, "left"),
        (4.3, 4.1): ("triangoli: pubblicati da altri", style.INK, "left"),
    }
    for place, (label, color, side) in labels.items():
        axes.text(*place, label, color=color, ha=side, va="center", linespacing=1.1)


def draw_ours(axes: Axes, facts: dict) -> None:
    """Draw a line a granularity, and each point's interval of two standard errors."""
    for scope, color, marker in zip(SCOPES, (style.BLUE, style.GREEN), "sD", strict=True):
        rows = facts["grid"][scope].values()
        bits, ratios = column(rows, "bits_per_weight"), column(rows, "perplexity_ratio")
        axes.plot(bits, ratios, color=color, marker=marker)
        low, high = column(rows, "perplexity_ratio_low"), column(rows, "perplexity_ratio_high")
        axes.vlines(bits, low, high, color=color, lw=7, alpha=0.35)


def draw_published(axes: Axes, models: Iterable[dict]) -> None:
    """Draw the points that others measured, a model's name beside its first or above it."""
    looks = (
        (style.GREY, "^", (-10, 2), "right"),
        (style.VERMILION, "v", (0, 28), "center"),
    )
    for model, (color, marker, away, side) in zip(models, looks, strict=True):
        bits = column(model["rows"].values(), "bits_per_weight")
        ratios = column(model["rows"].values(), "perplexity_ratio")
        axes.plot(bits, ratios, marker, color=color, ms=10)
        first = min(zip(bits, ratios, strict=True))  # of the fewest bits
        style.note(axes, model["model"], first, away, 24, ha=side, color=color)


def column(rows: Iterable[dict], key: str) -> list[float]:
    """Give one number of every row.

    >>> column([{"bits": 4}, {"bits": 2}], "bits")
    [4, 2]
    """
    return [row[key] for row in rows]


def times(row: dict) -> str:
    """Write a ratio of perplexities with its standard error, and a ruined model's without.

    >>> times({"perplexity_ratio": 1.43183, "perplexity_ratio_error": 0.1019})
    '1,43 ± 0,10'
    >>> times({"perplexity_ratio": 0.99913, "perplexity_ratio_error": 0.0036})
    '0,999 ± 0,004'
    """
    ratio, error = row["perplexity_ratio"], row["perplexity_ratio_error"]
    digits = 2 if error > 0.0095 else 3
    return f"{number(ratio, digits)} ± {number(error, digits)}" if ratio < 100 else number(ratio, 0)


def plot_minilm(axes: Axes, facts: dict) -> None:
    """Draw how far MiniLM's vectors moved, for the chosen granularity."""
    rows = facts["grid"][facts["granularity"]].values()
    lines = {
        "cosine_mean": ("● coseno medio", style.BLUE, "o"),
        "cosine_worst": ("▼ il peggiore", style.VERMILION, "v"),
        "rank_correlation": ("◆ ordine somiglianze", style.GREEN, "D"),
    }
    places = range(len(rows))
    lowest_first = sorted(lines, key=lambda key: column(rows, key)[-1])  # as the lines end
    for n, key in enumerate(lowest_first):
        label, color, marker = lines[key]
        axes.plot(places, column(rows, key), color=color, marker=marker)
        axes.text(0, 0.02 + 0.17 * n, label, color=color, va="center")
    axes.set_xticks(places, [str(row["bits"]) for row in rows])
    axes.set(ylim=(-0.15, 1.08), xlabel="bit", yticks=[0, 0.5, 1])
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.grid(axis="y")


def alt(facts: dict) -> str:
    """Say in Italian what the figure shows, with its numbers."""
    rows, blocks = (facts["grid"][scope].values() for scope in ("row", "block32"))
    others = " e ".join(map(worst, facts["published"].values()))
    return (
        "A sinistra la perplessità di SmolLM2, rispetto a quella a 16 bit, contro i bit per peso: "
        f"a 8, 6, 5, 4 bit è, per riga, {from_8_to_4(rows)} volte, "
        f"a blocchi di 32 {from_8_to_4(blocks)}; "
        f"con meno bit esce dal grafico. I modelli pubblicati stanno più in basso: {others} volte. "
        f"A destra MiniLM ({SCOPES[facts['granularity']]}): a {facts['bits']} bit "
        f"il coseno medio è {number(facts['cosine_mean'], 3)}, "
        f"la correlazione dell’ordine {number(facts['rank_correlation'], 3)}."
    )


def from_8_to_4(rows: Iterable[dict]) -> str:
    """Write the ratios at 8, 6, 5 and 4 bits.

    >>> rows = [{"bits": b, "perplexity_ratio": b, "perplexity_ratio_error": 1} for b in (16, 8, 4)]
    >>> from_8_to_4(rows)
    '8,00 ± 1,00; 4,00 ± 1,00'
    """
    return "; ".join(times(row) for row in rows if 4 <= row["bits"] <= 8)


def worst(model: dict) -> str:
    """Write a published model's largest ratio.

    >>> rows = {"F16": {"perplexity_ratio": 1.0}, "Q4_0": {"perplexity_ratio": 1.2}}
    >>> worst({"model": "LLaMA 7B", "rows": rows})
    'LLaMA 7B fino a 1,20'
    """
    largest = max(column(model["rows"].values(), "perplexity_ratio"))
    return f"{model['model']} fino a {number(largest, 2)}"
