"""What a slide shows of a longer text: the source of one function, or a part of what a demo prints."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from llmdeck.errors import did_you_mean


def excerpt(source: str, function: str) -> str:
    """Return the source of one function or class, without its docstring.

    Raises:
        ValueError: where the module has no such function; the message names those it has.
    """
    defined = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    by_name = {node.name: node for node in defined}
    if function not in by_name:
        raise ValueError(f"code: no function `{function}`; there are: {', '.join(by_name)}")
    node = by_name[function]
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = source.splitlines()[start - 1 : node.end_lineno]
    first = node.body[0]
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        end = first.end_lineno or first.lineno
        del lines[first.lineno - start : end + 1 - start]
    return "\n".join(lines)


def part(lines: Sequence[str], section: str = "", until: str = "") -> range:
    """Return which lines are a part of what a demo prints; all of them where neither is given.

    `section` is how its heading begins: a line that is not indented. The part ends before the next
    heading or blank line, and before the first line in it that begins with `until`.

    Raises:
        ValueError: where no line begins so; the message names the nearest beginning.
    """
    shown = range(len(lines))
    if section:
        headings = [number for number in shown if lines[number][:1].strip()]
        start = _line_that_begins(lines, headings, section)
        after = range(start + 1, len(lines))
        end = next((number for number in after if not _is_indented(lines[number])), len(lines))
        shown = range(start, end)
    if until:
        shown = range(shown.start, _line_that_begins(lines, shown, until))
    return shown


def _is_indented(line: str) -> bool:
    """Return whether a line belongs to the heading above it."""
    return bool(line.strip()) and line[0].isspace()


def _line_that_begins(lines: Sequence[str], candidates: Iterable[int], beginning: str) -> int:
    """Return the first of some lines that begins so, apart from its indent.

    Raises:
        ValueError: where there is none.
    """
    known = {number: lines[number].strip() for number in candidates}
    for number, text in known.items():
        if text.startswith(beginning):
            return number
    hint = did_you_mean(beginning, [text[: len(beginning)] for text in known.values()])
    if hint.startswith("there are"):
        hint = did_you_mean(beginning, known.values())
    raise ValueError(f"output: no line begins with `{beginning}`; {hint}")
