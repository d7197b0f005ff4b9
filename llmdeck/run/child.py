"""The process that runs one demo: `python -m llmdeck.run.child`, JSON lines on stdin and stdout.

The first line on stdin holds the settings (see `Session.settings`). Each further line is a request:

    {"id": 1, "do": "describe"}
    {"id": 2, "do": "run", "values": {…}, "figure": true, "stream": true, "stored": {…}}
    {"id": 3, "do": "run", "values": {…}, "grid": ["n", "dtype"], "stored": {…}}
    {"id": 3, "do": "cancel"}

All but `values` may be left out; `stored` are facts of an earlier run (see `settle_to`). The demo
is imported once; requests are answered in their order. Each line on stdout has the `id` of its
request: `{"part": …}` for each thing that the demo's `stream` gives, then one line without a
`part`: the answer, or `{"error": …}`. The process ends with its stdin.

The process limits itself: address space, time (at the limit it prints where it hangs, and ends), no
network (see `network`). What it has started ends with it (see `keeper`).

`stream(**parameters)` is optional in a demo: a generator, of the same parameters as `run`, that
gives what the demo finds while it works. Text is shown as it comes, one piece behind the other,
where the partial has an element with the attribute `data-stream`; a dict's values go, by name,
where it has `data-stream="name"`. `run` is called next, and what it gives takes the place of all.
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
from pathlib import Path
from types import ModuleType
from typing import IO

from llmdeck.run import Line, network
from llmdeck.run.answer import (
    checked,
    describe,
    interface,
    normalise,
    run_grid,
    run_variant,
    settle_to,
)
from llmdeck.run.failure import InvalidValueError, failure, sendable
from llmdeck.run.keeper import keep_watch
from llmdeck.run.sandbox import (
    Inputs,
    import_from_source,
    limit_memory,
    prefer_package,
    printed,
    take_pipes,
)

STDERR = 2
"""The log, by its descriptor: a demo may put something else in `sys.stderr`."""


class Cancelled(BaseException):
    """Nobody waits for the answer any more. A demo's `except Exception` does not catch it."""


class Child:
    """A demo that answers one request after another."""

    def __init__(self, settings: Line, answers: IO[str]) -> None:
        self.settings, self.answers = settings, answers
        self.folder = Path(settings["folder"])
        self.requests: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self.id = 0
        """The request that is being answered."""
        self.cancelled_id = 0
        """The request that nobody waits for."""
        self.interruptible = False
        """True while the demo works, and not while a line is written."""
        self.pid = os.getpid()

    def read(self, lines: IO[str]) -> None:
        """Take requests as they come, and end the process with their end."""
        for line in lines:
            request = json.loads(line)
            if request["do"] == "cancel":
                self.cancelled_id = request["id"]
                interrupt_main_thread()
            else:
                self.requests.put(request)
        os._exit(0)

    def serve(self) -> None:
        """Import the demo, then answer requests for ever."""
        inputs = self._restrict()
        each = self.settings["limit_each"]
        self._start_clock()
        demo = self._load(inputs)
        while True:
            if each:
                faulthandler.cancel_dump_traceback_later()
            request = self.requests.get()
            if each:
                self._start_clock()
            self.id = request["id"]
            self.write(self._answer(demo, request, inputs))

    def _restrict(self) -> Inputs:
        """Take from this process what a demo may not have, and watch what it reads."""
        limit_memory(self.settings["memory_gib"])
        root = Path(self.settings["root"])
        import_from_source(root)
        prefer_package(self.folder)
        return Inputs(root, map(Path, self.settings["no_inputs"]))

    def _start_clock(self) -> None:
        """End the process after its time limit from now, and print where it hung."""
        faulthandler.dump_traceback_later(self.settings["time_s"], exit=True, file=STDERR)

    def _load(self, inputs: Inputs) -> ModuleType | Line:
        """Import the demo; return it, or the failure that answers every request."""
        sys.addaudithook(inputs.audit)
        buffer = io.BytesIO()
        try:
            with printed(self.settings["most"]["output"]) as buffer:
                demo = importlib.import_module(self.settings["module"])
            inputs.note_modules()
        except BaseException as error:  # noqa: BLE001  a demo may raise anything
            return failure(error, self.folder, buffer.getvalue())
        return demo

    def _answer(self, demo: ModuleType | Line, request: Line, inputs: Inputs) -> Line:
        """Return the last line of the answer; only in here can the request be cancelled."""
        if isinstance(demo, dict):
            return demo
        try:
            self.interruptible = True
            self.interrupt()
            return self._run(demo, request, inputs)
        except Cancelled:
            return {"cancelled": True}
        finally:
            self.interruptible = False

    def _run(self, demo: ModuleType, request: Line, inputs: Inputs) -> Line:
        buffer: io.BytesIO = io.BytesIO()
        try:
            if request["do"] == "describe":
                return describe(demo)
            settle = settle_to(request.get("stored"), self.settings["tolerance"])
            most = self.settings["most"]
            with printed(most["output"]) as buffer:
                if request.get("grid"):
                    return run_grid(demo, request, inputs, settle, most)
                if request.get("stream"):
                    self._stream(demo, request)
                return run_variant(demo, request, inputs, buffer, settle, most)
        except Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001  a demo may raise anything
            failed = failure(error, self.folder, buffer.getvalue(), demo)
            # A ValueError is how a demo says that it can't use a value.
            if isinstance(error, ValueError | InvalidValueError):
                failed["invalid"] = sendable(str(error))
            return failed

    def _stream(self, demo: ModuleType, request: Line) -> None:
        """Write what the demo finds while it works."""
        values = checked(interface(demo), request["values"])
        for part in demo.stream(**values):
            self.write({"part": normalise(part, "what stream gives")})

    def write(self, line: Line) -> None:
        """Write one line, whole."""
        if os.getpid() != self.pid:  # the demo forked, and this is its child
            os._exit(0)
        interruptible, self.interruptible = self.interruptible, False
        self.answers.write(json.dumps(line | {"id": self.id}) + "\n")
        self.answers.flush()
        self.interruptible = interruptible
        self.interrupt()

    def interrupt(self, *_signal: object) -> None:
        """Stop the demo if it works for nobody (SIGINT, and after each line)."""
        if self.interruptible and self.cancelled_id == self.id:
            raise Cancelled


def interrupt_main_thread() -> None:
    """Send SIGINT to the thread that the demo runs in; it wakes it from a sleep."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def main() -> None:
    """Read the settings, then answer requests until stdin ends."""
    keep_watch()
    network.block()
    lines, answers = take_pipes()
    faulthandler.enable(file=STDERR)
    child = Child(json.loads(lines.readline()), answers)
    signal.signal(signal.SIGINT, child.interrupt)
    threading.Thread(target=child.read, args=(lines,), daemon=True).start()
    child.serve()


if __name__ == "__main__":
    main()
