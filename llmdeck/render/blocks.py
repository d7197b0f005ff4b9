"""What CommonMark sees in a page: where its slides end, their titles, and what went wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmdeck.render import values

CODE = ("code_inline", "code_block", "fence")
REFERENCE = re.compile(r"&#\d+;")
BEGINS = re.compile(r"\s*<(?:!--|[\w?!\[]+)")
"""How a block of HTML begins that no blank line ends."""
SENTINEL = "\n\n---\n"
"""A ruler behind the page: where it is none, something in the page was left open."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The slides of a page; lines are counted from 0."""

    rulers: tuple[int, ...]
    """The lines of the rulers between slides."""
    titles: tuple[str, ...]
    """The title of each slide, its first heading, or nothing."""
    codes: frozenset[int]
    """The lines of code with references.

    A reference is how a value is escaped (see `markdown.references`); in code it would show as it
    is written."""
    blank: tuple[int, ...] = ()
    """The slides with nothing on them, counted from 0."""
    underlined: tuple[tuple[int, str], ...] = ()
    """The headings that dashes below them make: the line of the dashes, and the words."""
    ends_with_html: bool = False
    """Whether a ruler right below the text is one: else it would underline the last paragraph."""
    left_open: tuple[int, str] | None = None
    """The first line of a block that the page does not close, and what it is."""


def blocks(text: str) -> Blocks:
    r"""Return what is in a page's text.

    >>> found = blocks("# One\n\n---\n\n```\n---\n```\n\n`&#42;`\n")
    >>> found.rulers, found.titles, found.codes
    ((2,), ('One', ''), frozenset({8}))
    """
    from markdown_it import MarkdownIt

    end = text.count("\n") + 1
    tokens: list[Any] = MarkdownIt("commonmark").enable("table").parse(text + SENTINEL)
    left_open = None
    if _is_ruler(tokens[-1]) and tokens[-1].map[0] > end:
        tokens.pop()
    else:
        left_open = _left_open(tokens)
    rulers = [token.map[0] for token in tokens if _is_ruler(token)]
    return Blocks(
        rulers=tuple(rulers),
        titles=tuple(_titles(tokens)),
        codes=frozenset(_lines_of_code(tokens, end)),
        blank=tuple(_blank(tokens)),
        underlined=tuple(_underlined(tokens)),
        ends_with_html=bool(tokens) and tokens[-1].type == "html_block",
        left_open=left_open,
    )


def _is_ruler(token: Any) -> bool:
    """Return whether a token is what Marp starts a slide at."""
    return bool(token.type == "hr" and token.level == 0 and token.map)


def _left_open(tokens: Sequence[Any]) -> tuple[int, str] | None:
    """Return line and name of the last block, which took the sentinel in."""
    long = [token for token in tokens if token.map and token.type in ("fence", "html_block")]
    if not long:
        return None
    last = long[-1]
    if last.type == "fence":
        return last.map[0], last.markup
    begins = BEGINS.match(last.content)
    return last.map[0], begins[0] if begins else "<"


def _titles(tokens: Sequence[Any]) -> list[str]:
    titles = [""]
    for number, token in enumerate(tokens):
        if _is_ruler(token):
            titles.append("")
        elif token.type == "heading_open" and not titles[-1]:
            titles[-1] = _words(tokens[number + 1].children or [])
    return titles


def _lines_of_code(tokens: Sequence[Any], end: int) -> set[int]:
    found: set[int] = set()
    for token in tokens:
        if token.map and _has_reference_in_code(token):
            found.update(range(token.map[0], min(token.map[1], end)))
    return found


def _blank(tokens: Sequence[Any]) -> list[int]:
    """Return the slides with no block at all; a comment is one."""
    blank, slide, is_blank = [], 0, True
    for token in tokens:
        if not _is_ruler(token):
            is_blank = False
            continue
        if is_blank:
            blank.append(slide)
        slide, is_blank = slide + 1, True
    return [*blank, slide] if is_blank else blank


def _underlined(tokens: Sequence[Any]) -> list[tuple[int, str]]:
    """Return the headings with three dashes or more below them, which are a ruler elsewhere."""
    found = []
    for number, token in enumerate(tokens):
        if token.type == "heading_open" and token.markup == "-" and token.level == 0:
            words = tokens[number + 1].content.splitlines()[-1]
            found.append((token.map[1] - 1, words))
    return found


def _has_reference_in_code(token: Any) -> bool:
    inside = [token, *(token.children or [])]
    codes = [part.content for part in inside if part.type in CODE]
    return any(REFERENCE.search(content) for content in codes)


def _words(children: Sequence[Any]) -> str:
    """Return the text of a heading; what is raised in it keeps its meaning: 10⁻¹¹."""
    kinds = ("text", "text_special", "code_inline")
    words, raised = "", False
    for child in children:
        if child.type == "html_inline":
            raised = child.content == "<sup>"
        elif child.type in kinds:
            words += values.raise_power(child.content) if raised else child.content
    return words.strip()
