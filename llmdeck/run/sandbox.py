"""What a demo's process does to itself: limits, own pipes, caught output, watched files.

An audit hook sees which project files the demo opens and lists. It sees what Python opens (also
through pathlib, json, numpy.load, os.open). A file that a library of C or Rust opens by itself
(`safetensors.numpy.load_file`), or that a process of the demo opens, stays unseen: a demo reads
such a file through Python, `safetensors.numpy.load(path.read_bytes())`.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import IO, Any

from llmdeck.results.files import digest
from llmdeck.run import network
from llmdeck.run.failure import RejectedError

LIMITS = ("resource.setrlimit", "resource.prlimit")
READS = ("open", "os.listdir", "os.scandir", "sqlite3.connect")
ECHO_LIMIT = 1_000_000
"""The most bytes of output that are passed on to the log."""
PACKAGE = Path(__file__).parent.parent


class Inputs:
    """The project files that a demo has opened, listed or imported so far, with their digests.

    What one variant read counts for the later ones of its process too: the demo may remember it.
    """

    def __init__(self, root: Path, others: Iterable[Path] = ()) -> None:
        self.root = root
        self.others = tuple(others)
        """Folders that hold no inputs: where the deck and the results are written."""
        self.seen: dict[str, str] = {}
        """SHA-256 by the name relative to the root."""
        self._digesting = False
        """True while the hook itself reads, which is no reading of the demo."""

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """Note what is opened or listed, refuse network and other limits (an audit hook)."""
        network.refuse(event, args)
        refuse_other_limits(event, args)
        if event not in READS or self._digesting:
            return
        opened = args[0]
        if isinstance(opened, int):  # a descriptor: the file was opened before
            return
        if event == "open" and _writes(*args[1:]):
            return
        name = os.fsdecode(opened or ".")
        self.note(Path(os.path.abspath(name)), source=False)  # noqa: PTH100  takes out `..`

    def note(self, path: Path, *, source: bool) -> None:
        """Record a file or folder of the project; a Python file counts only as a `source`."""
        if path.suffix in (".py", ".pyc") and not source:
            return
        if not self._is_ours(path):
            return
        name = path.relative_to(self.root).as_posix()
        if name in self.seen:
            return
        self._digesting = True
        try:
            # Every import lists its package; the modules in it are noted one by one.
            is_package = any(path.glob("*.py"))
            if not is_package:
                self.seen[name] = digest(path)
        finally:
            self._digesting = False

    def _is_ours(self, path: Path) -> bool:
        """Whether a path is the project's source or data: not a library's, not an output."""
        if not path.is_relative_to(self.root):
            return False
        name = path.relative_to(self.root).as_posix()
        if name.startswith(".") or "__pycache__" in name or "site-packages" in name:
            return False
        return not any(path.is_relative_to(folder) for folder in (PACKAGE, *self.others))

    def note_modules(self) -> None:
        """Record the project's modules that are loaded now, whoever imported them."""
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if file:
                self.note(Path(file).absolute(), source=True)

    def so_far(self) -> dict[str, str]:
        """Return all inputs up to now, the modules among them, sorted by name."""
        self.note_modules()
        return dict(sorted(self.seen.items()))


def _writes(mode: str | None, flags: int) -> bool:
    """Whether a file is opened to be written; `os.open` gives flags and no mode."""
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax")
    return bool(flags & (os.O_WRONLY | os.O_CREAT))


def take_pipes() -> tuple[IO[str], IO[str]]:
    """Return stdin and stdout as they came, and put others in their place for the demo.

    What the demo reads is empty from now on; what it prints goes to stderr.
    """
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, answers


