"""The commands as a user types them: stdout, exit codes, Ctrl-C and closed pipes.

The oracle is the contract that each command states: exit codes of `errors.py`, JSON that parses, no
traceback.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project


def test_the_ledger_as_json(project: Project) -> None:
    """`claims --json` has each claim, cited and broken ones too: verdict, slides, sources."""
    cited = '[said]\nsays = "si dice"\nverdict = "cited"\nsources = ["https://example.org"]\n'
    project.write(
        "deck/claims.toml", (project.root / "deck/claims.toml").read_text(encoding="utf-8") + cited
    )
    half, said = json.loads(project.run("claims", "--json").stdout)
    assert (half["id"], half["verdict"], half["holds"], half["slides"]) == (
        "half",
        "verified",
        True,
        [1],
    )
    assert (half["demo"], half["parameters"]) == ("twice", {})
    assert (said["holds"], said["slides"], said["sources"]) == (None, [], ["https://example.org"])
    project.edit("deck/claims.toml", "2 * n", "3 * n")
    done = project.run("claims")
    assert done.returncode == 6
    assert done.stdout.splitlines()[1].split() == ["half", "verified", "NO", "1"]


def test_a_demo_takes_its_parameters_from_the_command_line(project: Project) -> None:
    """`demo NAME --param value` runs that variant, prints it or its facts, and keeps nothing."""
    for arguments in (
        ("twice", "--n", "5", "--json"),
        ("--json", "twice", "--n", "5"),
        ("twice", "--json", "--n=5"),
    ):
        done = project.run("demo", *arguments)
        assert json.loads(done.stdout) == {"n": 5, "double": 10, "size_gb": 12.5}
    assert project.run("demo", "twice", "--n", "-3").stdout == "Il doppio di -3 è -6\n"
    assert "--n INT     default: 21" in project.run("demo", "twice", "--help").stdout
    assert not (project.root / "deck/results").exists()


def test_a_demo_without_a_docstring_has_a_command_line(project: Project) -> None:
    """Neither the list of the demos nor a demo's help needs a docstring."""
    project.write(
        "demos/bare.py",
        "def run(*, on: bool = False): return {'on': on}\ndef show(facts): print(facts)\n",
    )
    assert project.run("demo", "bare", "--on").stdout == "{'on': True}\n"
    done = project.run("demos", "--list")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["demo   what it shows", "bare", "twice  Doubles a number."]


def test_all_demos_run_and_one_that_fails_is_told(project: Project) -> None:
    """`demos --json` gives the facts of the good ones; the bad one is named, and exits with 5."""
    assert json.loads(project.run("demos", "--json").stdout) == {
        "twice": {"n": 21, "double": 42, "size_gb": 52.5}
    }
    project.write("demos/bad.py", "def run(): return 1 / 0\ndef show(facts): pass\n")
    done = project.run("demos")
    assert done.returncode == 5
    assert "Il doppio di 21 è 42" in done.stdout
    assert "error: demos/bad.py:1: demo bad: ZeroDivisionError" in done.stderr


def test_doctor_says_what_is_there(project: Project) -> None:
    """`doctor --json` names each thing that a build needs."""
    found = {item["what"]: item for item in json.loads(project.run("doctor", "--json").stdout)}
    tools = ["Python", "Node.js", "marp-cli", "browser"]
    lints = ["lint numbers", "lint overflow", "lint spelling", "lint typography"]
    assert list(found) == [*tools, *lints, "demos", "store"]
    assert found["demos"]["found"] == "1: twice"


def test_doctor_names_each_demo_that_cannot_be_imported(project: Project) -> None:
    """With file and line, and exit 1: no build can do with it."""
    project.write("demos/bad.py", "def run():\n    return (\n")
    done = project.run("doctor")
    assert done.returncode == 1
    assert re.search(r"demos +ok +1: twice\n", done.stdout)
    assert re.search(r"demo bad +– +demos/bad.py:2: demo bad: SyntaxError", done.stdout)


