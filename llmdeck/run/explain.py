"""Say what went wrong with a demo: its process tells of an error, or has ended."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

from llmdeck.config import Config
from llmdeck.errors import DemoError, ParameterError
from llmdeck.model import Demo, Place, Variant

PRINTED_LINES = 12
LAST_WORDS = re.compile(r"^(Timeout \(\d|Fatal Python error: )", re.MULTILINE)
"""How faulthandler begins to tell where a process hung or crashed."""
OF_EXTRA = re.compile(r"""([\w.-]+).*;.*extra == ['"]([\w-]+)['"]""")
"""A requirement of an extra, as a package's metadata has it."""
FRAME = re.compile(r'File "([^"]+)", line (\d+) in')


def demo_error(
    config: Config, demo: Demo, line: dict[str, Any], variant: Variant | None = None
) -> DemoError:
    """Return the error of which a demo's process tells in a line (see `failure`)."""
    message = f"demo {variant or demo.name}: {line['error']}"
    if line.get("rejected"):
        known = f"its parameters and their values: llmdeck demo {demo.name} --help"
        return ParameterError(message, place=Place(file=demo.file, line=line["line"]), hint=known)
    if line["memory"]:
        limit = config.limits_of(demo.name).memory_gib
        message += f" (its memory limit is {limit:g} GiB)"
    file = config.relative(Path(line["file"])) if line["file"] else demo.file
    place = Place(file=file, line=line["line"])
    missing = line["missing"]
    hint = how_to_install(missing) if missing else _run_alone(demo, variant)
    return DemoError(message, place=place, hint=hint, printed=line["printed"])


def _run_alone(demo: Demo, variant: Variant | None) -> str:
    command = variant.command if variant else f"python -m {demo.module}"
    return f"run it alone: {command}"


def how_to_install(package: str) -> str:
    """Return how a package is installed: alone, or with all of the extra of ours that has it.

    >>> how_to_install("tiktoken")
    "pip install 'llmdeck[lecture]', which has it, or: pip install tiktoken"
    """
    from importlib.metadata import PackageNotFoundError, requires  # for this error alone

    alone = f"pip install {package}"
    try:
        needed = requires("llmdeck") or []
    except PackageNotFoundError:  # a checkout that is not installed
        return alone
    for requirement in needed:
        found = OF_EXTRA.match(requirement)
        if found and found[1].replace("-", "_").lower() == package.lower():
            return f"pip install 'llmdeck[{found[2]}]', which has it, or: {alone}"
    return alone


def unreadable(demo: Demo, error: Exception) -> DemoError:
    """Return the error for a demo that wrote into the pipe of its answers."""
    return DemoError(f"demo {demo.name}: its answer can't be read: {error}")


def not_started(demo: Demo, error: OSError) -> DemoError:
    """Return the error for a demo whose process can't be started."""
    return DemoError(f"demo {demo.name}: its process can't be started: {error}")


def ended_without_answer(config: Config, demo: Demo, code: int, log: str, hung: bool) -> DemoError:
    """Return the error for a process that ended: at its limit, by a signal, or with an exit.

    `log` is what was printed; where the process hung or crashed, it ends with the line that it was
    at. `hung` says that the process was ended from outside, after its limit.
    """
    printed, last_words = _split(log)
    limits = config.limits_of(demo.name)
    if hung or last_words.startswith("Timeout"):
        message = f"demo {demo.name} took longer than its limit of {limits.time_s:g} s"
        hint = f"mend it, or set time_s in [demos.{demo.name}] of deck.toml"
    else:
        message = f"demo {demo.name} ended without an answer ({_how_it_ended(code)})"
        memory = f"its memory limit is {limits.memory_gib:g} GiB"
        hint = f"run it alone: python -m {demo.module} ({memory})"
    place = _demos_place(config, last_words) or Place(file=demo.file)
    last_lines = printed.splitlines()[-PRINTED_LINES:]
    return DemoError(message, place=place, hint=hint, printed="\n".join(last_lines))


def _split(log: str) -> tuple[str, str]:
    """Return what the demo printed, and where it hung or crashed as faulthandler tells it."""
    found = LAST_WORDS.search(log)
    end = found.start() if found else len(log)
    return log[:end], log[end:]


def _demos_place(config: Config, trace: str) -> Place | None:
    """Return the innermost of the demos' own lines in a trace of faulthandler."""
    for file, line in FRAME.findall(trace):
        path = Path(file)
        if path.is_relative_to(config.demos_folder):
            return Place(file=config.relative(path), line=int(line))
    return None


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"
