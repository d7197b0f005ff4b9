"""One page: the slides that one template makes, and what they were made from.

While a template is rendered, `Notes` collects what it uses; `finished` makes a frozen `Page` of it.
A page depends on its inputs alone, so that one whose inputs did not change is used again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from llmdeck.errors import DeckError, TemplateError
from llmdeck.model import Place, Use, Variant
from llmdeck.render import markdown, marks, values
from llmdeck.render.blocks import Blocks, blocks
from llmdeck.render.faults import Source, faults
from llmdeck.render.marks import Mark, Marks

IN_CODE = "write {{ value | code }}, or output(…), which escape for the code face"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Controls for a variant, as a page has them: `number` counts them on their page, from 1."""

    variant: Variant
    place: Place
    number: int


@dataclass(kw_only=True)
class Notes:
    """What a template has used so far."""

    marks: Marks = field(default_factory=Marks)
    uses: list[Use] = field(default_factory=list)
    """Every use, in the order in which it was met; on which slide is not known yet."""
    figures: dict[str, Variant] = field(default_factory=dict)
    """The figures that are shown, by the path that the Markdown names."""
    controls: list[Placed] = field(default_factory=list)
    printed: dict[Variant, set[int]] = field(default_factory=dict)
    """Which lines of what a variant prints are shown."""
    styles: list[str] = field(default_factory=list)
    """What parts of slides need beside the theme."""
    pending: set[Variant] = field(default_factory=set)
    """Variants without a result, or without the figure that is shown."""
    wants_figure: set[Variant] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    """The files that were read: templates, sources of demos."""
    on_read: Callable[[str], object] | None = None
    """Called with a file's name before the file is read."""
    claims: set[str] = field(default_factory=set)
    """The claims that were looked at, by id."""
    whole_ledger: bool = False
    """Whether all claims, and their order, were looked at."""

    def mark_line(self, place: Place) -> str:
        """Return the mark for what a template line wrote."""
        return self.marks.add(Mark(n_uses=len(self.uses), place=place))

    def mark_claim(self, key: str) -> str:
        """Return the mark for a claim that is said."""
        return self.marks.add(Mark(n_uses=len(self.uses), claim=key))

    def mark_row(self, key: str, *, computed: bool) -> str:
        """Return the mark for a claim's row; if `computed`, the last use is the row's."""
        return self.marks.add(Mark(n_uses=len(self.uses) if computed else 0, row=key))

    def note_file(self, name: str) -> None:
        """Note a file, relative to the project's root, that is about to be read."""
        self.files.add(name)
        if self.on_read:
            self.on_read(name)

    def need_style(self, style: str) -> None:
        """Note a style sheet, once."""
        if style not in self.styles:
            self.styles.append(style)

    def lines_printed(self) -> dict[Variant, frozenset[int]]:
        """Return which lines of what each variant prints are shown."""
        return {variant: frozenset(lines) for variant, lines in self.printed.items()}


@dataclass(frozen=True, kw_only=True)
class Page:
    """The slides of one template. Slides are counted within it, from 1."""

    file: str
    """The template, relative to the project's root."""
    text: str
    """Markdown without marks; its links are not finished yet (see `marks.finish`)."""
    titles: tuple[str, ...]
    """The title of each slide, its first heading, or nothing."""
    ends: tuple[int, ...]
    """The lines of the rulers between slides, counted from 0."""
    uses: tuple[Use, ...]
    lines: Mapping[Place, tuple[int, ...]]
    """The template lines with an expression, and the slides that each made: in a loop, several."""
    claims: tuple[tuple[str, int], ...]
    """Which claim is said on which slide."""
    rows: Mapping[str, int]
    """On which slide a claim's row of the register is."""
    figures: Mapping[str, Variant]
    controls: tuple[Placed, ...]
    printed: Mapping[Variant, frozenset[int]]
    styles: tuple[str, ...]
    pending: frozenset[Variant] = frozenset()
    wants_figure: frozenset[Variant] = frozenset()
    formulas: Mapping[str, Place] = field(default_factory=dict)
    """The formulas with a value in them, as Marp gets them, and the line that wrote it."""
    errors: tuple[DeckError, ...] = ()

    @property
    def n_slides(self) -> int:
        """How many slides it makes."""
        return len(self.titles)


def finished(
    file: str,
    text: str,
    notes: Notes,
    errors: Sequence[DeckError] = (),
    *,
    source: str | None = None,
) -> Page:
    """Return the page that a template's text and notes make.

    Its slides are looked at where the template's `source` is given (see `faults`).
    """
    text, formulas = values.settle(text)
    text = markdown.without_empty_emphasis(text)
    plain, found = _read_slides(text)
    reader = _Reader(text, found.rulers, notes)
    written = None
    if source is not None:
        written = Source(file, source, marks.strip(plain), reader.first_places())
    return Page(
        file=file,
        text=plain,
        titles=found.titles,
        ends=found.rulers,
        uses=reader.uses_on_slides(),
        lines=reader.slides_by_place(),
        claims=tuple(reader.slides_by_claim()),
        rows=dict(reader.slides_by_row()),
        figures=dict(notes.figures),
        controls=tuple(notes.controls),
        printed=notes.lines_printed(),
        styles=tuple(notes.styles),
        pending=frozenset(notes.pending),
        wants_figure=frozenset(notes.wants_figure),
        formulas=reader.places_of(formulas),
        errors=(*errors, *_mistakes(found, reader, written)),
    )


