"""What is a formula in a page's Markdown, by the rules that Marp's own plugin has for `$`.

The two rules are those of marp-core 4 (`src/math/math.ts`): a `$` begins a formula unless a space
follows, and ends one unless a space precedes or a digit follows, so that `$5 and $6` is text; `$$`
begins a line, and the formula goes on to the line that ends with `$$`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

CODE = ("code_inline", "code_block", "fence")
INLINE, BLOCK = "formula_inline", "formula_block"
SPACES = (" ", "\t")


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a page's Markdown holds."""

    formulas: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """What stands in the code face."""


def parse(text: str) -> Parsed:
    r"""Return the formulas and the code of some Markdown.

    >>> parse("$5 and $6, but $x$ and `$y$`\n\n$$\na | b\n$$\n")
    Parsed(formulas=('x', 'a | b\n'), codes=('$y$',))
    """
    formulas: list[str] = []
    codes: list[str] = []
    for token in _parser().parse(text):
        for part in (token, *(token.children or ())):
            if part.type in (INLINE, BLOCK):
                formulas.append(part.content)
            elif part.type in CODE:
                codes.append(part.content)
    return Parsed(formulas=tuple(formulas), codes=tuple(codes))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.inline.ruler.after("escape", INLINE, _inline)
    alternatives = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.after("blockquote", BLOCK, _block, alternatives)  # type: ignore[arg-type]
    return parser


def _inline(state: StateInline, silent: bool) -> bool:
    """Read a formula between two `$`; a `$` that begins none is text."""
    start = state.pos + 1
    if state.src[state.pos] != "$":
        return False
    end = _end(state.src, start) if _opens(state) else -1
    if end == start:
        return _text(state, "$$", silent)
    if end < 0 or not _closes(state, end):
        return _text(state, "$", silent)
    if not silent:
        token = state.push(INLINE, "math", 0)
        token.content = state.src[start:end]
    state.pos = end + 1
    return True


def _text(state: StateInline, dollars: str, silent: bool) -> bool:
    if not silent:
        state.pending += dollars
    state.pos += len(dollars)
    return True


def _end(text: str, start: int) -> int:
    """Return where the next `$` is that no backslash escapes; -1 where there is none."""
    at = text.find("$", start)
    while at >= 0:
        before = text[:at]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return at
        at = text.find("$", at + 1)
    return -1


def _opens(state: StateInline) -> bool:
    return state.src[state.pos + 1 : state.pos + 2] not in SPACES


def _closes(state: StateInline, at: int) -> bool:
    follows = state.src[at + 1 : at + 2]
    return state.src[at - 1] not in SPACES and not ("0" <= follows <= "9")


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Read a formula between `$$` at the beginning of a line and `$$` at the end of one."""
    begins = _line(state, first).startswith("$$")
    if not begins or silent:
        return begins
    opening = _line(state, first).removeprefix("$$")
    if _ends_formula(opening):
        opening = opening.strip().removesuffix("$$")
        end, closing = first, ""
    else:
        end, closing = _closing(state, first, last)
    token = state.push(BLOCK, "math", 0)
    token.block, token.map = True, [first, end + 1]
    begin = f"{opening}\n" if opening.strip() else ""
    body = state.getLines(first + 1, end, state.tShift[first], keepLastLF=True)
    token.content = begin + body + (closing if closing.strip() else "")
    state.line = end + 1
    return True


def _closing(state: StateBlock, first: int, last: int) -> tuple[int, str]:
    """Return the line that ends the formula begun on `first`, and what it has before its `$$`.

    Without an end, the line after the formula is lost, too, as in Marp.
    """
    for line in range(first + 1, last):
        if _is_outdented(state, line):
            return line, ""
        content = _line(state, line)
        if _ends_formula(content):
            return line, content[: content.rindex("$$")]
    return max(first + 1, last), ""


def _ends_formula(content: str) -> bool:
    return content.strip().endswith("$$")


def _line(state: StateBlock, line: int) -> str:
    """Return a line without its indentation."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _is_outdented(state: StateBlock, line: int) -> bool:
    """Return whether a line ends the list or quotation that a formula stands in."""
    return bool(_line(state, line)) and state.tShift[line] < state.blkIndent
