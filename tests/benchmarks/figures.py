"""What `make bench` measured, as tables of the documentation: `docs/performance/NAME.json`."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT

FOLDER = ROOT / "docs/performance"
CPUS = Path("/proc/cpuinfo")


def write(
    name: str,
    *,
    title: str,
    about: str,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    folder: Path = FOLDER,
) -> Path:
    """Write a table, with the day and the machine, and return its file.

    `about` says what was measured and in which unit; each row is a figure, its name first.
    """
    measured = {
        "title": title,
        "about": about,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "headers": list(headers),
        "rows": [list(row) for row in rows],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    text = json.dumps(measured, indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


def machine() -> str:
    """Return what the figures were measured on: processor, cores, system, Python, load."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.release()}"
    python = f"Python {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} cores, {system}, {python}{load}"


def _processor() -> str:
    """Return the processor's name, which Python tells on few systems."""
    if CPUS.is_file():
        for line in CPUS.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
