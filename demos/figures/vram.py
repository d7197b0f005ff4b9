"""The figure of `vram`: a stacked bar a precision, and the memory of well-known cards as lines."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from demos.common.style import BLUE, INK, VERMILION, new_figure
from demos.common.words import number
from demos.vram import digits

CARDS = {
    80: "H100",
    24: "RTX 4090",
    640: "8 × H100",
    320: "4 × H100",
    141: "H200",
    160: "2 × H100",
    1280: "16 × H100",
    16: "RTX 4060 Ti",
    12: "RTX 3060",
    32: "RTX 5090",
    48: "L40S",
}
"""Memories in GiB that may be marked, the best-known first."""
PARTS = {
    "weights": ("pesi", BLUE),
    "kv_cache": ("cache KV (FP16)", VERMILION),
    "overhead": ("buffer di lavoro", INK),
}


def axis_limit_gib(facts: dict) -> float:
    """Choose where the axis ends: room for the longest bar's label, and for the smallest card.

    Where that card is far beyond the bars, it stays out.

    >>> axis_limit_gib({"by_dtype": {"fp32": {"total_gib": 100.0}, "fp16": {"total_gib": 50.0}}})
    118.0
    """
    longest: float = max(row["total_gib"] for row in facts["by_dtype"].values())
    return max(1.18 * longest, 13.5 if longest > 4 else 0)


def card_marks(limit_gib: float) -> dict[int, str]:
    """Choose which memories to mark on an axis: none so near another that their labels touch.

    >>> card_marks(313)
    {24: 'RTX 4090', 80: 'H100', 141: 'H200'}
    """
    marks: list[int] = []
    for memory in CARDS:
        apart = all(abs(memory - other) >= 0.15 * limit_gib for other in marks)
        if apart and memory < 0.94 * limit_gib:
            marks.append(memory)
    return {memory: CARDS[memory] for memory in sorted(marks)}


def plot(facts: dict) -> Figure:
    """Draw a stacked bar a precision, in GiB, and the memory of known cards as dashed lines."""
    fig = new_figure()
    ax = fig.add_subplot()
    left = [0.0] * len(facts["by_dtype"])
    for part, (label, colour) in PARTS.items():
        widths = [row[f"{part}_gib"] for row in facts["by_dtype"].values()]
        ax.barh(range(len(left)), widths, left=left, height=0.62, color=colour, label=label)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    draw_labels(ax, facts)
    number_axis(ax, axis_limit_gib(facts))
    ax.set_xlabel(f"{facts['name']}, {number(facts['context'])} token: memoria in GiB")
    draw_marks(ax, axis_limit_gib(facts))
    fig.legend(loc="outside lower center", ncols=3)
    return fig


def draw_labels(ax: Axes, facts: dict) -> None:
    """Name each bar and write its total at its end, the chosen one in bold."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # no card's line strikes it through
    shared = {"textcoords": "offset points", "va": "center"}
    for y, row in enumerate(facts["by_dtype"].values()):
        weight = 600 if row["dtype"] == facts["dtype"] else "normal"
        end, total = (row["total_gib"], y), f"{digits(row['total_gib'])} GiB"
        ax.annotate(total, end, xytext=(8, 0), weight=weight, bbox=box, zorder=5, **shared)
        ax.annotate(row["label"], (0, y), xytext=(-10, 0), ha="right", weight=weight, **shared)
    ax.invert_yaxis()
    ax.set_yticks([])


def number_axis(ax: Axes, limit_gib: float) -> None:
    """Number the axis in Italian, from 0 to its end."""
    ax.set_xlim(0, limit_gib)
    places = MaxNLocator(6).tick_values(0, limit_gib)
    ticks = [float(place) for place in places if place <= limit_gib]
    ax.set_xticks(ticks, [number(tick) for tick in ticks])


def draw_marks(ax: Axes, limit_gib: float) -> None:
    """Draw the cards' memories as dashed lines, named on top; say so if all are out of range."""
    marks = card_marks(limit_gib)
    above = {"xycoords": ("data", "axes fraction"), "xytext": (0, 4), "textcoords": "offset points"}
    for memory, name in marks.items():
        ax.axvline(memory, color=INK, linewidth=1.6, linestyle=(0, (4, 3)), zorder=3)
        label, place = f"{number(memory)} GiB\n{name}", (memory, 1)
        ax.annotate(label, place, ha="center", va="bottom", linespacing=1.1, **above)
    if not marks:
        title = "Entra in ogni scheda: la più piccola dell’elenco ha 12 GiB"
        ax.set_title(title, weight="normal")


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    rows = facts["by_dtype"].values()
    totals = ", ".join(f"{row['label']} {digits(row['total_gib'])} GiB" for row in rows)
    marks = card_marks(axis_limit_gib(facts)).items()
    names = ", ".join(f"{number(memory)} GiB ({name})" for memory, name in marks)
    cards = f"Le linee tratteggiate segnano la memoria delle schede: {names}."
    if not marks:
        cards = "Anche la più piccola delle schede, da 12 GiB, lo contiene in ogni precisione."
    return (
        f"Barre della memoria di {facts['name']} con {number(facts['context'])} token: {totals}. "
        f"In {facts['label']} i pesi occupano {digits(facts['weights_gib'])} GiB "
        f"e la cache KV {digits(facts['kv_cache_gib'])}. {cards}"
    )
