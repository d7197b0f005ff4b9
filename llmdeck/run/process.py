"""Processes that lead a group of their own, and so end together with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MOST_THREADS = 4
"""NumPy's own threads in a demo, unless the user sets them: each reserves memory, which on a
machine of many cores would alone go beyond the limit. Demos that run side by side share the cores:
threads that wait for one spin, and take the time of those that work."""


PROC = Path("/proc")
ENDED = (b"Z", b"X")
"""States of a process that has ended and is still listed."""
END_S = 3.0
"""How long the descendants of a process are looked for and ended."""


class Started(Protocol):
    """A process, of `subprocess` or of `asyncio`."""

    @property
    def pid(self) -> int:
        """Its number, and that of its group."""

    def kill(self) -> None:
        """End it alone."""


def kill_group(process: Started) -> None:
    """End what a process has started, and what is left of its group (`start_new_session`).

    The group is also ended where the process itself has ended. What has left the group is found by
    its descent, for which a demo has a `keeper`.
    """
    end_descendants(process.pid)
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def end_descendants(pid: int) -> None:
    """End all processes that descend from one, and those that they start meanwhile (Linux)."""
    deadline = time.monotonic() + END_S
    while (found := descendants(pid)) and time.monotonic() < deadline:
        for one in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(one, signal.SIGKILL)
        time.sleep(0.005)


def descendants(pid: int) -> list[int]:
    """Return the processes that descend from one and have not ended; none without `/proc`."""
    children: dict[int, list[int]] = {}
    for one, parent in _parents():
        children.setdefault(parent, []).append(one)
    found, unread = [], [pid]
    while unread:
        mine = children.get(unread.pop(), [])
        found += mine
        unread += mine
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """Give each process of this machine that has not ended, and its parent (Linux)."""
    for status in PROC.glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):  # it has just ended
            # PID (NAME) STATE PARENT …, and a name may have parentheses.
            after_name = status.read_bytes().rpartition(b")")[2]
            state, parent = after_name.split()[:2]
            if state not in ENDED:
                yield int(status.parent.name), int(parent)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and its whole group, and wait for it."""
    kill_group(process)
    process.wait()


class Running:
    """The processes that work in another thread, so that this one can end them."""

    def __init__(self) -> None:
        self.ended = False
        """True where nothing may start any more."""
        self._processes: set[Started] = set()

    def add(self, process: Started) -> None:
        """Take a process that has started; it ends at once where `end` was called before."""
        self._processes.add(process)
        if self.ended:
            kill_group(process)

    def remove(self, process: Started) -> None:
        """Forget a process that has ended."""
        self._processes.discard(process)

    def end(self) -> None:
        """End all processes and those that start later."""
        self.ended = True
        for process in tuple(self._processes):
            kill_group(process)


def environment(threads: int = MOST_THREADS) -> dict[str, str]:
    """Return the environment of a process that runs a demo.

    `threads` is how many NumPy may start in it: `MOST_THREADS` and the number of cores at most.
    """
    few = str(min(threads, MOST_THREADS, os.cpu_count() or 1))
    fixed = {"PYTHONHASHSEED": "0", "MPLBACKEND": "svg", "PYTHONPATH": _python_path()}
    return dict.fromkeys(THREADS, few) | os.environ | fixed


def _python_path() -> str:
    """Return a path on which the child finds this package, however it was started."""
    here = str(Path(__file__).parents[2])
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
