"""The Sphinx extension that writes the reference from the code: `{from-code} commands` and so on.

Each part is a function of `PARTS` that returns Markdown. What it says stands in the code alone: in
the parser, in docstrings, in the types that read the files. So the reference can't say what the
program does not do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from from_code import commands, deck, demos, files, measured, templates

PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands.commands,
    "exit-codes": commands.exit_codes,
    "lints": commands.lints,
    "functions": templates.functions,
    "filters": templates.filters,
    "units": templates.units,
    "settings": files.settings,
    "ledger": files.ledger,
    "verdicts": files.verdicts,
    "kinds": demos.kinds,
    "limits": demos.limits,
    "stream": demos.stream,
    "states": demos.states,
    "http-api": demos.http_api,
    "performance": measured.performance,
}
"""What a page may ask for."""
CODE = Path(__file__).parent.parent.parent / "llmdeck"


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("from-code", FromCode)
    app.connect("build-finished", deck.put_into_site)
    return {"parallel_read_safe": True}


class FromCode(SphinxDirective):
    """Write one of `PARTS` where it stands."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return what the part says; its page is written again where any source changed."""
        for path in (*CODE.rglob("*.py"), *measured.FIGURES.glob("*.json")):
            self.env.note_dependency(str(path))
        text = PARTS[self.arguments[0]]()
        return self.parse_text_to_nodes(text, allow_section_headings=True)
