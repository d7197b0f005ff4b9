"""`make bench`: whole builds of the lecture and of a large deck, against Marp alone on the same.

Every command is run in turn, round after round, so that a machine whose speed drifts slows all of
them alike; the figure is the median of the rounds. The lecture is copied first; nothing in the
checkout changes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmdeck.marp.install import find_node, install
from tests.benchmarks import figures, large_deck
from tests.conftest import ROOT, Project, copy_lecture

ROUNDS = 5
BUILD = (Path(sys.executable).parent / "llmdeck", "build")
Seconds = dict[str, float]
"""The median of each command, by its name."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a command may take at most, computed from the medians of all of them."""

    what: str
    most: Callable[[Seconds], float]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A deck, one of its demos, and what its builds may take."""

    name: str
    table: str
    """The file of its figures in the documentation."""
    write: Callable[[Path], Project]
    demo: str
    goals: tuple[Goal, ...]


def times(factor: float) -> Callable[[Seconds], float]:
    """Return a limit as a multiple of Marp alone."""
    return lambda seconds: factor * seconds["marp alone"]


LECTURE = Bench(
    name="the lecture",
    table="build-lecture",
    write=copy_lecture,
    demo="vram",
    goals=(
        Goal(what="nothing changed", most=times(0.15)),
        Goal(what="prose edited", most=times(1.15)),
        Goal(
            what="one demo edited",
            most=lambda s: s["demo alone"] + s["marp alone"] + 0.6,
        ),
    ),
)
LARGE = Bench(
    name="1,000 slides, 2,000 claims, 200 demos",
    table="build-large",
    write=large_deck.write,
    demo="powers_7",
    goals=(
        Goal(what="nothing changed", most=lambda s: min(0.3, 0.15 * s["marp alone"])),
        Goal(what="prose edited", most=lambda s: s["marp alone"] + 0.5),
        Goal(
            what="one demo edited",
            most=lambda s: s["demo alone"] + s["marp alone"] + 0.6,
        ),
    ),
)


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


def commands(project: Path, demo: str) -> dict[str, Callable[[], float]]:
    """Return what is timed, by name; each edit is made before the clock starts."""
    node = find_node()
    marp = install(node) / "node_modules/@marp-team/marp-cli/marp-cli.js"
    alone = [node.node, marp, "build/deck.md", "-o", "build/alone.html", "--no-stdin", "--html"]
    for theme in sorted((project / "deck/theme").glob("*.css")):
        alone += ["--theme-set", theme]
    slide = sorted((project / "deck/slides").glob("*.md.j2"))[-2]

    def prose() -> float:
        append(slide, "\nUna parola in più.\n")
        return run(*BUILD, cwd=project)

    def edited_demo() -> float:
        append(project / f"demos/{demo}.py", "\n# edited\n")
        return run(*BUILD, cwd=project)

    return {
        "marp alone": lambda: run(*alone, cwd=project),
        "nothing changed": lambda: run(*BUILD, cwd=project),
        "prose edited": prose,
        "demo alone": lambda: run(sys.executable, "-m", f"demos.{demo}", cwd=project),
        "one demo edited": edited_demo,
    }


def measure(bench: Bench, folder: Path) -> dict[str, list[float]]:
    """Run every command `ROUNDS` times, and return its seconds."""
    project = bench.write(folder).root
    run(*BUILD, cwd=project)
    timed = commands(project, bench.demo)
    for command in timed.values():  # once, to warm caches and write bytecode
        command()
    if "<section" not in (project / "build/alone.html").read_text(encoding="utf-8"):
        raise SystemExit("Marp alone made no slides: there is nothing to compare with")
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(ROUNDS):
        for name, command in timed.items():
            seconds[name].append(command())
    return seconds


def report(bench: Bench, seconds: dict[str, list[float]]) -> None:
    """Print medians, and what they may be; write them for the documentation."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    most = {goal.what: goal.most(medians) for goal in bench.goals}
    print(f"{bench.name}: medians of {ROUNDS}, seconds (smallest to largest)")
    rows = []
    for name, values in seconds.items():
        ratio = medians[name] / medians["marp alone"]
        limit = f"  {ratio:.2f} × Marp, at most {most[name]:.2f} s" if name in most else ""
        spread = f"({min(values):.3f} to {max(values):.3f})"
        print(f"  {name:<16} {medians[name]:.3f}  {spread}{limit}")
        goal = f"{most[name]:.2f}" if name in most else ""
        rows.append((name, f"{medians[name]:.3f}", spread.strip("()"), f"{ratio:.2f}", goal))
    figures.write(
        bench.table,
        title=f"Builds: {bench.name}",
        about=f"Seconds of a whole command, median of {ROUNDS}, against Marp alone on the same.",
        headers=("command", "median", "smallest to largest", "× Marp", "at most"),
        rows=rows,
    )


def main() -> None:
    """Time both decks."""
    for bench in (LECTURE, LARGE):
        with tempfile.TemporaryDirectory(prefix="llmdeck-bench-") as folder:
            report(bench, measure(bench, Path(folder) / "deck"))


if __name__ == "__main__":
    main()