def test_doctor_and_the_help_of_demo_need_no_project(tmp_path: Path) -> None:
    """Doctor says what is there, and that there is no project; a broken one is exit 1."""
    here = Project(tmp_path)
    done = here.run("doctor")
    assert done.returncode == 0, done.stderr
    assert re.search(r"project +– +no deck/deck.toml in .*; run llmdeck in a project", done.stdout)
    done = here.run("demo", "--help")
    assert (done.returncode, done.stdout[:27]) == (0, "usage: llmdeck demo NAME [-")
    assert here.run("demo", "twice").returncode == 3
    here.write("deck/deck.toml", "[deck\n")
    done = here.run("doctor")
    assert done.returncode == 1
    assert re.search(r"project +– +deck/deck.toml:1: not TOML", done.stdout)


def test_a_demo_that_cannot_be_imported_leaves_the_others_in_the_list(project: Project) -> None:
    """`demos --list` shows the others, then why this one isn't there; exit 5."""
    project.write("demos/bad.py", "import nothing_of_this_name\n")
    done = project.run("demos", "--list")
    assert done.returncode == 5
    assert re.search(r"bad +\(can't be imported: see below\)\ntwice +Doubles", done.stdout)
    assert "error: demos/bad.py:1: demo bad: ModuleNotFoundError" in done.stderr
    listed = project.run("demos", "--list", "--json")
    assert [item["name"] for item in json.loads(listed.stdout)] == ["twice"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("biuld",), 2, "invalid choice: 'biuld'"),
        (("build", "--pfd"), 2, "unrecognized arguments: --pfd"),
        ((), 2, "the following arguments are required: COMMAND"),
        (("demo",), 2, "demos: twice"),
        (("demo", "twise"), 3, "no demo `twise`\n  hint: did you mean `twice`?"),
        (("why", "twise"), 3, "no demo `twise`\n  hint: did you mean `twice`?"),
        (("demo", "twice", "--m", "3"), 2, "unrecognized arguments: --m 3"),
        (("demo", "twice", "--n", "x"), 2, "argument --n: invalid int value: 'x'"),
        (("--root", "/nowhere", "build"), 3, "no deck/deck.toml in /nowhere"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    project: Project, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """Each slip has its exit code and its message, and no traceback."""
    done = project.run(*arguments)
    assert done.returncode == code
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_project_it_says_so(project: Project, tmp_path: Path) -> None:
    """Where no folder above holds a deck, the exit code is 3, and the hint names `--root`."""
    elsewhere = Project(tmp_path)
    done = elsewhere.run("check")
    assert done.returncode == 3
    assert "--root FOLDER" in done.stderr
    assert elsewhere.run("--root", str(project.root), "demo", "twice").returncode == 0


def test_a_closed_pipe_is_no_error(project: Project) -> None:
    """`llmdeck demos | head -1` ends in silence, whether the output fits into the buffer or not."""
    for words in (1, 100_000):
        project.write(
            "demos/twice.py",
            f"def run(): return {{}}\ndef show(facts): print('parola ' * {words})\n",
        )
        command = [sys.executable, "-m", "llmdeck.cli", "demos"]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"} | {
            "PYTHONPATH": str(ROOT)
        }
        with subprocess.Popen(
            command,
            cwd=project.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout and process.stderr
            process.stdout.close()
            assert process.stderr.read().decode().splitlines() == ["running twice", "done twice"]
        assert process.returncode == 130


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [("demos",), ("demo", "slow"), ("check",)])
def test_ctrl_c_ends_the_demos_at_once(
    project: Project, command: tuple[str, ...], how: signal.Signals
) -> None:
    """An interrupted or terminated command ends within seconds, with all that its demos started."""
    pids = project.root.parent / "pids"
    project.write(
        "demos/slow.py",
        f"""
        import os, subprocess, time
        def run():
            child = subprocess.Popen(["sleep", "60"])
            open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}} ")
            time.sleep(60)
        def show(facts): pass
        """,
    )
    project.write("deck/slides/01-uno.md.j2", '# Uno {{ demo("slow").x }}\n')
    process = project.start(*command)
    deadline = time.monotonic() + 20
    while not pids.exists() or not pids.read_text().endswith(" "):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(how)
    assert process.wait(5) == 130
    for pid in pids.read_text().split():
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or " Z " in state.read_text()
