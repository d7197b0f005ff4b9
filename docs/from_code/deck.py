"""A deck to ask: the one that `llmdeck new` writes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmdeck import new
from llmdeck.config import Config, load


@contextmanager
def new_deck() -> Iterator[Config]:
    """Give a new deck in a temporary folder, as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "talk"
        new.create(root)
        yield load(root)
