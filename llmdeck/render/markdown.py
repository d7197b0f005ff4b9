"""What makes any value safe on a slide: one line of Markdown that shows the value as itself.

Two ideas carry it. A character that Markdown, HTML, Marp or Jinja could take for syntax is written
as a numeric character reference, which CommonMark decodes to plain text and never to markup. And a
block (output, table, figure) is one line of HTML, so that no blank line, fence or `---` inside it
can end the block or start a slide.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from llmdeck.render import marks

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

READABLE = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "So", "Sk"}
PLAIN = re.compile(r"[^\W_]|[ ,;%]", re.ASCII)
WRAPPER = re.compile(r'</?bdi>|<span class="verbatim">|</span>')
"""What `text` puts around a value; it has no place in an attribute."""
TAG = re.compile(
    rf"""<[a-zA-Z](?:[^<>"']|"(?:[^"<]|{WRAPPER.pattern})*"|'(?:[^'<]|{WRAPPER.pattern})*')*>"""
)
QUOTED = re.compile(rf""""(?:[^"<]|{WRAPPER.pattern})*"|'(?:[^'<]|{WRAPPER.pattern})*'""")
HUMAN = re.compile(
    r"alt|title|placeholder|label|abbr|data-said|"
    r"aria-(?:label|valuetext|description|roledescription)"
)
"""The attributes that are read by people; any other is for machines."""
SCRIPTS = re.compile(r"<(style|script)\b[^>]*>.*?</\1>", re.DOTALL | re.IGNORECASE)
IN_ADDRESS = " /:=;,()!*+-._~?@"
"""What stands for itself in an address in an attribute."""
OWN_TAG = re.compile(r"</?(?:a|bdi|span|code)\b[^>]*>")
NOTE = "\u2060"
"""What a speaker note begins with: Marp then takes it for no directive (see `marp.config.mjs`).

In it, what would end the comment, or be a mark of ours, is spelt with it too: see `_in_comment`."""
TITLE = re.compile(
    r"""(\]\(\s*(?:<[^<>\n]*>|[^\s()<>]+)\s+|^ {0,3}\[[^\]\n]+\]:\s*(?:<[^<>\n]*>|\S+)\s+)"""
    rf"""("(?:{WRAPPER.pattern}|[^"\n])*"|'(?:{WRAPPER.pattern}|[^'\n])*')""",
    re.MULTILINE,
)
"""The address of a link or a picture in Markdown, and its title."""
EMPTY_EMPHASIS = re.compile(rf"(\*{{1,3}}|_{{1,3}}|~~)((?:{marks.MARK.pattern})+)\1")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


class Markdown(Markup):
    """Markdown that is safe as it is; what is joined to it (`+`, `%`, `join`) is escaped first."""

    @classmethod
    def escape(cls, s: Any) -> Markdown:
        """Make any value safe."""
        return cls(s) if isinstance(s, Markup) else text(s)


def plain(markdown: str) -> str:
    r"""What a sentence of Markdown says, without its markup and marks.

    >>> plain("GPT-3 *pesa* <b>349,2&nbsp;GB</b>: `x`")
    'GPT-3 pesa 349,2\xa0GB: x'
    """
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br[ /]*>|&#10;", " ", inline(markdown))))


def visible(value: str) -> str:
    r"""Return a text with pictures for control characters, which no page can show.

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
    return "".join(
        c if PLAIN.match(c) or (not c.isascii() and _plain(c)) else f"&#{ord(c)};"
        for c in visible(value)
    )


def _plain(char: str) -> bool:
    """Return whether a character is a letter, mark, digit or emoji, and so stays as it is.

    Marp draws an emoji (with its joiners and skin tones) as an inlined picture, which needs no
    emoji font. A noncharacter (U+FFFE) stays too: CommonMark would read a reference to it as
    U+FFFD.
    """
    code = ord(char)
    noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return unicodedata.category(char) in READABLE or char == "\u200d" or noncharacter


def text(value: Any) -> Markdown:
    """Return any value as it shows as itself in a paragraph, a heading or a cell, spaces included.

    Text that runs from right to left, or holds controls of direction, is isolated from what stands
    around it.

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
    shown = _one_line(value.rstrip(" \t\n"))
    return Markdown(f'<pre class="output"><code>{shown}</code></pre>')


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
    rows: Iterable[Any],
    columns: Sequence[str],
    headers: Sequence[str],
    cell: Callable[[Any], Markdown],
) -> Markdown:
    """Return rows (dicts, or lists in the order of `columns`) as a table; `cell` writes a value.

    Raises:
        ValueError: where a row has no such column, or the headers are not one for each column.
    """
    if len(headers) != len(columns):
        raise ValueError(f"table: {len(columns)} columns but {len(headers)} headers")
    head = "".join(f'<th scope="col">{text(header)}</th>' for header in headers)
    body = "".join(
        f"<tr>{''.join(_cell(value, cell) for value in _values(row, columns))}</tr>" for row in rows
    )
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
    words = references(alt.replace("\n", " "))
    size = f'width="{width:g}" height="{height:g}"'
    return Markdown(f'<p class="figure"><img src="{html.escape(source)}" alt="{words}" {size}></p>')


