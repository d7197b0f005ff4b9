"""The ledger (`deck/claims.toml`): claims, and whether they hold; nothing else decides that.

A computed claim may be a question as well: `asks` is its text and `answer` the expression over the
facts that gives the number. `within` is how far a guess may be off and still be right. It is a key
of its own, and not what `holds` says with `close_to(…, rel=…)`: a check compares what a machine
computes and is as narrow as can be, a guess is made by a person who learns the order of magnitude.
"""

from llmdeck.ledger.judge import answer, close_to, failing_check, failures
from llmdeck.ledger.load import KINDS, load_ledger
from llmdeck.ledger.messages import short, unreadable
from llmdeck.ledger.parts import FILE, Part, names_in, source_name, sources

__all__ = [
    "FILE",
    "KINDS",
    "Part",
    "answer",
    "close_to",
    "failing_check",
    "failures",
    "load_ledger",
    "names_in",
    "short",
    "source_name",
    "sources",
    "unreadable",
]
