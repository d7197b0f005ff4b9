"""The register: the ledger as pages of rows that nobody writes, each page low enough for a slide.

A row tells of one claim what it says, its verdict, what is often said instead, the slides that show
it, its sources, and the command that computes it. Rows have very different heights, and no browser
is asked how high they are: a row's lines are laid out here with widths of letters that are on the
generous side. A test measures the pages in Chromium.

The register sets its own sizes, so that the estimate holds with any theme; colours and faces are
the theme's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmdeck.config import Words
from llmdeck.model import Claim
from llmdeck.render import markdown, marks
from llmdeck.render.markdown import Markdown
from llmdeck.render.numbers import NBSP

TEXT_PX, LINE_PX, PADDING_PX = 19, 27, 17
"""Size of the letters, height of a line, and what a row has above and below them, its rule included."""
CODE_PX = 18
STYLE = f"""
.register {{ margin: 0; padding: 0; list-style: none; font-size: {TEXT_PX}px; line-height: {LINE_PX}px }}
.register li {{ margin: 0; padding: 8px 0; border-bottom: 1px solid #8886; overflow-wrap: anywhere }}
.register li:target {{ background: #fffae0 }}
.register p {{ margin: 0 }}
.register .verdict {{ font-size: {CODE_PX}px }}
.register code {{ font-size: {CODE_PX}px; line-height: 24px; white-space: pre-wrap }}
.register p + p code {{ display: inline-block }}
a.row {{ color: inherit; text-decoration: none }}
"""
LONGEST = 260
"""A longer sentence is cut off in its row; its slide has all of it."""
LONGEST_SOURCE = 44
MOST_SLIDES = 3
"""How many of the slides that show a claim its row links to."""
NARROW, WIDE = set("iljtfrI.,:;'|!()[]{}·-/ " + NBSP), set("mwMW@%—…")
SOURCE = re.compile(r"(?P<name>.*?)[:,]?\s*(?P<url>https?://\S+)\s*(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim as the register shows it."""

    markup: str
    lines: tuple[str, str]
    """The text of its two paragraphs, as far as it takes room."""

    def height(self, width: int) -> int:
        """How many slide pixels it is high, at most, where it is `width` wide."""
        return sum(n_lines(text, width) for text in self.lines) * LINE_PX + PADDING_PX


def row(claim: Claim, says: str, words: Words, mark: str) -> Row:
    """Make a claim's row from its sentence; `mark` tells later on which slide the row stands.

    Its two paragraphs are Markdown, with blank lines around them, so that Marp draws formulas and
    emoji in them.
    """
    label = str(getattr(words, claim.verdict.value))
    says = marks.strip_marks(says).replace("\n", " ")
    sentence = markdown.plain(says)
    if len(sentence) > LONGEST:
        sentence = _cut_off(sentence, LONGEST)
        says = markdown.text(sentence)
    often = _cut_off(claim.often or "", LONGEST)
    first = f'<span class="verdict {claim.verdict.value}">{markdown.text(label)}</span> {says}'
    if often:
        first += f' <span class="often">{markdown.text(often)}</span>'
    command = claim.variant.command if claim.variant else ""
    sources = [_source(source) for source in claim.sources]
    parts = [marks.link("slides", claim.id, words.slide), *(link for link, _ in sources)]
    parts += [markdown.inline_code(command)] if command else []
    second = " · ".join(filter(None, parts))
    markup = f'{mark}<li id="{anchor(claim.id)}">\n\n{first}\n\n{second}\n\n</li>\n'
    slides = f"{words.slide} " + ", ".join(["00"] * MOST_SLIDES)
    whole = command.replace(" ", NBSP)  # it begins on a new line rather than being broken
    texts = (
        f"{NBSP * 12}{label} {sentence} {often}",
        " · ".join([slides, *(n for _, n in sources), whole]),
    )
    return Row(markup=markup, lines=texts)


def anchor(key: str) -> str:
    """The id of a claim's row on the page."""
    return f"row-{markdown.references(key)}"


def pages(rows: Sequence[Row], width: int, height: int) -> list[Markdown]:
    """Cut the rows into as few pages of at most `height` as can be, and those about as high as one another.

    A row that is higher than a page stands alone.
    """
    heights = [each.height(width) for each in rows]
    cut = _cut(heights, height)
    while height > 0 and len(lower := _cut(heights, height - LINE_PX)) == len(cut):
        cut, height = lower, height - LINE_PX
    return [
        Markdown(f'<ul class="register">\n{"".join(rows[n].markup for n in page)}</ul>')
        for page in cut
    ]


def _cut(heights: Sequence[int], height: int) -> list[list[int]]:
    made: list[list[int]] = []
    room = 0
    for n, needs in enumerate(heights):
        if not made or needs > room:
            made.append([])
            room = height
        made[-1].append(n)
        room -= needs
    return made


def n_lines(text: str, width: int) -> int:
    """How many lines a text takes, at most; words are not broken, but for one that is longer than a line.

    >>> n_lines("due parole", 1120), n_lines("m" * 130, 1120), n_lines("", 1120)
    (1, 3, 0)
    """
    lines, room = 0, 0.0
    for word in re.findall(r"[^ \n]+[ \n]*|[ \n]+", text):
        needs = _width(word)
        if lines == 0 or needs > room:
            lines, room = lines + 1, float(width)
        while needs > room:
            lines, needs, room = lines + 1, needs - room, float(width)
        room -= needs
    return lines


def _width(word: str) -> float:
    return sum(map(_em, word)) * TEXT_PX


def _em(char: str) -> float:
    """The width of a letter in a wide sans-serif face, on the generous side."""
    if unicodedata.east_asian_width(char) in "WF":
        return 1.4
    if char in NARROW:
        return 0.32
    if char in WIDE:
        return 0.95
    return 0.68 if char.isupper() else 0.56


def _source(source: str) -> tuple[str, str]:
    """A source as a link with a short name, and that name; without an address, as it is."""
    match = SOURCE.fullmatch(source)
    name = _short((match["name"] or match["url"].split("://", 1)[1]) if match else source)
    if not match:
        return markdown.text(name), name
    title = " ".join(filter(None, (match["name"], match["rest"])))
    titled = f' title="{markdown.references(title)}"' if title else ""
    return f'<a href="{markdown.references(match["url"])}"{titled}>{markdown.text(name)}</a>', name


def _short(name: str) -> str:
    """A source's name; of a long one what comes before the first comma, and the year.

    >>> _short("Sennrich et al., Neural Machine Translation of Rare Words, 2016, section 3")
    'Sennrich et al., 2016'
    """
    if len(name) <= LONGEST_SOURCE:
        return name
    year = re.search(r"\b(?:19|20)\d\d\b", name)
    first = name.split(",")[0]
    if year and len(first) + 6 <= LONGEST_SOURCE:
        return f"{first}, {year[0]}"
    return _cut_off(name, LONGEST_SOURCE)


def _cut_off(text: str, most: int) -> str:
    """A text of at most so many letters; a longer one ends between two words, with dots."""
    return text if len(text) <= most else f"{text[: most - 2].rsplit(' ', 1)[0]} …"


def links(numbers: Iterable[int], word: str) -> str:
    """Links to slides, by their numbers: `slide 3, 9`; nothing for none."""
    shown = [f'<a href="#{number}">{number}</a>' for number in list(numbers)[:MOST_SLIDES]]
    return f"{markdown.text(word)} {', '.join(shown)}" if shown else ""
