"""The figure of `fertility`: tokens per word in two languages, and how much more Italian costs."""

from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, INK, VERMILION, new_figure
from demos.common.words import number
from demos.fertility import span


def plot(facts: dict) -> Figure:
    """Draw tokens per word in both languages, and beside them the cost with its interval."""
    figure = new_figure(1120, 400)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1), sharey=True)
    rows = list(facts["by_vocabulary"].values())
    for shift, side, label, colour in (
        (-0.19, "italian", "italiano", VERMILION),
        (0.19, "english", "inglese", BLUE),
    ):
        values = [row[f"tokens_per_word_{side}"] for row in rows]
        places = [y + shift for y in range(len(rows))]
        left.barh(places, values, height=0.36, color=colour, label=label)
        for y, value in zip(places, values, strict=True):
            left.annotate(
                number(value, 2),
                (value, y),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                size=18,
            )
    left.set_yticks(range(len(rows)), [f"{row['used_by']}\n{row['vocabulary']}" for row in rows])
    left.tick_params(left=False)
    left.set_xticks([])
    left.spines["bottom"].set_visible(False)
    left.set_xlim(0, 1.18 * max(row["tokens_per_word_italian"] for row in rows))
    left.set_title("token per parola")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    for y, row in enumerate(rows):
        is_chosen = row["vocabulary"] == facts["vocabulary"]
        right.plot([row["ratio_low"], row["ratio_high"]], [y, y], color=INK if is_chosen else GREY)
        right.plot(row["ratio"], y, "o", color=INK if is_chosen else GREY, markersize=13)
        right.annotate(f"× {number(row['ratio'], 2)}", (row["ratio"], y), xytext=(0, 11), textcoords="offset points",
                       ha="center", va="bottom", weight=600 if is_chosen else "normal")  # fmt: skip
    right.axvline(1, color=BLUE, linewidth=2)
    right.set_xlim(0.95, 2.1)
    right.set_xticks([1, 1.5, 2], ["1 (inglese)", "1,5", "2"])
    right.tick_params(left=False, labelleft=False)
    right.set_title("costo dello stesso contenuto")
    right.set_ylim(len(rows) - 0.45, -0.62)
    return figure


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    rows = [
        f"{row['vocabulary']} ({row['used_by']}) {number(row['tokens_per_word_italian'], 2)} in italiano e "
        f"{number(row['tokens_per_word_english'], 2)} in inglese, rapporto {number(row['ratio'], 2)} fra {span(row)}"
        for row in facts["by_vocabulary"].values()
    ]
    return (
        f"Token per parola in {facts['n_pairs']} frasi dallo stesso contenuto, e rapporto fra i token italiani e "
        f"quelli inglesi, con l'intervallo al 95%: {'; '.join(rows)}."
    )
