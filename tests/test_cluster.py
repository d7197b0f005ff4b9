"""Demos on a Dask cluster: the same store as here, a lost worker, what no worker has.

A real scheduler and real worker processes, each with the command that a user types.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DECK, Project

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="workers are ended by POSIX signals")

WAIT_S = 60.0
DEMO = '''
"""Adds, and reads how much from a file."""
from pathlib import Path


def run(*, n: int = 1) -> dict:
    more = int((Path(__file__).parent / "data/more.txt").read_text())
    return {"sum": n + more, "third": n / 3}


def show(facts: dict) -> None:
    print("somma", facts["sum"])
'''
SLOW = '''
"""Takes a while, and says in a file that it has begun."""
import time
from pathlib import Path


def run(*, n: int = 1) -> dict:
    begun = Path(BEGUN)
    first = not begun.exists()
    begun.write_text("begun")
    if first:
        time.sleep(60)
    return {"n": n}


def show(facts: dict) -> None:
    print(facts["n"])
'''


class Cluster:
    """A scheduler with workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._printed("scheduler", r"Scheduler at: +(tcp://\S+)")

    def add_worker(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker with one thread, and wait until the scheduler has it."""
        place = ("--local-directory", str(self.folder / name), "--no-dashboard", "--no-nanny")
        process = self._start("worker", self.address, "--nthreads", "1", *place, *options, log=name)
        self._printed(name, r"(Registered to)")
        return process

    def _start(self, what: str, *arguments: str, log: str = "") -> subprocess.Popen[bytes]:
        command = (sys.executable, "-m", "distributed.cli.dask_" + what, *arguments)
        environment = Project(self.folder).environment
        with (self.folder / f"{log or what}.log").open("wb") as file:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def _printed(self, log: str, pattern: str) -> str:
        """Wait for a line in a log; return the group that the pattern has."""
        path = self.folder / f"{log}.log"
        wait_until(lambda: re.search(pattern, path.read_text(encoding="utf-8")) is not None)
        found = re.search(pattern, path.read_text(encoding="utf-8"))
        assert found
        return found[1]

    def end(self) -> None:
        """End all of it."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler without workers."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.end()


def adding(folder: Path) -> Project:
    """A deck whose two demos read a data file."""
    project = Project(folder)
    project.write("deck/deck.toml", DECK)
    project.write("demos/data/more.txt", "41")
    for name in ("first", "second"):
        project.write(f"demos/{name}.py", DEMO)
    slide = '# Uno\n\n{{ demo("first").sum }} {{ demo("second", n=2).third }}\n'
    project.write("deck/slides/1.md.j2", slide)
    return project


def stored(project: Project) -> dict[str, bytes]:
    """The store, byte for byte."""
    folder = project.root / "deck/results"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


def test_a_cluster_fills_the_store_as_this_machine_does(tmp_path: Path, cluster: Cluster) -> None:
    """Two workers make the same store byte for byte, and `check` on them finds nothing moved."""
    here, there = adding(tmp_path / "here"), adding(tmp_path / "there")
    assert here.run("build").returncode == 0
    cluster.add_worker("one")
    cluster.add_worker("two")
    done = there.run("build", "--scheduler", cluster.address)
    assert done.returncode == 0, done.stderr
    assert "2 variants computed" in done.stdout
    assert stored(there) == stored(here) != {}
    assert there.html.read_bytes() == here.html.read_bytes()
    checked = there.run("check", "--scheduler", cluster.address)
    assert "nothing moved" in checked.stdout, checked.stdout + checked.stderr


def test_the_demos_really_run_on_the_workers(tmp_path: Path, cluster: Cluster) -> None:
    """What a demo is given to read lies in the worker's folder, which this machine never wrote."""
    worker = cluster.add_worker("one")
    project = adding(tmp_path / "deck")
    assert project.run("build", "--scheduler", cluster.address).returncode == 0
    assert list((cluster.folder / "one").rglob("demos/data/more.txt"))
    assert worker.poll() is None


def test_the_job_of_a_lost_worker_is_done_by_another(tmp_path: Path, cluster: Cluster) -> None:
    """A worker is killed while a demo runs on it; the deck is built all the same."""
    begun = tmp_path / "begun"
    project = adding(tmp_path / "deck")
    project.write("demos/slow.py", SLOW.replace("BEGUN", repr(str(begun))))
    project.write("deck/slides/2.md.j2", '# Due\n\n{{ demo("slow").n }}\n')
    worker = cluster.add_worker("one")
    building = subprocess.Popen(
        [sys.executable, "-m", "llmdeck", "build", "--scheduler", cluster.address],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(begun.exists)
    cluster.add_worker("two")
    os.killpg(worker.pid, signal.SIGKILL)
    out, err = building.communicate(timeout=WAIT_S)
    assert building.returncode == 0, err.decode()
    assert b"3 variants computed" in out


def test_what_no_worker_has_is_an_error_that_names_it(tmp_path: Path, cluster: Cluster) -> None:
    """A demo that needs a GPU is refused at once; with a worker that has one it runs."""
    project = adding(tmp_path / "deck")
    project.write("deck/deck.toml", DECK + '\n[demos.first]\nneeds = ["gpu"]\n')
    cluster.add_worker("one")
    done = project.run("build", "--scheduler", cluster.address)
    assert done.returncode == 5
    assert "demo first: no worker has what it needs (gpu)" in done.stderr
    cluster.add_worker("two", "--resources", "gpu=1")
    done = project.run("build", "--scheduler", cluster.address)
    assert done.returncode == 0, done.stderr


def test_a_demo_that_fails_on_a_worker_fails_as_it_does_here(
    tmp_path: Path, cluster: Cluster
) -> None:
    """The message names the demo's own file and line, and the slide."""
    cluster.add_worker("one")
    project = adding(tmp_path / "deck")
    project.edit("demos/first.py", "return {", 'raise KeyError("gone")\n    return {')
    here = project.run("build").stderr
    there = project.run("build", "--scheduler", cluster.address).stderr
    failed = [line for line in there.splitlines() if "KeyError" in line]
    assert failed
    assert failed == [line for line in here.splitlines() if "KeyError" in line]
    assert "demos/first.py:7" in there


def test_no_scheduler_and_no_worker_are_said(tmp_path: Path, cluster: Cluster) -> None:
    """An address where nobody listens, and a scheduler without workers, end with what to do."""
    project = adding(tmp_path / "deck")
    nobody = project.run("build", "--scheduler", "tcp://127.0.0.1:9")
    assert nobody.returncode == 9
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in nobody.stderr
    alone = project.run("build", "--scheduler", cluster.address)
    assert alone.returncode == 9
    assert f"dask worker {cluster.address}" in alone.stderr
