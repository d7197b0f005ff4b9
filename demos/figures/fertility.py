"""The figure of `fertility`: tokens per word in two languages, and how much more Italian costs."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, INK, PAPER, VERMILION, new_figure, note
from demos.common.words import interval_in_words, number

LANGUAGES = {"italian": "italiano", "english": "inglese"}


def plot(facts: dict) -> Figure:
    """Draw tokens per word in both languages, and beside them the cost with its interval."""
    figure = new_figure(1120, 400)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1), sharey=True)
    rows = list(facts["by_vocabulary"].values())
    draw_bars(left, rows, "italian", -0.2, VERMILION)
    draw_bars(left, rows, "english", 0.2, BLUE)
    left.set_yticks(range(len(rows)), [f"{row['used_by']}\n{row['vocabulary']}" for row in rows])
    left.tick_params(left=False)
    left.set_xticks([])
    left.spines["bottom"].set_visible(False)
    left.set_xlim(0, 1.18 * max(row["tokens_per_word_italian"] for row in rows))
    left.set_title("token per parola")
    draw_costs(right, rows, facts["vocabulary"])
    return figure


def draw_bars(axes: Axes, rows: list[dict], side: str, shift: float, colour: str) -> None:
    """Draw one language's tokens per word, `shift` beside the middle of each row.

    The first bar bears the language's name.
    """
    values = [row[f"tokens_per_word_{side}"] for row in rows]
    places = [y + shift for y in range(len(rows))]
    axes.barh(places, values, height=0.4, color=colour)
    for place in zip(values, places, strict=True):
        note(axes, number(place[0], 2), place, (6, 0), 24)
    note(axes, LANGUAGES[side], (0, shift), (8, 0), 24, color=PAPER)


def draw_costs(axes: Axes, rows: list[dict], chosen: str) -> None:
    """Draw each vocabulary's ratio of tokens with its interval; the chosen one stands out."""
    for y, row in enumerate(rows):
        draw_cost(axes, y, row, is_chosen=row["vocabulary"] == chosen)
    axes.axvline(1, color=BLUE, linewidth=2)
    axes.set_xlim(0.95, 2.1)
    axes.set_xticks([1, 1.5, 2], ["1 (inglese)", "1,5", "2"])
    axes.tick_params(left=False, labelleft=False)
    axes.set_title("costo dello stesso contenuto")
    axes.set_ylim(len(rows) - 0.45, -0.62)


def draw_cost(axes: Axes, y: int, row: dict, *, is_chosen: bool) -> None:
    """Draw a ratio as a point on its interval, with the number above."""
    colour, weight = (INK, 600) if is_chosen else (GREY, "normal")
    ratio = row["ratio"]
    axes.plot([row["ratio_low"], row["ratio_high"]], [y, y], color=colour)
    axes.plot(ratio, y, "o", color=colour, markersize=13)
    above = {"ha": "center", "va": "bottom", "weight": weight}
    note(axes, f"× {number(ratio, 2)}", (ratio, y), (0, 9), 24, **above)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    rows = "; ".join(map(described, facts["by_vocabulary"].values()))
    return (
        f"Token per parola in {facts['n_pairs']} frasi dallo stesso contenuto, e rapporto fra i "
        f"token italiani e quelli inglesi, con l’intervallo al 95%: {rows}."
    )


def described(row: dict) -> str:
    """Say one vocabulary's numbers."""
    sides = ("italian", "english")
    italian, english = (number(row[f"tokens_per_word_{side}"], 2) for side in sides)
    between = interval_in_words(row["ratio_low"], row["ratio_high"])
    return (
        f"{row['vocabulary']} ({row['used_by']}) {italian} in italiano e {english} in inglese, "
        f"rapporto {number(row['ratio'], 2)} fra {between}"
    )
