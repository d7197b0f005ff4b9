"""What authors write in templates shows as it was meant, or is an error with its line.

The oracle is the number of slides and the text that each test writes out.
"""

from __future__ import annotations

from typing import Any

import pytest

from llmdeck.errors import ConfigError, DeckError, TemplateError
from llmdeck.model import Place
from llmdeck.render.deck import Rendered
from tests.conftest import Project
from tests.test_render import FACTS, rendered

FILE = "deck/slides/01-uno.md.j2"


def write(project: Project, template: str, **files: str) -> None:
    """Make a template the first of two; `files` lie in `deck/partials`, a point in names is `_`."""
    project.write("deck/claims.toml", "")
    path = project.root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(template, encoding="utf-8")
    project.write("deck/slides/02-due.md.j2", "# Due\n")
    for name, text in files.items():
        path = project.root / "deck/partials" / name.replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def deck(project: Project, template: str, **files: str) -> Rendered:
    """Render a template, and another behind it, without a mistake."""
    write(project, template, **files)
    result = rendered(project)
    assert not result.errors, [(error.place, error.message) for error in result.errors]
    return result


def mistake(project: Project, template: str, **files: str) -> DeckError:
    """Return the one mistake in a template."""
    write(project, template, **files)
    (error,) = rendered(project).errors
    return error


def titles(result: Rendered) -> list[str]:
    """Return the titles of all slides but the last, which is of the second template."""
    assert result.slides[-1].title == "Due"
    return [slide.title for slide in result.slides[:-1]]


@pytest.mark.parametrize(
    "end",
    [
        "last",
        "last{% if true %} words{% endif %}",
        "{% if true %}\nlast\n{% endif %}",
        "last\n{% set x = 1 %}",
        "last{# a comment #}",
        "{{ f.name }}",
        "last\n{% raw %}\n{{ }}{% endraw %}",
        '{% include "partials/a.md" %}',
        "{% macro m() %}last{% endmacro %}{{ m() }}",
        "{% call notes() %}said{% endcall %}",
        "<div>\n",
        "- a list",
        "```\ncode\n```",
    ],
)
def test_however_a_template_ends_the_next_one_begins_a_slide(project: Project, end: str) -> None:
    """No final newline, a block tag, an include, notes, a list: none takes the ruler in."""
    result = deck(project, f'{{% set f = demo("twice") %}}\n# Uno\n\n{end}', a_md="from a file")
    assert titles(result) == ["Uno"]


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("Orbit {% if true %}closed{% endif %}\n\n---\n\n# B\n", "Orbit closed\n\n---\n\n# B\n"),
        ("{% if true %}closed{% endif %}\nand\n", "closed\nand\n"),
        ("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc\n"),
        ("a\n  {% set x = 1 %}\n{# note #}\nb\n", "a\nb\n"),
        ("a {# note #}\nb\n", "a \nb\n"),
        ("{% for n in [1, 2] %}{{ n }}{% endfor %}\nb\n", "12\nb\n"),
        ("{% for n in [1, 2] %}{% set x = n %}{% endfor %}\nb\n", "b\n"),
        ("{% macro m() %}x{% endmacro %}\n{{ m() }}\n", "x\n"),
        ("{% set x %}words{% endset %}\n{{ x }}\n", "words\n"),
        ("a\n{% if true -%}\nb\n{%- endif %}\nc\n", "a\nb\nc\n"),
        ("a {% if true -%}\nb{% endif -%}\nc\n", "a bc\n"),
        ("{% set x = [\n  1,\n] %}\nb\n", "b\n"),
        ("a {%+ if true +%}\nb{% endif %}\n", "a \nb\n"),
    ],
)
def test_a_line_end_goes_only_where_its_line_is_tags_alone(
    project: Project, template: str, shown: str
) -> None:
    """What stands before a tag at a line's end stays apart from what stands below."""
    text = deck(project, template).markdown.split("---\n\n", 1)[1]
    assert text == f"{shown}\n---\n\n# Due\n"


def test_a_slide_of_words_is_not_merged_with_the_next_one(project: Project) -> None:
    """As the newcomer wrote it: `{% endif %}` before a blank line and a ruler."""
    result = deck(project, "# A\n\nOrbit {% if true %}closed{% endif %}\n\n---\n\n# B\n")
    assert titles(result) == ["A", "B"]


