"""Values in formulas, tags and code are written as these are read.

The oracles: Marp itself, whose KaTeX shows what it can't read in red; `float`, which reads what
stands in a tag; and the text that is written out.
"""

from __future__ import annotations

import json
import random
import re
import subprocess

import pytest

from llmdeck.marp.install import find_node, install
from llmdeck.render.formulas import parse
from tests.conftest import DECK, Project
from tests.test_render import body

FACTS = {
    "ecc": 0.0445,
    "share": 0.5,
    "g": 6.6743e-11,
    "mass_kg": 1.98892e30,
    "text": r"a | b_c & 50% {x} \ ^ ~ # $ <b> è m²",
    "p": [[0, 0.0], [1, 0.0314159265358979]],
    "ok": True,
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$m = {{ 0.5 | pct }}, x=1$", r"$m = 50\%, x=1$"),
        ('${{ "%.2e" | format(f.ecc) }}$', r"$4.45\text{e-02}$"),
        ("$e = {{ f.ecc }}$", "$e = 0{,}0445$"),
        ("$M = {{ f.mass_kg | qty }}$", r"$M = 1{,}99 \times 10^{30}\,\text{kg}$"),
        ("$${{ f.g | sci(5) }}$$", r"$$6{,}6743 \times 10^{-11}$$"),
        ('$x = {{ f.ecc ~ "a" }}$', r"$x = 0.0445\text{a}$"),
        ('$x = {{ (f.ecc | num) ~ "_a" }}$', r"$x = 0{,}0445\text{\_a}$"),
        ('${{ "a_b" }}$', r"$\text{a\_b}$"),
        (r'${{ "\\alpha" | safe }}$', r"$\alpha$"),
        ("$-{{ -0.25 }}$", "$--0{,}25$"),
        ('${{ "1’234.5" }}$', r"$1\text{’}234.5$"),
        ("$$\na | {{ f.ecc }}\n$$", "$$\na | 0{,}0445\n$$"),
        ("> $$\n> {{ f.ecc }}\n> $$", "> $$\n> 0{,}0445\n> $$"),
        ("{% macro m(x) %}$y = {{ x }}${% endmacro %}{{ m(0.5) }} {{ 0.5 }}", "$y = 0{,}5$ 0,5"),
        ("{% set y %}{{ 0.5 }}{% endset %}${{ y }}$ {{ y }}", "$0{,}5$ 0,5"),
        (r"\${{ f.ecc }}\$", r"\$0,0445\$"),
        ("Costa $5 e ${{ f.share }}.", "Costa $5 e $0,5."),
        ("${{ f.ecc }}/${{ f.share }}", "$0,0445/$0,5"),
        ("$ {{ f.share }} $", "$ 0,5 $"),
        ("`${{ 3 }}$`", "`$3$`"),
    ],
)
def test_a_value_in_a_formula_is_written_for_it(
    project: Project, template: str, expected: str
) -> None:
    """Commas, percent signs, powers, units and text are TeX there, and as ever elsewhere."""
    assert body(project, template, facts=FACTS) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            '<polyline points="{% for p in f.p %}{{ p[0] }},{{ p[1] }} {% endfor %}">',
            '<polyline points="0,0 1,0.0314159265358979 ">',
        ),
        ('<b style="width: {{ f.share | pct(1) }}">x</b>', '<b style="width: 50.0%">x</b>'),
        ("<td colspan={{ 2000 }}>", "<td colspan=2000>"),
        ("<circle r='{{ f.g }}'/>", "<circle r='6.6743e-11'/>"),
        ('<rect x="{{ f.ecc | num(2) }}"/>', '<rect x="0.04"/>'),
        ('<i aria-hidden="{{ f.ok }}">{{ f.ok }}</i>', '<i aria-hidden="true">yes</i>'),
        ('<i title="{{ f.ecc }}" data-x="{{ f.ecc }}">', '<i title="0,0445" data-x="0.0445">'),
        (
            '<i aria-label="{{ f.mass_kg | qty }}">{{ f.ecc }}</i>',
            '<i aria-label="1,99\xa0×\xa010³⁰\xa0kg">0,0445</i>',
        ),
        ("<style>a { width: {{ f.ecc }}em }</style>", "<style>a { width: 0.0445em }</style>"),
        ('<b title="{{ "<i>" }}">', '<b title="&#60;i&#62;">'),
        ("3 < {{ f.share }} > 2", "3 < 0,5 > 2"),
        ('`<b x="{{ 1500 }}">`', '`<b x="1.500">`'),
    ],
)
def test_a_number_in_a_tag_is_written_as_machines_read_it(
    project: Project, template: str, expected: str
) -> None:
    """All digits and a point in a tag; words for people where people read them."""
    assert body(project, template, facts=FACTS) == expected


