"""What does not fit a slide is found by a browser, with its element, template and line.

The oracle is arithmetic: a box of a known size at a known place on a slide of 1280 × 720 pixels.
"""

from __future__ import annotations

import base64

import pytest

pytest.importorskip("playwright")

from llmdeck.lint import run
from llmdeck.model import Finding
from tests.conftest import Project

pytestmark = pytest.mark.usefixtures("has_browser")

THEME = """
/* @theme bare */
section { width: 1280px; height: 720px; padding: 40px; box-sizing: border-box }
section { font-size: 30px; overflow: hidden }
p, h1 { margin: 0; font-size: 30px }
section::after { content: attr(data-marpit-pagination); position: absolute; right: 10px }
section::after { bottom: 10px; font-size: 20px }
"""


def found(project: Project, *slides: str) -> list[Finding]:
    """The findings on these slides."""
    project.write("deck/theme/bare.css", THEME)
    project.write("deck/deck.toml", '[deck]\ntitle = "Prova"\nlang = "it"\ntheme = "bare"\n')
    project.write("deck/slides/01-uno.md.j2", "\n\n---\n\n".join(slides) + "\n")
    return run(["overflow"], project.config, lambda _name, _event: None)


def told(findings: list[Finding]) -> list[tuple[str, int, int]]:
    """What each says, with its line and slide."""
    assert {finding.place.file for finding in findings} <= {"deck/slides/01-uno.md.j2"}
    return [(finding.message, finding.place.line, finding.slide) for finding in findings]


def box(text: str, style: str) -> str:
    """A box of text at an exact place."""
    return f'<div style="position: absolute; background: #eee; {style}">{text}</div>'


def test_what_sticks_out_is_told_in_pixels_with_its_element_and_line(project: Project) -> None:
    """To the right and below, on the second slide; the first one fits to the pixel."""
    fits = box("intero", "left: 0; top: 0; width: 1280px; height: 720px")
    wide = box("largo", "left: 300px; top: 100px; width: 1000px; height: 50px")
    high = box("alto", "left: 0; top: 700px; width: 100px; height: 57px")
    assert told(found(project, f"# Uno\n\n{fits}", f"# Due\n\n{wide}\n\n{high}")) == [
        ("20 px too wide: div:nth-of-type(1) “largo”", 9, 2),
        ("37 px too high: div:nth-of-type(2) “alto”", 11, 2),
    ]


def test_text_that_runs_over_the_end_is_told_once(project: Project) -> None:
    """A list too long for its slide is one finding, at the last line that shows beyond it."""
    rows = "\n".join(f"- riga {'abcdefghijklmnopqrstuvwxyz'[n]}" for n in range(26))
    (finding,) = found(project, f"# Uno\n\n{rows}")
    assert finding.message.endswith("“riga z”")
    assert " px too high: ul > li:nth-of-type(26) " in finding.message
    assert (finding.place.line, finding.slide) == (28, 1)


def test_code_that_runs_over_the_end_is_told(project: Project) -> None:
    """A block that would cut its own overflow grows with its lines, and sticks out itself."""
    lines = "\n".join(["x"] * 40)
    (finding,) = found(
        project, f"# Uno\n\n<style scoped>pre {{ overflow: hidden }}</style>\n\n```\n{lines}\n```"
    )
    assert " px too high: " in finding.message
    assert "pre" in finding.message


def test_a_box_that_cuts_its_content_is_told(project: Project) -> None:
    """Hidden or scrolled: both lose what is beyond the edge; what fits is left alone."""
    inner = '<span style="display: block; width: {}px; height: 20px">dentro</span>'
    style = "left: 10px; top: {}px; width: 200px; height: 40px; overflow: {}"
    cut = box(inner.format(260), style.format(100, "hidden"))
    scrolled = box(
        inner.format(275), style.format(200, "auto").replace("overflow: auto", "overflow-x: auto")
    )
    fits = box(inner.format(200), style.format(300, "hidden"))
    messages = [
        message for message, _, _ in told(found(project, f"# Uno\n\n{cut}\n{scrolled}\n{fits}"))
    ]
    assert messages[0].startswith("a box cuts 60 px in x: div:nth-of-type(1) “dentro”")
    assert messages[1].startswith("a box cuts 75 px in x")
    assert len(messages) == 2


