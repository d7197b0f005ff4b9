"""Firefox for the tests: Playwright's, else an installed one, driven by WebDriver BiDi.

`python -m tests.firefox` gets one where there is none: Playwright's, else Debian's package as root.
Without one, tests that want it are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMES = ("firefox", "firefox-esr")


def ways(playwright: Playwright) -> Iterator[dict[str, Any]]:
    """How `firefox.launch` can be called here, the best way first."""
    if Path(playwright.firefox.executable_path).is_file():
        yield {}
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield {"channel": "moz-firefox", "executable_path": found}


def launch(playwright: Playwright) -> Browser | None:
    """A headless Firefox that opens pages, or nothing where there is none."""
    for way in ways(playwright):
        try:
            browser = playwright.firefox.launch(**way)
            browser.new_context(offline=True).close()
        except Error as error:  # too old or too new a Firefox for this Playwright
            print(f"{way or 'the Firefox of Playwright'}: {error.message}", file=sys.stderr)
            continue
        return browser
    return None


def install() -> None:
    """Get a Firefox where none can be used."""
    attempts = [[sys.executable, "-m", "playwright", "install", "firefox"]]
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        attempts += [["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "firefox-esr"]]
    for command in attempts:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            if browser:
                browser.close()
                return
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)


if __name__ == "__main__":
    install()
