"""Executable slides: Marp decks from Jinja templates, each claim backed by a demo that is run.

Read `model` first, then `build`.
"""

__version__ = "0.1.0"
