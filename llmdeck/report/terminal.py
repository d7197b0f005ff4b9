"""Lines, tables, JSON and a progress bar, as they fit a terminal or a file."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmdeck.run.batch import Progress


def say(message: str) -> None:
    """Write one line of progress to stderr."""
    line = f"{message}\n"
    sys.stderr.write(line)  # in one piece: demos that run side by side write at once
    sys.stderr.flush()


def print_json(value: Any) -> None:
    """Print a value as JSON, for a program."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows as aligned columns; on a terminal, Rich cuts them to its width."""
    if sys.stdout.isatty():
        _show_rich_table(columns, rows)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _show_rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show which demos run: a bar on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield _say_progress
        return
    with _Bar() as bar:
        yield bar


def _say_progress(demo: str, event: str) -> None:
    say(f"running {demo}" if event == "start" else f"done {demo}")


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

    def __call__(self, demo: str, event: str) -> None:
        with self.lock:
            self._update(demo, event)

    def _update(self, demo: str, event: str) -> None:
        if self.bar is None:
            self.bar = _rich_bar()
            self.task = self.bar.add_task("", total=0)
            self.bar.start()
        if event == "start":
            self.started += 1
            self.running.append(demo)
        else:
            self.running.remove(demo)
            self.bar.advance(self.task)
        self.bar.update(self.task, total=self.started, description=", ".join(self.running))


def _rich_bar() -> Any:
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("demos"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.description}"),
    )
    return progress.Progress(*columns, console=Console(stderr=True), transient=True)