def test_small_text_is_told_with_its_size_as_shown(project: Project) -> None:
    """Text of 17 px, text that a transformation makes small, cells of a table; 18 px is enough."""
    plain = (
        '<span style="font-size: 17px">piccolo</span> <span style="font-size: 18px">giusto</span>'
    )
    scaled = '<div style="font-size: 30px; transform: scale(0.5)">ridotto</div>'
    cells = "".join(f'<td style="font-size: 16px">{n}</td>' for n in ("prima", "altra", "terza"))
    findings = told(
        found(
            project,
            f"# Uno\n\n{plain}",
            f"# Due\n\n{scaled}",
            f"# Tre\n\n<table><tr>{cells}</tr></table>",
        )
    )
    assert findings == [
        ("text of 17 px: p > span “piccolo”", 3, 1),
        ("text of 15 px: div “ridotto”", 9, 2),
        ("text of 16 px (3 times): table > tbody > tr > td “prima”", 15, 3),
    ]


def svg(text: str) -> str:
    """A drawing 1000 units wide as a Markdown picture's address."""
    size = 'viewBox="0 0 1000 300" width="1000" height="300"'
    source = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{text}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(source.encode()).decode()


def test_text_of_a_figure_is_measured_as_the_slide_shows_it(project: Project) -> None:
    """A figure of 1000 units, 500 pixels wide, halves its text: 24 is too small, outlines too."""
    outline = '<g transform="translate(9 90) scale(0.24 -0.24)"><use href="#a"/></g>'
    glyph = f'<g id="text_1"><!-- tracciato -->{outline}</g>'
    text = '<text x="9" y="200" font-size="24">scritto</text>'
    text += '<text x="9" y="280" font-size="40">grande</text>'
    picture = f'<img alt="figura" width="{{}}" src="{svg(glyph + text)}">'
    findings = told(
        found(project, f"# Uno\n\n{picture.format(1000)}", f"# Due\n\n{picture.format(500)}")
    )
    assert [(message.split("“")[1], slide) for message, _, slide in findings] == [("scritto”", 2)]
    assert findings[0][0].startswith("text of 12 px (2 times): img")


def test_a_picture_that_does_not_load_is_told(project: Project) -> None:
    """A file that is there and is no picture: in a paragraph and as a background."""
    project.write("deck/rotta.png", "nessuna immagine")
    findings = told(
        found(project, "# Uno\n\n![una figura](rotta.png)", "# Due\n\n![bg](rotta.png)")
    )
    assert [(message.split(":")[0], slide) for message, _, slide in findings] == [
        ("a picture does not load (data", 1),
        ("a picture does not load (data", 2),
    ]


def test_what_no_one_sees_is_left_alone(project: Project) -> None:
    """Text for screen readers alone, hidden elements, formulas, empty boxes, a background."""
    style = "position: absolute; width: 1px; height: 1px; overflow: hidden; font-size: 9px"
    hidden = f'<span style="{style}">per chi ascolta</span>'
    away = box("via", "left: 2000px; top: 0; visibility: hidden; font-size: 9px")
    empty = '<div style="position: absolute; left: 1270px; width: 500px; height: 10px"></div>'
    project.write(
        "deck/x.svg",
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>',
    )
    assert (
        told(
            found(
                project,
                f"# Uno\n\n{hidden}\n{away}\n{empty}\n\n$e^{{x_i}}$",
                "# Due\n\n![bg right](x.svg)",
            )
        )
        == []
    )


def test_a_deck_of_another_shape_is_measured_at_its_own(project: Project) -> None:
    """A 4:3 deck is 960 pixels wide: what ends at 970 sticks out by 10."""
    project.write(
        "deck/slides/01-uno.md.j2",
        "# Uno\n\n" + box("largo", "left: 0; top: 0; width: 970px; height: 9px") + "\n",
    )
    project.write("deck/deck.toml", '[deck]\ntitle = "Prova"\nlang = "it"\nsize = "4:3"\n')
    (finding,) = run(["overflow"], project.config, lambda _name, _event: None)
    assert finding.message.startswith("10 px too wide: div")
