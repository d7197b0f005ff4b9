"""Where the addresses in a page lead: to files of the deck and of the installed packages.

Marp writes relative addresses. They are looked for in the output folder (`figures/`), in the
installed npm packages (`twemoji/`, `katex/`), in `deck/` and in `deck/theme/`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from llmdeck.model import Place, Slide

PACKAGES = {"twemoji/": "@discordapp/twemoji/dist", "katex/": "katex/dist/fonts"}
"""How addresses begin that lead into npm packages, and to which folder."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where a page's relative addresses lead."""

    folder: Path
    """The deck's folder; an address must stay below it."""
    themes: Path
    """The themes' folder: addresses in a theme's CSS are relative to it."""
    packages: Path
    """The folder of the installed npm packages."""
    figures: Mapping[str, str]
    """The figures by address, as SVG."""
    slides: Sequence[Slide]
    """The slides, to say where an address stands."""
    formulas: Mapping[str, Place] = field(default_factory=dict)
    """Where formulas with values in them were written (see `Rendered.formulas`)."""

    def find(self, path: str) -> Path | None:
        """Return the file that a relative path means, or None where there is no such file."""
        for base, rest in self._candidates(path):
            file = (base / rest).resolve()
            if file.is_relative_to(base.resolve()) and file.is_file():
                return file
        return None

    def _candidates(self, path: str) -> list[tuple[Path, str]]:
        for beginning, folder in PACKAGES.items():
            if path.startswith(beginning):
                return [(self.packages / folder, path.removeprefix(beginning))]
        return [(self.folder, path), (self.themes, path)]

    def place(self, address: str, number: int) -> Place:
        """Return the line that names an address, as near as it can be said.

        That is a line of the template of slide `number` (of any template for 0), or of a theme.
        """
        templates = [slide.file for slide in self.slides if number in (0, slide.number)]
        for file in dict.fromkeys((*templates, *self._themes())):
            text = (self.folder.parent / file).read_text(encoding="utf-8")
            for line, content in enumerate(text.splitlines(), 1):
                if address in content:
                    return Place(file=file, line=line)
        return self.template(number)

    def template(self, number: int) -> Place:
        """Return the template of slide `number`, without a line; the deck's folder for 0."""
        templates = [slide.file for slide in self.slides if slide.number == number]
        return Place(file=templates[0] if templates else self.folder.name)

    def _themes(self) -> Iterator[str]:
        """Yield the themes' files, relative to the folder that holds `deck/`."""
        for css in sorted(self.themes.glob("*.css")):
            yield css.relative_to(self.folder.parent).as_posix()


def path_in(address: str) -> str:
    """Return the path in an address, without its query, fragment and escapes.

    >>> path_in("foto%20grande.svg?v=2#a")
    'foto grande.svg'
    """
    return unquote(urlsplit(address).path)
