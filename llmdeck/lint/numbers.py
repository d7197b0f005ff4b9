"""Numbers on slides that come from nowhere: neither from a fact nor from a literal that is `cited`.

A number glued to a word by a letter before it (`GPT-4o`, `FP16`, `Llama-3.1`) is a name; `[lint]
names` lists those that are not glued. Speaker notes, code, addresses and what a cited claim says
are left out. In a formula, a number counts where it stands alone on a side (`$N = 175$`): `$6 N D$`
is a rule, and its 6 no measured number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmdeck.lint.deck import ReadDeck, Said
from llmdeck.model import Finding, Verdict

NAME = "numbers"
HINT = 'take it from a fact, or write {{ cited("…", source="…") }}; a name goes into [lint] names of deck/deck.toml'
ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+")
GLUED = re.compile(r"[^\W\d_][\w]*(?:[-.,_/+][\w]+)*")
"""A word from its first letter on, with what is joined to it."""
NUMBER = re.compile(r"\d+(?:[.,:]\d+|\s\d{3}\b)*(?:\s?%|[^\W\d_]+|[\s-][^\W\d_]{2,})?")
"""A number, and the word or sign after it, for the message."""
RELATION = re.compile(r"=|≈|≃|≤|≥|<|>|\\(?:approx|simeq|sim|leq?|geq?|ll|gg|equiv)\b")
NO_VARIABLE = re.compile(
    r"\\(?:cdot|times|text|mathrm|mathbf|frac|left|right|quad|qquad)\b|\\[^a-zA-Z]|[^a-zA-Z\\]"
)


def look(deck: ReadDeck) -> list[Finding]:
    """Every number that comes from nowhere."""
    names = [
        _name(name) for name in sorted(deck.config.lint.names, key=len, reverse=True)
    ]  # the longest first
    return [
        Finding(
            lint=NAME,
            message=f"“{number}” comes from no fact",
            place=said.place,
            slide=said.slide,
            hint=HINT,
        )
        for said in deck.said
        if said.kind in ("text", "says", "formula") and not _stands_for_itself(said)
        for number in found_in(said.text, names, formula=said.kind == "formula")
    ]


def _stands_for_itself(said: Said) -> bool:
    """Whether the sources of a cited claim stand for the numbers in it."""
    return said.claim is not None and said.claim.verdict is Verdict.CITED


def _name(name: str) -> re.Pattern[str]:
    """A name as a pattern: `#` is a digit, any space stands for any other, and no digit goes on at its ends."""
    parts = (r"\d" if c == "#" else r"\s" if c.isspace() else re.escape(c) for c in name)
    return re.compile(rf"(?<![\w]){''.join(parts)}(?![\w]|[.,]\d)")


def found_in(text: str, names: list[re.Pattern[str]], *, formula: bool = False) -> Iterator[str]:
    r"""The numbers of a text that are neither part of a name nor of an address.

    >>> list(found_in("GPT-3 ha 175 miliardi di pesi in FP16, il 3,5 % di 7B", []))
    ['175 miliardi', '3,5 %', '7B']
    >>> list(found_in("C = 6 N D = 3 \\cdot 10^{23}", [], formula=True))
    ['3 \\cdot 10^{23}']
    """
    for pattern in (ADDRESS, *names):
        text = pattern.sub(" ", text)
    if formula:
        sides = (side.strip() for side in RELATION.split(text))
        yield from (
            side for side in sides if re.search(r"\d", side) and not NO_VARIABLE.sub("", side)
        )
        return
    yield from (match[0] for match in NUMBER.finditer(GLUED.sub(_without_digits, text)))


def _without_digits(word: re.Match[str]) -> str:
    return re.sub(r"\d", "x", word[0])
