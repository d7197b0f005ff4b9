"""`llmdeck check`: what moved is named with slide, line, values and claim; nothing is written.

The oracle is the spoiling: each test changes one known thing in the store, a demo or the ledger.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from llmdeck.check import check
from llmdeck.config import Config
from llmdeck.model import Variant
from llmdeck.run.batch import Job, Progress, run_jobs
from tests.conftest import DECK, DEMO, LEDGER, SLIDE, Project

FILES = {
    "deck/deck.toml": DECK,
    "deck/claims.toml": LEDGER,
    "deck/slides/01-uno.md.j2": SLIDE,
    "demos/twice.py": DEMO,
}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a fact in many places, built once."""
    project = Project(tmp_path_factory.mktemp("once") / "project")
    for name, text in FILES.items():
        project.write(name, text)
    project.write(
        "demos/many.py",
        """
        def run(*, n: int = 1) -> dict:
            rows = [{"a": 1}, {"a": n}]
            return {"x": n / 3, "word": "uno", "rows": rows, "none": None, "hidden": n}


        def show(facts: dict) -> None:
            print("vale", facts["x"])
        """,
    )
    project.write(
        "deck/slides/02-molte.md.j2",
        """
        {% set m = demo("many") %}
        # Due

        {{ m.x }}

        {% call notes() %}
        La parola è {{ m.word }}.
        {% endcall %}

        ---

        # Tre

        {% for row in m.rows %}
        - {{ row.a }}
        {% endfor %}

        ---

        {% for n in [7, 8, 9] %}
        # Giro {{ n }}

        {{ demo("many", n=n).x }} {% include "partials/altro.md.j2" %}

        ---

        {% endfor %}
        # Uscita

        {{ output("many", n=5) }}

        ---

        # Di nuovo {{ m.x }}
        """,
    )
    project.write("deck/partials/altro.md.j2", '{{ demo("many", n=n).hidden }}\n')
    assert project.run("build").returncode == 0
    return project


@pytest.fixture
def built(once: Project, tmp_path: Path) -> Project:
    """A copy of it, to spoil."""
    return Project(shutil.copytree(once.root, tmp_path / "project"))


def spoil(project: Project, pattern: str, **facts: Any) -> None:
    """Change facts of one stored result; a value of `...` takes the fact out."""
    (path,) = project.root.glob(f"deck/results/{pattern}.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["facts"] = {
        key: value for key, value in (record["facts"] | facts).items() if value is not ...
    }
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def moved(project: Project) -> list[tuple[str, Any, Any, list[str]]]:
    """What `check --json` says has moved: the fact, old and new, and where it shows."""
    done = project.run("check", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["clean"] else 1)
    assert not found["stale"] and not found["errors"]
    return [
        (
            m["fact"],
            m["old"],
            m["new"],
            [f"{Path(u['file']).name}:{u['line']} {u['slide']}" for u in m["uses"]],
        )
        for m in found["moved"]
    ]


def content(project: Project) -> dict[str, tuple[bytes, int]]:
    """Every file of the project, with its time."""
    return {
        str(p): (p.read_bytes(), p.stat().st_mtime_ns)
        for p in project.root.rglob("*")
        if p.is_file()
    }


def test_check_reports_drift_and_changes_nothing(built: Project) -> None:
    """A spoiled fact is named with slide, line, values and claim; exit code 1, no file touched."""
    assert built.run("check").stdout == "6 variants on 8 slides: nothing moved\n"
    spoil(built, "twice/default-*", double=43)
    before = content(built)
    done = built.run("check")
    assert done.returncode == 1
    message = "twice: double was 43, is now 42 (claim half)"
    assert (
        done.stdout
        == f"deck/slides/01-uno.md.j2:4 (slide 1): {message}\n6 variants on 8 slides: 1 moved\n"
    )
    (told,) = json.loads(built.run("check", "--json").stdout)["moved"]
    assert (told["demo"], told["fact"], told["old"], told["new"], told["claims"]) == (
        "twice",
        "double",
        43,
        42,
        ["half"],
    )
    assert content(built) == before


def test_every_slide_that_shows_a_fact_is_named(built: Project) -> None:
    """A fact in two places names both; one in notes or in a loop's head names its slide."""
    spoil(built, "many/default-*", x=0.4, word="due", rows=[{"a": 2}, {"a": 1}])
    assert moved(built) == [
        ("x", 0.4, 1 / 3, ["02-molte.md.j2:4 2", "02-molte.md.j2:34 8"]),
        ("word", "due", "uno", ["02-molte.md.j2:7 2"]),
        ("rows[0].a", 2, 1, ["02-molte.md.j2:14 3"]),
    ]
    done = built.run("check")
    assert (
        "02-molte.md.j2:4 (slide 2): many: x was 0.4, is now 0.3333333333333333\n"
        "  also at deck/slides/02-molte" in done.stdout
    )


