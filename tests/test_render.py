"""Templates become Markdown: strict names, facts, tables, excerpts, and the line of each slide.

The oracle is the text that is written out in each test.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmdeck.ledger import load_ledger
from llmdeck.model import Place, Result, Variant
from llmdeck.render.blocks import blocks
from llmdeck.render.deck import Rendered, Renderer
from llmdeck.render.environment import environment
from llmdeck.render.excerpt import excerpt
from llmdeck.render.numbers import Numbers
from llmdeck.run.interface import find_demos
from tests.conftest import Project

FACTS = {
    "n": 3,
    "weight_gb": 1234.5,
    "name": "a*b",
    "items": [{"x": 1, "y_gb": 2.5}],
    "ok": True,
    "keys": 7,
}


def rendered(
    project: Project, facts: Mapping[str, Any] = FACTS, output: str = "uno\ndue\ntre\n"
) -> Rendered:
    """Render the project with these facts as the answer of every variant of `twice`."""
    config = project.config

    class Everywhere(dict[Variant, Result]):
        def __missing__(self, variant: Variant) -> Result:
            raise KeyError(variant)

        def __contains__(self, _variant: object) -> bool:
            return True

        def __getitem__(self, variant: Variant) -> Result:
            return Result(variant=variant, facts=dict(facts), output=output, inputs={})

        def get(self, variant: Variant, default: Any = None) -> Any:  # type: ignore[override]
            return default if variant is None else self[variant]

    renderer = Renderer(config=config, demos=find_demos(config), claims=load_ledger(config))
    return renderer.render(Everywhere())


def body(project: Project, template: str, **kwargs: Any) -> str:
    """One template's Markdown, without front matter."""
    project.write("deck/claims.toml", "")
    project.write("deck/slides/01-uno.md.j2", '{% set f = demo("twice") %}\n' + template)
    result = rendered(project, **kwargs)
    assert not result.errors, [error.message for error in result.errors]
    return result.markdown.split("---\n\n", 1)[1].strip()


def mistake(project: Project, template: str) -> tuple[str, Place | None]:
    """The message and place of the one error that a template gives."""
    project.write("deck/claims.toml", "")
    project.write("deck/slides/01-uno.md.j2", template)
    (error,) = rendered(project).errors
    return error.message, error.place


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ f.weight_gb | qty }} {{ f.weight_gb | qty(1) }}", "1.234\xa0GB 1.234,5\xa0GB"),
        ("{{ f.n }} {{ f.n | num(2) }} {{ 0.125 | pct(1) }}", "3 3,00 12,5%"),
        ("{{ 25769803776 | gib }} {{ 2500000000 | gb(1) }}", "24\xa0GiB 2,5\xa0GB"),
        ("{{ 174604259328 | compact(1) }}", "174,6 miliardi"),
        ("{{ f.name }}", "a&#42;b"),
        ("{{ f.ok }}", "yes"),
        ("{{ f.keys }}", "7"),
        ("{{ f.items[0].y_gb | qty(1) }}", "2,5\xa0GB"),
        ('{{ f.name ~ "|" ~ f.n }}', "a&#42;b&#124;3"),
        ("{{ (f.n | num) ~ f.name }}", "3a&#42;b"),
        ("{% macro m(x) %}**{{ x }}**{% endmacro %}{{ m(f.name) }}", "**a&#42;b**"),
        ("{% if f.n > 2 %}grande{% endif %}", "grande"),
        ("$x = {{ f.weight_gb | num(1) }}$", "$x = 1.234{,}5$"),
    ],
)
def test_a_template_writes_facts_in_the_decks_locale_and_as_themselves(
    project: Project, template: str, expected: str
) -> None:
    """Each filter gives the Italian form, and text is escaped, also through `~` and macros."""
    assert body(project, template) == expected


