"""Where demos run: on this machine, or on a cluster that `--scheduler` names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llmdeck.run.batch import Runner, run_jobs


@contextmanager
def runner_at(scheduler: str) -> Iterator[Runner]:
    """Give what runs jobs at the address of a scheduler, or here where there is none."""
    if not scheduler:
        yield run_jobs
        return
    from llmdeck.run.cluster import Cluster

    with Cluster(scheduler) as cluster:
        yield cluster
