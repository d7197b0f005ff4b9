"""A deck of another field, as a newcomer writes it with the README alone: it builds clean.

Ten pages: formulas, a table from a CSV file, a figure that follows a control, an integration, its
source and what it prints, hostile names, a slow demo, an included page, sources that are books; a
demo that fails stands beside, and no slide shows it. The oracle is each command's own verdict.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT, Project

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def orbits(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the deck, built from nothing."""
    folder = tmp_path_factory.mktemp("orbits") / "project"
    shutil.copytree(ROOT / "tests/orbits", folder, ignore=shutil.ignore_patterns("__pycache__"))
    project = Project(folder)
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    assert "10 slides, 6 variants computed" in done.stdout
    return project


def test_check_claims_and_lint_find_nothing(orbits: Project) -> None:
    """Nothing moved, every claim holds, no number comes from nowhere."""
    checked = json.loads(orbits.run("check", "--json").stdout)
    assert (checked["clean"], checked["slides"], checked["variants"]) == (True, 10, 6)
    rows = json.loads(orbits.run("claims", "--json").stdout)
    assert [row["holds"] for row in rows] == [True, True, True, None]
    done = orbits.run("lint", "numbers")
    assert (done.returncode, done.stdout) == (0, "numbers: clean\n")


@pytest.mark.usefixtures("has_browser")
def test_no_slide_overflows(orbits: Project) -> None:
    """As the lint sees it, in a browser."""
    done = orbits.run("lint", "overflow")
    assert (done.returncode, done.stdout) == (0, "overflow: clean\n")


def test_each_slide_shows_what_its_author_meant(orbits: Project, chromium: Browser) -> None:
    """Titles in their order, formulas drawn, names as they are, in text and in links' titles."""
    page = chromium.new_page()
    page.goto(orbits.html.as_uri())
    titles = page.evaluate(
        "[...document.querySelectorAll('section')].map((s) => s.querySelector('h1').textContent)"
    )
    assert len(titles) == 10
    assert titles[-1] == "Sources, whole"
    assert page.locator("section .katex-error").count() == 0
    assert page.locator("section summary .katex").count() == 1
    names = page.evaluate(
        "[...document.querySelectorAll('li a[title]')].map((a) => [a.title, a.textContent])"
    )
    source = (orbits.root / "demos/names.py").read_text(encoding="utf-8")
    space: dict[str, list[str]] = {}
    exec(source, space)  # noqa: S102  the deck's own demo
    assert names == [[name, name] for name in space["NAMES"]]
    notes = page.locator(".bespoke-marp-note", has_text="Ask first").text_content() or ""
    assert notes.endswith("<!-- a spiral -->")
    page.close()


def test_a_failing_demo_fails_alone(orbits: Project) -> None:
    """`demos` names it with its line, and prints the others."""
    done = orbits.run("demos")
    assert done.returncode == 5
    assert re.search(r"error: demos/failing.py:6: demo failing: ZeroDivisionError", done.stderr)
    assert "Mercury" in done.stdout
    assert orbits.run("doctor").returncode == 0
