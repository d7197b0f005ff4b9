"""What a template itself says: its text without Jinja, line by line, and the constants that its expressions show.

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
    slides, notes = _Lines(), _Lines()
    callers: list[str] = []
    words: list[str] = []
    for line, kind, value in env.lex(template):
        into = notes if NOTES in callers else slides
        into.reach(line)
        if kind == "data":
            into.text += value
        elif kind in ("variable_begin", "block_begin"):
            into.stand_in(alone=kind == "block_begin")
            words = []
        elif kind == "name":
            words.append(value)
        elif kind == "block_end" and words[:1] == ["call"]:
            callers.append(words[1])
        elif kind == "block_end" and words[:1] == ["endcall"]:
            callers.pop()
    lines = template.count("\n") + 1
    slides.reach(lines)
    notes.reach(lines)
    return Source(slides.text, notes.text, tuple(_constants(env.parse(template), "")))


def _constants(node: nodes.Node, inside: str) -> Iterator[Constant]:
    """The constants of every output below a node."""
    if isinstance(node, nodes.CallBlock) and _name(node.call) == NOTES:
        inside = NOTES
    if isinstance(node, nodes.Output):
        for shown in node.nodes:
            if not isinstance(shown, nodes.TemplateData):
                computed = next(shown.find_all((nodes.Name, nodes.Call)), None) is not None
                yield from _shown(shown, inside, numbers=not computed)
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Stmt | nodes.Template):
            yield from _constants(child, inside)


def _shown(node: nodes.Node, inside: str, *, numbers: bool) -> Iterator[Constant]:
    """The constants that an expression shows; a number only where nothing is computed from it."""
    if isinstance(node, nodes.Const):
        plain = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        if isinstance(node.value, str) or (numbers and plain):
            yield Constant(str(node.value), node.lineno, inside)
    elif isinstance(node, nodes.Call):
        name = _name(node)
        inside = name if name in (NOTES, CITED) else inside
        for argument in _shown_arguments(node):
            yield from _shown(argument, inside, numbers=name == TABLE)
    else:
        for part in _parts(node):
            yield from _shown(part, inside, numbers=numbers)


def _shown_arguments(call: nodes.Call) -> list[nodes.Expr]:
    """The arguments of a call that are shown as they are."""
    if _name(call) == TABLE:
        return [
            *call.args[:1],
            *call.args[2:],
            *(k.value for k in call.kwargs if k.key != "columns"),
        ]
    return call.args if _name(call) in (NOTES, CITED) else []


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
    return (
        node.node.name if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) else ""
    )
