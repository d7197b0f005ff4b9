"""Building: what runs again, and what a killed, a doubled or a failing build leaves.

Each demo notes in a file outside the project that it ran; the oracle for a deck is the same deck
built anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from llmdeck.marp.install import WHEEL
from llmdeck.model import State
from llmdeck.resolve import resolve
from llmdeck.results.digests import WORTH_SAVING, Digests, files
from llmdeck.results.store import Store
from tests.conftest import ROOT, Project


def counting(
    project: Project, name: str, body: str = "return {'double': 2 * n, 'n': n, 'size_gb': 2.5 * n}"
) -> None:
    """A demo that notes each run in a file beside the project."""
    log = project.root.parent / "log"
    project.write(
        f"demos/{name}.py",
        '"""Counts."""\n\ndef run(*, n: int = 21) -> dict:\n'
        f'    with open({str(log)!r}, "a") as log:\n'
        f'        print("{name}", file=log)\n    {body}\n\ndef show(facts): print(facts)\n',
    )


def ran(project: Project) -> list[str]:
    """Which demos have run since the last time this was asked."""
    log = project.root.parent / "log"
    names = sorted(log.read_text(encoding="utf-8").split()) if log.exists() else []
    log.unlink(missing_ok=True)
    return names


def build(project: Project, *arguments: str, **environment: str) -> str:
    """Build, which must succeed; return the Markdown of the deck."""
    done = project.run("build", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return (project.root / "build/deck.md").read_text(encoding="utf-8")


def digest(path: Path) -> str:
    """SHA-256 of a file; nothing where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def times(project: Project) -> dict[str, int]:
    """When each file of the project was written last."""
    return {str(p): p.stat().st_mtime_ns for p in project.root.rglob("*") if p.is_file()}


def test_a_files_time_is_not_believed(project: Project) -> None:
    """An edit that keeps time and size is built; a new time without an edit changes nothing."""
    build(project)
    slide = project.root / "deck/slides/01-uno.md.j2"
    os.utime(slide)
    assert project.run("build").stdout == "build/deck.html: up to date\n"
    earlier = slide.stat()
    project.edit("deck/slides/01-uno.md.j2", "Il doppio", "Due volte")
    assert slide.stat().st_size == earlier.st_size
    os.utime(slide, ns=(earlier.st_atime_ns, earlier.st_mtime_ns))
    os.utime(project.html, (2**32, 2**32))
    assert "Due volte" in build(project)


def test_a_file_is_read_again_only_when_it_may_have_changed(tmp_path: Path) -> None:
    """A digest is kept while size and times stay; a file that was just changed is not trusted."""
    memory, old, new = tmp_path / "memory.json", tmp_path / "old", tmp_path / "new"
    old.mkdir()
    for number in range(WORTH_SAVING):
        (old / f"{number}").write_text("a")
    time.sleep(2.1)
    new.mkdir()
    (new / "file").write_text("a")
    for folder in (old, new):
        first = Digests(memory)
        before = [first.of(path, stat) for path, stat in files(folder)]
        first.save()
        again = Digests(memory)
        assert [again.of(path, stat) for path, stat in files(folder)] == before
        assert set(before) == {hashlib.sha256(b"a").hexdigest()}
    known = json.loads(memory.read_text())
    assert list(known) == [path for path, _ in files(old)]
    edited = old / "7"
    known[str(edited)][-1] = "remembered"
    memory.write_text(json.dumps(known))
    assert Digests(memory).of(str(edited), edited.stat()) == "remembered"
    edited.write_text("b")
    assert Digests(memory).of(str(edited), edited.stat()) == hashlib.sha256(b"b").hexdigest()
    memory.write_text("spoiled")
    assert Digests(memory).of(str(edited), edited.stat()) == hashlib.sha256(b"b").hexdigest()


def test_only_what_changed_runs(project: Project) -> None:
    """Nothing runs where only prose changed, one demo where one was edited, all with `--rerun`."""
    counting(project, "twice")
    counting(project, "other")
    project.write("deck/slides/02-due.md.j2", '# Due\n\n{{ demo("other").n }}\n')
    build(project)
    assert ran(project) == ["other", "twice"]
    before = times(project)
    assert project.run("build").stdout == "build/deck.html: up to date\n"
    assert times(project) == before
    project.edit("deck/slides/01-uno.md.j2", "Il doppio", "Due volte")
    assert "Due volte" in build(project)
    assert ran(project) == []
    project.edit("demos/other.py", '"""Counts."""', '"""Counts runs."""')
    build(project)
    assert ran(project) == ["other"]
    build(project, "--rerun")
    assert ran(project) == ["other", "twice"]
    assert project.run("build").stdout == "build/deck.html: up to date\n"


def test_marp_is_not_started_for_nothing(project: Project, tmp_path: Path) -> None:
    """Where nothing changed a build needs no Node.js; where prose did, it ends with 8."""
    nothing = tmp_path / f"site/{WHEEL}/__init__.py"  # hides the wheel where that is installed
    nothing.parent.mkdir(parents=True)
    nothing.touch()
    without = {"PATH": "/nowhere", "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{ROOT}"}
    build(project)
    assert project.run("build", **without).returncode == 0
    project.edit("deck/slides/01-uno.md.j2", "Il doppio", "Due volte")
    assert project.run("build", **without).returncode == 8


