"""No network for a demo: Python's own sockets anywhere, and on Linux all that it starts as well.

The kernel refuses internet sockets to a process that has asked for it, and to its descendants, by a
filter over system calls (seccomp(2)); an ordinary user may install one. A demo is its author's own
code: this catches a download that was forgotten, not somebody who wants to get out.
"""

from __future__ import annotations

import platform
import socket
import struct
import sys
from pathlib import Path
from typing import Any

MESSAGE = "a demo has no network: its data lies in the demos' data folder or in a package"
ASKS = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
    "socket.sendmsg",
    "socket.sendto",
)
"""Audit events of Python's `socket` that are refused."""
INTERNET = (socket.AF_INET, socket.AF_INET6)
SOCKET_CALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The kernel's name of an architecture (linux/audit.h), and the number of its call `socket`."""
ACTIONS = Path("/proc/sys/kernel/seccomp/actions_avail")
SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER_MODE = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 13  # SECCOMP_RET_ERRNO with EACCES
CALL, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
"""Where a call's number, its architecture and its first argument stand (`struct seccomp_data`)."""


def refuse(event: str, args: tuple[Any, ...]) -> None:
    """Refuse the network to Python code (for an audit hook).

    Raises:
        PermissionError: the event asks for it.
    """
    if event in ASKS or (event == "socket.__new__" and args[1] in INTERNET):
        raise PermissionError(MESSAGE)


def can_block() -> bool:
    """Return whether the kernel can refuse internet sockets to a process and its descendants."""
    if sys.platform != "linux" or platform.machine() not in SOCKET_CALLS:
        return False
    return ACTIONS.is_file() and "errno" in ACTIONS.read_text(encoding="ascii").split()


def block() -> None:
    """Have the kernel refuse internet sockets to this process and its descendants, if it can."""
    if not can_block():
        return
    import ctypes

    code = _filter(*SOCKET_CALLS[platform.machine()])
    instructions = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HL", len(code) // 8, ctypes.addressof(instructions))
    prctl = ctypes.CDLL(None).prctl
    prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # which an ordinary user must ask for first
    prctl(SET_SECCOMP, FILTER_MODE, ctypes.create_string_buffer(program, len(program)))


def _filter(architecture: int, socket_call: int) -> bytes:
    """Return the filter: `socket(AF_INET or AF_INET6, …)` is refused, all else allowed.

    An instruction is (code, how many to skip if so, how many if not, operand).
    """
    instructions = (
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 0, 5, architecture),
        (LOAD, 0, 0, CALL),
        (IF_EQUAL, 0, 3, socket_call),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (IF_EQUAL, 2, 0, int(socket.AF_INET)),
        (IF_EQUAL, 1, 0, int(socket.AF_INET6)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    )
    return b"".join(struct.pack("HBBI", *one) for one in instructions)
