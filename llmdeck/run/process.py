"""Ending a process together with everything that it started: processes here lead a group of their own."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import Protocol


class Started(Protocol):
    """A process, of `subprocess` or of `asyncio`."""

    @property
    def pid(self) -> int:
        """Its number, and that of its group."""

    def kill(self) -> None:
        """End it alone."""


def kill_group(process: Started) -> None:
    """End what is left of the process's group (started with `start_new_session`), also where it has ended itself."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and its whole group, and wait for it."""
    kill_group(process)
    process.wait()
