"""The figure of `vram`: a stacked bar a precision, and the memory of well-known cards as lines."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from demos.common.style import BLUE, INK, VERMILION, new_figure
from demos.common.words import number
from demos.vram import digits


def axis_limit_gib(facts: dict) -> float:
    """Choose where the axis ends: room for the longest bar's label, and for the smallest card if that isn't far.

    >>> axis_limit_gib({"by_dtype": {"fp32": {"total_gib": 100.0}, "fp16": {"total_gib": 50.0}}})
    118.0
    """
    longest: float = max(row["total_gib"] for row in facts["by_dtype"].values())
    return max(1.18 * longest, 13.5 if longest > 4 else 0)


def card_marks(limit_gib: float) -> dict[int, str]:
    """Choose which memories to mark on an axis, best-known first, none so near another that their labels would touch.

    >>> card_marks(313)
    {24: 'RTX 4090', 80: 'H100', 141: 'H200'}
    """
    names = {80: "H100", 24: "RTX 4090", 640: "8 × H100", 320: "4 × H100", 141: "H200", 160: "2 × H100",
             1280: "16 × H100", 16: "RTX 4060 Ti", 12: "RTX 3060", 32: "RTX 5090", 48: "L40S"}  # fmt: skip
    marks: list[int] = []
    for memory in names:
        if memory < 0.94 * limit_gib and all(
            abs(memory - other) >= 0.12 * limit_gib for other in marks
        ):
            marks.append(memory)
    return {memory: names[memory] for memory in sorted(marks)}


def plot(facts: dict) -> Figure:
    """Draw one stacked bar a precision, in GiB, with the memory of well-known cards as dashed lines."""
    parts = {"weights": ("pesi", BLUE), "kv_cache": ("cache KV (FP16)", VERMILION),
             "overhead": ("buffer di lavoro", INK)}  # fmt: skip
    fig = new_figure()
    ax = fig.add_subplot()
    left = [0.0] * len(facts["by_dtype"])
    for part, (label, colour) in parts.items():
        widths = [row[f"{part}_gib"] for row in facts["by_dtype"].values()]
        ax.barh(range(len(left)), widths, left=left, height=0.62, color=colour, label=label)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    draw_labels(ax, facts)
    draw_marks(ax, axis_limit_gib(facts))
    fig.legend(loc="outside lower center", ncols=3)
    return fig


def draw_labels(ax: Axes, facts: dict) -> None:
    """Name each bar and write its total at its end, the chosen one in bold, and number the axis in Italian."""
    for y, row in enumerate(facts["by_dtype"].values()):
        weight = 600 if row["dtype"] == facts["dtype"] else "normal"
        box = {
            "facecolor": "white",
            "edgecolor": "none",
            "pad": 1,
        }  # so that a card's line doesn't strike it through
        ax.annotate(f"{digits(row['total_gib'])} GiB", (row["total_gib"], y), xytext=(8, 0),
                    textcoords="offset points", va="center", weight=weight, bbox=box, zorder=5)  # fmt: skip
        ax.annotate(row["label"], (0, y), xytext=(-10, 0), textcoords="offset points", va="center", ha="right",
                    weight=weight)  # fmt: skip
    ax.invert_yaxis()
    ax.set_yticks([])
    limit = axis_limit_gib(facts)
    ax.set_xlim(0, limit)
    ticks = [float(tick) for tick in MaxNLocator(6).tick_values(0, limit) if tick <= limit]
    ax.set_xticks(ticks, [number(tick) for tick in ticks])
    ax.set_xlabel(f"{facts['name']}, {number(facts['context'])} token: memoria in GiB")


def draw_marks(ax: Axes, limit_gib: float) -> None:
    """Draw the cards' memories as dashed lines with their names on top; say so if even the smallest is out of range."""
    marks = card_marks(limit_gib)
    for memory, name in marks.items():
        ax.axvline(memory, color=INK, linewidth=1.6, linestyle=(0, (4, 3)), zorder=3)
        ax.annotate(f"{number(memory)} GiB\n{name}", (memory, 1), xycoords=("data", "axes fraction"), xytext=(0, 4),
                    textcoords="offset points", ha="center", va="bottom", size=18, linespacing=1.1)  # fmt: skip
    if not marks:
        ax.set_title(
            "Entra in ogni scheda: la più piccola dell'elenco ha 12 GiB", size=20, weight="normal"
        )


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    totals = ", ".join(
        f"{row['label']} {digits(row['total_gib'])} GiB" for row in facts["by_dtype"].values()
    )
    marks = [
        f"{number(memory)} GiB ({name})"
        for memory, name in card_marks(axis_limit_gib(facts)).items()
    ]
    cards = f"Le linee tratteggiate segnano la memoria delle schede: {', '.join(marks)}."
    return (
        f"Barre della memoria di {facts['name']} con {number(facts['context'])} token: {totals}. In {facts['label']} "
        f"i pesi occupano {digits(facts['weights_gib'])} GiB e la cache KV {digits(facts['kv_cache_gib'])}. "
        + (
            cards
            if marks
            else "Anche la più piccola delle schede, da 12 GiB, lo contiene in ogni precisione."
        )
    )
