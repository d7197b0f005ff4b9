"""The figure of `quantization`: what is lost at each number of bits, and the values left."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common import style
from demos.common.words import number
from demos.quantization import BITS, N_BINS, SCOPES

LABEL_DB = 4.5  # what a line of text is high, on the axis of the figure


def plot(facts: dict) -> Figure:
    """Draw signal-to-noise against bits per weight, and the representable values under the real weights."""
    fig = style.new_figure()
    left, right = fig.subplots(1, 2, width_ratios=(1.45, 1))
    plot_snr(left, facts)
    plot_levels(right, facts)
    return fig


def plot_snr(axes: Axes, facts: dict) -> None:
    """Draw one line a granularity, named at its end, with a ring around the chosen point.

    >>> grid = [{"scheme": "symmetric", "granularity": g, "bits_per_weight": b, "snr_db": 6 * b}
    ...     for g in SCOPES for b in BITS]
    >>> plot_snr(axes := Figure().subplots(), grid[6] | {"grid": grid})
    >>> len(axes.lines)
    4
    """
    floor = -math.inf
    for scope, color, marker in zip(
        SCOPES, (style.VERMILION, style.BLUE, style.GREEN), "osD", strict=True
    ):
        rows = [
            r for r in facts["grid"] if (r["scheme"], r["granularity"]) == (facts["scheme"], scope)
        ]
        axes.plot(
            [r["bits_per_weight"] for r in rows],
            [r["snr_db"] for r in rows],
            color=color,
            marker=marker,
        )
        floor = max(
            rows[-1]["snr_db"], floor + LABEL_DB
        )  # a finer granularity is never worse: labels go upwards
        axes.text(9.05, floor, SCOPES[scope], color=color, va="center_baseline")
    axes.plot(
        facts["bits_per_weight"], facts["snr_db"], "o", ms=20, mew=3, mfc="none", mec=style.INK
    )
    axes.set(xlim=(1.7, 11.8), ylim=(-2, 52), xticks=BITS, yticks=range(0, 51, 10))
    axes.set(xlabel="bit per peso, scale comprese", ylabel="segnale / errore (dB)")
    axes.text(
        11.8,
        0,
        "6 dB in più:\nmetà errore",
        color=style.GREY,
        ha="right",
        va="bottom",
        linespacing=1.2,
    )
    axes.grid(axis="y")
    axes.set_title(
        f"{number(facts['bits_per_weight'], 2)} bit per peso: {number(facts['snr_db'], 1)} dB"
    )


def plot_levels(axes: Axes, facts: dict) -> None:
    """Draw the weights that share the followed weight's scale, and under them every value that a code stands for.

    >>> from demos.quantization import follow
    >>> step = follow(np.float32([[-1.0, 0.5, 0.25, 0.0]]), 3, "row", "symmetric")
    >>> facts = {"bits": 3, "scheme": "symmetric", "n_levels": 7, "worked": step}
    >>> plot_levels(axes := Figure().subplots(), facts)
    >>> axes.get_title("left")
    '4 pesi, 7 valori possibili'
    """
    step, n_levels = facts["worked"], facts["n_levels"]
    low, high, counts = step["histogram_low"], step["histogram_high"], step["histogram"]
    levels = np.linspace(step["grid_low"], step["grid_high"], n_levels)
    width, tall = (high - low) / N_BINS, max(counts)
    axes.bar([low + (i + 0.5) * width for i in range(N_BINS)], counts, width, color="#9A9A9A")
    axes.vlines(levels, -0.2 * tall, -0.04 * tall, style.BLUE, lw=1 if n_levels > 64 else 3)
    axes.set(xlabel="valore del peso", yticks=[], ylim=(-0.24 * tall, 1.05 * tall))
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.set_title(f"{number(step['group_size'])} pesi, {n_levels} valori possibili")


def alt(facts: dict) -> str:
    """Say in Italian what the figure shows, with its numbers.

    >>> from demos.quantization import run
    >>> alt(run(bits=4, granularity="block32")).split(":")[0]
    'Tre linee salgono con i bit per peso, scale comprese'
    """
    rows = [row for row in facts["grid"] if row["scheme"] == facts["scheme"]]
    ends = [
        f"{SCOPES[scope]} da {number(line[0]['snr_db'], 1)} a {number(line[-1]['snr_db'], 1)} dB"
        for scope in SCOPES
        for line in [[row for row in rows if row["granularity"] == scope]]
    ]
    step = facts["worked"]
    return (
        f"Tre linee salgono con i bit per peso, scale comprese: da 2 a 8 bit il rapporto fra segnale ed errore va"
        f" così: {', '.join(ends)}. Un cerchio segna la variante scelta, {number(facts['bits_per_weight'], 2)} bit per"
        f" peso e {number(facts['snr_db'], 1)} dB. Accanto, l'istogramma di {number(step['group_size'])} pesi e sotto i"
        f" valori che i codici rappresentano: sono {facts['n_levels']}, da {number(step['grid_low'], 3)} a"
        f" {number(step['grid_high'], 3)}."
    )
