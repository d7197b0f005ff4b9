"""`llmdeck new` and `llmdeck add`: what was written, and what to type next."""

from __future__ import annotations

import shlex
from argparse import Namespace
from pathlib import Path

from llmdeck import new
from llmdeck.config import Config
from llmdeck.schema import write


def create(_config: Config | None, options: Namespace) -> int:
    """Write a new deck, and print the next command."""
    folder: Path = options.folder
    files = new.create(folder, language=options.lang, source=options.source)
    print(f"{folder}: {len(files)} files")
    print(f"next: cd {shlex.quote(str(folder))} && make live")
    print("or, with llmdeck in this environment: llmdeck build")
    return 0


def schema(_config: Config | None, options: Namespace) -> int:
    """Write the JSON Schemas of a deck's files, and print where they are."""
    for path in write(options.folder):
        print(path)
    return 0


def demo(config: Config, options: Namespace) -> int:
    """Write a demo and its partial."""
    _show(new.add_demo(config, options.name))
    return 0


def claim(config: Config, options: Namespace) -> int:
    """Write a claim."""
    _show(new.add_claim(config, options.id, options.demo))
    return 0


def _show(added: new.Added) -> None:
    print(f"{added.place}: written")
    print(f"on a slide: {added.use}")
