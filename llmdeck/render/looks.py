"""How verdicts, wrong sentences and sources look in a theme that says nothing of them.

A theme that has a class of its own for one of them keeps it. Colours follow the theme's text, so
that contrast is the theme's, on light slides and on dark ones; a shape and a sign tell verdicts
apart without colour.
"""

from __future__ import annotations

import re

from llmdeck.config import Config

VERDICT = """
:where(.verdict) { display: inline-block; padding: 0 0.5em; border: 0.1em solid currentcolor; \
border-radius: 0.4em; font-size: 0.7em; font-weight: 600; line-height: 1.5; white-space: nowrap; \
vertical-align: 0.1em }
:where(.verdict)::before { margin-right: 0.4em }
:where(.verdict.verified) { background: #00a07a33 }
:where(.verdict.verified)::before { content: "✓" }
:where(.verdict.corrected) { border-style: double; border-width: 0.2em; background: #e0701a40 }
:where(.verdict.corrected)::before { content: "≠" }
:where(.verdict.cited) { border-style: dashed; background: #88888833 }
:where(.verdict.cited)::before { content: "“" }
"""
OFTEN = """
:where(.often) { font-style: italic }
:where(.often)::before { content: "✗\\00a0"; font-style: normal; font-weight: 700 }
"""
SOURCE = """
:where(.source) { font-size: 0.7em; font-weight: 600; white-space: nowrap }
"""
NOT_UPDATED = """
:where(.not-updated) { position: absolute; right: 0; top: 0; margin: 0; padding: 0.3em 1em; \
background: #8f1414; color: #fff; font-size: 0.8em }
"""
LOOKS = {"verdict": VERDICT, "often": OFTEN, "source": SOURCE, "not-updated": NOT_UPDATED}
"""The style of what the toolkit writes, by its class."""
NAME = re.compile(r"@theme\s+([\w-]+)")
IMPORT = re.compile(r"""@import\s+["']([\w-]+)["']""")


def looks(config: Config) -> list[str]:
    """Return the styles of what the deck's theme has no look for."""
    css = "".join(_themes(config))
    return [look for name, look in LOOKS.items() if not re.search(rf"\.{name}(?![\w-])", css)]


def _themes(config: Config) -> list[str]:
    """Return the deck's own style sheet and those it imports; nothing of Marp's own themes."""
    sheets = _style_sheets(config)
    wanted = [config.deck.theme]
    found: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name in sheets and name not in found:
            found[name] = sheets[name]
            wanted += IMPORT.findall(sheets[name])
    return list(found.values())


def _style_sheets(config: Config) -> dict[str, str]:
    """Return the style sheets of the deck's folder of themes, by the name of the theme."""
    sheets: dict[str, str] = {}
    for path in sorted(config.themes.glob("*.css")):
        css = path.read_text(encoding="utf-8", errors="replace")
        name = NAME.search(css)
        if name:
            sheets.setdefault(name[1], css)
    return sheets
