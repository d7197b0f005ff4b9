"""What makes any value safe on a slide: each function returns one line of Markdown that shows the value as itself.

Two ideas carry it. A character that Markdown, HTML, Marp or Jinja could take for syntax is written as a numeric
character reference, which CommonMark decodes to plain text and never to markup. And a block (output, table, figure) is
one line of HTML, so that no blank line, fence or `---` inside it can end the block or start a slide.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from markupsafe import Markup

MARK = re.compile("\ue000([^\ue001]*)\ue001")
"""A mark in rendered text: where in a template the text before it came from (see `render`)."""
PLAIN = re.compile(r"[^\W_]|[ ,;%]", re.ASCII)
DIRECTIVE = re.compile(
    r"^\s*[\"']?[_$]?(?:author|background\w*|class|color|description|footer|header|headingDivider|image|keywords|lang|marp"
    r"|math|paginate|size|style|theme|title|transition|url)[\"']?\s*:",
    re.MULTILINE,
)
"""A line that Marp would take for one of its directives (https://marpit.marp.app/directives)."""
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


class Markdown(Markup):
    """Markdown that is safe as it is; what is joined to it with `+`, `%` or `join` is escaped first."""

    @classmethod
    def escape(cls, s: Any) -> Markdown:
        """Make any value safe."""
        return s if isinstance(s, Markdown) else text(s)


def mark(content: str) -> str:
    """A mark that survives Jinja and is taken out before Marp sees the text."""
    return f"\ue000{content}\ue001"


def visible(value: str) -> str:
    r"""Replace control characters, which no page can show, by their pictures: NUL is `␀`, U+0085 is `\x85`.

    >>> visible("a\x00b\rc\td")
    'a␀b␍c\td'
    """
    return "".join(_picture(c) if _hidden(c) else c for c in value)


def _hidden(char: str) -> bool:
    return unicodedata.category(char) == "Cc" and char not in "\n\t"


def _picture(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"\\x{code:02x}"


def references(value: str) -> str:
    """Write each character that could be syntax as a numeric character reference.

    >>> references("a*b & {{c}}")
    'a&#42;b &#38; &#123;&#123;c&#125;&#125;'
    """
    return "".join(c if PLAIN.match(c) or _plain_letter(c) else f"&#{ord(c)};" for c in visible(value))


def _plain_letter(char: str) -> bool:
    """Whether it is a letter, mark or digit of any script: those stay readable in `build/deck.md`."""
    return not char.isascii() and unicodedata.category(char)[0] in "LMN"


def text(value: Any) -> Markdown:
    """Any value inside a paragraph, a heading or a cell, as itself: runs of spaces, tabs and line breaks too.

    Text that runs from right to left, or holds controls of direction, is isolated from what stands around it.

    >>> text("1 | 2")
    Markdown('1 &#124; 2')
    >>> text("two  spaces")
    Markdown('<span class="verbatim">two&#32;&#32;spaces</span>')
    """
    shown = visible(str(value))
    safe = references(shown)
    if re.search(r"^\s|\s$|\s\s|[\n\t\u2028\u2029]", shown):
        safe = f'<span class="verbatim">{safe.replace(" ", "&#32;")}</span>'
    if any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in shown):
        safe = f"<bdi>{safe}</bdi>"
    return Markdown(safe)


_RIGHT_TO_LEFT = {"R", "AL", "RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}


def inline_code(value: Any) -> Markdown:
    """A value in the code face, inside a paragraph or a cell."""
    return Markdown(f'<code class="verbatim">{_one_line(str(value))}</code>')


def output(value: str) -> Markdown:
    """What a demo printed, as a block in the code face."""
    return Markdown(f'<pre class="output"><code>{_one_line(value.rstrip())}</code></pre>')


def _one_line(value: str) -> str:
    return references(value).replace(" ", "&#32;")


def fence(code: str, language: str) -> Markdown:
    """Source code as a fenced block that Marp highlights; the fence is longer than any in the code.

    >>> print(fence("x = 1", "python"))
    ```python
    x = 1
    ```
    """
    longest = max((len(m[1]) for m in FENCE.finditer(code)), default=2)
    bar = "`" * max(3, longest + 1)
    return Markdown(f"{bar}{language}\n{code.rstrip()}\n{bar}")


def table(
    rows: Iterable[Any], columns: Sequence[str], headers: Sequence[str], cell: Callable[[Any], Markdown]
) -> Markdown:
    """Rows (dicts, or lists in the order of `columns`) as a table; `cell` writes a value, numbers stand to the right.

    Raises:
        ValueError: where a row has no such column, or the headers are not one for each column.
    """
    if len(headers) != len(columns):
        raise ValueError(f"table: {len(columns)} columns but {len(headers)} headers")
    head = "".join(f'<th scope="col">{text(header)}</th>' for header in headers)
    body = "".join(f"<tr>{''.join(_cell(value, cell) for value in _values(row, columns))}</tr>" for row in rows)
    return Markdown(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _values(row: Any, columns: Sequence[str]) -> list[Any]:
    if isinstance(row, dict):
        missing = [column for column in columns if column not in row]
        if missing:
            raise ValueError(f"table: a row has no `{missing[0]}`; it has: {', '.join(row)}")
        return [row[column] for column in columns]
    return list(row)


def _cell(value: Any, cell: Callable[[Any], Markdown]) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"<td{' class=number' if number else ''}>{cell(value)}</td>"


def figure(source: str, alt: str, width: float, height: float) -> Markdown:
    """An image with its words, `width` × `height` slide pixels."""
    words = html.escape(visible(alt).replace("\n", " "), quote=True)
    size = f'width="{width:g}" height="{height:g}"'
    return Markdown(f'<p class="figure"><img src="{html.escape(source)}" alt="{words}" {size}></p>')


def note(value: str) -> Markdown:
    """Speaker notes: an HTML comment, which Marp takes for the notes of its slide.

    Notes are plain text, so references are decoded again; what would end the comment is broken up.
    """
    plain = html.unescape(MARK.sub("", value)).strip()
    plain = re.sub(r"--(!?)>", r"--\1 >", visible(plain))
    return Markdown(f"<!--\n{_not_a_directive(plain)}\n-->")


def _not_a_directive(plain: str) -> str:
    """Marp reads a comment that is YAML with one of its own keys as a directive: a dash before it makes it text."""
    return DIRECTIVE.sub(r"– \g<0>", plain)
