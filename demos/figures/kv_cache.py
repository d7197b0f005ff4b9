"""The figure of `kv_cache`: the cache's bytes on the formula's line, the multiplications saved."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common import style
from demos.common.words import number


def plot(facts: dict) -> Figure:
    """Draw the bytes of the cache against the formula, and the multiplications of each step with and without it."""
    fig = style.new_figure()
    left, right = fig.subplots(1, 2)
    plot_bytes(left, facts)
    plot_work(right, facts)
    fig.get_layout_engine().set(wspace=0.06)  # type: ignore[union-attr]
    return fig


def plot_bytes(axes: Axes, facts: dict) -> None:
    """Draw the measured bytes as points on the formula's line, which starts at no tokens.

    >>> steps = [{"n_tokens": 2, "kv_cache_bytes": 92160}]
    >>> plot_bytes(axes := Figure().subplots(), {"steps": steps, "kv_bytes_per_token": 46080})
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['misurata', 'formula']
    """
    tokens = [step["n_tokens"] for step in facts["steps"]]
    measured = [step["kv_cache_bytes"] / 1e6 for step in facts["steps"]]
    predicted = facts["kv_bytes_per_token"] * tokens[-1] / 1e6
    axes.plot(tokens, measured, "o", color=style.BLUE, label="misurata")
    axes.plot([0, tokens[-1]], [0, predicted], color=style.INK, lw=1.6, label="formula")
    axes.set(xlim=(0, None), ylim=(0, None), xlabel="token nel testo", ylabel="cache KV (MB)")
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.locator_params(nbins=6)
    axes.grid(axis="y")
    axes.legend(loc="upper left")
    axes.set_title(f"+ {number(facts['kv_bytes_per_token'])} byte a ogni token")


def plot_work(axes: Axes, facts: dict) -> None:
    """Draw the multiplications of each step in billions; each line bears its name.

    >>> steps = [{"n_tokens": n, "n_multiplications_with": 1, "n_multiplications_without": n} for n in (2, 3)]
    >>> plot_work(axes := Figure().subplots(), {"steps": steps, "last_ratio": 3.0})
    >>> axes.get_title("left")
    "L'ultimo token: 3 volte meno lavoro"
    """
    steps = (
        facts["steps"][1:] or facts["steps"]
    )  # the first step reads the text, the same with and without
    tokens = [step["n_tokens"] for step in steps]
    for key, label, color in (
        ("without", "senza cache", style.VERMILION),
        ("with", "con la cache", style.BLUE),
    ):
        work = [step[f"n_multiplications_{key}"] / 1e9 for step in steps]
        axes.plot(tokens, work, color=color, marker="o")
        axes.annotate(
            label,
            (tokens[-1], work[-1]),
            (-8, 12),
            textcoords="offset points",
            color=color,
            ha="right",
        )
    top = steps[-1]["n_multiplications_without"] / 1e9
    axes.set(ylim=(0, 1.25 * top), xlabel="token nel testo", ylabel="moltiplicazioni (miliardi)")
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.locator_params(nbins=6)
    axes.locator_params(axis="x", integer=True)
    axes.grid(axis="y")
    axes.set_title(f"L'ultimo token: {number(facts['last_ratio'], 0)} volte meno lavoro")


def alt(facts: dict) -> str:
    """Say in Italian what the figure shows, with its numbers."""
    first, last = facts["steps"][1], facts["steps"][-1]
    with_cache, without = (
        number(last[f"n_multiplications_{key}"] / 1e9, 2) for key in ("with", "without")
    )
    return (
        f"A sinistra la cache KV cresce in linea retta, {number(facts['kv_bytes_per_token'])} byte per token, e i punti"
        f" misurati stanno sulla retta della formula: con {last['n_tokens']} token sono"
        f" {number(last['kv_cache_bytes'] / 1e6, 2)} MB. A destra le moltiplicazioni per scrivere un token, da"
        f" {first['n_tokens']} a {last['n_tokens']} token di testo: senza cache salgono fino a {without} miliardi, con"
        f" la cache restano {with_cache} miliardi."
    )
