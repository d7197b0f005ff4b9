"""Tests of `demos/common/tokens/vocabularies.py`, in processes that end where they open a socket.

Oracles: tiktoken, which refuses a vocabulary whose SHA-256 is wrong, and the published ids of
"hello world".
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demos.common.tokens.vocabularies import VOCABULARIES, encoding, store

CHILD = """
import os, sys
sys.addaudithook(lambda event, arguments: os._exit(3) if event.startswith("socket.") else None)
from demos.common.tokens.vocabularies import encoding
ids = [encoding(name).encode("hello world") for name in ("cl100k_base", "o200k_base")]
print(ids, os.environ["TIKTOKEN_CACHE_DIR"])
"""
EXPECTED = "[[15339, 1917], [24912, 2375]] mine"


def start(home: Path, program: str = CHILD) -> subprocess.Popen[str]:
    """Start a process that loads both vocabularies, its caches below `home`."""
    places = {name: str(home) for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **places, "TIKTOKEN_CACHE_DIR": "mine"},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def answer(child: subprocess.Popen[str]) -> str:
    """Wait for the process, and return what it printed."""
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, (child.returncode, err)
    return out.strip()


def cached(home: Path) -> list[Path]:
    """List the files that were left below `home`."""
    return sorted(path for path in home.rglob("*") if path.is_file())


def test_the_guard_ends_a_process_that_uses_the_network(tmp_path: Path) -> None:
    """The same process ends at once where tiktoken itself fetches a vocabulary not cached."""
    child = start(tmp_path, CHILD + "import tiktoken\ntiktoken.get_encoding('r50k_base')\n")
    child.communicate(timeout=60)
    assert child.returncode == 3


@pytest.mark.parametrize("damage", [b"", b"IQ== 0\n", None], ids=["empty", "cut short", "deleted"])
def test_a_damaged_cache_is_mended_without_a_network(tmp_path: Path, damage: bytes | None) -> None:
    """Whatever became of the cached files, the next process has the right ids and mends them."""
    assert answer(start(tmp_path)) == EXPECTED
    whole = {path: path.read_bytes() for path in cached(tmp_path)}
    assert len(whole) == len(VOCABULARIES)
    for path in whole:
        path.unlink() if damage is None else path.write_bytes(damage)
    assert answer(start(tmp_path)) == EXPECTED
    assert {path: path.read_bytes() for path in cached(tmp_path)} == whole


def test_two_processes_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Two that start on an empty cache both succeed, and leave the two files and nothing else."""
    children = [start(tmp_path), start(tmp_path)]
    assert [answer(child) for child in children] == [EXPECTED, EXPECTED]
    assert len(cached(tmp_path)) == len(VOCABULARIES)


def test_a_home_that_cannot_be_written_is_enough(tmp_path: Path) -> None:
    """Where the cache folder can't be made (its parent is a file), the vocabularies load too."""
    home = tmp_path / "file"
    home.write_text("not a folder", encoding="utf-8")
    assert answer(start(home)) == EXPECTED


def test_an_encoding_is_held_once() -> None:
    """Asking twice gives the same object, which is tiktoken's own."""
    import tiktoken

    assert encoding("o200k_base") is encoding("o200k_base") is tiktoken.get_encoding("o200k_base")


def test_a_whole_file_is_left_alone(tmp_path: Path) -> None:
    """A cached file that is right is not written again."""
    path = store("cl100k_base", tmp_path)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    store("cl100k_base", tmp_path)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
