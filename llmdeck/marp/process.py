"""Marp in a subprocess, and every case in which it fails silently turned into an error.

marp-cli 4.5.1 ends with 0 on a missing picture, an unknown theme, a browser path that is none and
an option that it doesn't know, and waits for ever on an open stdin. So the driver looks at what
came out: each output must be new, have the right number of slides, the theme and the language that
were asked for; and Marp must not have warned. Options are checked by `worker.mjs`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from llmdeck.errors import MarpError
from llmdeck.marp import browser
from llmdeck.marp.install import HERE, find_node, install
from llmdeck.run.process import end_group

LIMIT_S = 120.0
SLIDE = re.compile(r"<svg data-marpit-svg[ =>]")
SECTION = re.compile(r'<section id="1"[^>]*>')
ATTEMPTS = 2
"""A browser sometimes fails to start; it is tried once more."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a conversion must give."""

    slides: int
    theme: str
    lang: str


class Marp:
    """One Marp process, started early: it loads while the templates are rendered. Use it as a context manager."""

    def __init__(self, *, notes: bool = True, limit_s: float = LIMIT_S) -> None:
        """Start the process (installing marp-cli first where it is missing)."""
        self.limit_s = limit_s
        node = find_node()
        folder = install(node)
        self.folder = folder
        self._messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed in `close`
        self._process = subprocess.Popen(
            [node.node, HERE / "worker.mjs", folder],
            env=os.environ | {"LLMDECK_NOTES": "yes" if notes else "no", "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._messages,
            start_new_session=True,
        )

    def __enter__(self) -> Marp:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and everything that it started."""
        end_group(self._process)
        if self._process.stdin:
            self._process.stdin.close()
        self._messages.close()

    def run(self, arguments: Sequence[str]) -> None:
        """Give the process its arguments, close its stdin, and wait for it.

        Raises:
            MarpError: where it fails, takes too long, warns, or does not know an option.
        """
        request = request_line(arguments)
        try:
            self._process.communicate(request.encode(), timeout=self.limit_s)
        except subprocess.TimeoutExpired:
            said = "\n".join(self._said().splitlines()[:24])
            raise MarpError(f"Marp took longer than {self.limit_s:g} s", printed=said) from None
        except BrokenPipeError:
            self._process.wait()
        judge(self._process.returncode, self._said())

    def _said(self) -> str:
        self._messages.seek(0)
        return self._messages.read().decode("utf-8", "replace")


class Converter(Protocol):
    """A Marp process: one that is started for a single conversion, or one that is kept (`marp.kept`)."""

    def __enter__(self) -> Converter:
        """Begin a conversion."""

    def __exit__(self, *_error: object) -> None:
        """End it."""

    def run(self, arguments: Sequence[str]) -> None:
        """Convert; raise MarpError where that fails, takes too long, warns, or an option is not known."""


def request_line(arguments: Sequence[str]) -> str:
    """What a Marp process is told: one line of JSON."""
    return json.dumps(
        {"args": ["--no-stdin", "--config-file", str(HERE / "marp.config.mjs"), *arguments]}
    )


def judge(code: int, said: str) -> None:
    """See from its exit code and from what it printed whether Marp did what it was told.

    Raises:
        MarpError: where it failed or warned.
    """
    shown = "\n".join(said.splitlines()[:24])
    if code:
        raise MarpError(f"Marp failed (exit code {code})", printed=shown)
    warned = [line for line in said.splitlines() if re.search(r"\[\s*(WARN|ERROR)\s*\]", line)]
    if any("Insecure local file accessing" not in line for line in warned):
        raise MarpError("Marp warns", printed=shown)


def convert(
    source: Path,
    target: Path,
    expected: Expected,
    *,
    themes: Sequence[Path],
    extra: Sequence[str] = (),
    marp: Converter | None = None,
    notes: bool = True,
) -> None:
    """Convert `source` to `target` (HTML, PDF or PPTX by its suffix) and verify what came out.

    `marp` is a process that was started early; without one, a new process is started, and for PDF
    and PPTX once more where the browser fails.

    Raises:
        MarpError: see the module; nothing is left at `target` then.
        MissingToolError: where PDF or PPTX is wanted and there is no browser.
    """
    target.unlink(missing_ok=True)
    arguments = [
        str(source),
        "-o",
        str(target),
        *(item for theme in themes for item in ("--theme-set", str(theme))),
    ]
    needs_browser = target.suffix != ".html"
    if needs_browser:
        arguments += ["--allow-local-files", "--browser-path", str(browser.find_browser())]
    attempts = ATTEMPTS if needs_browser else 1
    for attempt in range(1, attempts + 1):
        try:
            with marp or Marp(notes=notes) as process:
                process.run([*arguments, *extra])
            verify(target, expected)
        except MarpError:
            target.unlink(missing_ok=True)
            if attempt == attempts:
                raise
        else:
            return


def verify(target: Path, expected: Expected) -> None:
    """See that an output is there and is what was asked for.

    Raises:
        MarpError: no file, another number of slides, another theme or language.
    """
    if not target.is_file() or not target.stat().st_size:
        raise MarpError(f"Marp ended well but wrote no {target.name}")
    if target.suffix == ".html":
        html = target.read_text(encoding="utf-8")
        verify_html(html, expected)
        count = len(SLIDE.findall(html))
    elif target.suffix == ".pdf":
        from pypdf import PdfReader

        count = len(PdfReader(target).pages)
    else:
        import zipfile

        with zipfile.ZipFile(target) as parts:
            count = sum(
                bool(re.fullmatch(r"ppt/slides/slide\d+\.xml", name)) for name in parts.namelist()
            )
    if count != expected.slides:
        raise MarpError(
            f"{target.name} has {count} slides, the templates make {expected.slides}",
            hint="is a code fence or an HTML comment left open at the end of a template, or headingDivider set?",
        )


def verify_html(html: str, expected: Expected) -> None:
    """See that the theme and the language are those that were asked for."""
    first = SECTION.search(html)
    tag = first[0] if first else ""
    if f'data-theme="{expected.theme}"' not in tag:
        raise MarpError(
            f"Marp does not know the theme `{expected.theme}`",
            hint="deck/theme/*.css declares it: /* @theme NAME */",
        )
    if f'lang="{expected.lang}"' not in tag:
        raise MarpError(f"the page is not in the language `{expected.lang}`")