def test_a_table_aligns_numbers_and_shows_their_units(project: Project) -> None:
    """A table of facts is one line of HTML whose numbers have a class and their unit."""
    html = body(project, '{{ table(f["items"], columns=["x", "y_gb"], headers=["X", "Y"]) }}')
    assert html == (
        '<table><thead><tr><th scope="col">X</th><th scope="col">Y</th></tr></thead>'
        "<tbody><tr><td class=number>1</td><td class=number>2,5\xa0GB</td></tr></tbody></table>"
    )


def test_output_shows_the_lines_that_are_asked_for(project: Project) -> None:
    """`output` with `first` and `last` shows just those lines of what the demo printed."""
    assert body(project, '{{ output("twice", first=2, last=3) }}') == (
        '<pre class="output"><code>due&#10;tre</code></pre>'
    )


WALK = "Due conti\n\n1. Il primo\n   uno\n   due\n2. Il secondo\n   tre\n\nFine\n"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ('section="1. Il primo"', "1. Il primo|   uno|   due"),
        ('section="2."', "2. Il secondo|   tre"),
        ('section="Fine"', "Fine"),
        ('section="1.", until="due"', "1. Il primo|   uno"),
        ('section="1.", first=2', "   uno|   due"),
        ('until="2. Il"', "Due conti||1. Il primo|   uno|   due"),
    ],
)
def test_output_shows_the_section_whose_heading_begins_so(
    project: Project, asked: str, shown: str
) -> None:
    """A section is its heading and what is indented below it, or less of it."""
    html = body(project, f'{{{{ output("twice", {asked}) }}}}', output=WALK)
    lines = html.removeprefix('<pre class="output"><code>').removesuffix("</code></pre>")
    assert lines.replace("&#32;", " ").replace("&#46;", ".").split("&#10;") == shown.split("|")


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ('section="1. Il prime"', "did you mean `1. Il primo`?"),
        ('section="uno"', "there are: Due conti, 1. Il primo, 2. Il secondo, Fine"),
        ('section="1.", until="duee"', "did you mean `due`?"),
    ],
)
def test_a_misspelt_heading_is_an_error_with_the_nearest_one(
    project: Project, asked: str, hint: str
) -> None:
    """An indented line is no heading, and a line of another section does not end this one."""
    project.write("deck/claims.toml", "")
    project.write("deck/slides/01-uno.md.j2", f'{{{{ output("twice", {asked}) }}}}')
    (error,) = rendered(project, output=WALK).errors
    assert error.message.startswith("output: no line begins with `")
    assert error.message.endswith(hint)


def test_a_table_takes_rows_by_id(project: Project) -> None:
    """A dict of rows is the table of its values, in its order."""
    facts = {"cards": {"b-1": {"size_gb": 2.5}, "a-1": {"size_gb": 1.5}}}
    html = body(project, "{{ table(f.cards) }}", facts=facts)
    assert re.findall(r"<td class=number>([^<]*)", html) == ["2,5\xa0GB", "1,5\xa0GB"]


def test_code_shows_the_real_source_without_its_docstring(project: Project) -> None:
    """`code` shows the function as it stands in the demo's file."""
    assert body(project, '{{ code("twice", "run") }}') == (
        "```python\ndef run(*, n: int = 21) -> dict:\n"
        '    return {"n": n, "double": 2 * n, "size_gb": 2.5 * n}\n```'
    )


def test_an_excerpt_leaves_out_only_the_docstring() -> None:
    """Decorators, comments and blank lines of a function stay."""
    source = '@cache\ndef f(x):\n    """Doc."""\n    # why\n    return x\n\n\ny = 1\n'
    assert excerpt(source, "f") == "@cache\ndef f(x):\n    # why\n    return x"


