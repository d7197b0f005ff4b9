"""Mistakes in the ledger: what was wrong, on which line, and what to write.

The oracle is the edit: each is one mistake in a claim that is right.
"""

from __future__ import annotations

import pytest

from llmdeck.errors import DeckError
from llmdeck.model import Place
from tests.conftest import Project
from tests.test_render import FACTS, rendered

CLAIM = """[half]
demo = "twice"
with = { n = 3 }
says = "it weighs {{ weight_gb | qty }}"
holds = "n == 3"
verdict = "verified"
"""
OFTEN = 'verdict = "corrected"\noften = '


def mistake(project: Project, old: str, new: str) -> DeckError:
    """Return the one mistake in the ledger after an edit."""
    assert old in CLAIM
    project.write("deck/slides/01-uno.md.j2", '# Uno\n\n{{ claim("half") }}\n')
    project.write("deck/claims.toml", CLAIM.replace(old, new))
    try:
        found = rendered(project).errors
    except DeckError as error:
        return error
    return found[0]


def test_the_claim_that_is_edited_here_is_right(project: Project) -> None:
    """Else each test would find what it looks for."""
    project.write("deck/slides/01-uno.md.j2", '# Uno\n\n{{ claim("half") }}\n')
    project.write("deck/claims.toml", CLAIM)
    assert not rendered(project).errors


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "hint"),
    [
        ("weight_gb |", "weigth_gb |", 4, "has no fact `weigth_gb`; did you mean `weight", ""),
        ("| qty", "| qyt", 4, "no filter `qyt`", "did you mean `qty`?"),
        ("{{ weight_gb | qty }}", "{{ weight_gb", 4, "its `says`: unexpected end of template", ""),
        ("n == 3", "n = 3", 5, "`n = 3`: `=` sets a value", "compare with two: `==`"),
        ("n == 3", "n ==", 5, "check can't be evaluated: `n ==`: ", "facts of twice n=3: items"),
        ("n == 3", "nn == 3", 5, "has no fact `nn`", "facts of twice n=3"),
        ("n == 3", "nn", 5, "has no fact `nn`", "facts of twice n=3"),
        ("n == 3", "n is clos_to(3)", 5, "no test `clos_to`", "did you mean `close_to`?"),
        ("n == 3", "n | zzz", 5, "no filter `zzz`", "the README lists ours"),
        ("n == 3", "weight_gb", 5, "gives 1234.5, not true or false", 'holds = "weight_gb < 0.01"'),
        ("n == 3", "name", 5, "gives 'a*b', not true or false", ""),
        ("n == 3", "n / 0 > 1", 5, "division by zero", ""),
        ("n == 3", "n < 1e999", 5, "larger than any that can be computed with", ""),
        ("n == 3", "cycler() and n", 5, "at least one item has to be provided", ""),
        ("n == 3", "", 5, "`holds` must be text, or a list of texts, not ''", 'write holds = "'),
        ("n = 3 }", "n = 2026-01-31 }", 3, "`n` in `with` must be a text, a number", "as text"),
        ("n = 3 }", "n = 07:30:00 }", 3, "true or false, not time", "as text"),
        ("n = 3 }", "n = nan }", 3, "true or false, not nan", ""),
        ("n = 3 }", "n = [3] }", 3, "true or false, not list", "live(…)"),
        ('"verified"', '"corrected"', 1, "a corrected claim needs what is usually said", ""),
        ('"verified"', '"verified"\noften = "x"', 1, "`often` belongs to a corrected claim", ""),
        ('verdict = "verified"', f'{OFTEN}"{{{{ n"', 7, "its `often`: unexpected", ""),
        ('"verified"', '"verified"\nsources = [3]', 7, "a list of texts, not [3]", "Kepler"),
        ('"verified"', '"verified"\nasks = "{{"\nanswer = "n"', 7, "its `asks`: unexpected", ""),
        ('"verified"', '"verified"\nasks = "?"\nanswer = "nn"', 8, "no fact `nn`", ""),
        ('verdict = "verified"', "", 1, "`verdict` must be one of verified", ""),
        ("says", "sayz", 4, "unknown key `sayz`", "did you mean `says`?"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_claim_is_told_with_the_line_of_its_key(
    project: Project, old: str, new: str, line: int, message: str, hint: str
) -> None:
    """Never with a traceback, and never with the line of another key."""
    error = mistake(project, old, new)
    assert message in error.message
    assert error.place == Place(file="deck/claims.toml", line=line)
    assert hint in error.hint


def test_a_check_that_can_not_be_read_is_told_by_every_command(project: Project) -> None:
    """`build`, `claims` and `check`, also where a fact of it moved."""
    assert project.run("build").returncode == 0
    project.edit("deck/claims.toml", "double == 2 * n", "double = 2 * n")
    project.edit("demos/twice.py", '"size_gb": 2.5', '"size_gb": 2.6')
    for command in ("check", "claims", "build"):
        done = project.run(command)
        assert "deck/claims.toml:4: claim half: its check can't be evaluated" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_value_of_the_wrong_type_is_told_where_it_is_written(project: Project) -> None:
    """In the ledger's `with`, and in a template, and not in the demo that refuses it."""
    project.edit("deck/claims.toml", 'demo = "twice"', 'demo = "twice"\nwith = { n = "1000" }')
    done = project.run("build")
    assert done.returncode == 5
    where = "error: deck/claims.toml:3: demo twice n=1000: `n` must be int, not '1000'"
    assert f"{where}: write 1000, without quotes\n" in done.stderr
    assert "used at deck/slides/01-uno.md.j2:4 (slide 1)" in done.stderr
    assert "hint: its parameters and their values: llmdeck demo twice --help" in done.stderr
    project.edit("deck/claims.toml", 'with = { n = "1000" }', "")
    project.edit("deck/slides/01-uno.md.j2", 'demo("twice")', 'demo("twice", n="x")')
    done = project.run("build")
    assert "error: deck/slides/01-uno.md.j2:3: demo twice n=x: `n` must be int" in done.stderr


def test_often_takes_jinja_markdown_and_mathematics(project: Project) -> None:
    """As `says` does, where it is said and in the register."""
    project.write(
        "deck/claims.toml",
        CLAIM.replace('verdict = "verified"', f'{OFTEN}"*so* {{{{ weight_gb | qty }}}}, $x < 1$"'),
    )
    text = (
        '# Uno\n\n{{ often("half") }}\n\n{% for page in register() %}\n{{ page }}\n{% endfor %}\n'
    )
    project.write("deck/slides/01-uno.md.j2", text)
    result = rendered(project, FACTS)
    assert not result.errors
    said = '<span class="often">*so* 1.234\xa0GB, $x < 1$</span>'
    assert result.markdown.count(said) == 2


def test_a_book_is_whole_in_the_register(project: Project) -> None:
    """Author, title, edition, year and section: without an address nothing else leads there."""
    book = "Goldstein, H., Poole, C., Classical Mechanics, 3rd edition, 2002, section 3.7, p. 92"
    project.write("deck/claims.toml", f'{CLAIM}sources = ["{book}"]\n')
    text = "# Uno\n\n{% for page in register() %}\n{{ page }}\n{% endfor %}\n"
    project.write("deck/slides/01-uno.md.j2", text)
    assert book in rendered(project).markdown.replace("&#46;", ".")


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("*, n=2", ""),
        ("*, n=None", "write `n: int = 2`"),
        ("*, n: list = 2", "is list: write `n: int"),
    ],
)
def test_a_parameter_without_an_annotation_has_the_type_of_its_default(
    project: Project, signature: str, message: str
) -> None:
    """Where that is a type that a control can set; else the message has an example."""
    project.edit("demos/twice.py", "*, n: int = 21", signature)
    done = project.run("demo", "twice", "--n", "4")
    if message:
        assert message in done.stderr
    else:
        assert done.stdout == "Il doppio di 4 è 8\n"
