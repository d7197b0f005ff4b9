"""A sentence with its mark: a claim's verdict, or the source of what no demo computes."""

from __future__ import annotations

import re

from llmdeck.config import Words
from llmdeck.model import Claim
from llmdeck.render import markdown, marks
from llmdeck.render.markdown import Markdown

ADDRESS = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)]")


def claimed(claim: Claim, says: str, words: Words, mark: str) -> Markdown:
    """Return a claim's sentence with its verdict, which leads to its row in the register.

    `mark` tells later on which slide it is said.
    """
    kind = claim.verdict.value
    label = markdown.text(getattr(words, kind))
    verdict = marks.link("row", claim.id, f'<span class="verdict {kind}">{label}</span>')
    anchor = marks.link("anchor", claim.id)
    return Markdown(f'{mark}<span class="claim"{anchor}>{says}</span> {verdict}')


def cited(literal: str, source: str, words: Words) -> Markdown:
    """Return a literal (Markdown) with a mark that leads to its source.

    Raises:
        ValueError: where the source is empty.
    """
    if not source.strip():
        raise ValueError(f"cited({literal!r}): `source` is empty; say who said it, and where")
    is_ours = isinstance(literal, Markdown)  # what a filter wrote, say
    shown = literal if is_ours else marks.spelt_out(literal)
    return Markdown(f'<span class="cited">{shown}</span> {_mark_of_source(source, words.source)}')


def _mark_of_source(source: str, word: str) -> str:
    """Return the word for a source: a link to it, where it has an address."""
    who = " ".join(source.split())
    title = f'title="{markdown.references(who)}"'
    label = f'aria-label="{markdown.references(f"{word}: {who}")}"'
    shown = markdown.text(word)
    address = ADDRESS.search(who)
    if address:
        opening = f'<a class="source" href="{markdown.references(address[0])}"'
        return f"{opening} {title} {label}>{shown}</a>"
    return f'<span class="source" role="note" {title} {label}>{shown}</span>'
