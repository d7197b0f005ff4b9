"""What a person or a CI system reads: errors, findings, tables, progress. Results go to stdout, the rest to stderr."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llmdeck.check import Checked, Moved
from llmdeck.errors import DeckError, Failures
from llmdeck.ledger import short
from llmdeck.model import Finding, Place
from llmdeck.run.batch import Progress

MOST_PLACES = 6
"""How many of the slides that an error takes with it are listed."""


def say(message: str) -> None:
    """One line of progress."""
    sys.stderr.write(
        f"{message}\n"
    )  # in one piece: demos that run side by side say something at once
    sys.stderr.flush()


def flatten(error: DeckError) -> tuple[DeckError, ...]:
    """One error, or the several that were found in one go."""
    return error.errors if isinstance(error, Failures) else (error,)


def describe(error: DeckError) -> str:
    """An error as a person reads it: where, what, which slides it takes with it, what was printed, what repairs it."""
    lines = [f"error: {error.place}: {error.message}" if error.place else f"error: {error.message}"]
    lines += [f"  used at {used}" for used in error.used[:MOST_PLACES]]
    if len(error.used) > MOST_PLACES:
        lines.append(f"  and at {len(error.used) - MOST_PLACES} more places")
    if error.printed.strip():
        lines += ["  it printed:", *(f"    {line}" for line in error.printed.rstrip().splitlines())]
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    return "\n".join(lines)


def show_error(error: DeckError) -> None:
    """Print an error, and annotate its line where GitHub Actions runs."""
    for one in flatten(error):
        say(describe(one))
        annotate(one.place, one.message, one.used)


def annotate(place: Place | None, message: str, used: Sequence[str] = ()) -> None:
    """Write a GitHub annotation, where GitHub Actions runs.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    where = f" file={_escape(place.file, ':,')},line={max(place.line, 1)}" if place else ""
    text = message + "".join(f"\nused at {item}" for item in used)
    print(f"::error{where}::{_escape(text)}", flush=True)


def _escape(value: str, also: str = "") -> str:
    for char in "%\r\n" + also:
        value = value.replace(char, f"%{ord(char):02X}")
    return value


def error_json(error: DeckError) -> list[dict[str, Any]]:
    """Errors for a program."""
    return [
        {
            "message": one.message,
            "file": one.place.file if one.place else None,
            "line": one.place.line if one.place else None,
            "used": list(one.used),
            "printed": one.printed,
            "hint": one.hint,
            "exit_code": one.exit_code,
        }
        for one in flatten(error)
    ]


def show_check(checked: Checked) -> None:
    """Print what a check found, each with slide, line, old and new value."""
    for moved in checked.moved:
        places = list(dict.fromkeys(str(use) for use in moved.uses))
        first = moved.uses[0].place if moved.uses else None
        message = moved_message(moved)
        print(f"{places[0] if places else moved.drift.variant}: {message}")
        for other in places[1:]:
            print(f"  also at {other}")
        annotate(first, message, places[1:])
    for variant, reasons in checked.stale.items():
        print(f"{variant}: the store is not up to date ({', '.join(reasons)}); run: llmdeck build")
        annotate(Place(file="deck/results"), f"{variant} is not up to date: {', '.join(reasons)}")
    for error in checked.errors:
        show_error(error)
    counted = f"{checked.variants} variants on {checked.slides} slides"
    print(f"{counted}: nothing moved" if checked.clean else f"{counted}: {_count(checked)}")


def _count(checked: Checked) -> str:
    parts = {
        "moved": len(checked.moved),
        "not up to date": len(checked.stale),
        "failed": len(checked.errors),
    }
    return ", ".join(f"{number} {what}" for what, number in parts.items() if number)


def moved_message(moved: Moved) -> str:
    """One drift in a line."""
    drift = moved.drift
    claims = f" (claim {', '.join(moved.claims)})" if moved.claims else ""
    return (
        f"{drift.variant}: {drift.path} was {short(drift.old)}, is now {short(drift.new)}{claims}"
    )


def check_json(checked: Checked) -> dict[str, Any]:
    """What a check found, for a program."""
    return {
        "clean": checked.clean,
        "variants": checked.variants,
        "slides": checked.slides,
        "moved": [
            {
                "demo": moved.drift.variant.demo,
                "parameters": moved.drift.variant.parameters,
                "fact": moved.drift.path,
                "old": moved.drift.old,
                "new": moved.drift.new,
                "claims": list(moved.claims),
                "uses": [
                    {"file": u.place.file, "line": u.place.line, "slide": u.slide}
                    for u in moved.uses
                ],
            }
            for moved in checked.moved
        ],
        "stale": [
            {"demo": variant.demo, "parameters": variant.parameters, "reasons": list(reasons)}
            for variant, reasons in checked.stale.items()
        ],
        "errors": [item for error in checked.errors for item in error_json(error)],
    }


def show_findings(findings: Sequence[Finding], lints: Sequence[str]) -> None:
    """Print what lints found, each with file, line and slide, then how many of each."""
    hints: set[str] = set()
    for finding in findings:
        on = f" (slide {finding.slide})" if finding.slide else ""
        print(f"{finding.place}{on}: {finding.lint}: {finding.message}")
        if (
            finding.hint and finding.hint not in hints
        ):  # once: most findings of a lint have the same
            hints.add(finding.hint)
            print(f"  hint: {finding.hint}")
        annotate(finding.place, f"{finding.lint}: {finding.message}")
    counts = {name: sum(finding.lint == name for finding in findings) for name in lints}
    print(", ".join(f"{name}: {count or 'clean'}" for name, count in counts.items()))


def findings_json(findings: Sequence[Finding], lints: Sequence[str]) -> dict[str, Any]:
    """What lints found, for a program."""
    return {
        "clean": not findings,
        "lints": list(lints),
        "findings": [
            {
                "lint": finding.lint,
                "message": finding.message,
                "file": finding.place.file,
                "line": finding.place.line,
                "slide": finding.slide,
                "hint": finding.hint,
            }
            for finding in findings
        ],
    }


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows as aligned columns; on a terminal with Rich, cut to its width, else plain."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*row)
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """What runs now: a bar on a terminal, plain lines elsewhere; nothing at all where no demo runs."""
    if not sys.stderr.isatty():
        yield lambda name, event: say(f"running {name}" if event == "start" else f"done {name}")
        return
    with _Bar() as bar:
        yield bar


class _Bar:
    """A Rich progress bar that appears with the first demo."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.bar: Any = None
        self.task: Any = None
        self.started = 0
        self.lock = threading.Lock()  # demos start and end in threads

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.bar:
            self.bar.stop()

    def __call__(self, name: str, event: str) -> None:
        with self.lock:
            self._show(name, event)

    def _show(self, name: str, event: str) -> None:
        if self.bar is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
            )

            columns = (
                TextColumn("demos"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
            )
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task("", total=0)
            self.bar.start()
        if event == "start":
            self.started += 1
            self.running.append(name)
        else:
            self.running.remove(name)
            self.bar.advance(self.task)
        self.bar.update(self.task, total=self.started, description=", ".join(self.running))
