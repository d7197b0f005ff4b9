"""What the lecture's demos print and say of their figures is written as an Italian reader expects.

Oracle: the rules of the typography lint; a word that is data (a prompt, the model's own text, the
draft's words) stands in the facts as it is shown.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmdeck.lint.typography import apostrophes, signs

RESULTS = sorted((Path(__file__).parents[1] / "deck/results").glob("*/*.json"))


def shown(path: Path) -> Iterator[str]:
    """Give what a result shows: what it printed, its figure in words, the words in its figure."""
    result = json.loads(path.read_text(encoding="utf-8"))
    yield from (result["output"] or "", result.get("alt") or "")
    figure = path.with_suffix(".svg")
    if figure.is_file():  # matplotlib writes each text that it draws as a comment
        drawn = re.findall(r"<!-- (.*?) -->", figure.read_text(encoding="utf-8"))
        yield from map(html.unescape, drawn)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_demo_shows_has_curly_apostrophes_and_true_minus_signs(path: Path) -> None:
    """A straight apostrophe or a hyphen for a minus stands only in what is data."""
    facts = json.dumps(json.loads(path.read_text(encoding="utf-8"))["facts"], ensure_ascii=False)
    for text in shown(path):
        wrong = [word for word in (*apostrophes(text), *signs(text)) if word not in facts]
        assert wrong == []
