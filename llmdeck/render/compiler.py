"""Templates become Python as Jinja makes it, but for what a slide's constants and joins need."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Concat


class Generator(CodeGenerator):
    """Jinja's code generator with what a value is escaped as, wherever it comes from.

    `a ~ b` escapes as `{{ a }}{{ b }}` does, and a constant as a fact of the same value.
    """

    def visit_Concat(self, node: Concat, frame: Frame) -> None:  # noqa: N802  Jinja's name
        """Write a join that escapes for Markdown."""
        self.write("environment.concatenate((")
        for arg in node.nodes:
            self.visit(arg, frame)
            self.write(", ")
        self.write("))")

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802  Jinja's name
        """Write a constant; a number that Python has no literal for is the author's mistake."""
        value = node.as_const(frame.eval_ctx)
        if not all(map(math.isfinite, _floats(value))):
            self.fail("this number is larger than any that can be computed with", node.lineno)
        try:
            super().visit_Const(node, frame)
        except ValueError as error:  # an integer of more digits than Python writes
            self.fail(str(error).split(";")[0], node.lineno)

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        """Return what a constant shows: not escaped for HTML first, as Jinja does it."""
        if isinstance(node, nodes.TemplateData):
            return super()._output_child_to_const(node, frame, finalize)
        value = node.as_const(frame.eval_ctx)
        if not all(map(math.isfinite, _floats(value))):
            raise nodes.Impossible  # `visit_Const` says why
        return str(finalize.const(value))


def _floats(value: Any) -> Iterable[float]:
    """Give the floats in a constant."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        yield from _floats([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _floats(item)
