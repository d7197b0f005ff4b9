"""Run one demo on its own: `python -m demos.NAME` prints the walk-through and draws the figure."""

from collections.abc import Callable
from pathlib import Path

FIGURES = Path("build/demos")  # relative to the folder that the student stands in


def run_alone(
    run: Callable[..., dict],
    show: Callable[[dict], None],
    plot: Callable[[dict], object] | None = None,
) -> None:
    """Run a demo with its default parameters, print it, and save its figure as `build/demos/NAME.svg`."""
    facts = run()
    show(facts)
    if plot is not None:
        name = Path(run.__code__.co_filename).stem
        FIGURES.mkdir(parents=True, exist_ok=True)
        plot(facts).savefig(FIGURES / f"{name}.svg", metadata={"Date": None})  # type: ignore[attr-defined]
        print(f"\nFigura: {FIGURES / name}.svg")
