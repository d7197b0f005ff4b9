"""What a model's answer says, read by fixed rules: its first number, or whether it has a word.

Leaves out: whether the answer around it makes sense.
"""

import re
from collections.abc import Iterable

IN_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
VALUES = {name: n for n, name in enumerate(IN_WORDS)} | {"once": 1, "twice": 2, "thrice": 3}
NUMBER = re.compile(r"\d+|\b(?:" + "|".join(VALUES) + r")\b", re.IGNORECASE)


def read_number(text: str) -> int | None:
    """Find the first number of an answer, in figures or in words.

    >>> read_number(" twice in the"), read_number(" 11 times"), read_number(" in the word")
    (2, 11, None)
    """
    found = NUMBER.search(text)
    if found is None:
        return None
    written = found[0].lower()
    return VALUES[written] if written in VALUES else int(written)


def has_word(text: str, words: Iterable[str]) -> bool:
    """Tell whether an answer has one of the words, whole, in capitals or not.

    >>> has_word("It is PARIS.", ["Paris"]), has_word("comparison", ["Paris", "par"])
    (True, False)
    """
    either = "|".join(map(re.escape, words))
    return re.search(rf"\b(?:{either})\b", text, re.IGNORECASE) is not None
