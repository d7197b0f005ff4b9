"""The tables that `make bench` writes."""

from __future__ import annotations

import json
from pathlib import Path

from from_code.markdown import table

FIGURES = Path(__file__).parent.parent / "performance"
"""Where they are: a table a file."""


def performance() -> str:
    """Return the tables that `make bench` wrote, each with when and where it was measured."""
    parts = []
    for path in sorted(FIGURES.glob("*.json")):
        measured = json.loads(path.read_text(encoding="utf-8"))
        about = f"{measured['about']} Measured on {measured['date']}: {measured['machine']}."
        rows = [[str(cell) for cell in row] for row in measured["rows"]]
        parts.append(f"## {measured['title']}\n\n{about}\n\n{table(measured['headers'], rows)}")
    return "\n".join(parts) or "Nothing was measured yet: `make bench` does it.\n"
