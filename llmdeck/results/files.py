"""The digest of a file, and writing one whole. It imports little: each build needs it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

LEFTOVER_S = 3600.0
"""What a killed build left half done is removed when it is older than this."""


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, or of a folder's sorted names; `absent` for nothing."""
    try:
        if path.is_dir():
            names = sorted(p.name for p in path.iterdir() if p.name != "__pycache__")
            return hashlib.sha256("\n".join(names).encode()).hexdigest()
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "absent"


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; leave it alone where it has these bytes already."""
    import tempfile

    raw = content.encode("utf-8") if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == raw:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        Path(temporary).chmod(0o644)  # mkstemp makes files that only their owner reads
        os.replace(temporary, path)  # noqa: PTH105  the standard library's atomic rename
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
