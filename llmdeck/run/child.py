"""What runs in the child process: one demo and its variants. `python -m llmdeck.run.child REQUEST ANSWERS`.

REQUEST is a JSON file (see `batch`); ANSWERS gets one JSON line a variant, written as soon as it
is known, so that one failing variant does not take the others with it. The process limits itself:
address space, time (it prints where it hangs, then ends), no network. It sees which project files
the demo opens and lists, through an audit hook.

The hook sees what Python opens (also through pathlib, json, numpy.load, os.open). It can't see a
file that a library of C or Rust opens by itself (`safetensors.numpy.load_file`) or a process that
the demo starts: a demo reads such a file through Python,
`safetensors.numpy.load(path.read_bytes())`.
"""

from __future__ import annotations

import faulthandler
import importlib
import io
import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TextIO

from llmdeck.model import Parameter
from llmdeck.results.compare import Tolerance, settled
from llmdeck.results.files import digest
from llmdeck.run.grid import axes_of, points
from llmdeck.run.interface import bind, parameters_of

SIGNIFICANT_DIGITS = 6
NETWORK = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "socket.sendmsg",
)
READS = ("open", "os.listdir", "os.scandir", "sqlite3.connect")
ECHO_LIMIT = 1_000_000
"""The most bytes of output that are passed on to the log."""
PACKAGE = Path(__file__).parent.parent


class RejectedError(Exception):
    """The demo ran, but what it gave can't be used; the message says why, `function` is the one to look at.

    `module` is the module of that function, where it is not the demo itself.
    """

    def __init__(
        self, message: str, function: str = "run", module: ModuleType | None = None
    ) -> None:
        super().__init__(message)
        self.function, self.module = function, module


class Inputs:
    """Which project files a demo has opened, listed or imported so far, with their digests.

    What one variant read counts for the later ones of its process too: the demo may have kept it.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.seen = root, dict[str, str]()
        self.busy = False
        """True while the hook itself reads, so that it does not watch its own reading."""

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """The hook: note what is opened or listed, and refuse the network."""
        if event in NETWORK:
            raise PermissionError(
                "a demo has no network: its data lies in the demos' data folder or in a package"
            )
        if (
            event in READS and not self.busy and not isinstance(args[0], int)
        ):  # an int is a file opened before
            mode, flags = args[1:] if event == "open" else (None, 0)
            if not (
                any(c in mode for c in "wax")
                if isinstance(mode, str)
                else flags & (os.O_WRONLY | os.O_CREAT)
            ):
                self.note(Path(os.path.abspath(os.fsdecode(args[0] or "."))), source=False)  # noqa: PTH100  takes out `..`

    def note(self, path: Path, *, source: bool) -> None:
        """Record a file or folder of the project; Python sources count as modules, not as data."""
        if not path.is_relative_to(self.root) or (path.suffix in (".py", ".pyc") and not source):
            return
        name = path.relative_to(self.root).as_posix()
        if (
            name.startswith((".", "build/", "deck/results"))
            or "__pycache__" in name
            or "site-packages" in name
        ):
            return
        if name in self.seen or path.is_relative_to(PACKAGE):
            return
        self.busy = True
        try:
            if not any(
                path.glob("*.py")
            ):  # a package is listed by every import; its modules are noted one by one
                self.seen[name] = digest(path)
        finally:
            self.busy = False

    def modules(self) -> None:
        """Record the project's modules that are loaded now, whoever imported them."""
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if file:
                self.note(Path(file).absolute(), source=True)


def normalise(value: Any, path: str = "facts") -> Any:
    """Facts as JSON data with floats of 6 significant digits.

    Raises:
        RejectedError: where something is no JSON, with its path and type.

    >>> normalise({"total_gb": 1 / 3, "ids": (1, 2)})
    {'total_gb': 0.333333, 'ids': [1, 2]}
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and type(value) is float:
        if not math.isfinite(value):
            raise RejectedError(f"{path} is {value}: JSON has no such number")
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0  # + 0.0 makes -0.0 a plain zero
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, list | tuple):
        return [normalise(item, f"{path}[{n}]") for n, item in enumerate(value)]
    if isinstance(value, dict):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            raise RejectedError(f"{path} has the key {wrong!r}: a JSON object's keys are strings")
        return {
            _text(key, f"a key of {path}"): normalise(item, f"{path}.{key}")
            for key, item in value.items()
        }
    kind = type(value)
    raise RejectedError(
        f"{path} is a {kind.__module__}.{kind.__qualname__}: facts are JSON (try float(), int() or .tolist())"
    )


def _text(value: str, path: str) -> str:
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise RejectedError(f"{path} holds a lone surrogate, which is no Unicode text")
    return value


class Echo(io.BytesIO):
    """What is printed, kept here and passed on to the log, which the parent reads where this process dies."""

    def write(self, raw: Any, /) -> int:
        """Keep `raw` and pass it on."""
        if self.tell() < ECHO_LIMIT:
            os.write(2, raw)
        return super().write(raw)


@contextmanager
def printed() -> Iterator[io.BytesIO]:
    """Catch what is printed, as bytes: a demo may also write to `sys.stdout.buffer`."""
    buffer, real = Echo(), sys.stdout
    sys.stdout = io.TextIOWrapper(buffer, encoding="utf-8", write_through=True)
    try:
        yield buffer
    finally:
        sys.stdout.flush()
        sys.stdout.detach()
        sys.stdout = real


def as_text(raw: bytes) -> str:
    """What was printed, as text.

    Raises:
        RejectedError: where it is not UTF-8, with the first bad byte.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RejectedError(
            f"it prints bytes that are no text (0x{raw[error.start]:02x} at byte {error.start})",
            "show",
        ) from None


