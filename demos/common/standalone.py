"""Run one demo on its own: `python -m demos.NAME` prints the walk-through and draws the figure."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

FIGURES = Path("build/demos")  # relative to the folder that the student stands in


def run_alone(run: Callable[..., dict], show: Callable[[dict], None]) -> None:
    """Run a demo with its defaults, print it, and save its figure as `build/demos/NAME.svg`.

    What draws is `demos/figures/NAME.py`; a demo without such a module has no figure.
    """
    facts = run()
    show(facts)
    name = Path(run.__code__.co_filename).stem
    if find_spec(f"demos.figures.{name}") is None:
        return
    figure = import_module(f"demos.figures.{name}").plot(facts)
    FIGURES.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURES / f"{name}.svg", metadata={"Date": None})
    print(f"\nFigura: {FIGURES / name}.svg")
