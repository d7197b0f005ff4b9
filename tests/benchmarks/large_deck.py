"""A large deck for benchmarks: 1,000 slides, 2,000 claims, 200 demos with ten variants each.

`python -m tests.benchmarks.large_deck FOLDER` writes one, to look at or to time by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import Project

N_DEMOS, N_VARIANTS = 200, 10
N_TEMPLATES, N_SLIDES = 100, 10
N_CLAIMS = N_DEMOS * N_VARIANTS
"""One for each variant; each slide says two of them."""
DECK = """
[deck]
title = "A large deck"
lang = "en"
"""
DEMO = '''
"""Powers of {number}, and their sum."""


def run(*, n: int = 1) -> dict:
    powers = [{number} ** k for k in range(n + 1)]
    return {{"n": n, "powers": powers, "total": sum(powers), "share": powers[-1] / sum(powers)}}


def show(facts: dict) -> None:
    print("the powers are", facts["powers"])
'''
CLAIM = """
[powers-{demo}-{n}]
demo = "powers_{demo}"
with = {{ n = {n} }}
says = "The first {{{{ n + 1 }}}} powers of {base} add up to {{{{ total | num }}}}."
holds = ["powers | sum == total", "share > 0"]
verdict = "verified"
"""
SLIDE = """
# Page {number}

{prose}

- {{{{ claim("powers-{first[0]}-{first[1]}") }}}}
- {{{{ claim("powers-{second[0]}-{second[1]}") }}}}

{{% set f = demo("powers_{first[0]}", n={first[1]}) %}}
The last of them is **{{{{ f.share | pct(1) }}}}** of the sum.
"""
PROSE = (
    "A page of a large deck has some words of its own, so that there is something to convert. " * 3
)


def write(folder: Path) -> Project:
    """Write the deck below a folder."""
    project = Project(folder)
    project.write("deck/deck.toml", DECK)
    project.write("deck/claims.toml", "".join(_claims()))
    project.write("demos/__init__.py", '"""The demos of a large deck."""\n')
    for demo in range(N_DEMOS):
        project.write(f"demos/powers_{demo}.py", DEMO.format(number=demo + 2))
    for number in range(N_TEMPLATES):
        slides = "\n---\n".join(map(_slide, range(number * N_SLIDES, (number + 1) * N_SLIDES)))
        project.write(f"deck/slides/{number:03}.md.j2", slides)
    return project


def _claims() -> list[str]:
    return [
        CLAIM.format(demo=demo, n=n, base=demo + 2)
        for demo in range(N_DEMOS)
        for n in range(1, N_VARIANTS + 1)
    ]


def _slide(number: int) -> str:
    """Return a slide, which says the claims 2 × `number` and the next one."""
    first, second = divmod(2 * number, N_VARIANTS), divmod(2 * number + 1, N_VARIANTS)
    return SLIDE.format(
        number=number + 1,
        prose=PROSE,
        first=(first[0], first[1] + 1),
        second=(second[0], second[1] + 1),
    )


if __name__ == "__main__":
    print(write(Path(sys.argv[1])).root)
