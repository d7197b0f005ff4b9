"""La probabilità di un compleanno in comune secondo quante persone ci sono."""

from matplotlib.figure import Figure


def plot(facts: dict) -> Figure:
    """Draw the curve, and mark the group that is asked for."""
    figure = Figure(figsize=(8, 3.6), layout="constrained", facecolor="none")
    axes = figure.add_subplot(facecolor="none")
    sizes = range(1, len(facts["curve"]) + 1)
    percents = [100 * probability for probability in facts["curve"]]
    axes.plot(sizes, percents, color="#0b6e8a", linewidth=3)
    axes.axhline(50, color="#5c6675", linewidth=1, linestyle="dashed")
    axes.plot([facts["people"]], [100 * facts["probability"]], "o", color="#b3261e", markersize=10)
    axes.set_xlabel("persone", fontsize=18)
    axes.set_ylabel("probabilità (%)", fontsize=18)
    axes.tick_params(labelsize=18)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def alt(facts: dict) -> str:
    """Say what the figure shows."""
    return (
        f"Una curva che sale da 0 a quasi 100 per cento: con {facts['people']} persone "
        f"la probabilità è del {100 * facts['probability']:.0f} per cento."
    )
