"""What a small model wrote: how it begins, and how many of its words are words of its text."""

import re

from demos.common.intervals import significant

WORD = re.compile(r"[^\W\d_]{3,}")  # of three letters or more
N_SHOWN = 96  # characters of what it writes


def look(step: int, text: str, training: str) -> dict:
    """Describe what was written: its start, and how many of its words the training text has.

    Words are of three letters or more.

    >>> look(0, "il gatto glorp", "un gatto e una gatta")["n_known_words"]
    1
    """
    known, words = set(WORD.findall(training)), WORD.findall(text)
    n_known = sum(word in known for word in words)
    return {
        "step": step,
        "text": text[:N_SHOWN].replace("\n", "↵"),
        "n_words": len(words),
        "n_known_words": n_known,
        "known_words_percent": significant(100 * n_known / len(words)),
    }
