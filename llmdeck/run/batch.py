"""Demos in child processes, several at once, each with a time limit and a process group that is ended whole."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from llmdeck.config import Config
from llmdeck.errors import DemoError
from llmdeck.model import Demo, Facts, Place, Result, Variant
from llmdeck.run.process import end_group

GRACE_S = 3.0
"""How much longer than its limit a worker may take to end itself and say where it hung."""
PRINTED_LINES = 12
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MOST_THREADS = 4
"""NumPy's own threads in a demo, unless the user sets them: each reserves memory, which on a
machine of many cores would alone go beyond the limit. Demos that run side by side share the cores:
threads that wait for one spin, and take the time of those that work."""
LAST_WORDS = re.compile(r"^(Timeout \(\d|Fatal Python error: )", re.MULTILINE)
"""How faulthandler begins to tell where a process hung or crashed."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One demo and the variants of it that are wanted."""

    demo: Demo
    variants: tuple[Variant, ...]
    figures: frozenset[Variant] = frozenset()
    """The variants whose figure a slide shows."""
    stored: Mapping[Variant, Facts] = field(default_factory=dict)
    """Facts of an earlier run: a number that moved by less than its tolerance stays as it is there."""


Outcome = Result | DemoError
Progress = Callable[[str, str], None]
"""Called with a demo's name and `start` or `done`."""


class Runner(Protocol):
    """What computes variants. The local one is `run_jobs`; another may send them elsewhere."""

    def __call__(
        self, config: Config, jobs: Sequence[Job], progress: Progress
    ) -> Mapping[Variant, Outcome]:
        """Answer every variant of every job, with a result or with an error."""


def run_jobs(
    config: Config,
    jobs: Sequence[Job],
    progress: Progress,
    running: set[subprocess.Popen[bytes]] | None = None,
) -> dict[Variant, Outcome]:
    """Run the jobs, as many at once as there are cores; one process computes all the variants of its demo.

    The processes are in `running` meanwhile; whoever ends one there is answered with an error.
    """
    outcomes: dict[Variant, Outcome] = {}
    running = set() if running is None else running
    cores = os.cpu_count() or 1
    threads = max(1, cores // max(1, min(cores, len(jobs))))

    def one(job: Job) -> dict[Variant, Outcome]:
        progress(job.demo.name, "start")
        try:
            return run_job(config, job, running, threads)
        finally:
            progress(job.demo.name, "done")

    with ThreadPoolExecutor(max_workers=cores) as pool:
        try:
            for future in as_completed([pool.submit(one, job) for job in jobs]):
                outcomes |= future.result()
        except BaseException:  # Ctrl-C: what waits does not start, what runs is ended
            pool.shutdown(wait=False, cancel_futures=True)
            for process in tuple(running):
                end_group(process)
            raise
    return outcomes


def run_job(
    config: Config,
    job: Job,
    running: set[subprocess.Popen[bytes]] | None = None,
    threads: int = MOST_THREADS,
) -> dict[Variant, Outcome]:
    """Run one demo in a process of its own, which is in `running` meanwhile, and read its answers.

    `threads` is how many NumPy may start in it, `MOST_THREADS` and the number of cores at most.
    """
    # Those with a figure come last: what the figure's module reads is no input of the others then.
    variants = sorted(job.variants, key=lambda variant: variant in job.figures)
    wanted = [
        {
            "values": v.parameters,
            "grid": v.grid,
            "figure": v in job.figures,
            "stored": job.stored.get(v),
        }
        for v in variants
    ]
    answers, ended = _run_worker(
        config, job.demo, wanted, describe=False, running=running, threads=threads
    )
    outcomes: dict[Variant, Outcome] = {}
    for variant, answer in zip(variants, answers, strict=False):
        outcomes[variant] = _result(config, job.demo, variant, answer)
    for variant in variants[len(answers) :]:
        outcomes[variant] = ended
    return outcomes


def describe(
    config: Config, demo: Demo, running: set[subprocess.Popen[bytes]] | None = None
) -> dict[str, Any]:
    """Ask a demo for its first lines and its parameters; its process is in `running` as long as it lives.

    Raises:
        DemoError: where it can't be imported or its signature is no interface.
    """
    answers, ended = _run_worker(config, demo, [], describe=True, running=running)
    if not answers:
        raise ended
    if "error" in answers[0]:
        raise demo_error(config, demo, answers[0])
    return answers[0]


def _run_worker(
    config: Config,
    demo: Demo,
    variants: list[dict[str, Any]],
    *,
    describe: bool,
    running: set[subprocess.Popen[bytes]] | None = None,
    threads: int = MOST_THREADS,
) -> tuple[list[dict[str, Any]], DemoError]:
    """Start the worker; return its answers, and the error that stands for those it did not give."""
    limits = config.limits_of(demo.name)
    request = {
        "root": str(config.root),
        "folder": str(config.demos_folder),
        "module": demo.module,
        "variants": variants,
        "describe": describe,
        "time_s": limits.time_s,
        "memory_gib": limits.memory_gib,
        "tolerance": vars(limits.allowed),
    }
    with tempfile.TemporaryDirectory(prefix="llmdeck-") as temp:
        folder = Path(temp)
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "llmdeck.run.child",
            str(folder / "request.json"),
            str(folder / "answers.jsonl"),
        ]
        (folder / "answers.jsonl").touch()
        hung = False
        with (
            (folder / "printed").open("wb") as printed,
            _group(command, config.root, printed, running, threads) as process,
        ):
            try:
                process.wait(timeout=limits.time_s + GRACE_S)
            except subprocess.TimeoutExpired:
                hung = True
        lines = (
            (folder / "answers.jsonl")
            .read_text(encoding="utf-8", errors="replace")
            .split("\n")[:-1]
        )
        text = (folder / "printed").read_text(encoding="utf-8", errors="backslashreplace")
    return [json.loads(line) for line in lines], ended_without_answer(
        config, demo, process.returncode, text, hung
    )


