"""A number on a slide comes from a fact or is cited: others are found on their lines.

The oracle is written out: each template says which of its lines hold a number from nowhere.
"""

from __future__ import annotations

import html

import pytest

from llmdeck.lint import run
from tests.conftest import Project


def found(project: Project) -> list[tuple[str, int, int, str]]:
    """Each finding's file, line, slide, and the number in it."""
    findings = run(["numbers"], project.config, lambda _name, _event: None)
    assert {finding.lint for finding in findings} <= {"numbers"}
    return [(f.place.file, f.place.line, f.slide, quoted(f.message)) for f in findings]


def quoted(message: str) -> str:
    """What a message has between quotation marks at its beginning."""
    return message.split("”")[0].lstrip("“")


def on_lines(project: Project, template: str) -> list[tuple[int, int, str]]:
    """Line, slide and number of what is found in one template."""
    project.write("deck/slides/01-uno.md.j2", template)
    return [
        (line, slide, number)
        for file, line, slide, number in found(project)
        if file.endswith("01-uno.md.j2")
    ]


def test_a_planted_number_is_found_on_its_line_and_slide(project: Project) -> None:
    """In a heading, a paragraph, a list, a table, HTML, emphasis, and beside a fact."""
    template = """
        # GPT-3 ha 175 miliardi di parametri

        {% set f = demo("twice") %}
        Il doppio è {{ f.double }},
        non 43.

        ---

        - il 3,5 % di tutto
        - **7** volte

        | a | b |
        |---|---|
        | {{ f.n }} | 12 |

        <div class="box">
        Costa
        1 000 dollari
        </div>
        """
    expected = [
        (1, 1, "175 miliardi"),
        (5, 1, "43"),
        (9, 2, "3,5 %"),
        (10, 2, "7 volte"),
        (14, 2, "12"),
        (18, 2, "1 000 dollari"),
    ]
    assert on_lines(project, template) == expected


@pytest.mark.parametrize(
    "clean",
    [
        '{% set f = demo("twice") %}{{ f.double }} {{ f.size_gb | qty(1) }} {{ f.n | num(2) }}',
        '{{ cited("175 miliardi", source="Brown, 2020") }}',
        "`x = 175` e ``350``",
        "```python\nx = 175\n```",
        "    x = 175",
        '<!-- _class: lead -->\n<!-- 350 -->\n<p id="x3" style="font-size: 20px">uno</p>',
        "![w:300px 40%](figura-2.png) [qui](https://example.org/350)",
        "https://example.org/350 <https://example.org/7>",
        "1. uno\n2. due",
        "GPT-3, GPT-4o, FP16, INT8, Q4_1, Phi-3.5, x86, CO2",
        "{% call notes() %}\nDurata 3 minuti.\n{% endcall %}",
        '{{ notes("Durata 3 minuti") }}',
        "{# 350 #}{% set n = 350 %}{% if n > 300 %}grande{% endif %}",
        "$6 N D$ e $$E = m c^2$$",
        "<code>350</code> <pre>\n350\n</pre>",
        "&#42; &nbsp;",
    ],
)
def test_what_is_no_number_from_nowhere_is_left_alone(project: Project, clean: str) -> None:
    """Facts, cited literals, code, tags, addresses, list markers, glued names, notes, rules."""
    project.write("deck/slides/01-uno.md.j2", "# Uno\n\n" + clean + "\n")
    assert found(project) == []


