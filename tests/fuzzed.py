"""What the fuzz tests share: a deck that uses everything, and how its files are spoiled.

`make test` tries few examples, the same ones each time; `make soak` (`LLMDECK_SOAK`) tries many.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.conftest import Project

SOAK = bool(os.environ.get("LLMDECK_SOAK"))
TIMES = 40
"""How many times as many examples a soak tries."""
EVERYTHING = """
# Uno {{ deck.title }}

{% set f = demo("many", n=2) %}
{{ f.share | pct }}, {{ f.size_gb | qty(1) }}, {{ f.name | code }}, {{ claim("big") }}.

{{ often("wrong") }} {{ cited("**7** milioni", source="Rossi, 2023: https://example.org") }}

---

# Due

{{ table(f.rows, columns=["name", "n"], headers=["Nome", "N"]) }}

{% for row in f.rows %}
- {{ row.name }}: {{ row.n | num }}
{% endfor %}

$x_{{ f.n }}^2$

{% call notes() %}
Una nota: {{ f.text }}.
{% endcall %}

---

# Tre

{{ live("many", "n", "kind") }}

---

# Quattro

{{ output("many", first=1, last=2) }}

{{ code("many", "show") }}

{{ quiz("big") }}
"""
REGISTER = """
{% for page in register(rows=2) %}
# Registro

{{ page }}
{% if not loop.last %}

---

{% endif %}
{% endfor %}
"""
DEMO = '''
"""Gives facts of every kind."""
from typing import Annotated, Literal


def run(
    *, n: Annotated[int, range(1, 4)] = 1, kind: Literal["a", "b"] = "a", free: str = ""
) -> dict:
    rows = [{"name": name, "n": n * place} for place, name in enumerate("xyz")]
    return {
        "n": n,
        "share": n / 7,
        "size_gb": 2.5 * n,
        "name": f"{kind}*_<b>",
        "text": "é | $ & \\u202e",
        "rows": rows,
        "none": None,
        "by_kind": {kind: [n, 0.5]},
    }


def show(facts: dict) -> None:
    """Print the facts."""
    print("1. Prima")
    print(facts["n"], facts["text"])
'''
CLAIMS = """
[big]
demo = "many"
with = { n = 2 }
says = "pesa {{ size_gb | qty(1) }} e {{ rows[1].n }}"
holds = ["size_gb is close_to(5, rel=0.1)", "n == 2"]
verdict = "verified"
asks = "Quanto pesa {{ name }}?"
answer = "size_gb"
within = 0.05

[wrong]
demo = "many"
says = "è {{ share | pct }}"
holds = "share < 0.2"
verdict = "corrected"
often = "la metà"
sources = ["Rossi, 2023: https://example.org"]

[quoted]
says = "si dice così"
verdict = "cited"
sources = ["Bianchi, 2024"]
"""
SETTINGS = """
[deck]
title = "Prova"
lang = "it"
locale = "it_IT"
size = "16:9"
paginate = true

[limits]
time_s = 20
memory_gib = 4.0
tolerance = 1e-6

[demos.many]
time_s = 10

[words]
verified = "verificato"

[lint]
names = ["GPT-#"]

[controls.n]
label = "numero"
unit = "pz"

[controls.kind.values]
a = "alfa"
"""
PARTIAL = "<p>{{ name }}: {{ size_gb | num }} {{ parameters.n }}{% if none %}!{% endif %}</p>\n"
FILES = {
    "deck/slides/01-tutto.md.j2": EVERYTHING,
    "deck/slides/02-registro.md.j2": REGISTER,
    "deck/partials/many.html.j2": PARTIAL,
    "deck/claims.toml": CLAIMS,
    "deck/deck.toml": SETTINGS,
}
PIECES = (
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{% endif %}",
        "{% if n %}",
        "{% set a = 1 %}",
        "\n---\n",
    ),
    *("{{ f.nosuch }}", "{{ demo }}", '{{ demo("nosuch") }}', "{{ 1/0 }}", "{{ f.rows[9] }}"),
    *(
        "| num",
        "| nosuch",
        "| qty('x')",
        "(",
        ")",
        "[",
        "]",
        '"',
        "'",
        "`",
        "```",
        "~~~",
        "$",
        "$$",
    ),
    *("\n", "\n\n", "\t", "\ufeff", "\r", "\x00", "\u2028", "\ue000", "\ue001", "\U0001f999", "%"),
    *(
        "<!--",
        "-->",
        "<div>",
        "</section>",
        "<script>",
        "<style>",
        "# ",
        "> ",
        "- ",
        "|",
        "\\",
        "&#",
    ),
    *(
        "= ",
        "== 3",
        "inf",
        "nan",
        "-1",
        "1e999",
        "true",
        "[x]",
        "1979-05-27",
        "07:32:00",
        "{ a = 1 }",
    ),
    *("n = 5", "n == 'a'", "is odd", "is nosuch", "none", "[deck]", "[demos]", "[a.b]", "size_gb"),
)
"""What is put into sources: what means something to Jinja, Markdown, HTML or TOML."""


def fuzz(n_examples: int) -> settings:
    """Return how a fuzz test runs: so many examples, the same each time; in a soak many more."""
    return settings(
        max_examples=n_examples * (TIMES if SOAK else 1),
        derandomize=not SOAK,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=SOAK,
    )


def write_everything(project: Project) -> Project:
    """Make a deck that uses everything."""
    for name, text in FILES.items():
        project.write(name, text)
    project.write("demos/many.py", DEMO)
    for name in ("deck/slides/01-uno.md.j2", "demos/twice.py"):
        (project.root / name).unlink(missing_ok=True)
    return project


@st.composite
def spoiled(draw: st.DrawFn, text: str) -> str:
    """Return a text with one to three pieces cut, put in, doubled or moved."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        before, piece, after = text[:start], text[start:end], text[end:]
        change = draw(st.sampled_from(("cut", "put", "instead", "twice")))
        put = draw(st.sampled_from(PIECES))
        middle = {"cut": "", "put": put + piece, "instead": put, "twice": piece + piece}
        text = before + middle[change] + after
    return text


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.sampled_from((10**400, 1e308, 5e-324, -0.0, 0.1, "", "a", "\ue000", "<b>", "x" * 99, "n"))
    | st.text(max_size=5).filter(lambda text: text.isprintable()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abn_", max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
"""What JSON can hold."""


@st.composite
def spoiled_json(draw: st.DrawFn, text: str) -> str:
    """Return a JSON text with one value in it replaced, or taken away."""
    value = json.loads(text)
    owners = [owner for owner in _containers(value) if owner]
    owner = draw(st.sampled_from(owners))
    keys = list(owner) if isinstance(owner, dict) else list(range(len(owner)))
    key = draw(st.sampled_from(keys))
    if draw(st.booleans()):
        owner[key] = draw(VALUES)
    else:
        del owner[key]
    return json.dumps(value)


def _containers(value: Any) -> list[Any]:
    """Return a value's lists and objects, at any depth, itself first."""
    if not isinstance(value, list | dict):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(found for one in inner for found in _containers(one))]
