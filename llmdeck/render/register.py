"""The register: the ledger as pages of rows that nobody writes.

A row tells of one claim what it says, its verdict, what is often said, the slides that show it, its
sources, and the command that computes it. A page has as many rows as the template asks for; whether
they fit, the overflow lint says.

Pages at the end of a deck are for paper: `runtime/register.js` keeps them out of the slides that
are shown, and opens a row at its mark.

The register sets its own sizes; colours and faces are the theme's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from llmdeck.config import Words
from llmdeck.model import Claim
from llmdeck.render import markdown, marks
from llmdeck.render.markdown import Markdown

TEXT_PX, LINE_PX, CODE_PX = 19, 27, 18
"""The size of the letters and the height of a line, and the size of the code face."""
STYLE = f"""
.register {{ margin: 0; padding: 0; list-style: none; \
font-size: {TEXT_PX}px; line-height: {LINE_PX}px }}
.register li {{ margin: 0; padding: 8px 0; border-bottom: 1px solid #8886; \
overflow-wrap: anywhere }}
.register li:target {{ background: #ffe00030 }}
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
SOURCE = re.compile(r"(?P<name>.*?)[:,]?\s*(?P<url>https?://\S+)\s*(?P<rest>.*)", re.DOTALL)


def row(claim: Claim, says: str, often: str, words: Words, mark: str) -> str:
    """Return a claim's row, with its sentence and what is `often` said instead, or nothing.

    `mark` tells later on which slide the row stands.

    Its two paragraphs are Markdown, with blank lines around them, so that Marp draws formulas and
    emoji in them.
    """
    first = _sentence(claim, says, often, words)
    second = " · ".join(_references(claim, words))
    return f'{mark}<li id="{anchor(claim.id)}">\n\n{first}\n\n{second}\n\n</li>\n'


def _sentence(claim: Claim, says: str, often: str, words: Words) -> str:
    """Return the verdict, what the claim says, and what is often said."""
    kind = claim.verdict.value
    says = _one_line(says)
    verdict = f'<span class="verdict {kind}">{markdown.text(getattr(words, kind))}</span>'
    if not often:
        return f"{verdict} {says}"
    return f'{verdict} {says} <span class="often">{_one_line(often)}</span>'


def _one_line(says: str) -> str:
    """Return a sentence without marks and line breaks, cut off where it is too long for a row."""
    says = marks.strip_marks(says).replace("\n", " ")
    plain = markdown.plain(says)
    return markdown.text(_cut_off(plain, LONGEST)) if len(plain) > LONGEST else says


def _references(claim: Claim, words: Words) -> list[str]:
    """Return the slides that show a claim, its sources, and the command that computes it."""
    found = [marks.link("slides", claim.id, words.slide), *map(_source, claim.sources)]
    if claim.variant:
        found.append(markdown.inline_code(claim.variant.command))
    return found


def anchor(key: str) -> str:
    """The id of a claim's row on the page."""
    return f"row-{markdown.references(key)}"


def pages(rows: Sequence[str], most: int) -> list[Markdown]:
    """Return the rows as few pages of at most `most` each, which have about as many one as another.

    >>> [page.count("<li>") for page in pages(["<li>"] * 7, 3)]
    [3, 2, 2]
    """
    n_pages = -(-len(rows) // most)
    made, start = [], 0
    for page in range(n_pages):
        end = start + -(-(len(rows) - start) // (n_pages - page))
        made.append(Markdown(f'<ul class="register">\n{"".join(rows[start:end])}</ul>'))
        start = end
    return made


def _source(source: str) -> str:
    """Return a source as a link with a short name, which leads to the rest.

    Without an address it is whole: a book with its title and section can't be found otherwise.
    """
    match = SOURCE.fullmatch(source)
    if not match:
        return markdown.text(_cut_off(source, LONGEST))
    name = _short(match["name"] or match["url"].split("://", 1)[1])
    title = " ".join(filter(None, (match["name"], match["rest"])))
    titled = f' title="{markdown.references(title)}"' if title else ""
    address = markdown.references(match["url"])
    return f'<a href="{address}"{titled}>{markdown.text(name)}</a>'


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
