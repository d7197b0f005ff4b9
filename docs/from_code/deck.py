"""A deck to ask, and to see: the one that `llmdeck new` writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sphinx.application import Sphinx

from llmdeck import new
from llmdeck.config import Config, load

ROOT = Path(__file__).parent.parent.parent
BUILT = "_static/a-new-deck.html"
"""Where the site has it."""
TIME_S = 300


@contextmanager
def new_deck() -> Iterator[Config]:
    """Give a new deck in a temporary folder, as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "a-new-deck"
        new.create(root)
        yield load(root)


def put_into_site(app: Sphinx, error: Exception | None) -> None:
    """Build the deck into the site, once its pages are written (an event of Sphinx).

    Raises:
        RuntimeError: where it can't be built.
    """
    if error or app.builder.format != "html":
        return
    with new_deck() as config:
        done = subprocess.run(
            [sys.executable, "-m", "llmdeck", "--root", config.root, "build"],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        target = Path(app.outdir) / BUILT
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(config.output / "deck.html", target)
