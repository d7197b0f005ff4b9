"""The source of one function, as a slide shows it."""

from __future__ import annotations

import ast


def excerpt(source: str, function: str) -> str:
    """Return the source of one function or class, without its docstring.

    Raises:
        ValueError: where the module has no such function; the message names those it has.
    """
    defined = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    by_name = {node.name: node for node in defined}
    if function not in by_name:
        raise ValueError(f"code: no function `{function}`; there are: {', '.join(by_name)}")
    node = by_name[function]
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = source.splitlines()[start - 1 : node.end_lineno]
    first = node.body[0]
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        end = first.end_lineno or first.lineno
        del lines[first.lineno - start : end + 1 - start]
    return "\n".join(lines)