def test_a_clone_builds_from_the_store(project: Project, tmp_path: Path) -> None:
    """A copy without `build/` makes the same deck from the committed results, and no demo runs."""
    counting(project, "twice")
    build(project)
    clone = Project(
        shutil.copytree(project.root, tmp_path / "clone", ignore=shutil.ignore_patterns("build"))
    )
    ran(project)
    build(clone)
    assert ran(project) == []
    assert digest(clone.html) == digest(project.html)


def test_a_spoiled_or_deleted_deck_is_built_again(project: Project) -> None:
    """An output that was spoiled is built again, and so is one whose data file changed."""
    project.write("numbers.txt", "7")
    project.edit(
        "demos/twice.py", "    return {", "    n = int(open('numbers.txt').read())\n    return {"
    )
    build(project)
    good = digest(project.html)
    project.html.write_text("spoiled", encoding="utf-8")
    build(project)
    assert digest(project.html) == good
    project.write("numbers.txt", "8")
    assert "Il doppio è 16" in build(project)


@pytest.mark.parametrize("edited", ["deck/slides/01-uno.md.j2", "numbers.txt"])
def test_an_edit_while_a_build_runs_is_not_lost(project: Project, edited: str) -> None:
    """What is edited while demos run is in the next build, which is not “up to date”."""
    flag = project.root.parent / "running"
    project.write("numbers.txt", "7")
    wait = "    n = int(open('numbers.txt').read())\n"
    wait += f"    open({str(flag)!r}, 'w').close()\n    time.sleep(0.4)\n"
    project.edit("demos/twice.py", "    return {", f"{wait}    return {{")
    project.edit("demos/twice.py", "\n\ndef run", "\nimport time\n\ndef run")
    started, deadline = project.start("build"), time.monotonic() + 30
    while not flag.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    project.write(
        edited,
        (project.root / edited)
        .read_text(encoding="utf-8")
        .replace("doppio", "DOPPIO")
        .replace("7", "8"),
    )
    assert started.wait(60) == 0
    assert "up to date" not in project.run("build").stdout


def wait_for_change(folder: Path, part: str) -> None:
    """Wait until a file whose name has this part is new in a folder or written anew."""

    def look() -> set[tuple[str, int]]:
        with os.scandir(folder) as entries:
            return {
                (e.name, e.stat().st_mtime_ns) for e in entries if part in e.name and e.is_file()
            }

    before, deadline = look(), time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError):  # renamed between the two looks at it
            if look() - before:
                return
    pytest.fail(f"nothing changed in {folder}")


def test_a_build_killed_at_any_moment_leaves_the_last_good_deck(project: Project) -> None:
    """After SIGKILL the deck is the old or the whole new one, and the store can be read.

    The next build succeeds.
    """
    project.edit("demos/twice.py", "def run", "import time\ntime.sleep(0.1)\n\n\ndef run")
    project.write(
        "deck/slides/02-molte.md.j2", "---\n".join(f"# Numero {n}\n\nTesto.\n\n" for n in range(9))
    )
    started = time.monotonic()
    build(project)
    duration = time.monotonic() - started
    rng = random.Random(7)  # noqa: S311  moments, not secrets
    for n in range(9):
        old = digest(project.html)
        project.write(
            "deck/slides/01-uno.md.j2",
            f'# Uno\n\n{{{{ demo("twice", n={n}).double }}}}, {{{{ claim("half") }}}}.\n',
        )
        process = project.start("build")
        if n % 3:  # just when the store, or the deck, begins to be written
            wait_for_change(
                project.root / ("deck/results/twice" if n % 3 == 1 else "build"),
                "" if n % 3 == 1 else "deck.",
            )
            time.sleep(rng.uniform(0, 0.02))
        else:
            time.sleep(duration * rng.uniform(0.05, 1.05))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        left = digest(project.html)
        for path in project.root.glob("deck/results/*/*.json"):
            assert json.loads(path.read_text(encoding="utf-8"))["demo"] == "twice"
        build(project)
        assert left in (old, digest(project.html))
        assert digest(project.html) != old


def test_two_builds_at_once_both_succeed(project: Project) -> None:
    """Two builds of the same project end well, and leave what one alone makes."""
    project.edit("demos/twice.py", "def run", "import time\ntime.sleep(0.2)\n\n\ndef run")
    both = [project.start("build"), project.start("build", "--rerun")]
    assert [process.wait(60) for process in both] == [0, 0]
    together = (
        digest(project.html),
        {p.name: p.read_bytes() for p in project.root.glob("deck/results/*/*")},
    )
    build(project, "--rerun")
    assert together == (
        digest(project.html),
        {p.name: p.read_bytes() for p in project.root.glob("deck/results/*/*")},
    )
    assert not list(project.root.glob("build/.work-*"))


