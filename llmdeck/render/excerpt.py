"""A piece of a demo's source, as a slide shows it."""

from __future__ import annotations

import ast


def excerpt(source: str, function: str) -> str:
    """Return the source of one function or class, without its docstring.

    Raises:
        ValueError: where the module has no such function; the message names those it has.
    """
    body = ast.parse(source).body
    nodes = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            nodes[node.name] = node
    if function not in nodes:
        raise ValueError(f"code: no function `{function}`; there are: {', '.join(nodes)}")
    node, lines = nodes[function], source.splitlines()
    decorators = [decorator.lineno for decorator in node.decorator_list]
    start = min([node.lineno, *decorators])
    end = node.end_lineno or node.lineno
    without = _docstring_lines(node)
    numbers = [number for number in range(start, end + 1) if number not in without]
    return "\n".join(lines[number - 1] for number in numbers)


def _docstring_lines(node: ast.FunctionDef | ast.ClassDef) -> range:
    """Return the numbers of the lines of a docstring; none where nothing follows it."""
    if ast.get_docstring(node) is None or len(node.body) == 1:
        return range(0)
    docstring = node.body[0]
    return range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1)
