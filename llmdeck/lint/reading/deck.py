"""A deck as the lints read it: its own prose, with place and slide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import Environment

from llmdeck.config import Config, TomlFile
from llmdeck.errors import TemplateError, raise_all
from llmdeck.lint.reading import source
from llmdeck.lint.reading.outline import Outline
from llmdeck.lint.reading.prose import Piece, prose
from llmdeck.model import Claim, Finding, Place
from llmdeck.render.deck import Rendered
from llmdeck.resolve import Project


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A piece of the deck's own prose, on one line."""

    text: str
    place: Place
    slide: int
    """The slide's number; 0 where it is on none."""
    kind: str
    """`text`, `formula` or `alt` on a slide; `notes`, `cited`; `says` or `often` of the ledger."""
    lang: str = ""
    """Its language, where it says that it is in another than the deck."""
    claim: Claim | None = None
    """The claim, where it is the ledger's."""

    def finding(self, lint: str, message: str, hint: str) -> Finding:
        """Return something that a lint found in it."""
        return Finding(lint=lint, message=message, place=self.place, slide=self.slide, hint=hint)


@dataclass(frozen=True, kw_only=True)
class ReadDeck:
    """What the lints look at."""

    config: Config
    passages: tuple[Passage, ...]
    """All prose that the author wrote, in the order of the files."""
    outline: Outline


def read_deck(config: Config) -> ReadDeck:
    """Read templates and ledger, with the results that are stored; run and write nothing.

    Raises:
        TemplateError: where a template can't be rendered: there is nothing to look at then.
    """
    project = Project.read(config)
    rendered = project.render()
    raise_all([error for error in rendered.errors if isinstance(error, TemplateError)])
    env = project.renderer.api.env
    texts = _templates(config)
    sources = {file: source.read(env, text) for file, text in texts.items()}
    slides = {file: read.slides for file, read in sources.items()}
    folder = Place(file=config.relative(config.slides))
    outline = Outline(rendered, slides, texts, folder)
    passages: list[Passage] = []
    for file, read in sources.items():
        passages += _of_template(file, read, outline)
    passages += _of_ledger(config, env, project.claims, _claim_slides(rendered))
    return ReadDeck(config=config, passages=tuple(passages), outline=outline)


def _templates(config: Config) -> dict[str, str]:
    """The texts of all templates of the deck, by file."""
    paths = [path for path in config.folder.rglob("*.j2") if not path.name.startswith(".")]
    return {config.relative(path): path.read_text(encoding="utf-8") for path in sorted(paths)}


def _claim_slides(rendered: Rendered) -> dict[str, int]:
    """The first slide that says each claim, known also where its demo has no result yet."""
    said = [(use.claim, use.slide) for use in rendered.uses if use.claim and use.slide]
    found: dict[str, int] = {}
    for claim, slide in (*said, *rendered.claim_slides):
        found[claim] = min(slide, found.get(claim, slide))
    return found


def _of_template(file: str, read: source.Source, outline: Outline) -> Iterator[Passage]:
    for piece in _pieces(read):
        place = Place(file=file, line=piece.line)
        slide = outline.slide_of(place)
        yield Passage(text=piece.text, place=place, slide=slide, kind=piece.kind, lang=piece.lang)


def _pieces(read: source.Source) -> Iterator[Piece]:
    """The prose of a template: its slides, its notes, what its expressions show as it is."""
    yield from prose(read.slides)
    for line, text in enumerate(read.notes.split("\n"), 1):
        if text.strip():
            yield Piece(text, line, "notes")
    for constant in read.constants:
        yield Piece(constant.text, constant.line, constant.inside or "text")


def _of_ledger(
    config: Config, env: Environment, claims: Mapping[str, Claim], slides: Mapping[str, int]
) -> Iterator[Passage]:
    """The ledger's sentences; `slides` are the first that say each claim."""
    if not claims:
        return
    toml = TomlFile.read(config.ledger, config.relative(config.ledger))
    lines = toml.text.splitlines()
    for claim in claims.values():
        for piece in _of_claim(claim, env, toml, lines):
            yield Passage(
                text=piece.text,
                place=Place(file=toml.file, line=piece.line),
                slide=slides.get(claim.id, 0),
                kind=piece.kind,
                lang=piece.lang,
                claim=claim,
            )


def _of_claim(claim: Claim, env: Environment, toml: TomlFile, lines: list[str]) -> Iterator[Piece]:
    """The sentence of a claim and what is often said, each line where the ledger has it."""
    read = source.read(env, claim.says)
    before = _first_line(toml, lines, claim.id, "says") - 1
    for piece in prose(read.slides):
        kind = "says" if piece.kind == "text" else piece.kind
        yield Piece(piece.text, before + piece.line, kind, piece.lang)
    for constant in read.constants:
        yield Piece(constant.text, before + constant.line, constant.inside or "says")
    if claim.often:
        yield Piece(claim.often, _first_line(toml, lines, claim.id, "often"), "often")


def _first_line(toml: TomlFile, lines: list[str], claim: str, key: str) -> int:
    """The line on which the text of a key begins: the key's, or the next one after its quotes."""
    line = toml.place(claim, key).line
    _, _, value = lines[line - 1].partition("=")
    return line + (value.strip() in ('"""', "'''"))