def test_a_failing_demo_leaves_the_last_good_deck(project: Project) -> None:
    """A demo that fails stops the build with 5 and its slide; every output stays as it was."""
    build(project)
    before = {str(p): p.read_bytes() for p in project.root.glob("build/*") if p.is_file()}
    project.edit("demos/twice.py", "    return {", "    raise OSError('rotto')\n    return {")
    done = project.run("build")
    assert done.returncode == 5
    assert "error: demos/twice.py:5: demo twice: OSError: rotto" in done.stderr
    assert "used at deck/slides/01-uno.md.j2:4 (slide 1)" in done.stderr
    assert {str(p): p.read_bytes() for p in project.root.glob("build/*") if p.is_file()} == before


def test_keep_stale_marks_exactly_the_slides_that_are_old(project: Project) -> None:
    """The last good facts are marked in the deck's words, on their slides and no other.

    A normal build tries again.
    """
    project.edit(
        "deck/deck.toml", 'lang = "it"', 'lang = "it"\n[words]\nnot_updated = "non aggiornato"'
    )
    counting(project, "bad", "return {'x': n, 'rows': [{'a': 7}, {'a': 8}], 'big': True}")
    slides = [
        '{% set b = demo("bad") %}\n# A\n\nniente\n',
        "# B\n\n{{ b.x }}\n",
        "# C\n\n{% if b.big %}\ngrande\n{% endif %}\n",
    ]
    slides += [
        "# D\n\n{% for row in b.rows %}\n- {{ row.a }}\n{% endfor %}\n",
        "# E\n\n{{ demo('twice').n }}\n",
    ]
    slides += ["# F\n\n{{ output('bad') }}\n", "# G\n"]
    project.write("deck/slides/02-due.md.j2", "\n---\n\n".join(slides))
    build(project)
    good = digest(project.html)
    project.edit("demos/bad.py", "return {", "return 1 / 0, {")
    assert project.run("build", "--keep-stale", CI="true").returncode == 3
    done = project.run("build", "--keep-stale")
    assert done.returncode == 0, done.stderr
    assert "ZeroDivisionError" in done.stderr
    pages = (project.root / "build/deck.md").read_text(encoding="utf-8").split("\n---\n")[1:]
    assert [page.split("# ")[1][0] for page in pages if "non aggiornato" in page] == [
        "B",
        "C",
        "D",
        "F",
    ]
    assert project.run("build").returncode == 5
    project.edit("demos/bad.py", "return 1 / 0, {", "return {")
    build(project)
    assert digest(project.html) == good


def test_computed_parameters_loops_and_partials_are_resolved(project: Project) -> None:
    """Variants made in loops, of other facts, in macros and included files are all found."""
    project.write(
        "deck/macros.j2", '{% macro double(n) %}{{ demo("twice", n=n).double }}{% endmacro %}\n'
    )
    project.write("deck/partials/piece.md.j2", 'pezzo {{ demo("twice", n=100).double }}\n')
    project.write(
        "deck/slides/02-due.md.j2",
        '# Due\n\n{% from "macros.j2" import double %}\n'
        '{% for n in [1, 2, 3] %}<{{ demo("twice", n=n).double }}>{% endfor %}\n\n'
        'due giri {{ demo("twice", n=demo("twice").double).double }}\n'
        'tre giri {{ demo("twice", n=demo("twice", n=demo("twice", n=5).double).double).double }}\n'
        'macro {{ double(8) }}\n{% include "partials/piece.md.j2" %}\n',
    )
    text = build(project)
    for expected in ("<2><4><6>", "due giri 84", "tre giri 40", "macro 16", "pezzo 200"):
        assert expected in text
    states = [
        Store(project.config).look_up(v).state
        for v in resolve(project.config, lambda *_: None).rendered.variants
    ]
    assert states == [State.FRESH] * 10


def test_a_number_that_moves_within_its_tolerance_stays_as_it_was_stored(project: Project) -> None:
    """Another machine's last digits change no file; beyond the tolerance facts move."""
    source = "def run(*, n: int = 1):\n    return {'third': n / 3, 'n': n}\n\n"
    source += "def show(facts):\n    print(facts['third'])\n"
    project.write("demos/twice.py", source)
    project.write("deck/claims.toml", "")
    project.write("deck/slides/01-uno.md.j2", "{% set f = demo('twice') %}\n# {{ f.third }}\n")
    assert project.run("build").returncode == 0
    stored = next((project.root / "deck/results").rglob("*.json"))
    before = stored.read_text(encoding="utf-8")
    project.edit("demos/twice.py", "n / 3", "n / 3 * 1.00001")
    assert project.run("build", "--rerun").returncode == 0
    changed = [
        line for line in stored.read_text(encoding="utf-8").splitlines() if line not in before
    ]
    assert len(changed) == 1
    assert "demos/twice.py" in changed[0]
    project.edit("demos/twice.py", "1.00001", "1.001")
    assert project.run("build", "--rerun").returncode == 0
    assert json.loads(stored.read_text(encoding="utf-8"))["facts"]["third"] == 0.333667
