"""A part of what a demo prints, picked by the words that its lines begin with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmdeck.errors import did_you_mean


def part(lines: Sequence[str], section: str = "", until: str = "") -> range:
    """Return the indices of the lines that are a part of what a demo prints.

    `section` is how its heading begins: a line that is not indented. The part ends before the next
    heading or blank line, and before the first line in it that begins with `until`. Where neither
    is given it is everything.

    Raises:
        ValueError: where no line begins so; the message names the nearest beginning.
    """
    shown = range(len(lines))
    if section:
        shown = _section(lines, section)
    if until:
        end = _line_that_begins(lines, shown, until)
        shown = range(shown.start, end)
    return shown


def _section(lines: Sequence[str], heading: str) -> range:
    """Return the indices of a heading and of the indented lines below it."""
    headings = [index for index, line in enumerate(lines) if line[:1].strip()]
    start = _line_that_begins(lines, headings, heading)
    end = start + 1
    while end < len(lines) and _is_indented(lines[end]):
        end += 1
    return range(start, end)


def _is_indented(line: str) -> bool:
    """Return whether a line is neither a heading nor blank."""
    return line[:1].isspace() and bool(line.strip())


def _line_that_begins(lines: Sequence[str], candidates: Iterable[int], beginning: str) -> int:
    """Return the index of the first of some lines that begins so, apart from its indent.

    Raises:
        ValueError: where there is none.
    """
    known = {index: lines[index].strip() for index in candidates}
    for index, line in known.items():
        if line.startswith(beginning):
            return index
    begun = [line[: len(beginning)] for line in known.values()]
    hint = did_you_mean(beginning, begun)
    if hint.startswith("there are"):
        hint = did_you_mean(beginning, known.values())
    raise ValueError(f"output: no line begins with `{beginning}`; {hint}")
