"""The process between llmdeck and a demo, which ends everything that the demo has started (Linux).

A process that leaves the demo's group (`setsid`), or whose parent has ended, is nobody's child any
more: the kernel gives it to the nearest ancestor that asked for such orphans (prctl(2),
PR_SET_CHILD_SUBREAPER). The keeper is that ancestor. It waits for the demo, ends what is left, and
ends as the demo did. Whoever ends a demo from outside ends its descendants first, and the keeper
last (see `process.kill_group`).
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from llmdeck.run.process import end_descendants

SET_CHILD_SUBREAPER, SET_PDEATHSIG = 36, 1  # linux/prctl.h


def keep_watch() -> None:
    """Put a keeper between this process's parent and the demo; only the demo's process returns.

    Nothing is done where the system has no such thing: what leaves the group lives on there.
    """
    if not takes_orphans():
        return
    demo = os.fork()
    if demo == 0:
        _become_the_demo()
        return
    for pipe in (0, 1):  # else the demo's pipes would not end with it
        os.close(pipe)
    status = _wait(demo)
    end_descendants(os.getpid())
    _end_as(status)


def takes_orphans() -> bool:
    """Make this process the one that orphans among its descendants are given to, if it can be."""
    return sys.platform == "linux" and _prctl(SET_CHILD_SUBREAPER, 1)


def _become_the_demo() -> None:
    """Lead another group than the keeper, which a signal to the own group spares; end with it."""
    os.setpgid(0, 0)
    _prctl(SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> bool:
    """Set something of this process in the kernel; return whether that was done."""
    import ctypes

    done: int = ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    return done == 0


def _wait(demo: int) -> int:
    """Wait for the demo, and meanwhile take in orphans that have ended; return how it ended."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == demo:
            return status


def _end_as(status: int) -> None:
    """End as another process did: with its exit code, or by the same signal."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the demo's own is enough
        with suppress(OSError):  # SIGKILL has no other handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
