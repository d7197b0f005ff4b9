"""Numbers on slides that come from nowhere: neither from a fact nor from a literal that is `cited`.

A number glued to a word by a letter before it (`GPT-4o`, `FP16`, `Llama-3.1`) is a name; `[lint]
names` lists those that are not glued. Speaker notes, code, addresses and what a cited claim says
are left out. In a formula, a number counts where it stands alone on a side (`$N = 175$`): `$6 N D$`
is a rule, and its 6 no measured number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmdeck.config import Config
from llmdeck.lint.reading.deck import Passage, ReadDeck
from llmdeck.model import Finding, Verdict
from llmdeck.run.batch import Progress

NAME = "numbers"
HINT = (
    'take it from a fact, or write {{ cited("…", source="…") }}; '
    "a name goes into [lint] names of deck/deck.toml"
)
ON_SLIDES = ("text", "says", "formula")
"""The kinds of passages that count."""
ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+")
GLUED = re.compile(r"[^\W\d_][\w]*(?:[-.,_/+][\w]+)*")
"""A word from its first letter on, with what is joined to it."""
NUMBER = re.compile(r"\d+(?:[.,:]\d+|\s\d{3}\b)*(?:\s?%|[^\W\d_]+|[\s-][^\W\d_]{2,})?")
"""A number, and the word or sign after it, for the message."""
RELATION = re.compile(r"=|≈|≃|≤|≥|<|>|\\(?:approx|simeq|sim|leq?|geq?|ll|gg|equiv)\b")
NO_VARIABLE = re.compile(
    r"\\(?:cdot|times|text|mathrm|mathbf|frac|left|right|quad|qquad)\b|\\[^a-zA-Z]|[^a-zA-Z\\]"
)


def need(_config: Config) -> str:
    """Return nothing: it needs no tool."""
    return ""


def look(deck: ReadDeck, _progress: Progress) -> Iterator[Finding]:
    """Find every number that comes from nowhere."""
    longest_first = sorted(deck.config.lint.names, key=len, reverse=True)
    names = [_pattern(name) for name in longest_first]
    for passage in deck.passages:
        if passage.kind not in ON_SLIDES or _is_cited(passage):
            continue
        for number in numbers_in(passage.text, names, formula=passage.kind == "formula"):
            yield passage.finding(NAME, f"“{number}” comes from no fact", HINT)


def _is_cited(passage: Passage) -> bool:
    """Whether the sources of a cited claim stand for the numbers in it."""
    return passage.claim is not None and passage.claim.verdict is Verdict.CITED


def _pattern(name: str) -> re.Pattern[str]:
    """A name as a pattern: `#` is a digit, any space is any other; no digit goes on at its ends."""
    parts = (r"\d" if c == "#" else r"\s" if c.isspace() else re.escape(c) for c in name)
    return re.compile(rf"(?<![\w]){''.join(parts)}(?![\w]|[.,]\d)")


def numbers_in(text: str, names: list[re.Pattern[str]], *, formula: bool = False) -> Iterator[str]:
    r"""Find the numbers of a text that are part of neither a name nor an address.

    >>> list(numbers_in("GPT-3 ha 175 miliardi di pesi in FP16, il 3,5 % di 7B", []))
    ['175 miliardi', '3,5 %', '7B']
    >>> list(numbers_in("C = 6 N D = 3 \\cdot 10^{23}", [], formula=True))
    ['3 \\cdot 10^{23}']
    """
    for pattern in (ADDRESS, *names):
        text = pattern.sub(" ", text)
    if not formula:
        loose = GLUED.sub(_without_digits, text)
        yield from (match[0] for match in NUMBER.finditer(loose))
        return
    for side in RELATION.split(text):
        if re.search(r"\d", side) and not NO_VARIABLE.sub("", side):
            yield side.strip()


def _without_digits(word: re.Match[str]) -> str:
    return re.sub(r"\d", "x", word[0])
