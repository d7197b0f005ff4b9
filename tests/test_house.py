"""The house: which area may import which, and how many files a new part touches.

The oracle is CONTRIBUTING.md: what it says of each kind of part is done here, in a deck of its own.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT, Project

PACKAGE = ROOT / "llmdeck"
FLOORS = (
    ("model", "errors"),
    ("config", "output"),
    ("results", "ledger"),
    ("schema",),
    ("run",),
    ("marp",),
    ("render",),
    ("resolve",),
    ("check",),
    ("build",),
    ("lint", "new"),
    ("report",),
    ("doctor", "live", "quiz"),
    ("cli",),
)
"""The areas of the package; each imports only from floors below its own."""


def imports(path: Path) -> Iterator[str]:
    """Give the areas that a module imports, also where it does so in a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types or not isinstance(node, ast.ImportFrom):
            continue
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        areas = [name.split(".")[1] for name in names if name.startswith("llmdeck.")]
        yield from (area for area in areas if not area.startswith("_"))


def test_no_area_imports_from_above() -> None:
    """Areas lie on floors, and every import leads down, or stays in its area."""
    floor = {area: number for number, areas in enumerate(FLOORS) for area in areas}
    for path in PACKAGE.rglob("*.py"):
        area = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if area.startswith("__"):
            continue
        for other in imports(path):
            assert other == area or floor[other] < floor[area], f"{path}: {other}"


def test_the_readme_has_a_sentence_for_each_area() -> None:
    """The tree in "Reading the code" names each folder and module at the top, and no other."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = readme.split("## Reading the code", 1)[1].split("```")[1]
    named = set(re.findall(r"^  (?:  )?([a-z]+)(?:\.py|/) ", tree, re.MULTILINE))
    there = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")}
    assert there <= named | {"py"}, there - named


FILTER = """
import sys
from llmdeck import cli
from llmdeck.render.numbers import Numbers

filters = Numbers.filters.fget
Numbers.filters = property(
    lambda self: filters(self) | {"twice": lambda value: self.num(2 * value)}
)
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_filter_is_one_entry(project: Project) -> None:
    """One more entry in `Numbers.filters` is a filter of the templates, in the deck's locale."""
    project.write(
        "deck/slides/01-uno.md.j2",
        "{% set f = demo('twice') %}\n# {{ 617.25 | twice }} {{ f.n }}\n",
    )
    done = subprocess.run(
        [sys.executable, "-c", FILTER, "build"],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "# 1.234 21" in (project.root / "build/deck.md").read_text(encoding="utf-8")


def test_a_demo_with_a_control_is_its_file_and_its_partial(project: Project) -> None:
    """A new demo, its partial and a line of a template make a slide with a control."""
    project.write(
        "demos/square.py",
        """
        from typing import Annotated


        def run(*, side: Annotated[int, range(1, 4)] = 2) -> dict:
            return {"area": side * side}


        def show(facts: dict) -> None:
            print(facts["area"])
        """,
    )
    project.write("deck/partials/square.html.j2", "<p>{{ area }}</p>\n")
    project.write("deck/slides/02-due.md.j2", '{{ live("square", "side") }}\n')
    assert project.run("build").returncode == 0
    assert 'data-demo="square"' in project.html.read_text(encoding="utf-8")