@pytest.mark.parametrize(
    ("template", "message", "line"),
    [
        ('\n{% set f = demo("twice") %}\n{{ f.weigth_gb }}', "did you mean `weight_gb`?", 2),
        ('{{ demo("twicee").n }}', "no demo `twicee`", 1),
        ('a\n\n{{ claim("nope") }}', "no claim `nope`", 3),
        ("a\n{% if %}", "Expected an expression", 2),
        ("{{ nothing }}", "'nothing' is undefined", 1),
        ('{{ demo("twice").n | qty }}', "has no unit", 1),
        ('{{ demo("twice").name | num }}', "needs a number", 1),
        ('{{ code("twice", "runn") }}', "no function `runn`", 1),
        ('{{ table(demo("twice")["items"], columns=["z"]) }}', "a row has no `z`", 1),
        ("a\n{#id}", "Missing end of comment tag", 2),
        ('a `{{ demo("twice").name }}`', "a value in backticks or a fence", 1),
        ('```\n{{ demo("twice").name }}\n```', "a value in backticks or a fence", 2),
    ],
)
def test_a_mistake_in_a_template_is_told_with_its_line(
    project: Project, template: str, message: str, line: int
) -> None:
    """Every mistake names the file, the line, and what was probably meant."""
    told, place = mistake(project, template)
    assert message in told
    assert place == Place(file="deck/slides/01-uno.md.j2", line=line)


def test_slides_are_told_apart_as_marp_does() -> None:
    """A ruler starts a slide, but not one inside a fence, and not the underline of a heading."""
    text = "# A\n\n---\n\nB\n---\n\n```\n---\n```\n\n***\n\nlast\n"
    found = blocks(text)
    assert (found.rulers, found.titles, found.codes) == ((2, 11), ("A", "B", ""), frozenset())


def test_each_use_knows_its_slide_and_its_line(project: Project) -> None:
    """Facts, claims and loops are found on the slide that shows them, across files and partials."""
    project.write("deck/partials/p.md.j2", "{{ f.n }}\n")
    project.write(
        "deck/slides/01-uno.md.j2",
        """
        # Uno

        ---

        {% set f = demo("twice") %}
        {{ f.weight_gb | qty }}

        ---

        {% include "partials/p.md.j2" %}
        """,
    )
    project.write(
        "deck/slides/02-due.md.j2",
        """
        {% for n in [1, 2] %}
        {{ demo("twice", n=n).n }}

        ---

        {% endfor %}
        {{ claim("half") }}
        """,
    )
    project.write(
        "deck/claims.toml",
        '[half]\ndemo = "twice"\nsays = "x"\nholds = "n == 3"\nverdict = "verified"\n',
    )
    uses = {
        (use.fact or use.claim, use.place.file[5:], use.place.line, use.slide)
        for use in rendered(project).uses
    }
    assert ("weight_gb", "slides/01-uno.md.j2", 6, 2) in uses
    assert ("n", "partials/p.md.j2", 1, 3) in uses
    assert ("half", "slides/02-due.md.j2", 7, 6) in uses
    assert ("half", "claims.toml", 1, 0) in uses


def test_headings_name_the_slides(project: Project) -> None:
    """A slide's title is its first heading, and the file is the template that made it."""
    project.write("deck/slides/02-due.md.j2", "# Due *volte*\n\n---\n\nsenza titolo\n")
    titles = [
        (slide.number, slide.title, slide.file)
        for slide in rendered(project, {"double": 2, "size_gb": 1.0, "n": 1}).slides
    ]
    assert titles == [
        (1, "Uno", "deck/slides/01-uno.md.j2"),
        (2, "Due volte", "deck/slides/02-due.md.j2"),
        (3, "", "deck/slides/02-due.md.j2"),
    ]


def test_templates_that_were_compiled_long_ago_are_forgotten(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that nothing was added to for more than 30 days goes; a newer one stays."""
    compiled = tmp_path / "cache/templates"
    for name, age_days in (("old", 31), ("new", 1)):
        (compiled / name).mkdir(parents=True)
        seconds = time.time() - age_days * 24 * 3600
        os.utime(compiled / name, (seconds, seconds))
    monkeypatch.setenv("LLMDECK_CACHE", str(tmp_path / "cache"))
    environment(project.config, Numbers.of(project.config), {})
    assert not (compiled / "old").exists()
    assert (compiled / "new").exists()
