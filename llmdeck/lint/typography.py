"""Straight apostrophes, and hyphens where a minus is meant, in text that a reader sees in Italian.

An Italian reader expects `l’attenzione` and `−3`. Code, commands, addresses, formulas, what stands
between two straight quotation marks, and text in another language are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmdeck.config import Config
from llmdeck.lint.reading.deck import Passage, ReadDeck
from llmdeck.lint.reading.source import VALUE
from llmdeck.model import Finding
from llmdeck.run.batch import Progress

NAME = "typography"
LANGUAGES = ("it",)
"""The languages whose typography it knows."""
APOSTROPHE_HINT = "write ’ (U+2019); what a program reads stands in `code`"
MINUS_HINT = "write − (U+2212)"
NO_PROSE = re.compile(
    r"`[^`]*`|(?:https?://|www\.)\S+"
    r"|\bllmdeck\s[^.;\n]*"  # a command, to the end of its sentence
    r"|(?<!\w)'[^']+'(?!\w)"  # 'quoted'
)
APOSTROPHE = re.compile(rf"[^\W\d_]+'(?:[^\W\d_]+|{VALUE})?")
"""A word that ends with a straight apostrophe, and the word that it is joined to."""
SIGN = re.compile(rf"(?<![^\s(«])-(?:\d+(?:[.,]\d+)*|{VALUE})")
"""A hyphen before a number or a fact, with nothing before it: a sign, and no range or name."""


def need(_config: Config) -> str:
    """Return nothing: it needs no tool."""
    return ""


def look(deck: ReadDeck, _progress: Progress) -> Iterator[Finding]:
    """Find every straight apostrophe and every hyphen that is a sign."""
    language = deck.config.deck.language
    for passage in deck.passages:
        if passage.kind == "formula" or _language(passage, language) not in LANGUAGES:
            continue
        for found in apostrophes(passage.text):
            yield passage.finding(NAME, f"“{found}” has a straight apostrophe", APOSTROPHE_HINT)
        for found in signs(passage.text):
            yield passage.finding(NAME, f"“{found}” has a hyphen for a minus", MINUS_HINT)


def _language(passage: Passage, language: str) -> str:
    """Return the language that a passage is in: its own, or the deck's."""
    return passage.lang.split("-")[0] or language


def apostrophes(text: str) -> Iterator[str]:
    """Find the words that a straight apostrophe ends or joins.

    >>> list(apostrophes("l'onda, un po' di `x'y`, l’altra e 'due parole'"))
    ["l'onda", "po'"]
    """
    for match in APOSTROPHE.finditer(NO_PROSE.sub(" ", text)):
        yield match[0].replace(VALUE, "…")


def signs(text: str) -> Iterator[str]:
    """Find the numbers that a hyphen makes negative.

    >>> list(signs("da -30 a 52, nel 2015-2016, GPT-4, (-0,5) e −3"))
    ['-30', '-0,5']
    """
    for match in SIGN.finditer(NO_PROSE.sub(" ", text)):
        yield match[0].replace(VALUE, "…")