@pytest.mark.parametrize(
    ("template", "line", "message", "hint"),
    [
        ("# A\n\nwords\n---\n\n# B\n", 4, "`words` stands directly above `---`", "a blank line"),
        ("# A\n\n{{ 1 }} x\n---\n", 4, "directly above `---`", "write `## 1 x`"),
        ("---\nmarp: true\n---\n\n# B\n", 3, "directly above `---`", "is in deck/deck.toml"),
        ("# A\n\n---\n\n---\n\n# B\n", 3, "slide 2 of this template is blank", "remove one"),
        ("# A\n\n---\n", 3, "slide 2 of this template is blank", "templates are set apart without"),
        ("---\n\n# A\n", 1, "slide 1 of this template is blank", "write `&nbsp;`"),
        ("", 1, "this template makes no slide", "write a slide"),
        ("{% macro m() %}x{% endmacro %}\n", 1, "makes no slide", "deck/partials"),
        ("# A\n\n```\ncode\n", 3, "``` is open", "close it"),
        ("# A\n\n<!-- note\n", 3, "`<!--` is open to the end", "write `-->` below"),
        ("# A\n\n<style>\n", 3, "`<style` is open to the end", "write `</style>` below"),
        ("a\n{{ demo }}", 2, "`demo` is a function, and a slide shows what it", ""),
        ("{% macro m() %}x{% endmacro %}\n{{ m }}", 2, "`m` is a function", ""),
        ("{{ [1] | map('abs') }}", 1, "can't show a generator", ""),
        ("{{ joiner() }}", 1, "can't show a Joiner", ""),
        ("{{ cycler() }}", 1, "at least one item has to be provided", ""),
        ("a\n{{ 1e999 }}", 2, "this number is larger than any", ""),
        ("a\n{{ [1e308 * 10] | first }}", 2, "this number is larger than any", ""),
        ("a\n{{ 10 ** 5000 }}", 2, "limit (4300 digits)", ""),
        ("a\n$\\frac{{a}}{b}$", 2, "'a' is undefined", "write `{ {a} }` for `{{a}}`"),
        ("a\n$x_{{\\alpha}}$", 2, "unexpected char", "write `{ {a} }` for `{{a}}`"),
        ("a\n$\\def\\x{#1}$", 2, "Missing end of comment tag", "write `{ #` in a formula"),
        ("a\n$x^{%}$", 2, "unexpected '}'", "are Jinja's"),
        ('a\n{% include "a.md" %}', 2, "there is no deck/a.md", "`partials/a.md`"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", 1, "calls itself without end", ""),
        ("{{ nope | num }}", 1, "'nope' is undefined", ""),
        ('{{ demo("twice", n=range(3)).n }}', 1, "`n` must be a text, a number, true or", ""),
        ('{{ demo("twice", n=nope).n }}', 1, "'nope' is undefined", ""),
        ("{{ demo([]) }}", 1, 'a demo is named by a text: demo("vram")', ""),
        ('{{ live("twice", n) }}', 1, "'n' is undefined", ""),
        ('{{ live("twice", 3) }}', 1, "a parameter is named by a text, not '3'", ""),
        ("{{ claim(1) }}", 1, "a claim is named by its id", ""),
        ("{{ table([1, 2]) }}", 1, "rows are dicts or lists, not 1 among them", ""),
        ('{{ table({"a": 1}) }}', 1, 'table(f.NAME | items, headers=["name", "value"])', ""),
        ("{{ output('twice', first='a') }}", 1, "output: unsupported operand", ""),
    ],
)
def test_a_mistake_has_its_line_and_the_way_to_write_it(
    project: Project, template: str, line: int, message: str, hint: str
) -> None:
    """Slides that would merge or be lost, Jinja in formulas, values that no slide can show."""
    error = mistake(project, template, a_md="x")
    assert message in error.message
    assert error.place == Place(file=FILE, line=line)
    assert hint in error.hint


def test_a_slide_that_is_meant_to_be_blank_is_one(project: Project) -> None:
    """A space, a comment and a picture behind the slide are something."""
    result = deck(
        project, "# A\n\n---\n\n&nbsp;\n\n---\n\n<!-- _class: lead -->\n\n---\n\n![bg](a)\n"
    )
    assert titles(result) == ["A", "", "", ""]


def test_a_slide_with_notes_alone_is_not_blank_without_notes(project: Project) -> None:
    """`--no-notes` leaves a deck's slides as they are."""
    write(project, "# A\n\n---\n\n{% call notes() %}Pause{% endcall %}\n")
    done = project.run("build", "--no-notes")
    assert done.returncode == 0, done.stderr
    assert "3 slides" in done.stdout


@pytest.mark.parametrize("name", ["02.md", "02.markdown", "02.j2", "02.html.j2"])
def test_a_file_that_looks_like_slides_is_an_error(project: Project, name: str) -> None:
    """It would be left out in silence; the hint has its right name."""
    project.write(f"deck/slides/{name}", "# Lost\n")
    with pytest.raises(TemplateError, match="makes no slides") as caught:
        rendered(project)
    assert caught.value.place == Place(file=f"deck/slides/{name}")
    assert "rename it 02.md.j2" in caught.value.hint


def test_hidden_files_and_backups_are_not_looked_at(project: Project) -> None:
    """An editor's own files beside the templates are nobody's slides."""
    for name in (".01.md.j2.swp", ".x.md", "01-uno.md.j2~", "notes.txt"):
        project.write(f"deck/slides/{name}", "# Lost\n")
    assert len(rendered(project, FACTS | {"double": 1, "size_gb": 1.0}).slides) == 1


def test_a_byte_order_mark_is_no_text(project: Project) -> None:
    """A template, an included file and a demo's source saved with one show as without."""
    project.write("demos/marked.py", "\ufeffdef run():\n    return {}\n")
    text = '\ufeff# Uno\n\n{% include "partials/a.md" %}\n{{ code("marked", "run") }}\n'
    result = deck(project, text, a_md="\ufeff## Inside\n")
    assert titles(result) == ["Uno"]
    assert "\ufeff" not in result.markdown
    assert "\n## Inside\n" in result.markdown


def test_a_template_that_is_no_utf8_is_told_with_its_line(project: Project) -> None:
    """Latin-1, as an old editor saves it."""
    write(project, "")
    (project.root / FILE).write_bytes(b"# Uno\n\nperch\xe9\n")
    (error,) = rendered(project).errors
    assert error.place == Place(file=FILE, line=3)
    assert (error.message, error.hint) == (
        "the file is no UTF-8 text: the byte 0xe9",
        "save it as UTF-8",
    )


@pytest.mark.parametrize("included", ["# B\n\nwords\n", "# B\n\nwords", "# B\n\n---\n\n# C\n"])
def test_slides_may_be_included(project: Project, included: str) -> None:
    """Between rulers of its own a file is a slide, or several, however it ends."""
    text = '# A\n\n---\n\n{% include "partials/b.md" %}\n\n---\n\n# D\n'
    found = titles(deck(project, text, b_md=included))
    assert [title for title in found if title != "C"] == ["A", "B", "D"]


def test_an_include_right_above_a_ruler_says_what_to_do(project: Project) -> None:
    """The included file's last words would be a heading."""
    text = '# A\n\n---\n\n{% include "partials/b.md" %}\n---\n\n# D\n'
    error = mistake(project, text, b_md="words")
    assert error.message.startswith("`words` stands directly above `---`")
    assert error.place == Place(file=FILE, line=6)


def test_private_use_characters_are_text(project: Project) -> None:
    """Those that marks are made of, in a template, a literal, a citation, name no line."""
    text = (
        '# A\n\n\ue0000\ue001 \ue002control x\ue003b\ue004 {{ "\ue002" | safe }} {{ "\ue000" }}\n'
    )
    text += '{{ cited("\ue0000\ue001", source="x") }}\n'
    result = deck(project, text)
    assert not any("\ue000" <= char <= "\ue004" for char in result.markdown)
    assert (
        "&#57344;0&#57345; &#57346;control x&#57347;b&#57348; &#57346; &#57344;" in result.markdown
    )


@pytest.mark.parametrize("around", ["**", "*", "***", "_", "__", "~~"])
def test_emphasis_around_nothing_is_nothing(project: Project, around: str) -> None:
    """An empty value in bold shows no asterisks, and starts no slide."""
    result = deck(
        project, f"# A\n\na {around}{{{{ '' }}}}{around} b\n\n{around}{{{{ '' }}}}{around}\n"
    )
    assert titles(result) == ["A"]
    assert around not in result.markdown.split("---\n\n", 1)[1]


def test_a_constant_shows_as_a_fact_of_the_same_value_does(project: Project) -> None:
    """In the deck's locale, its words for truth, and escaped for Markdown."""
    text = deck(project, "# A\n\n{{ 1.5 }} {{ true }} {{ 'a*b' }}\n").markdown
    assert "1,5 yes a&#42;b" in text


def test_code_shows_the_docstring_where_that_is_wanted(project: Project) -> None:
    """`docstring=True` shows the function whole."""
    source = 'def run():\n    """Say it."""\n    return {}\n'
    project.write("demos/says.py", source)
    assert source in deck(project, '# A\n\n{{ code("says", "run", docstring=True) }}\n').markdown


def test_code_of_a_demo_that_is_no_python_names_its_line(project: Project) -> None:
    """The line is the demo's."""
    project.write("demos/says.py", "def run():\n    return (\n")
    error = mistake(project, '# A\n\n{{ code("says", "run") }}\n')
    assert error.place == Place(file="demos/says.py", line=2)
    assert error.message.startswith("code: demos/says.py is no Python: ")


def test_a_table_takes_the_names_and_values_of_a_dict(project: Project) -> None:
    """As the message says it."""
    text = '# A\n\n{{ table({"a": 1, "b": 2} | items, headers=["name", "value"]) }}\n'
    assert "<td>a</td><td class=number>1</td>" in deck(project, text).markdown


@pytest.mark.parametrize(
    ("settings", "lang", "locale"),
    [
        ('locale = "de"', "de", "de"),
        ('locale = "de_AT"', "de-AT", "de_AT"),
        ('lang = "it"', "it", "it"),
        ('lang = "en"\nlocale = "de"', "en", "de"),
        ("", "en", "en"),
    ],
)
def test_lang_and_locale_stand_for_each_other(
    project: Project, settings: str, lang: str, locale: str
) -> None:
    """Numbers and `<html lang>` agree where only one of the two is given."""
    project.write("deck/deck.toml", f'[deck]\ntitle = "x"\n{settings}\n')
    made = project.config.deck
    assert (made.lang, made.number_locale) == (lang, locale)


@pytest.mark.parametrize(
    ("settings", "line", "message", "hint"),
    [
        ('math = "latex"', 3, '`math` in [deck] must be "katex" or "mathjax", not \'latex\'', ""),
        ('[controls.nosuch]\nlabel = "x"', 3, "no demo has a parameter `nosuch`", "there are: n"),
        ('[controls.nn]\nlabel = "x"', 3, "no demo has a parameter `nn`", "did you mean `n`?"),
        ('locale = "xx_YY"', 3, "unknown locale `xx_YY`", 'locale = "it_IT"'),
        ('lang = "italiano"', 3, "unknown locale `italiano`", 'write lang = "it"'),
        ("[limits]\ntime_s = inf", 4, "`time_s` in [limits] must be a number, not inf", ""),
        ("[limits]\ntime_s = 0", 4, "`time_s` in [limits] must be more than 0, not 0", "= 30"),
        ("[limits]\ntime_s = 07:30:00", 4, "must be a number, not 07:30:00", ""),
        ("[demos]\ntwice = [1]", 4, "[demos.twice] must be a table", ""),
        ("[[controls.n]]\nlabel = 3", 3, "[controls.n] must be a table", ""),
    ],
)
def test_a_setting_that_means_nothing_is_an_error(
    project: Project, settings: str, line: int, message: str, hint: str
) -> None:
    """With the line of the key, and what may stand there."""
    project.write("deck/deck.toml", f'[deck]\ntitle = "x"\n{settings}\n')

    def look() -> Any:
        errors = rendered(project, FACTS | {"double": 1, "size_gb": 1.0}).errors
        raise next(error for error in errors if isinstance(error, ConfigError))

    with pytest.raises(ConfigError) as caught:
        look()
    assert message in caught.value.message
    assert caught.value.place == Place(file="deck/deck.toml", line=line)
    assert hint in caught.value.hint


def test_a_control_may_wait_for_its_slide(project: Project) -> None:
    """What a demo has as a parameter may have a name before a slide sets it."""
    project.write("deck/deck.toml", '[deck]\ntitle = "x"\n[controls.n]\nlabel = "x"\n')
    assert not rendered(project, FACTS | {"double": 6, "size_gb": 1.0}).errors
