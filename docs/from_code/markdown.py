"""Tables, code blocks and docstrings as Markdown."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; a bar or a line end in a cell would end it."""
    lines = [headers, ["---"] * len(headers), *rows]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def fence(text: str, language: str = "text") -> str:
    """Return a code block, whose fence no text in it ends."""
    return f"````{language}\n{text.rstrip()}\n````\n"


def prose(docstring: str | None) -> str:
    """Return a docstring as Markdown: its examples are code, its `Raises:` is a list."""
    text = inspect.cleandoc(docstring or "")
    text = re.sub(r"(?m)^Raises:\n((?:    .*\n?)+)", _raises, text)
    blocks = re.split(r"\n{2,}", text)
    return "\n\n".join(_block(block) for block in blocks)


def _raises(found: re.Match[str]) -> str:
    """Return a section `Raises:` as a paragraph that says when there is an error."""
    body = inspect.cleandoc(found[1])
    reasons = re.findall(r"(?m)^\w+: ((?:.*)(?:\n    .*)*)", body) or [body]
    return f"An error: {' '.join(' '.join(reasons).split())}\n"


def _block(block: str) -> str:
    if block.startswith(">>>"):
        return fence(block, "pycon")
    if all(line.startswith("    ") for line in block.splitlines()):
        return fence(inspect.cleandoc(block))
    return block


def constant_doc(module: ModuleType, name: str) -> str:
    """Return the docstring under a constant of a module."""
    body = ast.parse(inspect.getsource(module)).body
    for statement, after in pairwise(body):
        named = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name
        if named and isinstance(after, ast.Expr):
            return str(ast.literal_eval(after.value))
    raise LookupError(f"{module.__name__}.{name} has no docstring")