@contextmanager
def _group(
    command: list[str],
    root: Path,
    printed: Any,
    running: set[subprocess.Popen[bytes]] | None,
    threads: int,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own that is ended whole on the way out, whatever happens."""
    process = subprocess.Popen(
        command,
        cwd=root,
        env=environment(threads),
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    running = set() if running is None else running
    running.add(process)
    try:
        yield process
    finally:
        end_group(process)
        running.discard(process)


def environment(threads: int = MOST_THREADS) -> dict[str, str]:
    """The environment of a process that runs a demo."""
    few = dict.fromkeys(THREADS, str(min(threads, MOST_THREADS, os.cpu_count() or 1)))
    return (
        few
        | os.environ
        | {"PYTHONHASHSEED": "0", "MPLBACKEND": "svg", "PYTHONPATH": _python_path()}
    )


def _python_path() -> str:
    """So that the child finds this package however it was started."""
    here = str(Path(__file__).parents[2])
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))


def _result(config: Config, demo: Demo, variant: Variant, answer: dict[str, Any]) -> Outcome:
    """One line of the worker as a result, or as the error that it tells of."""
    if "error" in answer:
        return demo_error(config, demo, answer, variant)
    return Result(
        variant=variant,
        facts=answer["facts"],
        output=answer["output"],
        inputs=answer["inputs"],
        figure=answer.get("figure"),
        alt=answer.get("alt"),
    )


def demo_error(
    config: Config, demo: Demo, answer: dict[str, Any], variant: Variant | None = None
) -> DemoError:
    """What a worker tells of a failure, as the error that it is."""
    file = config.relative(Path(answer["file"])) if answer["file"] else demo.file
    limit = (
        f" (its memory limit is {config.limits_of(demo.name).memory_gib:g} GiB)"
        if answer["memory"]
        else ""
    )
    return DemoError(
        f"demo {variant or demo.name}: {answer['error']}{limit}",
        place=Place(file=file, line=answer["line"]),
        hint=f"run it alone: {variant.command if variant else f'python -m {demo.module}'}",
        printed=answer["printed"],
    )


def ended_without_answer(config: Config, demo: Demo, code: int, text: str, hung: bool) -> DemoError:
    """Why the process ended without answering: its limit, a signal (both with the line where it was), or an exit."""
    limits = config.limits_of(demo.name)
    printed, last_words, trace = [*re.split(LAST_WORDS, text, maxsplit=1), "", ""][:3]
    frames = [
        (Path(file), int(line))
        for file, line in re.findall(r'File "([^"]+)", line (\d+) in', trace)
        if Path(file).is_relative_to(config.demos_folder)
    ]
    place = (
        Place(file=config.relative(frames[0][0]), line=frames[0][1])
        if frames
        else Place(file=demo.file)
    )
    printed = "\n".join(printed.splitlines()[-PRINTED_LINES:])
    if hung or last_words.startswith("Timeout"):
        return DemoError(
            f"demo {demo.name} took longer than its limit of {limits.time_s:g} s",
            place=place,
            hint=f"mend it, or set time_s in [demos.{demo.name}] of deck.toml",
            printed=printed,
        )
    try:
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:  # a real-time signal has no name
        name = f"signal {-code}"
    return DemoError(
        f"demo {demo.name} ended without an answer ({name})",
        place=place,
        hint=f"run it alone: python -m {demo.module} (its memory limit is {limits.memory_gib:g} GiB)",
        printed=printed,
    )