def figure_module(demo: ModuleType) -> ModuleType | None:
    """Return the module that draws: the demo itself, or `figures/NAME.py` beside it; None where neither does."""
    if hasattr(demo, "plot"):
        return demo
    package, _, name = demo.__name__.rpartition(".")
    try:
        beside = find_spec(f"{package}.figures.{name}")
    except ModuleNotFoundError:  # the demos have no folder `figures`
        return None
    return importlib.import_module(beside.name) if beside else None


def draw(demo: ModuleType, facts: dict[str, Any]) -> tuple[str, str]:
    """The figure as SVG, the same bytes each time, and its words."""
    module = figure_module(demo)
    if module is None or not hasattr(module, "plot") or not hasattr(module, "alt"):
        raise RejectedError("a slide shows its figure, but it has no plot and alt", "plot", module)
    alt = module.alt(facts)
    if not isinstance(alt, str) or not alt.strip():
        raise RejectedError("alt must return the figure in words", "alt", module)
    alt = _text(alt, "alt")
    figure, buffer = module.plot(facts), io.BytesIO()
    import matplotlib as mpl

    salt = mpl.rcParams["svg.hashsalt"] or "llmdeck"
    with mpl.rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue().decode("utf-8"), alt


Settle = Callable[[Any], Any]
"""Puts the stored number wherever a fact moved by less than its tolerance (see `compare.settled`)."""


def as_computed(facts: Any) -> Any:
    """Leave facts as they are: nothing is stored."""
    return facts


def compute(
    module: ModuleType,
    values: dict[str, Any],
    figure: bool,
    inputs: Inputs,
    buffer: io.BytesIO,
    settle: Settle = as_computed,
) -> dict[str, Any]:
    """Run one variant: facts, what it prints into `buffer`, and the figure where one is asked for."""
    try:
        values = bind(interface(module), values)
    except ValueError as error:
        raise RejectedError(str(error)) from None
    facts = settle(normalise(module.run(**values)))
    if not isinstance(facts, dict):
        raise RejectedError(f"run must return a dict, not {type(facts).__name__}")
    start = buffer.tell()
    module.show(facts)
    answer: dict[str, Any] = {"facts": facts, "output": as_text(buffer.getvalue()[start:])}
    if figure:
        answer["figure"], answer["alt"] = draw(module, facts)
    inputs.modules()
    return answer | {"inputs": dict(sorted(inputs.seen.items()))}


def compute_grid(
    module: ModuleType,
    names: list[str],
    given: dict[str, Any],
    inputs: Inputs,
    settle: Settle = as_computed,
) -> dict[str, Any]:
    """Run all points of a grid: its axes, and the facts of each point in the order of `grid.points`."""
    parameters = interface(module)
    try:
        axes = axes_of(parameters, names, given)
        fixed = {name: value for name, value in given.items() if name not in names}
        wanted = [bind(parameters, values) for values in points(axes, fixed)]
    except ValueError as error:
        raise RejectedError(str(error)) from None
    facts = [normalise(module.run(**values), f"facts of {values}") for values in wanted]
    inputs.modules()
    described = [
        vars(axis) | {"kind": axis.kind.value, "values": list(axis.values)} for axis in axes
    ]
    return {
        "facts": settle({"axes": described, "points": facts}),
        "output": "",
        "inputs": dict(sorted(inputs.seen.items())),
    }


def interface(module: ModuleType) -> tuple[Parameter, ...]:
    """The demo's parameters.

    Raises: RejectedError: where it has no `run` or no `show`, or the signature of `run` is no
        interface.
    """
    for name in ("run", "show"):
        if not callable(getattr(module, name, None)):
            raise RejectedError(f"it has no function `{name}`")
    try:
        return parameters_of(module.run)
    except (TypeError, NameError) as error:
        raise RejectedError(str(error)) from None


