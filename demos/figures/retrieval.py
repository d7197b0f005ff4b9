"""The figure of `retrieval`: right answers without a passage, with it, and with the nearest one."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREEN, new_figure, note
from demos.common.words import percent
from demos.retrieval import described

ROWS = {
    "without": "senza brano",
    "own": "con il suo brano",
    "nearest": "con il più vicino\ndi {n_facts} brani",
}
COLOURS = {"alone": (BLUE, "se dice solo quello"), "others": (GREEN, "se dice anche altro")}


def plot(facts: dict) -> Figure:
    """Draw, in each way of asking, a bar and its interval for each kind of passage."""
    figure = new_figure(1120, 385)
    axes = figure.add_subplot()
    names = [name.format(**facts) for name in ROWS.values()]
    for y, way in enumerate(ROWS):
        for shift, kind in ((-0.2, "alone"), (0.2, "others")):
            draw_share(axes, y + shift, facts["shares"][way][kind], kind, named=way == "own")
    axes.set_yticks(range(len(ROWS)), names, size=24)
    axes.set(xlim=(0, 1.15), ylim=(len(ROWS) - 0.45, -0.5))
    shares = (0, 0.25, 0.5, 0.75, 1)
    axes.set_xticks(shares, [percent(share, 0) for share in shares], size=24)
    axes.set_xlabel("risposte giuste, con l’intervallo al 95%")
    axes.tick_params(axis="y", length=0)
    return figure


def draw_share(axes: Axes, y: float, share: dict, kind: str, *, named: bool) -> None:
    """Draw one share: bar, interval, count; in one row also what the colour means."""
    colour, name = COLOURS[kind]
    axes.barh(y, share["share"], height=0.34, color=colour, alpha=0.35)
    axes.plot((share["low"], share["high"]), (y, y), color=colour, linewidth=3)
    axes.plot(share["share"], y, "o", color=colour, markersize=12)
    text = f"{share['n_right']} su {share['n']}"
    if named:
        text += f", {name}"
    note(axes, text, (share["high"], y), (10, 0), 24, color=colour, weight=600)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    rows = []
    for way, name in ROWS.items():
        shares = facts["shares"][way]
        both = (f"{described(shares[kind])} {words}" for kind, (_, words) in COLOURS.items())
        rows.append(f"{name.format(**facts)}: {', '.join(both)}".replace("\n", " "))
    return "Risposte giuste su fatti inventati, secondo che cosa dice il brano. " + "; ".join(rows)