@pytest.mark.parametrize(
    ("planted", "number"),
    [
        ('{{ "437,5 GB" }}', "437,5 GB"),
        ("{{ 175 | num }}", "175"),
        ('{{ demo("twice").n ~ " su 100" }}', "100"),
        ('{{ table([["uno", 2]], headers=["a", "b"]) }}', "2"),
        ('{{ table([["uno", "due"]], headers=["a", "in 7 giorni"]) }}', "7 giorni"),
        ("350GB", "350GB"),
        ("8-bit", "8-bit"),
        ("l'8 per cento", "8 per"),
        ("$N = 175$", "175"),
        ("da 5$ a 6$ l'ora", "5"),
        ("{% raw %}{{ 9 }}{% endraw %}", "9"),
        ("7&nbsp;miliardi", "7\xa0miliardi"),
        ("[350](https://example.org)", "350"),
    ],
)
def test_no_way_around_it(project: Project, planted: str, number: str) -> None:
    """A literal in an expression, glued to its unit, alone in a formula, behind an entity."""
    lines = on_lines(project, f"# Uno\n\n{planted}\n")
    assert lines[0] == (3, 1, number)


def test_names_of_the_deck_are_no_numbers(project: Project) -> None:
    """`[lint] names`: `#` is one digit, a space any space; a longer number is not that name."""
    project.edit(
        "deck/deck.toml", 'lang = "it"', 'lang = "it"\n[lint]\nnames = ["Llama #", "nel 20##"]'
    )
    template = "# Llama 3 e Llama&nbsp;2, nel 2017\n\nLlama 3.1\n\nLlama 30\n\nnel 1984\n"
    assert [(line, number) for line, _, number in on_lines(project, template)] == [
        (3, "3.1"),
        (5, "30"),
        (7, "1984"),
    ]


def test_the_ledgers_sentences_count_unless_they_are_cited(project: Project) -> None:
    """A computed claim's is found on its line of the ledger; a cited one has its sources."""
    project.edit("deck/claims.toml", "la metà pesa", "la metà dei 43 pesa")
    more = '\n[said]\nverdict = "cited"\nsays = "costò 100 milioni"\nsources = ["Wired, 2023"]\n'
    project.write(
        "deck/claims.toml", (project.root / "deck/claims.toml").read_text(encoding="utf-8") + more
    )
    project.edit("deck/slides/01-uno.md.j2", "# Uno", '# Uno\n\n{{ claim("said") }}')
    assert found(project) == [("deck/claims.toml", 3, 1, "43 pesa")]


def test_a_slide_made_in_a_loop_does_not_shift_those_after_it(project: Project) -> None:
    """Slides that a loop makes are counted: the number is on the slide that Marp shows it on."""
    template = """
        {% for n in range(3) %}
        # Pagina {{ n }}

        ---

        {% endfor %}
        # Ultima

        Sono 44.
        """
    assert on_lines(project, template) == [(9, 4, "44")]


def test_a_cited_literal_shows_its_source(project: Project) -> None:
    """The literal, a mark in the deck's word, the source: a link where it has an address."""
    project.edit("deck/deck.toml", 'lang = "it"', 'lang = "it"\n[words]\nsource = "fonte"')
    linked = (
        '{{ cited("**175** miliardi", source="Brown et al.: https://arxiv.org/abs/2005.14165.") }}'
    )
    project.write(
        "deck/slides/01-uno.md.j2",
        f"# Uno\n\n{linked}\n\n" + '{{ cited("2", source="A \\"B\\"") }}\n',
    )
    assert project.run("build").returncode == 0
    page = html.unescape(project.html.read_text(encoding="utf-8"))
    assert '<span class="cited"><strong>175</strong> miliardi</span> <a class="source"' in page
    assert (
        '<a class="source" href="https://arxiv.org/abs/2005.14165" title="Brown et al.: https'
        in page
    )
    assert 'aria-label="fonte: Brown et al.: https://arxiv.org/abs/2005.14165.">fonte</a>' in page
    assert (
        '<span class="source" role="note" title="A "B"" aria-label="fonte: A "B"">fonte</span>'
        in page
    )


def test_a_citation_needs_a_source(project: Project) -> None:
    """An empty source is an error of the template, on its line."""
    project.write("deck/slides/01-uno.md.j2", '# Uno\n\n{{ cited("175", source=" ") }}\n')
    done = project.run("build")
    assert done.returncode == 4
    assert "deck/slides/01-uno.md.j2:3" in done.stderr
    assert "`source` is empty" in done.stderr