def sendable(text: str) -> str:
    """A text that UTF-8 can hold: a lone surrogate in it is written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def failure(
    error: BaseException, folder: Path, raw: bytes, module: ModuleType | None = None
) -> dict[str, Any]:
    """What the parent needs to tell of a failure: message, the demo's own file and line, what was printed."""
    frames = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno or 0))
    if isinstance(error, RejectedError):
        code = getattr(getattr(error.module or module, error.function, None), "__code__", None)
        frames = [(code.co_filename, code.co_firstlineno)] if code else []
    mine = [(file, line) for file, line in frames if Path(file).is_relative_to(folder)]
    name = "" if isinstance(error, RejectedError) else f"{type(error).__name__}: "
    return {
        "error": sendable(f"{name}{error}".rstrip(": ")),
        "memory": isinstance(error, MemoryError),
        "file": mine[-1][0] if mine else None,
        "line": mine[-1][1] if mine else 0,
        "printed": raw.decode("utf-8", "backslashreplace")[-2000:],
    }


def limit_memory(gib: float) -> None:
    """Limit the address space, so that a greedy demo gets a MemoryError instead of taking the machine down."""
    try:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = int(gib * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))
    except (ImportError, ValueError, OSError):  # no such limit here: Windows, macOS
        return


class _FromSource(SourceFileLoader):
    """Compiles each time: that bytecode is old shows only in the time (in seconds) and size, which an edit may keep."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def ignore_bytecode(root: Path) -> None:
    """Import the project's modules from their sources, and write no bytecode beside them."""

    def finder(path: str) -> FileFinder:
        if (
            not Path(path).is_relative_to(root)
            or "site-packages" in path
            or Path(path).is_relative_to(PACKAGE)
        ):
            raise ImportError(path)
        return FileFinder(path, (_FromSource, [".py"]), (ExtensionFileLoader, EXTENSION_SUFFIXES))

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.pop(str(root), None)


def prefer_package(folder: Path) -> None:
    """Make `folder` the package of its name: one without `__init__.py` would lose to any other on the path."""
    file = folder / "__init__.py"
    spec = spec_from_file_location(folder.name, file, submodule_search_locations=[str(folder)])
    if spec and not file.is_file():
        sys.modules[folder.name] = package = module_from_spec(spec)
        del package.__file__


def answer_all(request: dict[str, Any], write: Callable[[dict[str, Any]], None]) -> None:
    """Import the demo once, then answer each variant, or the request to describe its parameters."""
    root, folder = Path(request["root"]), Path(request["folder"])
    inputs = Inputs(root)
    sys.addaudithook(inputs.audit)
    buffer = io.BytesIO()
    try:
        with printed() as buffer:
            module = importlib.import_module(request["module"])
        inputs.modules()
    except BaseException as error:  # noqa: BLE001  a demo may raise anything, SystemExit included
        for _ in request["variants"] or [None]:
            write(failure(error, folder, buffer.getvalue()))
        return
    if request["describe"]:
        write(describe(module, folder))
        return
    tolerance = Tolerance(**request["tolerance"])
    for variant in request["variants"]:
        stored, values = variant["stored"], variant["values"]
        settle = as_computed if stored is None else partial(settled, stored, tolerance=tolerance)
        try:
            with printed() as buffer:
                if variant["grid"]:
                    answer = compute_grid(module, variant["grid"], values, inputs, settle)
                else:
                    answer = compute(module, values, variant["figure"], inputs, buffer, settle)
        except BaseException as error:  # noqa: BLE001
            answer = failure(error, folder, buffer.getvalue(), module)
        write(answer)


def describe(module: ModuleType, folder: Path) -> dict[str, Any]:
    """The demo's docstring and parameters, and what else it has, for the command line and for requests."""
    try:
        parameters = [
            vars(p) | {"kind": p.kind.value, "choices": list(p.choices)} for p in interface(module)
        ]
    except RejectedError as error:
        return failure(error, folder, b"", module)
    has = {"plots": figure_module(module) is not None, "streams": hasattr(module, "stream")}
    return {"doc": (module.__doc__ or "").strip(), "parameters": parameters} | has


def main(request_path: str, answers_path: str) -> None:
    """Read the request, limit the process, answer."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    limit_memory(request["memory_gib"])
    faulthandler.enable()
    faulthandler.dump_traceback_later(request["time_s"], exit=True, file=sys.stderr)
    sys.path.insert(0, request["root"])
    ignore_bytecode(Path(request["root"]))
    prefer_package(Path(request["folder"]))
    answers: TextIO
    with Path(answers_path).open("w", encoding="utf-8") as answers:

        def write(answer: dict[str, Any]) -> None:
            answers.write(json.dumps(answer, ensure_ascii=False) + "\n")
            answers.flush()

        answer_all(request, write)


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # the answers are written: a thread that a demo left behind holds nobody
