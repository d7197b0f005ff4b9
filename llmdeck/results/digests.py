"""SHA-256 of files, each of which is read only once while it does not change.

What was computed is kept in a file, by each file's size, number and times. Like Git, this trusts
no file that was changed within the last two seconds before it was read: it might be changed again
within the same tick of the file system's clock.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmdeck.results.files import digest, write_whole

SKIPPED = {"__pycache__", ".DS_Store"}
SETTLED_NS = 2_000_000_000
"""How long ago a file must have changed to be trusted."""
WORTH_SAVING = 50
"""From how many new digests on they are saved; fewer are computed as fast as that is done."""


class Digests:
    """SHA-256 of files by path; what the file `memory` knows already is not computed again."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known = read_json(memory)
        self._seen: dict[str, list[Any]] = {}
        self._n_new = 0

    def of(self, path: str, stat: os.stat_result) -> str:
        """Return the SHA-256 of a file; `stat` must have been asked before this is called."""
        key = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        known = self._known.get(path)
        if known and known[:-1] == key:
            self._seen[path] = known
            return str(known[-1])
        settled = max(stat.st_mtime_ns, stat.st_ctime_ns) + SETTLED_NS < time.time_ns()
        computed = digest(Path(path))
        if settled:
            self._seen[path] = [*key, computed]
            self._n_new += 1
        return computed

    def save(self) -> None:
        """Keep the digests that were asked for, where that saves the next build some work."""
        if self._n_new >= WORTH_SAVING:
            write_whole(self._memory, json.dumps(self._seen))


class NamedDigests:
    """The digests of a project's files by their name, each computed once.

    A name is a POSIX path relative to the project's root.
    """

    def __init__(self, root: Path, known: Mapping[str, str] | None = None) -> None:
        self.root = root
        self._known = dict(known or {})

    def __getitem__(self, name: str) -> str:
        """Return the digest of a file or folder; see `digest`."""
        if name not in self._known:
            self._known[name] = digest(self.root / name)
        return self._known[name]

    def forget(self, name: str) -> None:
        """Compute the digest of a file anew when it is asked for next: it was written."""
        self._known.pop(name, None)


def files(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Return the files below a folder, sorted, with their sizes and times.

    Hidden files are left out, and a symbolic link to a folder is not followed.
    """
    return sorted(_walk(str(folder)), key=lambda found: found[0])


def _walk(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # there is none
        return
    for entry in entries:
        if entry.name in SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        elif not entry.name.startswith(".") and entry.is_file():
            yield entry.path, entry.stat()


def read_json(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds; nothing where it can't be read or holds no object."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}
