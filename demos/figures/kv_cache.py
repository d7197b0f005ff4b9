"""The figure of `kv_cache`: the cache's bytes on the formula's line, the multiplications saved."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common import style
from demos.common.words import number


def plot(facts: dict) -> Figure:
    """Draw the bytes of the cache against the formula, and the work with and without it."""
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
    >>> [text.get_text() for text in axes.texts]
    ['punti: misurata', 'retta: formula']
    """
    tokens = [step["n_tokens"] for step in facts["steps"]]
    measured = [step["kv_cache_bytes"] / 1e6 for step in facts["steps"]]
    predicted = facts["kv_bytes_per_token"] * tokens[-1] / 1e6
    axes.plot(tokens, measured, "o", color=style.BLUE)
    axes.plot([0, tokens[-1]], [0, predicted], color=style.INK, lw=1.6)
    axes.set(xlim=(0, None), ylim=(0, None), xlabel="token nel testo", ylabel="cache KV (MB)")
    scale(axes)
    name_bytes(axes, tokens, measured)
    axes.set_title(f"+ {number(facts['kv_bytes_per_token'])} byte a ogni token")


def name_bytes(axes: Axes, tokens: list[int], measured: list[float]) -> None:
    """Write what the points are to the left of one, and what the line is to its right."""
    place, third = 2 * (len(tokens) - 1) // 3, (tokens[-1] / 3, measured[-1] / 3)
    look = {"ha": "right", "color": style.BLUE}
    style.note(axes, "punti: misurata", (tokens[place], measured[place]), (-22, 9), 24, **look)
    style.note(axes, "retta: formula", third, (12, -6), 24, va="top")


def scale(axes: Axes) -> None:
    """Put a few marks on the axes, with numbers in Italian."""
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.locator_params(nbins=6)
    axes.grid(axis="y")


def plot_work(axes: Axes, facts: dict) -> None:
    """Draw the multiplications of each step in billions; each line bears its name.

    >>> steps = [{"n_tokens": 2}, {"n_tokens": 3}]
    >>> for step in steps:
    ...     step |= {"n_multiplications_with": 1, "n_multiplications_without": step["n_tokens"]}
    >>> plot_work(axes := Figure().subplots(), {"steps": steps, "last_ratio": 3.0})
    >>> axes.get_title("left")
    'L’ultimo token: 3 volte meno lavoro'
    """
    steps = facts["steps"][1:]  # the first reads the text, the same with and without
    tokens = [step["n_tokens"] for step in steps]
    names = {"without": "senza cache", "with": "con la cache"}
    for (key, name), colour in zip(names.items(), (style.VERMILION, style.BLUE), strict=True):
        work = [step[f"n_multiplications_{key}"] / 1e9 for step in steps]
        plot_named(axes, tokens, work, name, colour)
    top = steps[-1]["n_multiplications_without"] / 1e9
    axes.set(ylim=(0, 1.25 * top), xlabel="token nel testo", ylabel="moltiplicazioni (miliardi)")
    scale(axes)
    axes.locator_params(axis="x", integer=True)
    axes.set_title(f"L’ultimo token: {number(facts['last_ratio'], 0)} volte meno lavoro")


def plot_named(axes: Axes, tokens: list[int], work: list[float], name: str, colour: str) -> None:
    """Draw a line, and write its name above its end."""
    axes.plot(tokens, work, color=colour, marker="o")
    look = {"color": colour, "ha": "right", "textcoords": "offset points"}
    axes.annotate(name, (tokens[-1], work[-1]), (-8, 12), **look)


def alt(facts: dict) -> str:
    """Say in Italian what the figure shows, with its numbers."""
    first, last = facts["steps"][1]["n_tokens"], facts["steps"][-1]
    work, saved = (number(last[f"n_multiplications_{of}"] / 1e9, 2) for of in ("without", "with"))
    return (
        f"A sinistra la cache KV cresce in linea retta, {number(facts['kv_bytes_per_token'])} byte"
        f" per token, e i punti misurati stanno sulla retta della formula: con {last['n_tokens']}"
        f" token sono {number(last['kv_cache_bytes'] / 1e6, 2)} MB. A destra le moltiplicazioni"
        f" per scrivere un token, da {first} a {last['n_tokens']} token di testo: senza cache"
        f" salgono fino a {work} miliardi, con la cache restano {saved} miliardi."
    )