def _read_slides(text: str) -> tuple[str, Blocks]:
    """Return a text without its marks, so that a ruler may follow, and what slides it has."""
    plain = markdown.plain_attributes(marks.strip_marks(text))
    found = blocks(marks.strip(plain))
    if not (plain.endswith("\n") or found.ends_with_html):
        plain += "\n"
    return plain, found


def _mistakes(found: Blocks, reader: _Reader, written: Source | None) -> Iterator[TemplateError]:
    """Give what is wrong with a page; with its slides only where it is known how it was written."""
    yield from map(_in_code, reader.places_on(found.codes))
    if written:
        yield from faults(found, written)


def _in_code(place: Place) -> TemplateError:
    return TemplateError("a value in backticks or a fence", place=place, hint=IN_CODE)


class _Reader:
    """Reads the marks in a page's text: which slide each is on, and so each use."""

    def __init__(self, text: str, ends: Sequence[int], notes: Notes) -> None:
        self.uses, self.marks = notes.uses, notes.marks
        self.found: list[tuple[int, int, Mark]] = []
        """Line of the text, slide, and mark, in their order."""
        self.by_place: dict[Place, list[tuple[int, int]]] = {}
        """For each place the number of uses met before each of its marks, and the mark's slide."""
        self.rows: dict[int, int] = {}
        """The slides of the uses that are rows of the register, by the use's number."""
        for number, line in enumerate(text.split("\n")):
            slide = bisect_right(ends, number) + 1
            for mark in notes.marks.found_in(line):
                self._read(number, slide, mark)
        self.by_file = self._places_by_file()

    def _read(self, line: int, slide: int, mark: Mark) -> None:
        self.found.append((line, slide, mark))
        if mark.place:
            self.by_place.setdefault(mark.place, []).append((mark.n_uses, slide))
        if mark.row:
            self.rows[mark.n_uses - 1] = slide

    def _places_by_file(self) -> dict[str, list[tuple[int, int]]]:
        """Return for each file its lines, and the slide that each made first, in order."""
        firsts = sorted(
            (place.file, place.line, made[0][1]) for place, made in self.by_place.items()
        )
        grouped = groupby(firsts, key=lambda first: first[0])
        return {file: [(line, slide) for _, line, slide in lines] for file, lines in grouped}

    def places_on(self, lines: Iterable[int]) -> list[Place]:
        """Return the places of the marks on some lines of the text."""
        wanted = set(lines)
        return [mark.place for line, _, mark in self.found if line in wanted and mark.place]

    def places_of(self, formulas: Iterable[tuple[str, int]]) -> dict[str, Place]:
        """Return the template line that wrote a value in each formula, by the value's mark."""
        found: dict[str, Place] = {}
        for formula, mark in formulas:
            place = self.marks.made[mark].place
            if place:
                found[formula.strip()] = place
        return found

    def first_places(self) -> dict[int, Place]:
        """Return the place of the first mark on each line of the text that has one."""
        found: dict[int, Place] = {}
        for line, _, mark in self.found:
            if mark.place:
                found.setdefault(line, mark.place)
        return found

    def slides_by_place(self) -> dict[Place, tuple[int, ...]]:
        """Return for each template line the slides that it made."""
        return {
            place: tuple(sorted({slide for _, slide in made}))
            for place, made in self.by_place.items()
        }

    def slides_by_claim(self) -> Iterator[tuple[str, int]]:
        """Give which claim is said on which slide."""
        for _, slide, mark in self.found:
            if mark.claim:
                yield mark.claim, slide

    def slides_by_row(self) -> Iterator[tuple[str, int]]:
        """Give on which slide a claim's row of the register is."""
        for _, slide, mark in self.found:
            if mark.row:
                yield mark.row, slide

    def uses_on_slides(self) -> tuple[Use, ...]:
        """Return every use with the slide that it is on."""
        numbered = enumerate(self.uses)
        return tuple(replace(use, slide=self._slide_of(number)) for number, use in numbered)

    def _slide_of(self, number: int) -> int:
        """Return the slide of a use: where its line, or else a later one, was written next."""
        if number in self.rows:
            return self.rows[number]
        place = self.uses[number].place
        here = self.by_place.get(place, [])
        after = [mark for mark in here if mark[0] > number]
        if here:
            return min(after)[1] if after else max(here)[1]
        lines = self.by_file.get(place.file, [])
        later = [slide for line, slide in lines if line >= place.line]
        return later[0] if later else lines[-1][1] if lines else 0
