"""The browser for PDF, PPTX and the overflow lint: an installed one, else Playwright's.

`python -m llmdeck.marp.browser --install` gets one where there is none: Playwright's, else Debian's
package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from llmdeck.errors import MissingToolError

NAMES = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "chrome",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
PLAYWRIGHT = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium-*/chrome-win*/chrome.exe",
)
PLAYWRIGHT_FOLDERS = (
    "~/.cache/ms-playwright",
    "~/Library/Caches/ms-playwright",
    "~/AppData/Local/ms-playwright",
)
HINT = "install Chrome, Chromium or Edge, or: python -m llmdeck.marp.browser --install"


def candidates() -> Iterator[Path]:
    """Yield the browsers that are there, the one to use first."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found)
    for place in PLACES:
        if Path(place).is_file():
            yield Path(place)
    for folder in _playwright_folders():
        for pattern in PLAYWRIGHT:
            yield from sorted(folder.glob(pattern), reverse=True)


def _playwright_folders() -> Iterator[Path]:
    """Yield where Playwright may have put its browsers."""
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if chosen:
        yield Path(chosen).expanduser()
    for folder in PLAYWRIGHT_FOLDERS:
        yield Path(folder).expanduser()


def find_browser() -> Path:
    """Return the browser to use: `CHROME_PATH` where it is set, else the first of `candidates`.

    Raises:
        MissingToolError: where there is none, or `CHROME_PATH` names no program.
    """
    chosen = os.environ.get("CHROME_PATH")
    if chosen:
        return check(Path(chosen))
    found = next(candidates(), None)
    if found is None:
        raise MissingToolError(
            "PDF, PPTX and the overflow lint need a browser, and none was found", hint=HINT
        )
    return found


def check(path: Path) -> Path:
    """Return `path` if it is a program.

    Marp itself takes any path, says nothing, and uses another browser.

    Raises:
        MissingToolError: where it isn't one.
    """
    if not path.is_file() or not os.access(path, os.X_OK):
        raise MissingToolError(f"no browser at {path}", hint=HINT)
    return path


def install() -> Path:
    """Get a browser where there is none, and return it: Playwright's, else Debian's, as root.

    Raises:
        MissingToolError: where neither way works.
    """
    found = next(candidates(), None)
    if found is not None:
        return found
    for command in _install_commands():
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        found = next(candidates(), None)
        if found is not None:
            return found
    raise MissingToolError("no browser could be installed", hint="install Chrome, Chromium or Edge")


def _install_commands() -> Iterator[list[str]]:
    """Yield the commands that may bring a browser, the one to try first."""
    yield [sys.executable, "-m", "playwright", "install", "chromium"]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and shutil.which("apt-get"):
        yield ["apt-get", "update", "-q"]
        yield ["apt-get", "install", "-y", "-q", "chromium"]


if __name__ == "__main__":
    print(install() if "--install" in sys.argv else find_browser())
