"""One conversion by Marp, and every case in which it fails silently turned into an error.

marp-cli 4.5.1 ends with 0 on a missing picture, an unknown theme and a browser path that is none.
So what came out is looked at: each output must be new and have the right number of slides, HTML
the theme and the language that were asked for as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmdeck.errors import MarpError
from llmdeck.marp import browser
from llmdeck.marp.process import Marp
from llmdeck.output import formats

SECTION = re.compile(r'<section id="1"[^>]*>')
BROWSER_ATTEMPTS = 2
"""A browser sometimes fails to start; it is tried once more."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a conversion must give."""

    slides: int
    theme: str
    lang: str


def convert(
    source: Path,
    target: Path,
    expected: Expected,
    *,
    themes: Sequence[Path],
    marp: Marp,
    extra: Sequence[str] = (),
) -> None:
    """Convert the Markdown `source` to `target`, whose suffix says the format, and verify it.

    `themes` are CSS files that Marp may use, `extra` more arguments for it. A conversion that
    needs a browser is tried a second time where it fails.

    Raises:
        MarpError: see the module; nothing is left at `target` then.
        MissingToolError: where the format needs a browser and there is none.
    """
    target.unlink(missing_ok=True)
    made = formats.FORMATS[target.suffix.removeprefix(".")]
    arguments = [str(source), "-o", str(target)]
    for theme in themes:
        arguments += ["--theme-set", str(theme)]
    if made.needs_browser:
        arguments += ["--allow-local-files", "--browser-path", str(browser.find_browser())]
    arguments += [*made.marp_arguments(notes=marp.notes), *extra]
    attempts = BROWSER_ATTEMPTS if made.needs_browser else 1
    for attempt in range(1, attempts + 1):
        try:
            marp.run(arguments)
            verify(target, expected)
            return
        except MarpError:
            target.unlink(missing_ok=True)
            if attempt == attempts:
                raise


def verify(target: Path, expected: Expected) -> None:
    """See that an output is there and is what was asked for.

    Raises:
        MarpError: no file, another number of slides, another theme or language.
    """
    if not target.is_file() or not target.stat().st_size:
        raise MarpError(f"Marp ended well but wrote no {target.name}")
    made = formats.FORMATS[target.suffix.removeprefix(".")]
    if made is formats.HTML:
        verify_html(target.read_text(encoding="utf-8"), expected)
    count = made.count_slides(target)
    if count != expected.slides:
        raise MarpError(
            f"{target.name} has {count} slides, the templates make {expected.slides}",
            hint="is a code fence or an HTML comment left open at the end of a template, "
            "or headingDivider set?",
        )


def verify_html(html: str, expected: Expected) -> None:
    """See that theme and language are those that were asked for.

    Raises:
        MarpError: where one is another.
    """
    first = SECTION.search(html)
    tag = first[0] if first else ""
    if f'data-theme="{expected.theme}"' not in tag:
        raise MarpError(
            f"Marp does not know the theme `{expected.theme}`",
            hint="deck/theme/*.css declares it: /* @theme NAME */",
        )
    if f'lang="{expected.lang}"' not in tag:
        raise MarpError(f"the page is not in the language `{expected.lang}`")
