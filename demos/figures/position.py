"""The figure of `position`: the product of a query and a key over their distance."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, INK, VERMILION, new_figure, note
from demos.common.tokens.blocks import FONTS
from demos.common.words import number
from demos.position import ALIKE

TEXT = {"size": 24, "family": ("Inter", *FONTS)}


def plot(facts: dict) -> Figure:
    """Draw the products from the first start as a line, those from the last as rings on it."""
    figure = new_figure(1120, 320)
    axes = figure.subplots()
    near, far = facts["from_starts"][0], facts["from_starts"][-1]
    distances = range(len(near["products"]))
    axes.axhline(0, color=GREY, linewidth=1.5)
    axes.plot(distances, near["products"], "o-", color=BLUE, markersize=6, linewidth=2.5)
    rings = {"markersize": 15, "markeredgewidth": 2, "fillstyle": "none", "linestyle": "none"}
    axes.plot(distances, far["products"], "o", color=VERMILION, **rings)
    limits = draw_axes(axes, facts)
    name_series(axes, facts, limits)
    return figure


def draw_axes(axes: Axes, facts: dict) -> tuple[float, float]:
    """Scale and name the axes; return the lowest and the highest product that has room."""
    products = [product for row in facts["from_starts"] for product in row["products"]]
    low, high = min([0, *products]), max([0, *products])
    room = (low - 0.1 * (high - low), high + 0.5 * (high - low))  # above: two lines of text
    ticks = sorted({0, round(low), round(high)})
    last = len(facts["from_starts"][0]["products"]) - 1
    axes.set(xlim=(-0.6, last + 0.6), ylim=room, xticks=range(0, last + 1, 8))
    axes.set_yticks(ticks, [number(tick) for tick in ticks])
    axes.tick_params(labelsize=24)
    axes.set_xlabel("distanza, in token", size=24)
    return room


def name_series(axes: Axes, facts: dict, limits: tuple[float, float]) -> None:
    """Write what the line and the rings are, in their colours, and what is measured."""
    low, high = limits
    title = f"Quanto {facts['looks']} guarda {facts['looked_at']}"
    where = f"(strato {facts['layer']}, testa {facts['head']})"
    axes.set_title(f"{title} {where}", loc="left", **TEXT, color=INK)
    first, *_, last = (f"{facts['looked_at']} al posto {number(n)}" for n in facts["starts"])
    lines = ((f"● {first}", BLUE), (f"○ {last}: {alike(facts)}", VERMILION))
    for n, (text, colour) in enumerate(lines):
        place = (9, high - (0.1 + 0.15 * n) * (high - low))
        note(axes, text, place, (0, 0), color=colour, **TEXT)


def alike(facts: dict) -> str:
    """Say whether the start makes a difference.

    >>> alike({"largest_difference": 1e-7})
    'gli stessi prodotti'
    """
    return "gli stessi prodotti" if facts["largest_difference"] < ALIKE else "prodotti diversi"


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    near, far = facts["from_starts"][0], facts["from_starts"][-1]
    some = (0, 1, 2, 4, 8, 16, 32)
    values = ", ".join(f"a {n} {number(near['products'][n], 1)}" for n in some)
    return (
        f"Il prodotto fra {facts['looks']}, che guarda, e {facts['looked_at']}, ruotati secondo "
        f"la posizione, per distanza in token (strato {facts['layer']}, testa {facts['head']}): "
        f"{values}. Se {facts['looked_at']} sta al posto {number(near['start'])} o al posto "
        f"{number(far['start'])}: {alike(facts)}."
    )
