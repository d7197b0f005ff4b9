"""What runs in a warm worker: one demo, imported once, that answers requests. `python -m llmdeck.live.child REQUEST`.

REQUEST is a JSON file as of `llmdeck.run.child`, whose limits and audit hook hold here too; the time
limit is that of each request. Each line on stdin is a request, `{"id": 1, "do": "describe"}`,
`{"id": 2, "do": "run", "values": {…}, "figure": false, "stream": false}` or `{"do": "cancel"}`;
each line on stdout has the `id` of the request that it answers: `{"part": …}` for each thing that
the demo's `stream` gives, then one that has no `part`. The process ends with its stdin.

`stream(**parameters)` is optional in a demo: a generator, of the same parameters as `run`, that
gives what the demo finds while it works. Text is shown as it comes, one piece behind the other,
where the partial has an element with the attribute `data-stream`; a dict's values go, by name,
where it has `data-stream="name"`. What `run` gives, which is computed next, then takes the place of
all.
"""

from __future__ import annotations

import _thread
import faulthandler
import importlib
import io
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from llmdeck.run.child import (
    Inputs,
    compute,
    describe,
    failure,
    ignore_bytecode,
    interface,
    limit_memory,
    normalise,
    prefer_package,
    printed,
    sendable,
)
from llmdeck.run.interface import bind

Line = dict[str, Any]


def own_pipes() -> tuple[IO[str], IO[str]]:
    """Stdin and stdout as they came; what the demo reads is empty from now on, what it prints goes to stderr."""
    asks = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return asks, answers


def read(asks: IO[str], waiting: queue.SimpleQueue[Line], cancelled: threading.Event) -> None:
    """Put requests into the queue as they come, and end the process with their end."""
    for line in asks:
        ask = json.loads(line)
        if ask["do"] == "cancel":
            cancelled.set()
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            else:
                _thread.interrupt_main()
        else:
            waiting.put(ask)
    os._exit(0)


def answer(
    module: ModuleType, ask: Line, inputs: Inputs, folder: Path, write: Callable[[Line], None]
) -> Line:
    """The last line of the answer to one request; `write` writes the lines before it."""
    if ask["do"] == "describe":
        return describe(module, folder)
    buffer = io.BytesIO()
    try:
        values = bind(interface(module), ask["values"])
    except ValueError as error:
        return {"invalid": sendable(str(error))}
    try:
        with printed() as buffer:
            if ask["stream"]:
                for part in module.stream(**values):
                    write({"part": normalise(part, "what stream gives")})
            return compute(module, values, ask["figure"], inputs, buffer)
    except ValueError as error:  # this is how a demo says that it can't use a value
        return {"invalid": sendable(str(error))}
    except Cancelled:
        raise
    except BaseException as error:  # noqa: BLE001  a demo may raise anything, SystemExit included
        return failure(error, folder, buffer.getvalue(), module)


class Cancelled(BaseException):
    """Nobody waits for the answer any more. It is none of the demo's errors, and no demo catches it."""


def main(request_path: str) -> None:
    """Import the demo, then answer requests one after another."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    asks, answers = own_pipes()
    limit_memory(request["memory_gib"])
    faulthandler.enable()
    root, folder, time_s = Path(request["root"]), Path(request["folder"]), request["time_s"]
    sys.path.insert(0, str(root))
    ignore_bytecode(root)
    prefer_package(folder)
    inputs = Inputs(root)
    sys.addaudithook(inputs.audit)
    waiting: queue.SimpleQueue[Line] = queue.SimpleQueue()
    cancelled = threading.Event()
    threading.Thread(target=read, args=(asks, waiting, cancelled), daemon=True).start()

    working, own = False, os.getpid()

    def write(line: Line) -> None:
        nonlocal working
        interruptible, working = working, False  # a line is written whole
        answers.write(json.dumps(line | {"id": ask["id"]}) + "\n")
        answers.flush()
        working = interruptible
        interrupt()

    def interrupt(*_signal: object) -> None:
        if working and cancelled.is_set():
            raise Cancelled

    signal.signal(signal.SIGINT, interrupt)
    broken: Line = {}
    faulthandler.dump_traceback_later(time_s, exit=True, file=sys.stderr)
    try:
        with printed() as buffer:
            module = importlib.import_module(request["module"])
        inputs.modules()
    except BaseException as error:  # noqa: BLE001
        broken = failure(error, folder, buffer.getvalue())
    while True:
        faulthandler.cancel_dump_traceback_later()
        ask = waiting.get()
        cancelled.clear()
        faulthandler.dump_traceback_later(time_s, exit=True, file=sys.stderr)
        try:
            working = True
            last = broken or answer(module, ask, inputs, folder, write)
        except Cancelled:
            last = {"cancelled": True}
        finally:
            working = False
        if os.getpid() != own:  # the demo forked, and this is its child
            os._exit(0)
        write(last)


if __name__ == "__main__":
    main(*sys.argv[1:])
