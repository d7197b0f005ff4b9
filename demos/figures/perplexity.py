"""The figure of `perplexity`: what fewer bits cost, here and elsewhere, and MiniLM's vectors."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common import style
from demos.common.words import number
from demos.perplexity import SCOPES

TOP = 12  # of the figure's axis; what is lost beyond is written


def plot(facts: dict) -> Figure:
    """Draw perplexity over that of 16 bits against bits a weight, ours and others', and MiniLM's vectors beside it."""
    fig = style.new_figure(height=384)  # its slide has three lines below it
    left, right = fig.subplots(1, 2, width_ratios=(1.5, 1))
    plot_ratios(left, facts)
    plot_minilm(right, facts)
    return fig


def plot_ratios(axes: Axes, facts: dict) -> None:
    """Draw a line a granularity with its intervals, the others' points, and a ring around the chosen one; log axes."""
    for scope, color, marker in zip(SCOPES, (style.BLUE, style.GREEN), "sD", strict=True):
        rows = facts["grid"][scope].values()
        bits, ratios = (
            [row[key] for row in rows] for key in ("bits_per_weight", "perplexity_ratio")
        )
        ends = ([row[f"perplexity_ratio_{end}"] for row in rows] for end in ("low", "high"))
        axes.plot(bits, ratios, color=color, marker=marker, label=f"SmolLM2, {SCOPES[scope]}")
        axes.vlines(
            bits,
            *ends,
            color=color,
            lw=7,
            alpha=0.35,
            label="± due errori" if scope == "block32" else None,
        )
    for of_model, color, marker in zip(
        facts["published"].values(), (style.GREY, style.VERMILION), "^v", strict=True
    ):
        bits, ratios = (
            [row[key] for row in of_model["rows"].values()]
            for key in ("bits_per_weight", "perplexity_ratio")
        )
        axes.plot(
            bits, ratios, marker, color=color, ms=10, label=f"{of_model['model']}, pubblicato"
        )
    if facts["perplexity_ratio"] < TOP:
        axes.plot(
            facts["bits_per_weight"],
            facts["perplexity_ratio"],
            "o",
            ms=20,
            mew=3,
            mfc="none",
            mec=style.INK,
        )
    axes.set(xscale="log", yscale="log", xlim=(2.3, 18), ylim=(0.9, TOP))
    axes.set_xticks([3, 4, 5, 6, 8, 16], ["3", "4", "5", "6", "8", "16"])
    axes.set_yticks([1, 1.5, 2, 3, 5, 10], ["× 1", "× 1,5", "× 2", "× 3", "× 5", "× 10"])
    axes.minorticks_off()
    axes.set(xlabel="bit per peso, scale comprese", ylabel="perplessità / quella a 16 bit")
    axes.grid(axis="y")
    axes.legend(loc="upper right", borderaxespad=0, labelspacing=0.3)
    axes.set_title(
        f"{number(facts['bits_per_weight'], 2)} bit per peso: perplessità × {times(facts)}"
    )


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
    lines = (("cosine_mean", "coseno medio", style.BLUE, "o"), ("cosine_worst", "il peggiore", style.VERMILION, "v"),
             ("rank_correlation", "ordine delle somiglianze", style.GREEN, "D"))  # fmt: skip
    for key, label, color, marker in lines:
        axes.plot(
            range(len(rows)), [row[key] for row in rows], color=color, marker=marker, label=label
        )
    axes.set_xticks(range(len(rows)), [str(row["bits"]) for row in rows])
    axes.set(ylim=(-0.15, 1.08), xlabel="bit", yticks=[0, 0.5, 1])
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.grid(axis="y")
    axes.legend(loc="lower left", borderaxespad=0, labelspacing=0.3)
    axes.set_title("MiniLM, nato in FP32")


def alt(facts: dict) -> str:
    """Say in Italian what the figure shows, with its numbers."""
    row, block = (
        {bits: times(r) for bits, r in facts["grid"][scope].items()} for scope in ("row", "block32")
    )
    others = " e ".join(
        f"{m['model']} fino a {number(max(r['perplexity_ratio'] for r in m['rows'].values()), 2)}"
        for m in facts["published"].values()
    )
    return (
        "A sinistra la perplessità di SmolLM2, rispetto a quella a 16 bit, contro i bit per peso: a 8, 6, 5, 4 bit è,"
        f" per riga, {'; '.join(row[b] for b in '8654')} volte, a blocchi di 32 {'; '.join(block[b] for b in '8654')};"
        f" con meno bit esce dal grafico. I modelli pubblicati stanno più in basso: {others} volte. A destra MiniLM"
        f" ({SCOPES[facts['granularity']]}): a {facts['bits']} bit il coseno medio è {number(facts['cosine_mean'], 3)},"
        f" la correlazione dell'ordine {number(facts['rank_correlation'], 3)}."
    )
