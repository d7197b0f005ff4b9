"""A piece of a demo's source, as a slide shows it."""

from __future__ import annotations

import ast

from llmdeck.errors import TemplateError
from llmdeck.model import Place


def excerpt(source: str, function: str, file: str = "", *, docstring: bool = False) -> str:
    """Return the source of one function or class, with its docstring where that is wanted.

    `file` is what messages call the module.

    Raises:
        ValueError: where the module has no such function; the message names those it has.
        TemplateError: where the module is no Python, with its line.
    """
    nodes = {}
    body = _parsed(source, file)
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            nodes[node.name] = node
    if function not in nodes:
        raise ValueError(f"code: no function `{function}`; there are: {', '.join(nodes)}")
    node, lines = nodes[function], source.splitlines()
    decorators = [decorator.lineno for decorator in node.decorator_list]
    start = min([node.lineno, *decorators])
    end = node.end_lineno or node.lineno
    without = range(0) if docstring else _docstring_lines(node)
    numbers = [number for number in range(start, end + 1) if number not in without]
    return "\n".join(lines[number - 1] for number in numbers)


def _parsed(source: str, file: str) -> list[ast.stmt]:
    """Return the statements of a module."""
    try:
        return ast.parse(source).body
    except SyntaxError as error:
        place = Place(file=file, line=error.lineno or 0)
        raise TemplateError(f"code: {file} is no Python: {error.msg}", place=place) from None
    except (RecursionError, MemoryError):
        place = Place(file=file)
        raise TemplateError(f"code: {file} is nested too deep to be read", place=place) from None


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> range:
    """Return the numbers of the lines of a docstring; none where nothing follows it."""
    if ast.get_docstring(node) is None or len(node.body) == 1:
        return range(0)
    docstring = node.body[0]
    return range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1)
