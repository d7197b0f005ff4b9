"""Executable slides: Marp decks from Jinja templates, where each claim is backed by a demo that is run and checked.

Read `model` first, then `build`.
"""

__version__ = "0.1.0"