def in_page(svg: str) -> str:
    """Return an SVG as an address that has it all: it needs no file, and compresses well.

    >>> in_page("<svg>50%</svg>")
    'data:image/svg+xml,%3Csvg%3E50%25%3C/svg%3E'
    """
    return f"data:image/svg+xml,{quote(svg, safe=IN_ADDRESS)}"


def note(value: str) -> Markdown:
    """Speaker notes: an HTML comment, which Marp takes for the notes of its slide.

    Notes are plain text, so references are decoded again and the markup of values is left out.
    """
    plain = visible(html.unescape(OWN_TAG.sub("", marks.strip(value)))).strip()
    said_here = marks.only(value)  # what the notes say is said on this slide
    return Markdown(f"{said_here}<!--\n{NOTE}{_in_comment(plain)}\n-->")


def _in_comment(plain: str) -> str:
    r"""Return a text as a comment can hold it; `marp.config.mjs` makes it the same again.

    >>> _in_comment("<!-- a -->")
    '<!-- a --\u20601'
    """
    text = plain.replace(NOTE, f"{NOTE}0")
    text = re.sub(r"(--!?)>", rf"\g<1>{NOTE}1", text)
    return re.sub(f"[{marks.PRIVATE}]", lambda found: f"{NOTE}{ord(found[0])};", text)


def plain_attributes(markdown: str) -> str:
    """Return Markdown without the markup of `text` in attributes of HTML tags, where it would show.

    The title of a link or a picture becomes one.

    >>> plain_attributes('<p title="<bdi>x</bdi>">"<bdi>y</bdi>"</p>')
    '<p title="x">"<bdi>y</bdi>"</p>'
    """
    plain = TITLE.sub(lambda link: link[1] + WRAPPER.sub("", link[2]), markdown)
    return TAG.sub(lambda tag: QUOTED.sub(lambda quoted: WRAPPER.sub("", quoted[0]), tag[0]), plain)


def without_empty_emphasis(markdown: str) -> str:
    """Return Markdown without emphasis around values that are empty: `****` would show, or rule.

    >>> shown = f"a **{marks.Marks().add(marks.Mark(n_uses=0))}** b"
    >>> marks.strip(without_empty_emphasis(shown))
    'a  b'
    """
    return EMPTY_EMPHASIS.sub(r"\2", markdown)


REVEAL = """
.reveal summary { cursor: pointer }
@media print { .reveal::details-content { content-visibility: visible; block-size: auto } }
"""
"""What `reveal` needs beside the theme: printed, as in a PDF, it is open."""


def reveal(asks: str, answer: str) -> Markdown:
    """A question (HTML of one line) that opens to show its answer (Markdown of one paragraph)."""
    return Markdown(
        f'<details class="reveal"><summary>{asks}</summary>\n\n{answer}\n\n</details>\n'
    )


def inline(markdown: str) -> str:
    r"""Return Markdown of one line as HTML, for a block of HTML; without marks.

    >>> inline("*a* &#42;b&#42;")
    '<em>a</em> *b*'
    """
    rendered = _parser().renderInline(marks.strip(markdown))
    return re.sub(f"[\n{marks.PRIVATE}]", lambda match: f"&#{ord(match[0])};", rendered)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


def svg_size(svg: str) -> tuple[float, float]:
    """Width and height of an SVG from its `viewBox`, in its own units."""
    box = svg.split('viewBox="', 1)[1].split('"', 1)[0].split()
    return float(box[2]), float(box[3])