def test_a_slide_that_a_loop_made_is_the_right_one(built: Project) -> None:
    """Of three slides from the same lines the one that moved is named, also in an included file."""
    spoil(built, "many/8-*", x=1.0, hidden=0)
    assert moved(built) == [
        ("x", 1.0, 8 / 3, ["02-molte.md.j2:23 5"]),
        ("hidden", 0, 8, ["altro.md.j2:1 5"]),
    ]


def test_a_fact_that_only_the_output_shows_names_that_slide(built: Project) -> None:
    """A variant whose facts no slide reads is placed where its output stands, spoiled or not."""
    spoil(built, "many/5-*", x=1.0)
    assert moved(built) == [("x", 1.0, 5 / 3, ["02-molte.md.j2:30 7"])]
    spoil(built, "many/5-*", x=5 / 3)
    (path,) = built.root.glob("deck/results/many/5-*.json")
    path.write_text(
        path.read_text(encoding="utf-8").replace("vale 1.6", "vale 1.7"), encoding="utf-8"
    )
    assert moved(built) == [
        (
            "output, line 1",
            f"vale {5 / 3}".replace("1.6", "1.7"),
            f"vale {5 / 3}",
            ["02-molte.md.j2:30 7"],
        )
    ]


def test_drift_within_the_tolerance_is_none(built: Project) -> None:
    """A float may move by `tolerance` of itself and no further; a whole number not at all."""
    spoil(built, "many/default-*", x=1 / 3 * (1 + 0.9e-9))
    assert moved(built) == []
    spoil(built, "many/default-*", x=1 / 3 * (1 + 1.1e-9))
    assert [fact for fact, *_ in moved(built)] == ["x"]
    built.write(
        "deck/deck.toml", '[deck]\ntitle = "Prova"\nlang = "it"\n[demos.many]\ntolerance = 1e-3\n'
    )
    spoil(built, "many/default-*", x=1 / 3 * (1 + 0.9e-3))
    assert moved(built) == []


NOT_STEADY = {
    "time.time()": "import time\n",
    "random.random()": "import random\n",
    "numpy.random.default_rng().random()": "import numpy\n",
    "[os.getpid()]": "import os\n",
}


@pytest.mark.parametrize("expression", NOT_STEADY)
def test_a_demo_that_gives_another_result_each_time_is_told(
    project: Project, expression: str
) -> None:
    """Clock, chance and process number: two runs of one check find them, and it says what to do.

    It has not "moved", however near the two results are: a clock's differ by 1e-11 of themselves.
    """
    project.edit("demos/twice.py", "21) -> dict:", f"21) -> dict:\n    x = {expression}")
    project.edit("demos/twice.py", '{"n": n', '{"x": x, "n": n')
    project.edit("demos/twice.py", "\n\ndef run", f"\n{NOT_STEADY[expression]}\n\ndef run")
    assert project.run("build").returncode == 0
    done = project.run("check")
    assert done.returncode == 5
    assert done.stdout == "1 variants on 1 slides: 1 failed\n"
    assert "demos/twice.py: demo twice: two runs in a row give two results: x" in done.stderr
    assert "seed what is random" in done.stderr
    assert "used at deck/slides/01-uno.md.j2:3 (slide 1)" in done.stderr


def test_only_what_is_not_as_stored_runs_twice(built: Project) -> None:
    """What the store has to the last digit has run twice with it; a moved one runs once more."""
    spoil(built, "twice/default-*", double=43)
    runs: list[Variant] = []

    def counted(config: Config, jobs: Sequence[Job], progress: Progress) -> Mapping[Variant, Any]:
        runs.extend(variant for job in jobs for variant in job.variants)
        return run_jobs(config, jobs, progress)

    checked = check(built.config, lambda *_: None, counted)
    assert [moved.drift.path for moved in checked.moved] == ["double"]
    twice = Variant.of("twice", {})
    assert {variant for variant in runs if runs.count(variant) > 1} == {twice}
    assert runs.count(twice) == 2


def test_a_demo_with_a_tolerance_of_its_own_may_move_between_two_runs(project: Project) -> None:
    """Where deck.toml says that last digits differ, two runs within that are the same result."""
    project.edit("demos/twice.py", '{"n": n', '{"x": 1 + 1e-8 * time.time() % 1e-7, "n": n')
    project.edit("demos/twice.py", "\n\ndef run", "\nimport time\n\n\ndef run")
    assert project.run("build").returncode == 0
    assert "two runs in a row" in project.run("check").stderr
    project.write("deck/deck.toml", DECK + "[demos.twice]\ntolerance = 1e-6\n")
    assert project.run("check").stdout == "1 variants on 1 slides: nothing moved\n"


