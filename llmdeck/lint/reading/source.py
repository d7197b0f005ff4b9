"""What a template itself says: its text without Jinja, and the constants that it shows.

What an expression shows comes from a fact, so it is no text of the template: `VALUE` stands in its
place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Environment, nodes

VALUE = "\ufffc"
"""Stands where an expression shows something."""
NOTES, CITED, TABLE = "notes", "cited", "table"
"""The functions of a template whose arguments are shown as they are written."""


@dataclass(frozen=True)
class Constant:
    """Text or a number that stands in an expression and is shown as it is."""

    text: str
    line: int
    inside: str = ""
    """`notes` or `cited`, where it is shown by that function."""


@dataclass(frozen=True)
class Source:
    """A template's own text; both texts have its lines."""

    slides: str
    """What goes onto slides: Markdown."""
    notes: str
    """What the speaker notes say: plain text."""
    constants: tuple[Constant, ...] = ()


class _Lines:
    """Text that grows, and knows on which line it is."""

    def __init__(self) -> None:
        self.text = ""

    def reach(self, line: int) -> None:
        """Go on to a line of the template, counted from 1."""
        self.text += "\n" * (line - 1 - self.text.count("\n"))

    def stand_in(self, *, alone: bool) -> None:
        """Put `VALUE`; for a statement, which shows nothing by itself, only inside a line."""
        if not alone or (self.text and not self.text.endswith("\n")):
            self.text += VALUE


def read(env: Environment, template: str) -> Source:
    r"""Take a template apart.

    >>> read(Environment(trim_blocks=True), "{% set a = 1 %}\nUno {{ a }}\n{{ 'due' }}\n").slides
    '\nUno \ufffc\n\ufffc\n'
    >>> read(Environment(), "{{ f.x ~ ' tre' }}").constants
    (Constant(text=' tre', line=1, inside=''),)
    """
    texts = _Texts()
    for line, kind, value in env.lex(template):
        texts.add(line, kind, value)
    lines = template.count("\n") + 1
    texts.slides.reach(lines)
    texts.notes.reach(lines)
    constants = tuple(_constants(env.parse(template), ""))
    return Source(texts.slides.text, texts.notes.text, constants)


class _Texts:
    """The text of the slides and that of the notes, from what Jinja's lexer finds."""

    def __init__(self) -> None:
        self.slides, self.notes = _Lines(), _Lines()
        self.calls: list[str] = []
        """The `{% call %}` blocks that are open, by their function."""
        self.names: list[str] = []
        """The names in the statement or expression that is being read."""

    def add(self, line: int, kind: str, value: str) -> None:
        """Take the next thing that the lexer found."""
        into = self.notes if NOTES in self.calls else self.slides
        into.reach(line)
        if kind == "data":
            into.text += value
        elif kind in ("variable_begin", "block_begin"):
            into.stand_in(alone=kind == "block_begin")
            self.names = []
        elif kind == "name":
            self.names.append(value)
        elif kind == "block_end":
            self._end_statement(*self.names[:2])

    def _end_statement(self, keyword: str = "", function: str = "") -> None:
        if keyword == "call":
            self.calls.append(function)
        elif keyword == "endcall":
            self.calls.pop()


def _constants(node: nodes.Node, inside: str) -> Iterator[Constant]:
    """The constants of every output below a node."""
    if isinstance(node, nodes.CallBlock) and _name(node.call) == NOTES:
        inside = NOTES
    if isinstance(node, nodes.Output):
        for expression in node.nodes:
            if not isinstance(expression, nodes.TemplateData):
                computed = any(expression.find_all((nodes.Name, nodes.Call)))
                yield from _visible(expression, inside, numbers=not computed)
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Stmt | nodes.Template):
            yield from _constants(child, inside)


def _visible(node: nodes.Node, inside: str, *, numbers: bool) -> Iterator[Constant]:
    """The constants that an expression shows; a number only where nothing is computed from it."""
    if isinstance(node, nodes.Const):
        if _is_visible(node.value, numbers=numbers):
            yield Constant(str(node.value), node.lineno, inside)
    elif isinstance(node, nodes.Call):
        name = _name(node)
        inside = name if name in (NOTES, CITED) else inside
        for argument in _visible_arguments(node):
            yield from _visible(argument, inside, numbers=name == TABLE)
    else:
        for part in _parts(node):
            yield from _visible(part, inside, numbers=numbers)


def _is_visible(value: object, *, numbers: bool) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, str) or (numbers and isinstance(value, int | float))


def _visible_arguments(call: nodes.Call) -> list[nodes.Expr]:
    """The arguments of a call that are shown as they are."""
    name = _name(call)
    if name in (NOTES, CITED):
        return call.args
    if name != TABLE:
        return []
    without_columns = [*call.args[:1], *call.args[2:]]
    return without_columns + [pair.value for pair in call.kwargs if pair.key != "columns"]


def _parts(node: nodes.Node) -> list[nodes.Expr]:
    """The parts of an expression whose values are in what it shows."""
    if isinstance(node, nodes.CondExpr):
        return [part for part in (node.expr1, node.expr2) if part]
    if isinstance(node, nodes.Filter):
        return [node.node] if node.node else []
    if isinstance(node, nodes.Concat):
        return node.nodes
    return node.items if isinstance(node, nodes.List | nodes.Tuple) else []


def _name(node: nodes.Expr) -> str:
    """The name of the function that is called, or nothing."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        return node.node.name
    return ""
