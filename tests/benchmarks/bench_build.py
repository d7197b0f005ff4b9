"""`make bench`: whole builds of the lecture against Marp alone on the rendered deck, as ratios in one run.

Every command is run in turn, round after round, so that a machine whose speed drifts slows all of
them alike; the figure is the median of the rounds. The lecture is copied first; nothing in the
checkout changes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from llmdeck.marp.install import find_node, install

ROUNDS = 5
ROOT = Path(__file__).parent.parent.parent
DEMO = "vram"
LIMITS = {"nothing changed": 0.35, "prose edited": 1.25, "one demo edited": 1.25}


def run(*command: str | Path, cwd: Path) -> float:
    """Run a command and return its wall-clock seconds."""
    start = time.perf_counter()
    subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - start


def append(path: Path, text: str) -> None:
    """Edit a file as a person would, at its end."""
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def commands(project: Path) -> dict[str, Callable[[], float]]:
    """What is timed, by name; each edit is made before the clock starts."""
    node = find_node()
    marp = install(node) / "node_modules/@marp-team/marp-cli/marp-cli.js"
    themes = [
        item
        for css in sorted((project / "deck/theme").glob("*.css"))
        for item in ("--theme-set", str(css))
    ]
    alone = (
        node.node,
        marp,
        "build/deck.md",
        "-o",
        "build/alone.html",
        "--no-stdin",
        "--html",
        *themes,
    )
    build = (Path(sys.executable).parent / "llmdeck", "build")
    slide = sorted((project / "deck/slides").glob("*.md.j2"))[-1]

    def prose() -> float:
        append(slide, "\nUna parola in più.\n")
        return run(*build, cwd=project)

    def demo() -> float:
        append(project / f"demos/{DEMO}.py", "\n# edited\n")
        return run(*build, cwd=project)

    return {
        "marp alone": lambda: run(*alone, cwd=project),
        "nothing changed": lambda: run(*build, cwd=project),
        "prose edited": prose,
        "demo alone": lambda: run(sys.executable, "-m", f"demos.{DEMO}", cwd=project),
        "one demo edited": demo,
    }


def main() -> None:
    """Time every command `ROUNDS` times and print medians and ratios."""
    with tempfile.TemporaryDirectory(prefix="llmdeck-bench-") as folder:
        project = Path(folder) / "lecture"
        for name in ("deck", "demos"):
            shutil.copytree(
                ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        timed = commands(project)
        run(Path(sys.executable).parent / "llmdeck", "build", cwd=project)
        for command in timed.values():  # once, to warm caches and write bytecode
            command()
        if "<section" not in (project / "build/alone.html").read_text(encoding="utf-8"):
            raise SystemExit("Marp alone made no slides: there is nothing to compare with")
        seconds: dict[str, list[float]] = {name: [] for name in timed}
        for _ in range(ROUNDS):
            for name, command in timed.items():
                seconds[name].append(command())
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"medians of {ROUNDS}, seconds (smallest to largest)")
    for name, values in seconds.items():
        print(f"  {name:<16} {medians[name]:.3f}  ({min(values):.3f} to {max(values):.3f})")
    marp = medians["marp alone"]
    ratios = {
        "nothing changed": medians["nothing changed"] / marp,
        "prose edited": medians["prose edited"] / marp,
        "one demo edited": (medians["one demo edited"] - medians["demo alone"]) / marp,
    }
    print("ratios to Marp alone on the rendered deck")
    for name, ratio in ratios.items():
        less = f", less `python -m demos.{DEMO}`" if "demo" in name else ""
        print(f"  {name:<16} {ratio:.2f} × (at most {LIMITS[name]} ×{less})")


if __name__ == "__main__":
    main()
