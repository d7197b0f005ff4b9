"""Run demos on a Dask cluster that is there already: `--scheduler tcp://HOST:PORT`.

Each job goes to one of its workers, with the deck's settings and the demos as they are here. The
worker runs it as this machine would: in the same child process, within the same limits. So what
comes back is what it would be here. Dask itself gives a lost worker's jobs to another one, as often
as the cluster allows (`distributed.scheduler.allowed-failures`).
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from llmdeck import __version__
from llmdeck.config import Config, load
from llmdeck.errors import ClusterError, DemoError, MissingToolError
from llmdeck.model import Variant
from llmdeck.run.batch import Job, Outcome, Progress, run_job

Future = Any
"""A `distributed.Future`; Dask has no complete types."""
CONNECT_S = 10
"""How long a scheduler has to answer."""
A_DAY = (1980, 1, 1, 0, 0, 0)
"""The time of every file that is sent, so that the same sources are the same bytes."""


class Cluster:
    """A `Runner` that sends jobs to the workers of a Dask scheduler."""

    def __init__(self, address: str) -> None:
        """Connect to a scheduler, such as `tcp://10.0.0.1:8786`.

        Raises:
            MissingToolError: where Dask is not installed.
            ClusterError: where no scheduler answers at the address.
        """
        self.address = address
        self.client = _connect(address)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_error: object) -> None:
        self.client.close()

    def __call__(
        self, config: Config, jobs: Sequence[Job], progress: Progress
    ) -> dict[Variant, Outcome]:
        """Run jobs on the workers that have what their demos need.

        Raises:
            ClusterError: where there is no worker, or one has another version of this package.
        """
        workers = self._workers()
        packed = pack(config)
        outcomes: dict[Variant, Outcome] = {}
        sent: dict[Future, Job] = {}
        sources = self.client.submit(same, packed)  # a task: Dask makes again what a worker lost
        for job in jobs:
            needs = config.limits_of(job.demo.name).needs
            if not any(_has(worker, needs) for worker in workers.values()):
                outcomes |= dict.fromkeys(job.variants, _nowhere(job, needs))
                continue
            wanted = dict.fromkeys(needs, 1) or None
            future = self.client.submit(run_there, sources, job, resources=wanted, pure=False)
            sent[future] = job
            progress(job.demo.name, "start")
        return outcomes | self._collected(sent, progress)

    def _workers(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the workers by address; all of them have our version of this package.

        Raises:
            ClusterError: where one has not, or there is none.
        """
        versions = self.client.run(version_there)
        for worker, version in versions.items():
            if version != __version__:
                message = f"the worker {worker} has llmdeck {version}, this machine {__version__}"
                raise ClusterError(message, hint="install the same version on both")
        if not versions:
            raise ClusterError(
                f"the scheduler at {self.address} has no worker",
                hint=f"start one: dask worker {self.address}",
            )
        workers: Mapping[str, Mapping[str, Any]] = self.client.scheduler_info(-1)["workers"]
        return workers

    def _collected(self, sent: Mapping[Future, Job], progress: Progress) -> dict[Variant, Outcome]:
        """Wait for the answers, in whatever order they come."""
        distributed: Any = import_module("distributed")
        outcomes: dict[Variant, Outcome] = {}
        for future in distributed.as_completed(sent, loop=self.client.loop):
            job = sent[future]
            error = future.exception()
            if error is None:
                outcomes |= future.result()
            else:
                outcomes |= dict.fromkeys(job.variants, _lost(job, error))
            progress(job.demo.name, "done")
        return outcomes


def _connect(address: str) -> Any:
    """Return a `distributed.Client`."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        hint = "python -m pip install 'llmdeck[dask]'"
        raise MissingToolError("--scheduler needs Dask", hint=hint) from None
    try:
        return distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise ClusterError(
            f"no Dask scheduler answers at {address}: {reason}",
            hint="start one with `dask scheduler`, and give the address that it prints",
        ) from None


def _has(worker: Mapping[str, Any], needs: Sequence[str]) -> bool:
    """Whether a worker was started with all the resources of these names."""
    return all(worker["resources"].get(name, 0) >= 1 for name in needs)


def _nowhere(job: Job, needs: Sequence[str]) -> DemoError:
    name, wanted = job.demo.name, ", ".join(needs)
    return DemoError(
        f"demo {name}: no worker has what it needs ({wanted})",
        hint=f"start one that has it: dask worker --resources '{needs[0]}=1' …",
    )


def _lost(job: Job, error: BaseException) -> DemoError:
    """Return the error of a job that no worker brought to its end."""
    worker = getattr(error, "last_worker", None)
    where = f"; the last one was {worker.address}" if worker else ""
    return DemoError(
        f"demo {job.demo.name}: each worker that ran it was lost{where}: {error}",
        hint="did it run out of memory? See the worker's log",
    )


def pack(config: Config) -> bytes:
    """Return the deck's settings and the demos, with the data beside them, as a ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _sources(config):
            name = zipfile.ZipInfo(config.relative(path), date_time=A_DAY)
            archive.writestr(name, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _sources(config: Config) -> Iterator[Path]:
    yield config.settings
    for path in sorted(config.demos_folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


# What runs on a worker.


def version_there() -> str:
    """Return the version of this package where this is called."""
    return __version__


def same(sources: bytes) -> bytes:
    """Return what is given, so that the scheduler knows how to get it again."""
    return sources


def run_there(sources: bytes, job: Job) -> dict[Variant, Outcome]:
    """Unpack the sources, once a worker, and run one job."""
    from distributed import get_worker

    folder = Path(get_worker().local_directory)  # it goes with the worker
    root = folder / f"llmdeck-{sha256(sources).hexdigest()[:16]}"
    if not root.exists():
        _unpack(sources, root)
    return run_job(load(root), job)


def _unpack(sources: bytes, root: Path) -> None:
    """Unpack into a folder that appears whole: another job of this worker may want it as well."""
    work = Path(tempfile.mkdtemp(dir=root.parent))
    with zipfile.ZipFile(io.BytesIO(sources)) as archive:
        archive.extractall(work)
    try:
        work.rename(root)
    except OSError:  # the other job was faster
        shutil.rmtree(work)
