"""Errors as text, as JSON and as annotations of GitHub Actions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmdeck.errors import DeckError, Failures
from llmdeck.report.terminal import say

if TYPE_CHECKING:
    from llmdeck.model import Place

MOST_PLACES = 6
"""How many of the slides that an error takes with it are listed."""


def show_error(error: DeckError) -> None:
    """Write an error to stderr, and annotate its line where GitHub Actions runs."""
    for single in _single_errors(error):
        say(describe(single))
        annotate(single.place, single.message, single.used)


def describe(error: DeckError) -> str:
    """Return where an error is, what it is, which slides it takes with it, and what repairs it."""
    where = f"{error.place}: " if error.place else ""
    lines = [f"error: {where}{error.message}"]
    lines += [f"  used at {used}" for used in error.used[:MOST_PLACES]]
    more = len(error.used) - MOST_PLACES
    if more > 0:
        lines.append(f"  and at {more} more places")
    if error.printed.strip():
        printed = error.printed.rstrip().splitlines()
        lines += ["  it printed:", *(f"    {line}" for line in printed)]
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    return "\n".join(lines)


def annotate(place: Place | None, message: str, used: Sequence[str] = ()) -> None:
    """Write an annotation where GitHub Actions runs, and nothing elsewhere.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    where = ""
    if place:
        where = f" file={_escape(place.file, ':,')},line={max(place.line, 1)}"
    text = "\n".join([message, *(f"used at {item}" for item in used)])
    print(f"::error{where}::{_escape(text)}", flush=True)


def _escape(value: str, also: str = "") -> str:
    for char in "%\r\n" + also:
        value = value.replace(char, f"%{ord(char):02X}")
    return value


def error_json(error: DeckError) -> list[dict[str, Any]]:
    """Return an error, or the several in it, for a program."""
    return [_as_json(single) for single in _single_errors(error)]


def _as_json(error: DeckError) -> dict[str, Any]:
    return {
        "message": error.message,
        "file": error.place.file if error.place else None,
        "line": error.place.line if error.place else None,
        "used": list(error.used),
        "printed": error.printed,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }


def _single_errors(error: DeckError) -> tuple[DeckError, ...]:
    return error.errors if isinstance(error, Failures) else (error,)
