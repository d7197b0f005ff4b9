"""What a demo's process tells of a failure; `explain` makes it an error on the other side."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from llmdeck.run import Line

PRINTED_CHARACTERS = 2000
"""How much of what a failing demo had printed is told, from the end."""


class RejectedError(Exception):
    """The demo ran, but what it gave can't be used; the message says why."""

    def __init__(
        self, message: str, function: str = "run", module: ModuleType | None = None
    ) -> None:
        super().__init__(message)
        self.function = function
        """The function to look at."""
        self.module = module
        """The module of that function, where it is not the demo itself."""


class InvalidValueError(RejectedError):
    """A parameter that the demo does not have, or a value that it can't take."""


def failure(
    error: BaseException, folder: Path, raw: bytes, module: ModuleType | None = None
) -> Line:
    """Return what the parent needs to tell of a failure.

    It has the message, the demo's own file and line (the last one in `folder`), what was printed
    (`raw`), whether memory ran out, and which package is missing.
    """
    file, line = _demos_line(error, folder, module)
    message = str(error)
    if not isinstance(error, RejectedError):
        message = f"{type(error).__name__}: {error}".rstrip(": ")
    printed = raw.decode("utf-8", "backslashreplace")
    return {
        "error": sendable(message),
        "memory": isinstance(error, MemoryError),
        "rejected": isinstance(error, InvalidValueError),
        "missing": _missing_package(error, folder),
        "file": file,
        "line": line,
        "printed": printed[-PRINTED_CHARACTERS:],
    }


def _missing_package(error: BaseException, folder: Path) -> str:
    """Return the package that could not be imported; nothing where it is none, or the demos' own.

    A demo may catch the error and say more: then its own words count, not this one's.
    """
    name = (getattr(error, "name", None) or "") if isinstance(error, ModuleNotFoundError) else ""
    package = name.split(".")[0]
    return "" if package == folder.name else package


def _demos_line(
    error: BaseException, folder: Path, module: ModuleType | None
) -> tuple[str | None, int]:
    """Return the last file in `folder`, and the line in it, that an error came through."""
    if isinstance(error, RejectedError):
        lines = _first_line(error.module or module, error.function)
    else:
        lines = _traceback_lines(error)
    if isinstance(error, SyntaxError):
        lines.append((error.filename or "", error.lineno or 0))
    for file, line in reversed(lines):
        if Path(file).is_relative_to(folder):
            return file, line
    return None, 0


def _first_line(module: ModuleType | None, function: str) -> list[tuple[str, int]]:
    """Return file and line of a function; nothing where there is none."""
    code = getattr(getattr(module, function, None), "__code__", None)
    return [(code.co_filename, code.co_firstlineno)] if code else []


def _traceback_lines(error: BaseException) -> list[tuple[str, int]]:
    """Return file and line of each frame, the innermost last.

    It imports nothing for that: memory may be short.
    """
    lines = []
    traceback = error.__traceback__
    while traceback:
        file = traceback.tb_frame.f_code.co_filename
        lines.append((file, traceback.tb_lineno or 0))
        traceback = traceback.tb_next
    return lines


def sendable(text: str) -> str:
    r"""Return a text that UTF-8 can hold: a lone surrogate in it is written out.

    >>> sendable("a\ud800")
    'a\\ud800'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