class Echo(io.BytesIO):
    """A buffer for what is printed; it also goes to the log, which is read if this process dies.

    It stays readable where the demo closes its stdout, and takes no more than its limit.
    """

    def __init__(self, limit: int) -> None:
        """Take at most `limit` bytes."""
        super().__init__()
        self.limit = limit
        self.is_full = False
        """Whether more was printed than it takes."""
        self.was_closed = False
        """Whether the demo closed it."""

    def write(self, raw: Any, /) -> int:
        """Add `raw` to the buffer and to the log.

        Raises:
            RejectedError: it is more than the limit allows.
            ValueError: the demo has closed its stdout.
        """
        if self.was_closed:
            raise ValueError("print on a stdout that the demo has closed")
        if self.tell() + len(raw) > self.limit:
            self.is_full = True
            raise too_large("what it prints is", "output_mb", self.limit, "show")
        if self.tell() < ECHO_LIMIT:
            with suppress(OSError):  # the demo closed the log
                os.write(2, raw)
        return super().write(raw)

    def check(self) -> None:
        """See that all that was printed is here.

        Raises:
            RejectedError: some is not, and the demo caught the error that said so.
        """
        if self.is_full:
            raise too_large("what it prints is", "output_mb", self.limit, "show")

    def close(self) -> None:
        """Take no more; what was printed is still to be read."""
        self.was_closed = True


def too_large(what: str, setting: str, limit: int, function: str = "run") -> RejectedError:
    """Return the error for a demo that gives more than its `limit` in bytes; `what is` that."""
    hint = f"give less, or set {setting} in [limits] of deck.toml"
    return RejectedError(f"{what} larger than its limit of {limit / 1e6:g} MB: {hint}", function)


@contextmanager
def printed(limit: int = ECHO_LIMIT) -> Iterator[Echo]:
    """Catch what is printed, as bytes: a demo may also write to `sys.stdout.buffer`."""
    buffer, real = Echo(limit), sys.stdout
    caught = io.TextIOWrapper(buffer, encoding="utf-8", write_through=True)
    sys.stdout = caught
    try:
        yield buffer
    finally:
        sys.stdout = real
        with suppress(ValueError):  # the demo closed or detached it
            caught.detach()


def limit_memory(gib: float) -> None:
    """Limit the address space: a greedy demo gets a MemoryError and leaves the machine in peace.

    The limit is a hard one: an ordinary user can't raise it again, nor can what the demo starts.
    Nothing is limited where the system can't do it (Windows, macOS).
    """
    try:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = int(gib * 2**30)
        allowed = wanted if hard < 0 else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    except (ImportError, ValueError, OSError):
        return


def refuse_other_limits(event: str, args: tuple[Any, ...]) -> None:
    """Refuse a change of the memory limit, which an administrator could raise (an audit hook).

    Raises:
        PermissionError: the event asks for it.
    """
    if event not in LIMITS:
        return
    import resource

    which = args[0] if event == "resource.setrlimit" else args[1]
    if which == resource.RLIMIT_AS:
        hint = "set memory_gib in [demos.NAME] of deck.toml"
        raise PermissionError(f"a demo can't change its memory limit: {hint}")


class _FromSource(SourceFileLoader):
    """Compile each time: Python trusts bytecode by seconds and size, which an edit may keep."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def import_from_source(root: Path) -> None:
    """Import the modules below `root` from their sources, and write no bytecode beside them."""

    def finder(folder: str) -> FileFinder:
        path = Path(folder)
        is_library = "site-packages" in folder or path.is_relative_to(PACKAGE)
        if is_library or not path.is_relative_to(root):
            raise ImportError(folder)
        return FileFinder(folder, (_FromSource, [".py"]), (ExtensionFileLoader, EXTENSION_SUFFIXES))

    sys.path.insert(0, str(root))
    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.pop(str(root), None)


def prefer_package(folder: Path) -> None:
    """Make `folder` the package of its name, also without `__init__.py`.

    Python would prefer any other package of that name on its path.
    """
    file = folder / "__init__.py"
    if file.is_file():
        return
    spec = spec_from_file_location(folder.name, file, submodule_search_locations=[str(folder)])
    if spec:
        package = module_from_spec(spec)
        del package.__file__
        sys.modules[folder.name] = package