def test_a_partial_draws_what_its_demo_computed(project: Project) -> None:
    """A line of an SVG in a partial has the demo's own numbers, at every point of the grid."""
    project.write(
        "demos/line.py",
        """
        from typing import Annotated

        def run(*, n: Annotated[int, range(1, 3)] = 1) -> dict:
            return {"points": [[x / 3, x * n / 7] for x in range(3)]}

        def show(facts: dict) -> None:
            print(facts)
        """,
    )
    loop = "{% for p in points %}{{ p[0] }},{{ p[1] }} {% endfor %}"
    partial = f'<svg><polyline points="{loop}"/><text>{{{{ points[1][0] }}}}</text></svg>'
    project.write("deck/partials/line.html.j2", partial)
    project.write("deck/slides/02-due.md.j2", '# Due\n\n{{ live("line", "n") }}\n')
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    page = project.html.read_text(encoding="utf-8")
    (points,) = re.findall(r'<polyline points="([^"]*)"', page)
    read = [tuple(map(float, pair.split(","))) for pair in points.split()]
    assert read == [(x / 3, x / 7) for x in range(3)]
    assert "<text>0,333</text>" in page


def katex(project: Project, template: str) -> tuple[int, str]:
    """Build a deck of one template with `FACTS`; the exit code and what is said."""
    facts = f"def run() -> dict:\n    return {FACTS!r}\n\n\ndef show(facts): print(facts)\n"
    project.write("demos/facts.py", facts)
    project.write("deck/claims.toml", "")
    whole = '{% set f = demo("facts") %}\n# Uno\n\n' + template
    project.write("deck/slides/01-uno.md.j2", whole)
    done = project.run("build")
    return done.returncode, done.stderr


@pytest.mark.parametrize("library", ["katex", "mathjax"])
def test_marp_reads_every_formula_that_values_make(project: Project, library: str) -> None:
    """Hostile text, powers, units and percentages: nothing is red, and all of it is there."""
    project.write("deck/deck.toml", f'{DECK}math = "{library}"\n')
    template = """
$m = {{ 0.5 | pct }}$ ${{ f.text }}$ ${{ f.g }}$ ${{ f.mass_kg | qty }}$ ${{ 1e6 | compact }}$

$$
P(a | b) = {{ f.ecc }} \\quad {{ f.text }} \\quad {{ f.g | qty(unit="m/s²") }} {{ f.ok }}
$$
"""
    code, said = katex(project, template)
    assert code == 0, said
    page = project.html.read_text(encoding="utf-8")
    assert "katex-error" not in page and "data-mjx-error" not in page and "#cc0000" not in page
    if library == "katex":
        assert page.count('<annotation encoding="application/x-tex">') == 6


@pytest.mark.parametrize(
    ("template", "line", "said"),
    [
        (
            "\n\n$a & {{ f.ecc }}$\n",
            6,
            "slide 1: the formula `a & 0{,}0445` can't be read: Expected",
        ),
        ("$x$\n\n---\n\n$$\n\\frac{a\n$$\n", 9, r"slide 2: the formula `\frac{a` can't be read"),
        ("$\\nope{{ f.ecc }}$\n", 4, r"can't be read: there is no command \nope"),
        ("$\\alfa + 1$\n", 4, r"the formula `\alfa + 1` can't be read: there is no command \alfa"),
    ],
)
def test_a_formula_that_katex_cannot_read_is_an_error_with_its_line(
    project: Project, template: str, line: int, said: str
) -> None:
    """What would show in red stops the build, with the template's line, the reason and a hint."""
    code, told = katex(project, template)
    assert code == 4
    assert f"error: deck/slides/01-uno.md.j2:{line}: " in told
    assert said in told
    assert r"hint: what is meant as itself in a formula is written \&" in told


PIECES = ["$", "$", "$$", "$$\n", "\\$", "$5", "5", "x", " ", "\n", "\n\n", "|", "`", "a", "> "]
PIECES += ["*", "_", "{", "\\", "- ", "<b>", "</b>", "€", "0,5"]
READ_BY_MARP = """
import { Marp } from '@marp-team/marp-core'
let source = ''
for await (const piece of process.stdin) source += piece
const marp = new Marp({ html: true, math: 'katex' })
const read = (text) =>
  marp.markdown.parse(text, {})
    .flatMap((token) => [token, ...(token.children ?? [])])
    .filter((token) => token.type.startsWith('marp_math'))
    .map((token) => token.content)
console.log(JSON.stringify(JSON.parse(source).map(read)))
"""


def test_formulas_are_those_that_marp_reads() -> None:
    """Of 3,000 texts full of dollars, escapes, lists and code, Marp and we read the same."""
    chance = random.Random(0)  # noqa: S311  texts, not secrets
    texts = ["".join(chance.choices(PIECES, k=chance.randint(2, 16))) for _ in range(3000)]
    node = find_node()
    done = subprocess.run(
        [node.node, "--input-type=module", "-e", READ_BY_MARP],
        cwd=install(node),
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    by_marp = json.loads(done.stdout)
    assert sum(map(len, by_marp)) > 1000
    for text, formulas in zip(texts, by_marp, strict=True):
        assert list(parse(text).formulas) == formulas, repr(text)
