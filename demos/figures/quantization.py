"""The figure of `quantization`: what is lost at each number of bits, and the values left."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common import style
from demos.common.quantization.worked import N_BINS
from demos.common.words import number
from demos.quantization import BITS, SCOPES

LABEL_DB = 5.3  # what a line of text is high, on the axis of the figure


def plot(facts: dict) -> Figure:
    """Draw signal-to-noise against bits per weight, and the values left under the real weights."""
    fig = style.new_figure()
    left, right = fig.subplots(1, 2, width_ratios=(1.45, 1))
    plot_snr(left, facts)
    plot_levels(right, facts)
    return fig


def plot_snr(axes: Axes, facts: dict) -> None:
    """Draw one line a granularity, named at its end, with a ring around the chosen point.

    >>> rows = [{"bits_per_weight": b, "snr_db": 6 * b, "scheme": "symmetric"} for b in BITS]
    >>> grid = [row | {"granularity": scope} for scope in SCOPES for row in rows]
    >>> plot_snr(axes := Figure().subplots(), grid[6] | {"grid": grid})
    >>> len(axes.lines)
    4
    """
    floor = -math.inf
    colors = (style.VERMILION, style.BLUE, style.GREEN)
    for scope, color, marker in zip(SCOPES, colors, "osD", strict=True):
        rows = of_scope(facts, scope)
        bits, snr = [row["bits_per_weight"] for row in rows], [row["snr_db"] for row in rows]
        axes.plot(bits, snr, color=color, marker=marker)
        floor = max(snr[-1], floor + LABEL_DB)  # a finer granularity is never worse: labels go up
        axes.text(9.05, floor, SCOPES[scope], color=color, va="center_baseline")
    bits, snr = facts["bits_per_weight"], facts["snr_db"]
    axes.plot(bits, snr, "o", ms=20, mew=3, mfc="none", mec=style.INK)
    axes.set_title(f"{number(bits, 2)} bit per peso: {number(snr, 1)} dB")
    name_axes(axes)


def name_axes(axes: Axes) -> None:
    """Number and name the axes, and say what a difference on the vertical one means."""
    axes.set(xlim=(1.7, 11.8), ylim=(-2, 52), xticks=BITS, yticks=range(0, 51, 10))
    axes.set(xlabel="bit per peso, scale comprese", ylabel="segnale / errore (dB)")
    axes.text(1.9, 47, "6 dB in più: metà errore", color=style.GREY)
    axes.grid(axis="y")


def of_scope(facts: dict, granularity: str) -> list[dict]:
    """Pick the rows of one granularity and of the chosen scheme, fewest bits first.

    >>> row = {"scheme": "symmetric", "granularity": "row", "bits": 4}
    >>> of_scope({"scheme": "symmetric", "grid": [row]}, "row") == [row]
    True
    """
    same = (facts["scheme"], granularity)
    return [row for row in facts["grid"] if (row["scheme"], row["granularity"]) == same]


def plot_levels(axes: Axes, facts: dict) -> None:
    """Draw the weights that share a scale, and under them every value that a code stands for.

    >>> from demos.common.quantization.worked import follow
    >>> step = follow(np.float32([[-1.0, 0.5, 0.25, 0.0]]), 3, "row", "symmetric")
    >>> facts = {"bits": 3, "scheme": "symmetric", "n_levels": 7, "worked": step}
    >>> plot_levels(axes := Figure().subplots(), facts)
    >>> axes.get_title("left")
    '4 pesi, 7 valori possibili'
    """
    step, n_levels = facts["worked"], facts["n_levels"]
    levels = np.linspace(step["grid_low"], step["grid_high"], n_levels)
    tall = max(step["histogram"])
    draw_histogram(axes, step)
    axes.vlines(levels, -0.2 * tall, -0.04 * tall, style.BLUE, lw=1 if n_levels > 64 else 3)
    axes.set(xlabel="valore del peso", yticks=[], ylim=(-0.24 * tall, 1.05 * tall))
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.set_title(f"{number(step['group_size'])} pesi, {n_levels} valori possibili")


def draw_histogram(axes: Axes, step: dict) -> None:
    """Draw how many weights lie in each of the bins.

    >>> step = {"histogram_low": -1, "histogram_high": 1, "histogram": [1] * N_BINS}
    >>> draw_histogram(axes := Figure().subplots(), step)
    >>> len(axes.patches) == N_BINS
    True
    """
    low, high = step["histogram_low"], step["histogram_high"]
    width = (high - low) / N_BINS
    middles = [low + (i + 0.5) * width for i in range(N_BINS)]
    axes.bar(middles, step["histogram"], width, color="#9A9A9A")


def alt(facts: dict) -> str:
    """Say in Italian what the figure shows, with its numbers.

    >>> from demos.quantization import run
    >>> alt(run(bits=4, granularity="block32")).split(":")[0]
    'Tre linee salgono con i bit per peso, scale comprese'
    """
    lines = ", ".join(ends_of_line(facts, scope) for scope in SCOPES)
    step = facts["worked"]
    return (
        "Tre linee salgono con i bit per peso, scale comprese: da 2 a 8 bit il rapporto fra segnale"
        f" ed errore va così: {lines}. "
        f"Un cerchio segna la variante scelta, {number(facts['bits_per_weight'], 2)} bit per peso "
        f"e {number(facts['snr_db'], 1)} dB. "
        f"Accanto, l’istogramma di {number(step['group_size'])} pesi e sotto i valori che i codici "
        f"rappresentano: sono {facts['n_levels']}, "
        f"da {number(step['grid_low'], 3)} a {number(step['grid_high'], 3)}."
    )


def ends_of_line(facts: dict, granularity: str) -> str:
    """Write where a line begins and where it ends.

    >>> row = {"scheme": "symmetric", "granularity": "row", "snr_db": 6.02}
    >>> ends_of_line({"scheme": "symmetric", "grid": [row, row | {"snr_db": 42.1}]}, "row")
    'per riga da 6,0 a 42,1 dB'
    """
    rows = of_scope(facts, granularity)
    worst, best = (number(rows[place]["snr_db"], 1) for place in (0, -1))
    return f"{SCOPES[granularity]} da {worst} a {best} dB"
