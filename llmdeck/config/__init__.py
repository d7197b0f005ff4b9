"""`deck/deck.toml` as typed data: `tables` says what it may hold, `load` reads it.

`toml` says on which line a key stands, here and in the ledger. A build with nothing to do needs
this folder, so it imports next to nothing.
"""

from llmdeck.config.load import find_root, load
from llmdeck.config.tables import Config, Control, Deck, Limits, Lint, Words
from llmdeck.config.toml import TomlFile

__all__ = [
    "Config",
    "Control",
    "Deck",
    "Limits",
    "Lint",
    "TomlFile",
    "Words",
    "find_root",
    "load",
]
