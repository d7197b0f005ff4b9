"""Mistakes in templates, ledger and settings: each is told with its place and its exit code.

The oracle is the edit: each test makes one known mistake at a known line of a project that builds.
"""

from __future__ import annotations

import pytest

from tests.conftest import Project


def test_a_claim_that_does_not_hold_stops_the_build(project: Project) -> None:
    """The message has the claim's id, check, values and line, and the slide's file and line."""
    project.edit("deck/claims.toml", "double == 2 * n", "double == 3 * n")
    done = project.run("build")
    assert done.returncode == 6
    assert (
        "deck/claims.toml:1: claim half does not hold: double == 3 * n (double = 42, n = 21"
        in done.stderr
    )
    assert "used at deck/slides/01-uno.md.j2:4 (slide 1)" in done.stderr
    assert not project.html.exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "message"),
    [
        (
            "deck/slides/01-uno.md.j2",
            "f.double",
            "f.duble",
            4,
            "uno.md.j2:4: demo twice has no fact `duble`; did you mean",
        ),
        (
            "deck/slides/01-uno.md.j2",
            '"twice"',
            '"twise"',
            4,
            "uno.md.j2:3: no demo `twise`\n  hint: did you mean `twice`?",
        ),
        (
            "deck/slides/01-uno.md.j2",
            '"half"',
            '"halve"',
            4,
            "uno.md.j2:4: no claim `halve` in deck/claims.toml; did you m",
        ),
        (
            "deck/slides/01-uno.md.j2",
            "{% set",
            "{% sett",
            4,
            "uno.md.j2:3: Encountered unknown tag 'sett'",
        ),
        ("deck/slides/01-uno.md.j2", "f.double", "g.double", 4, "uno.md.j2:4: 'g' is undefined"),
        (
            "deck/slides/01-uno.md.j2",
            '"twice"',
            '"twice", m=1',
            5,
            "twice m=1: no parameter `m`; there are: n",
        ),
        (
            "deck/deck.toml",
            "[deck]",
            "demos.twise.time_s = 9\n[deck]",
            3,
            "deck/deck.toml: [demos.twise]: no such demo\n  hint: did you mean `twice`?",
        ),
        (
            "deck/deck.toml",
            "title",
            'titel = "a"\ntitle',
            3,
            "deck/deck.toml:2: unknown key `titel`",
        ),
        (
            "deck/claims.toml",
            "holds",
            "hold = 1\nholds",
            3,
            "deck/claims.toml:4: claim half: unknown key `hold`; known: demo, with, says, holds, "
            "verdict, often, sources, asks, answer, within\n  hint: did you mean `holds`?",
        ),
        (
            "deck/claims.toml",
            "double ==",
            "duble ==",
            6,
            "deck/claims.toml:4: claim half: its check can't be evaluated: `duble == 2 * n`: ",
        ),
        (
            "deck/claims.toml",
            '"twice"',
            '"twise"',
            4,
            "deck/claims.toml:1: no demo `twise`\n  hint: did you mean `twice`?",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(
    project: Project, file: str, old: str, new: str, code: int, message: str
) -> None:
    """Each mistake has its exit code, its file and line, the name that was meant; no traceback."""
    project.edit(file, old, new)
    done = project.run("build")
    assert message in done.stderr
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert not project.html.exists()


def test_mistakes_in_several_templates_are_told_together(project: Project) -> None:
    """One build names a misspelt fact, a syntax error and a failing demo, each in its template."""
    project.write(
        "demos/bad.py", "def run():\n    raise OSError('rotto')\n\ndef show(facts): pass\n"
    )
    project.edit("deck/slides/01-uno.md.j2", "f.double", "f.duble")
    project.write("deck/slides/02-due.md.j2", "{% if %}\n")
    project.write("deck/slides/03-tre.md.j2", '# Tre\n\n{{ demo("bad").x }}\n')
    project.write(
        "deck/slides/04-quattro.md.j2",
        '{% set b = demo("bad") %}{{ demo("twice", n=b.x).double }}\n',
    )
    done = project.run("build")
    assert done.returncode == 5
    for place in ("demos/bad.py:2", "deck/slides/01-uno.md.j2:4", "deck/slides/02-due.md.j2:1"):
        assert f"error: {place}: " in done.stderr
    assert done.stderr.count("error: ") == 3, done.stderr


@pytest.mark.parametrize("command", ["build", "claims"])
def test_a_demo_that_fails_for_several_variants_is_told_once(
    project: Project, command: str
) -> None:
    """One error stands for all variants that fail alike, and says how many they are."""
    project.write(
        "demos/bad.py",
        "def run(*, n: int = 1):\n    raise OSError('rotto')\n\ndef show(facts): pass\n",
    )
    project.write(
        "deck/slides/02-due.md.j2", '# Due\n\n{{ demo("bad").x }} {{ demo("bad", n=2).x }}\n'
    )
    done = project.run(command)
    assert done.stderr.count("OSError: rotto") == 1, done.stderr
    assert done.stderr.count("(2 variants, the first: bad)") == 1, done.stderr
