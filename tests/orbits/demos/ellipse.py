"""An ellipse and its focus, for an eccentricity."""

from typing import Annotated

import numpy as np
from matplotlib.figure import Figure


def run(*, tenths: Annotated[int, range(10)] = 5) -> dict:
    """Return the eccentricity, and the ratio of the axes."""
    e = tenths / 10
    return {"name": f"e = {e}", "eccentricity": e, "ratio": float(np.sqrt(1 - e**2))}


def show(facts: dict) -> None:
    """Print the ratio."""
    print(f"e = {facts['eccentricity']}: b/a = {facts['ratio']:.3f}")


def plot(facts: dict) -> Figure:
    """Draw the ellipse with the star in its focus."""
    angle = np.linspace(0, 2 * np.pi, 181)
    figure = Figure(figsize=(10, 4.5))
    axes = figure.add_subplot(aspect="equal")
    axes.plot(np.cos(angle), facts["ratio"] * np.sin(angle))
    axes.plot(facts["eccentricity"], 0, "o")
    axes.tick_params(labelsize=18)
    return figure


def alt(facts: dict) -> str:
    """Say the figure in words."""
    return f"An ellipse with e = {facts['eccentricity']}, the star in its right focus"
