"""An evening of editing: the server stays as large as it was. Only `make soak` runs it.

The oracle is the system's account of the server's memory.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.fuzzed import SOAK, write_everything
from tests.served import Served, served

pytestmark = pytest.mark.skipif(not SOAK, reason="takes minutes: make soak")
SAVES = 1200
WARM = 100
"""How many saves fill what is kept for the next one."""
MOST_MB = 20.0
REST_S = 1.3
"""A little longer than nothing must be saved for the server to tidy up."""


def resident_mb(server: Served) -> float:
    """Return how much memory the server has."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found
    return int(found[1]) / 1000


def save(server: Served, number: int) -> None:
    """Save another version of a slide, of the ledger or of a partial, and wait until it shows."""
    project = server.project
    long = "🦙 " + "parola " * 3000
    if number % 3 == 0:
        project.write("deck/slides/03-lungo.md.j2", f"# Lungo\n\nversione{number}v {long}\n")
    elif number % 3 == 1:
        ledger = (project.root / "deck/claims.toml").read_text(encoding="utf-8")
        ledger = re.sub(r"si dice.*?così", f"si dice versione{number}v così", ledger)
        project.write("deck/claims.toml", ledger)
    else:
        project.write("deck/slides/04-corto.md.j2", f"# Corto versione{number}v\n\n$x^2$\n")
    end = time.monotonic() + 30
    while f"versione{number}v".encode() not in server.ask("GET", "/").body:
        assert time.monotonic() < end, number
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_the_server_stays_as_large_as_it_was(project: Project) -> None:
    """Over 1,200 saves its memory stays within 20 MB of what it is once it is warm."""
    with served(write_everything(project)) as server:
        sizes = []
        for number in range(SAVES + 1):
            save(server, number)
            if number % WARM == 0 and number:
                time.sleep(REST_S)
                sizes.append(resident_mb(server))
        assert max(sizes) - sizes[0] < MOST_MB, sizes
        assert sizes[0] - min(sizes) < MOST_MB, sizes