@pytest.mark.parametrize(
    ("fact", "stored", "told"),
    [
        ("x", ..., ("x", None, 1 / 3)),
        ("none", ..., ("none", None, None)),
        ("gone", 1, ("gone", 1, None)),
        ("x", "0.333333", ("x", "0.333333", 1 / 3)),
        ("hidden", True, ("hidden", True, 1)),
        ("rows", [{"a": 1}], ("rows", [{"a": 1}], [{"a": 1}, {"a": 1}])),
    ],
)
def test_a_new_a_missing_and_a_changed_fact_is_drift(
    built: Project, fact: str, stored: Any, told: tuple[Any, ...]
) -> None:
    """A fact that the store lacks, one that is gone, one of another type or length have moved."""
    spoil(built, "many/default-*", **{fact: stored})
    assert [found[:3] for found in moved(built)] == [told]


def test_a_store_that_is_not_up_to_date_fails_and_names_the_repair(built: Project) -> None:
    """A demo that was edited but not rebuilt fails the check; so does a missing result."""
    built.edit("demos/twice.py", "Doubles", "Doubles, surely,")
    done = built.run("check")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        "twice: the store is not up to date (demos/twice.py changed); run: llmdeck build"
    )
    assert built.run("build").returncode == 0
    for path in built.root.glob("deck/results/many/7-*.json"):
        path.unlink()
    done = built.run("check")
    assert done.returncode == 1
    assert (
        "many n=7: the store is not up to date (it was never run); run: llmdeck build"
        in done.stdout
    )


def test_a_claim_that_no_longer_holds_is_told_with_its_slide(built: Project) -> None:
    """An edited ledger fails with the claim's exit code; with a moved fact, with the drift's."""
    built.edit("deck/claims.toml", "double == 2 * n", "double == 3 * n")
    done = built.run("check")
    assert done.returncode == 6
    assert (
        "deck/claims.toml:1: claim half does not hold: double == 3 * n (double = 42, n = 21"
        in done.stderr
    )
    assert "used at deck/slides/01-uno.md.j2:4 (slide 1)" in done.stderr
    spoil(built, "twice/default-*", double=43)
    assert built.run("check").returncode == 1


def test_github_gets_annotations_that_it_can_read(built: Project) -> None:
    """Under GitHub Actions each finding is an escaped `::error` line; elsewhere there is none."""
    spoil(built, "twice/default-*", double="50%\n:x,")
    assert "::error" not in built.run("check").stdout
    lines = built.run("check", GITHUB_ACTIONS="true").stdout.splitlines()
    expected = "::twice: double was '50%25\\n:x,', is now 42 (claim half)"
    assert [line for line in lines if line.startswith("::")] == [
        f"::error file=deck/slides/01-uno.md.j2,line=4{expected}"
    ]
    built.edit("demos/twice.py", "    return {", "    raise ValueError('a%b\\nc')\n    return {")
    (line,) = [
        s
        for s in built.run("build", GITHUB_ACTIONS="true").stdout.splitlines()
        if s.startswith("::")
    ]
    assert line.startswith(
        "::error file=demos/twice.py,line=5::demo twice: ValueError: a%25b%0Ac%0Aused at deck/"
    )


GRADED = '''
"""Doubles one of ten numbers."""
from typing import Annotated


def run(*, n: Annotated[int, range(1, 11)] = 1) -> dict:
    return {"n": n, "double": 2 * n, "rest": n % 3}


def show(facts: dict) -> None:
    print(facts["double"])
'''


def test_what_moved_at_many_settings_of_a_control_is_one_line(project: Project) -> None:
    """Each fact that moved is told once, with its first setting and how many more there are."""
    project.write("demos/graded.py", GRADED)
    project.write("deck/partials/graded.html.j2", "<p>{{ double }} {{ rest }}</p>\n")
    project.write("deck/slides/02-due.md.j2", '# Due\n\n{{ live("graded", "n") }}\n')
    assert project.run("build").returncode == 0
    project.edit("demos/graded.py", "2 * n", "2 * n + 1")
    (line,) = project.run("build").stdout.splitlines()[:-1]
    place = "deck/slides/02-due.md.j2:3 (slide 2)"
    assert line == (
        f"{place}: graded live(n): points[0].double was 2, is now 3, and at 9 more settings"
    )
