"""A deck as the lints read it: its own prose, with place and slide, and where each slide is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import Environment

from llmdeck import ledger
from llmdeck.config import Config
from llmdeck.errors import TemplateError, raise_all
from llmdeck.lint import source
from llmdeck.lint.prose import prose
from llmdeck.model import Claim, Place, Slide
from llmdeck.render.deck import Rendered
from llmdeck.render.page import split
from llmdeck.resolve import Project

TELLING = 4
"""A shorter text (a page's number) stands in a slide's lines by chance."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A piece of the deck's own prose, on one line."""

    text: str
    place: Place
    slide: int
    kind: str
    """`text`, `formula` or `alt` on a slide; `notes`, `cited`; `says` or `often` of the ledger."""
    lang: str = ""
    """Its language, where it says that it is in another than the deck."""
    claim: Claim | None = None
    """The claim, where it is the ledger's."""


@dataclass(frozen=True, kw_only=True)
class ReadDeck:
    """What the lints look at."""

    config: Config
    slides: tuple[Slide, ...]
    said: tuple[Said, ...]
    """All prose that the author wrote, in the order of the files."""
    outline: Outline


def read_deck(config: Config) -> ReadDeck:
    """Read templates and ledger, with the results that the store has; nothing runs and nothing is written.

    Raises:
        TemplateError: where a template can't be rendered: there is nothing to look at then.
    """
    project = Project.read(config)
    rendered, env = project.render(), project.renderer.api.env
    raise_all([error for error in rendered.errors if isinstance(error, TemplateError)])
    paths = [path for path in sorted(config.folder.rglob("*.j2")) if not path.name.startswith(".")]
    texts = {config.relative(path): path.read_text(encoding="utf-8") for path in paths}
    sources = {file: source.read(env, text) for file, text in texts.items()}
    outline = Outline(rendered, {file: read.slides for file, read in sources.items()}, texts)
    said = [item for file, read in sources.items() for item in _of_template(file, read, outline)]
    said += _of_ledger(config, env, project.claims, _claim_slides(rendered))
    return ReadDeck(config=config, slides=rendered.slides, said=tuple(said), outline=outline)


def _claim_slides(rendered: Rendered) -> dict[str, int]:
    """The first slide that says each claim, known also where its demo has no result yet."""
    used = [(use.claim, use.slide) for use in rendered.uses if use.claim and use.slide]
    return dict(sorted([*used, *rendered.claim_slides], key=lambda pair: pair[1], reverse=True))


def _of_template(file: str, read: source.Source, outline: Outline) -> Iterator[Said]:
    def said(text: str, line: int, kind: str, lang: str = "") -> Said:
        place = Place(file=file, line=line)
        return Said(text=text, place=place, slide=outline.slide_of(place), kind=kind, lang=lang)

    for piece in prose(read.slides):
        yield said(piece.text, piece.line, piece.kind, piece.lang)
    for line, text in enumerate(read.notes.split("\n"), 1):
        if text.strip():
            yield said(text, line, "notes")
    for constant in read.constants:
        yield said(constant.text, constant.line, constant.inside or "text")


def _of_ledger(
    config: Config, env: Environment, claims: Mapping[str, Claim], slides: Mapping[str, int]
) -> list[Said]:
    """The ledger's sentences; a claim's slide is the first that says it."""
    if not claims:
        return []
    found: list[Said] = []
    lines = (config.folder / ledger.FILE).read_text(encoding="utf-8-sig").splitlines()
    for claim in claims.values():

        def said(text: str, line: int, kind: str, lang: str = "", claim: Claim = claim) -> Said:
            place = Place(file=claim.place.file, line=line)
            return Said(
                text=text,
                place=place,
                slide=slides.get(claim.id, 0),
                kind=kind,
                lang=lang,
                claim=claim,
            )

        first = _line(lines, claim.place.line, "says", claim.says)
        read = source.read(env, claim.says)
        for piece in prose(read.slides):
            kind = "says" if piece.kind == "text" else piece.kind
            found.append(said(piece.text, first + piece.line - 1, kind, piece.lang))
        found += [said(c.text, first + c.line - 1, c.inside or "says") for c in read.constants]
        if claim.often:
            found.append(
                said(claim.often, _line(lines, claim.place.line, "often", claim.often), "often")
            )
    return found


def _line(lines: list[str], after: int, key: str, text: str) -> int:
    """The line, counted from 1, on which the text of a key begins, `after` the line of its table."""
    at = next(
        (n for n in range(after, len(lines)) if lines[n].split("=")[0].strip(' "') == key), after
    )
    alone = lines[at].rstrip().endswith(('"""', "'''")) and text.split("\n")[0] not in lines[at]
    return at + 1 + alone


class Outline:
    """Which lines of the templates make which slides.

    A line with an expression is known to have made its slides (see `marks.Marks`); other lines
    belong to the slide of the lines between the same rulers.
    """

    def __init__(
        self, rendered: Rendered, slides: Mapping[str, str], texts: Mapping[str, str]
    ) -> None:
        """Read the rulers of each template's Markdown, `slides`; `texts` are the templates as they are written."""
        self.rendered, self.texts = (
            rendered,
            {file: text.split("\n") for file, text in texts.items()},
        )
        self.parts = {
            file: [0, *(ruler + 1 for ruler in split(text)[0])] for file, text in slides.items()
        }
        self.first: dict[str, int] = {}
        for slide in rendered.slides:
            self.first.setdefault(slide.file, slide.number)

    def slide_of(self, place: Place) -> int:
        """The first slide that a line of a template makes; 0 where it is none's."""
        if place in self.rendered.lines:
            return self.rendered.lines[place][0]
        part = self._part(place)
        made = self._made(place.file, part)
        if made:
            return min(made)
        for before in range(part - 1, -1, -1):
            made = self._made(place.file, before)
            if made:
                return max(made) + part - before
        return self.first[place.file] + part if place.file in self.first else 0

    def place_of(self, number: int, text: str = "") -> Place:
        """Where a slide is written: the line that has `text`, else its heading, else its first line."""
        file = next((slide.file for slide in self.rendered.slides if slide.number == number), "")
        if file not in self.parts:
            return Place(file=file or "deck/slides")
        starts = [*self.parts[file], len(self.texts[file]) + 1]
        guesses = [self.slide_of(Place(file=file, line=start + 1)) for start in starts[:-1]]
        part = max((n for n, guess in enumerate(guesses) if guess <= number), default=0)
        lines = list(enumerate(self.texts[file], 1))[starts[part] : starts[part + 1] - 1]
        for wanted in (text if len(text) >= TELLING else "", "#"):
            for line, content in lines:
                if wanted and (content.startswith("#") if wanted == "#" else wanted in content):
                    return Place(file=file, line=line)
        return Place(
            file=file,
            line=next((line for line, content in lines if content.strip()), starts[part] + 1),
        )

    def _part(self, place: Place) -> int:
        return sum(start < place.line for start in self.parts.get(place.file, ())) - 1

    def _made(self, file: str, part: int) -> set[int]:
        """The slides that are known to be made by the lines of one part."""
        lines = self.rendered.lines.items()
        return {
            slide
            for place, made in lines
            if place.file == file and self._part(place) == part
            for slide in made
        }
