"""What runs in the child process: one demo and its variants. `python -m llmdeck.worker REQUEST ANSWERS`.

REQUEST is a JSON file (see `runner`); ANSWERS gets one JSON line a variant, written as soon as it is known, so that one
failing variant does not take the others with it. The process limits itself: address space, time (it prints where it
hangs, then ends), no network. It sees which project files the demo opens and lists, through an audit hook.
"""

from __future__ import annotations

import faulthandler
import importlib
import io
import json
import math
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from llmdeck.demos import bind, digest, parameters_of

SIGNIFICANT_DIGITS = 6
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


class RejectedError(Exception):
    """The demo ran, but what it gave can't be used; the message says why."""


class Inputs:
    """Which project files a demo has opened, listed or imported so far, with their digests."""

    def __init__(self, root: Path, demos: str) -> None:
        self.root, self.demos, self.seen = root, demos, dict[str, str]()
        self.busy = False
        """True while the hook itself reads, so that it does not watch its own reading."""

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """The hook: note what is opened or listed, and refuse the network."""
        if event in NETWORK:
            raise PermissionError("a demo has no network: its data lies in the demos' data folder or in a package")
        if event in ("open", "os.listdir", "os.scandir") and not self.busy and isinstance(args[0], str | Path):
            writes = event == "open" and isinstance(args[1], str) and any(c in args[1] for c in "wax")
            if not writes:
                self.note(Path(args[0]).absolute(), source=False)

    def note(self, path: Path, *, source: bool) -> None:
        """Record a file or folder of the project; Python sources count as modules, not as data."""
        if not path.is_relative_to(self.root) or (path.suffix in (".py", ".pyc") and not source):
            return
        name = path.relative_to(self.root).as_posix()
        if name.startswith((".", "build/", "deck/results")) or "__pycache__" in name or "site-packages" in name:
            return
        self.busy = True
        try:
            if not any(path.glob("*.py")):  # a package is listed by every import; its modules are noted one by one
                self.seen.setdefault(name, digest(path))
        finally:
            self.busy = False

    def modules(self) -> None:
        """Record the modules of the demos' package that are loaded now, whoever imported them."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and name.split(".")[0] == self.demos:
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
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise RejectedError(f"{path} holds a lone surrogate, which is no Unicode text")
        return value
    if isinstance(value, list | tuple):
        return [normalise(item, f"{path}[{n}]") for n, item in enumerate(value)]
    if isinstance(value, dict):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            raise RejectedError(f"{path} has the key {wrong!r}: a JSON object's keys are strings")
        return {key: normalise(item, f"{path}.{key}") for key, item in value.items()}
    kind = type(value)
    raise RejectedError(
        f"{path} is a {kind.__module__}.{kind.__qualname__}: facts are JSON (try float(), int() or .tolist())"
    )


@contextmanager
def printed() -> Iterator[io.BytesIO]:
    """Catch what is printed, as bytes: a demo may also write to `sys.stdout.buffer`."""
    buffer, real = io.BytesIO(), sys.stdout
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
            f"it prints bytes that are no text (0x{raw[error.start]:02x} at byte {error.start})"
        ) from None


def draw(module: ModuleType, facts: dict[str, Any]) -> tuple[str, str]:
    """The figure as SVG, the same bytes each time, and its words."""
    if not hasattr(module, "plot") or not hasattr(module, "alt"):
        raise RejectedError("a slide shows its figure, but it has no plot and alt")
    alt = module.alt(facts)
    if not isinstance(alt, str) or not alt.strip():
        raise RejectedError("alt must return the figure in words")
    figure, buffer = module.plot(facts), io.BytesIO()
    import matplotlib as mpl

    salt = mpl.rcParams["svg.hashsalt"] or "llmdeck"
    with mpl.rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue().decode("utf-8"), alt


def compute(module: ModuleType, values: dict[str, Any], figure: bool, inputs: Inputs) -> dict[str, Any]:
    """Run one variant: facts, what it prints, and the figure where one is asked for."""
    try:
        values = bind(parameters_of(module.run), values)
    except ValueError as error:
        raise RejectedError(str(error)) from None
    facts = normalise(module.run(**values))
    if not isinstance(facts, dict):
        raise RejectedError(f"run must return a dict, not {type(facts).__name__}")
    with printed() as buffer:
        module.show(facts)
    answer: dict[str, Any] = {"facts": facts, "output": as_text(buffer.getvalue())}
    if figure:
        answer["figure"], answer["alt"] = draw(module, facts)
    inputs.modules()
    return answer | {"inputs": dict(sorted(inputs.seen.items()))}


def failure(error: BaseException, folder: Path, raw: bytes) -> dict[str, Any]:
    """What the parent needs to tell of a failure: message, the demo's own file and line, what was printed."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(folder)]
    if isinstance(error, SyntaxError) and error.filename:
        frames = [traceback.FrameSummary(error.filename, error.lineno or 0, "")]
    name = "" if isinstance(error, RejectedError) else f"{type(error).__name__}: "
    return {
        "error": f"{name}{error}".rstrip(": "),
        "file": frames[-1].filename if frames else None,
        "line": frames[-1].lineno if frames else 0,
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


def prefer_package(folder: Path) -> None:
    """Make `folder` the package of its name: one without `__init__.py` would lose to any other on the path."""
    if not (folder / "__init__.py").is_file():
        package = ModuleType(folder.name)
        package.__path__ = [str(folder)]
        sys.modules[folder.name] = package


def answer_all(request: dict[str, Any], write: Callable[[dict[str, Any]], None]) -> None:
    """Import the demo once, then answer each variant, or the request to describe its parameters."""
    root, folder = Path(request["root"]), Path(request["folder"])
    inputs = Inputs(root, folder.name)
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
    for variant in request["variants"]:
        try:
            with printed() as buffer:
                answer = compute(module, variant["values"], variant["figure"], inputs)
        except BaseException as error:  # noqa: BLE001
            answer = failure(error, folder, buffer.getvalue())
        write(answer)


def describe(module: ModuleType, folder: Path) -> dict[str, Any]:
    """The demo's first line and parameters, for the command line and for requests."""
    try:
        parameters = [vars(p) | {"kind": p.kind.value, "choices": list(p.choices)} for p in parameters_of(module.run)]
    except (TypeError, AttributeError) as error:
        return failure(error, folder, b"")
    return {"doc": (module.__doc__ or "").strip(), "plots": hasattr(module, "plot"), "parameters": parameters}


def main(request_path: str, answers_path: str) -> None:
    """Read the request, limit the process, answer."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    limit_memory(request["memory_gib"])
    faulthandler.dump_traceback_later(request["time_s"], exit=True, file=sys.stderr)
    sys.path.insert(0, request["root"])
    prefer_package(Path(request["folder"]))
    answers: TextIO
    with Path(answers_path).open("w", encoding="utf-8") as answers:

        def write(answer: dict[str, Any]) -> None:
            answers.write(json.dumps(answer, ensure_ascii=False) + "\n")
            answers.flush()

        answer_all(request, write)


if __name__ == "__main__":
    main(*sys.argv[1:])
