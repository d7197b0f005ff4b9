"""What is held of a demo's process on this system: `llmdeck doctor` says it, README explains it.

A demo is its author's own code, which may read and write what its author may. The limits catch
mistakes, not malice.
"""

from __future__ import annotations

import os
import sys

from llmdeck.run import network


def promises() -> list[str]:
    """Return what is held here, a few words each."""
    return ["ended at time_s", _memory(), _network(), _processes()]


def _memory() -> str:
    if sys.platform == "linux":
        return "no more memory than memory_gib"
    return "memory is not limited on this system"


def _network() -> str:
    if network.can_block():
        return "no network for it and what it starts"
    return "no network from Python (what it starts has one)"


def _processes() -> str:
    if sys.platform == "linux":
        return "all that it starts ends with it"
    if hasattr(os, "killpg"):
        return "what it starts ends with it, unless it leaves the process group"
    return "what it starts may outlive it"
