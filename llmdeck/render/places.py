"""Where in a template something is written: its statements say it themselves.

The syntax tree gets, before each statement, a call that notes file and line (`environment.at`),
and behind each `{{ … }}` a mark of them (`environment.mark`). What a template calls so knows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes


def note_places(tree: nodes.Template, file: str) -> None:
    """Let each statement of a template's tree note its place; `file` is the template."""
    tree.body = _placed(tree.body, file, marked=True)


def _placed(body: list[nodes.Node], file: str, *, marked: bool) -> list[nodes.Node]:
    """Return statements with what notes their places between them.

    What a macro or a block of `{% set %}` gives may be compared, so there (`marked` is false)
    nothing is written but behind what is shown.
    """
    placed: list[nodes.Node] = []
    for node in body:
        if isinstance(node, nodes.Output):
            placed += _shown(node, file)
            continue
        placed.append(_at(file, node.lineno))
        if marked and isinstance(node, nodes.If | nodes.For):
            placed += [_mark(file, line) for line in _lines(node)]
        _go_inside(node, file, marked=marked)
        placed.append(node)
    return placed


def _go_inside(node: nodes.Node, file: str, *, marked: bool) -> None:
    """Do the same for the statements in a statement."""
    marked = marked and not isinstance(node, nodes.Macro | nodes.AssignBlock)
    for name in ("body", "else_"):
        inner = getattr(node, name, None)
        if isinstance(inner, list):
            setattr(node, name, _placed(inner, file, marked=marked))
    for branch in getattr(node, "elif_", ()):
        _go_inside(branch, file, marked=marked)
        branch.test = nodes.And(_call("at", file, branch.lineno), branch.test, lineno=branch.lineno)


def _lines(node: nodes.Node) -> list[int]:
    """Return the lines of an `if` with its `elif`s, or of a `for`: they read and show nothing."""
    branches = getattr(node, "elif_", ())
    return [node.lineno, *(branch.lineno for branch in branches)]


def _shown(output: nodes.Output, file: str) -> Iterator[nodes.Node]:
    """Give the pieces of an output; a value has its place before it and its mark behind."""
    for piece in output.nodes:
        if isinstance(piece, nodes.TemplateData):
            yield nodes.Output([piece], lineno=piece.lineno)
            continue
        yield _at(file, piece.lineno)
        yield nodes.Output([piece], lineno=piece.lineno)
        yield _mark(file, piece.lineno)


def _at(file: str, line: int) -> nodes.Node:
    return nodes.ExprStmt(_call("at", file, line), lineno=line)


def _mark(file: str, line: int) -> nodes.Node:
    return nodes.Output([_call("mark", file, line)], lineno=line)


def _call(method: str, file: str, line: int) -> nodes.Expr:
    """Return a call of a method of the environment with a place."""
    arguments: list[nodes.Expr] = [nodes.Const(file, lineno=line), nodes.Const(line, lineno=line)]
    function = nodes.EnvironmentAttribute(method, lineno=line)
    return nodes.Call(function, arguments, [], None, None, lineno=line)
