"""The browser for PDF, PPTX and the overflow lint: an installed Chrome, Chromium or Edge, else Playwright's.

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
HINT = "install Chrome, Chromium or Edge, or: python -m llmdeck.marp.browser --install"


def candidates() -> Iterator[Path]:
    """Browsers that are there, the one to use first."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found)
    yield from (Path(place) for place in PLACES if Path(place).is_file())
    folders = [
        os.environ.get("PLAYWRIGHT_BROWSERS_PATH"),
        "~/.cache/ms-playwright",
        "~/Library/Caches/ms-playwright",
    ]
    for folder in filter(
        None, [*folders, os.environ.get("LOCALAPPDATA", "") and "~/AppData/Local/ms-playwright"]
    ):
        for pattern in PLAYWRIGHT:
            yield from sorted(Path(str(folder)).expanduser().glob(pattern), reverse=True)


def find_browser() -> Path:
    """The browser to use: `CHROME_PATH` where it is set, else the first of `candidates`.

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
    """Return `path` if it is a program; Marp itself takes any path, says nothing, and uses another browser.

    Raises:
        MissingToolError: where it isn't one.
    """
    if not path.is_file() or not os.access(path, os.X_OK):
        raise MissingToolError(f"no browser at {path}", hint=HINT)
    return path


def install() -> Path:
    """Get a browser where there is none: Playwright's, else Debian's package as root.

    Raises:
        MissingToolError: where neither way works.
    """
    found = next(candidates(), None)
    if found is not None:
        return found
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        attempts += [["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]]
    for command in attempts:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        found = next(candidates(), None)
        if found is not None:
            return found
    raise MissingToolError("no browser could be installed", hint="install Chrome, Chromium or Edge")


if __name__ == "__main__":
    print(install() if "--install" in sys.argv else find_browser())
