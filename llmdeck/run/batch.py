"""Run demos, as many at once as there are cores: each in a session, with a time limit."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from llmdeck.errors import DemoError
from llmdeck.model import Demo, Facts, Result, Variant
from llmdeck.run import Line
from llmdeck.run.explain import demo_error
from llmdeck.run.process import MOST_THREADS, Running

if TYPE_CHECKING:
    from llmdeck.config import Config
    from llmdeck.run.session import Give

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One demo and the variants of it that are wanted."""

    demo: Demo
    variants: tuple[Variant, ...]
    figures: frozenset[Variant] = frozenset()
    """The variants whose figure a slide shows."""
    stored: Mapping[Variant, Facts] = field(default_factory=dict)
    """Facts of an earlier run: a number that moved by less than its tolerance stays as stored."""


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
    config: Config, jobs: Sequence[Job], progress: Progress, running: Running | None = None
) -> dict[Variant, Outcome]:
    """Run the jobs side by side; one process computes all the variants of its demo.

    Whoever ends `running` from another thread gets errors for what was being computed, and
    nothing for what was not begun.
    """
    running = running or Running()
    return _finish(_run_all(config, jobs, progress, running), running)


def run_job(config: Config, job: Job) -> dict[Variant, Outcome]:
    """Run one demo in a process of its own."""
    running = Running()
    return _finish(_run_one(config, job, running, MOST_THREADS), running)


def describe(config: Config, demo: Demo, running: Running | None = None) -> Line:
    """Ask a demo for its first lines and its parameters (see `answer.describe`).

    Raises:
        DemoError: where it can't be imported or its signature is no interface.
    """
    running = running or Running()
    answers: list[Line | DemoError] = []
    requests = [{"do": "describe"}]
    work = _one_session(config, demo, requests, answers.append, running, MOST_THREADS)
    _finish(work, running)
    (answer,) = answers
    if isinstance(answer, DemoError):
        raise answer
    if "error" in answer:
        raise demo_error(config, demo, answer)
    return answer


def describe_all(
    config: Config, demos: Mapping[str, Demo], running: Running | None = None
) -> dict[str, Line | DemoError]:
    """Ask all demos, side by side, as `describe` does: what each says, or why it says nothing."""
    running = running or Running()

    def ask(demo: Demo) -> Line | DemoError:
        try:
            return describe(config, demo, running)
        except DemoError as error:
            return error

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        try:
            return dict(zip(demos, threads.map(ask, demos.values()), strict=True))
        except BaseException:  # Ctrl-C: what runs is ended
            running.end()
            raise


def _finish(work: Coroutine[Any, Any, T], running: Running) -> T:
    """Do asynchronous work to its end, in a thread: the caller's may have an event loop already."""
    import asyncio  # where nothing has to run, nobody waits for this import

    with ThreadPoolExecutor(max_workers=1) as thread:
        future = thread.submit(asyncio.run, work)
        try:
            return future.result()
        except BaseException:  # Ctrl-C: what waits does not start, what runs is ended
            running.end()
            raise


async def _run_all(
    config: Config, jobs: Sequence[Job], progress: Progress, running: Running
) -> dict[Variant, Outcome]:
    import asyncio

    cores = os.cpu_count() or 1
    at_once = max(1, min(cores, len(jobs)))
    slots = asyncio.Semaphore(at_once)

    async def run(job: Job) -> dict[Variant, Outcome]:
        async with slots:
            if running.ended:
                return {}
            progress(job.demo.name, "start")
            try:
                return await _run_one(config, job, running, cores // at_once)
            finally:
                progress(job.demo.name, "done")

    outcomes: dict[Variant, Outcome] = {}
    for found in await asyncio.gather(*map(run, jobs)):
        outcomes |= found
    return outcomes


async def _run_one(
    config: Config, job: Job, running: Running, threads: int
) -> dict[Variant, Outcome]:
    # Those with a figure come last: what the figure's module reads is no input of the others then.
    variants = sorted(job.variants, key=lambda variant: variant in job.figures)
    requests = [_request(job, variant) for variant in variants]
    found: list[Outcome] = []

    def give(answer: Line | DemoError) -> None:
        found.append(_outcome(config, job.demo, variants[len(found)], answer))

    await _one_session(config, job.demo, requests, give, running, threads)
    # Where answers are missing, the last one is the error that says why: it stands for them.
    n_missing = len(variants) - len(found)
    found += found[-1:] * n_missing
    return dict(zip(variants, found, strict=True))


async def _one_session(
    config: Config,
    demo: Demo,
    requests: Sequence[Line],
    give: Give,
    running: Running,
    threads: int,
) -> None:
    """Start a demo, have its requests answered, end it."""
    from llmdeck.run.session import Session

    session = Session(config, demo, threads=threads, limit_each=False)
    try:
        process = await session.start()
    except DemoError as error:
        give(error)
        return
    running.add(process)
    try:
        await session.answer(requests, give)
    finally:
        await session.end()
        running.remove(process)


def _request(job: Job, variant: Variant) -> Line:
    return {
        "do": "run",
        "values": variant.parameters,
        "grid": variant.grid,
        "figure": variant in job.figures,
        "stored": job.stored.get(variant),
    }


def _outcome(config: Config, demo: Demo, variant: Variant, answer: Line | DemoError) -> Outcome:
    """Return an answer as a result, or as the error that it tells of."""
    if isinstance(answer, DemoError):
        return answer
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
