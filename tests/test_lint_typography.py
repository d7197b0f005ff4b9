"""Straight apostrophes and hyphens for a minus are found on their lines; code and others are not.

The oracle is Italian typography, written out: l’onda, un po’, −30.
"""

from __future__ import annotations

import pytest

from llmdeck.lint import run
from llmdeck.lint.typography import apostrophes, signs
from tests.conftest import Project


def found(project: Project) -> list[tuple[str, int, str]]:
    """Each finding's file, line, and what it quotes."""
    findings = run(["typography"], project.config, lambda _name, _event: None)
    return [(f.place.file, f.place.line, f.message.split("”")[0].lstrip("“")) for f in findings]


def test_what_is_planted_is_found_on_its_line(project: Project) -> None:
    """On slides, in notes, in constants, in alternative texts, in the ledger."""
    project.write(
        "deck/slides/01-uno.md.j2",
        """
        # L'onda

        {{ claim("half") }} fra -30 e 52

        Un po' di {{ "l'altro" }}

        ![l'immagine](https://example.org/l'x.png)

        {% call notes() %}
        Da dire: c'è altro, e `l'codice` no.
        {% endcall %}
        """,
    )
    project.edit("deck/claims.toml", "la metà", "all'incirca la metà")
    assert found(project) == [
        ("deck/claims.toml", 3, "all'incirca"),
        ("deck/slides/01-uno.md.j2", 1, "L'onda"),
        ("deck/slides/01-uno.md.j2", 3, "-30"),
        ("deck/slides/01-uno.md.j2", 5, "l'altro"),
        ("deck/slides/01-uno.md.j2", 5, "po'"),
        ("deck/slides/01-uno.md.j2", 7, "l'immagine"),
        ("deck/slides/01-uno.md.j2", 10, "c'è"),
    ]


@pytest.mark.parametrize(
    "right",
    [
        "l’onda e un po’ d’aria",
        "da −30 a 52, nel 2015-2016, GPT-4 e Llama-3",
        "`l'x` e llmdeck demo x --text 'l'onda' --n -3",
        "fra 'due parole' virgolettate",
        '<span lang="en">the model\'s answer</span>',
        "$x = -3$",
        "https://example.org/l'onda",
    ],
)
def test_what_is_right_or_no_prose_is_left_alone(project: Project, right: str) -> None:
    """Nothing is found in it."""
    project.write("deck/slides/01-uno.md.j2", f"# Titolo\n\n{right}\n")
    assert found(project) == []


def test_a_fact_behind_an_apostrophe_or_a_hyphen_counts(project: Project) -> None:
    """`l'{{ x }}` and `-{{ x }}` are found, and told without the fact."""
    page = '{% set f = demo("twice") %}\n# Titolo\n\nl\'{{ f.double }} o -{{ f.double }}\n'
    project.write("deck/slides/01-uno.md.j2", page)
    assert [quoted for _, _, quoted in found(project)] == ["-…", "l'…"]


def test_a_deck_in_another_language_is_left_alone(project: Project) -> None:
    """It knows Italian typography, and no other."""
    project.edit("deck/deck.toml", 'lang = "it"', 'lang = "en"')
    project.write("deck/slides/01-uno.md.j2", "# It's -3\n")
    assert found(project) == []


def test_the_two_rules_alone() -> None:
    """Each finds all of its own, in order, and nothing of the other's."""
    text = "l'uno -1 e dell'altro (-2)"
    assert list(apostrophes(text)) == ["l'uno", "dell'altro"]
    assert list(signs(text)) == ["-1", "-2"]
