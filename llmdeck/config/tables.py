"""The tables of `deck/deck.toml`, and the paths, formats and languages that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = "deck"
SETTINGS = "deck.toml"


@dataclass(frozen=True, kw_only=True)
class Deck:
    """The table `[deck]`: what the whole deck is."""

    title: str
    """What the deck is called, in the browser's tab and in the files' metadata."""
    author: str = ""
    """Whose deck it is, in the files' metadata."""
    lang: str = ""
    """The language of the slides, for `<html lang>` and screen readers; the locale's (`de-AT` of
    `de_AT`) where it is left out, English where that is, too."""
    locale: str = ""
    """How numbers are written (`it_IT`); the language's own way where it is left out."""
    theme: str = "default"
    """A theme of `deck/theme/*.css` by its `@theme` name, or one of Marp's own."""
    size: str = "16:9"
    """The format of a slide, by the name that the theme has for it: `16:9`, `4:3`."""
    paginate: bool = True
    """Whether slides show their numbers."""
    math: str = "katex"
    """`katex` or `mathjax`."""
    demos: str = "demos"
    """The demos' package: a folder beside `deck/`."""
    output: str = "build"
    """Where the deck is built: a folder beside `deck/`."""

    @property
    def number_locale(self) -> str:
        """The locale that numbers are written in: `locale`, or the language where it's left out."""
        return self.locale or self.lang

    @property
    def language(self) -> str:
        """The language alone, without country: `it` of `it-IT`."""
        return self.lang.replace("_", "-").split("-")[0]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The table `[limits]`, and `[demos.NAME]` for one demo."""

    time_s: float = 60.0
    """How long one demo may take, all its variants together."""
    memory_gib: float = 4.0
    """How much address space one demo may have, where the system can limit it (Linux)."""
    output_mb: float = 1.0
    """How much one variant may print, in 10^6 bytes."""
    facts_mb: float = 10.0
    """How large the facts of one variant may be as JSON, all points of a grid together."""
    figure_mb: float = 2.0
    """How large a figure may be as SVG."""
    page_mb: float = 50.0
    """How large the deck may be as one HTML file; of the whole deck, so in `[limits]` alone."""
    tolerance: float = 1e-9
    """How far a float may move, relative to itself, before it is drift.

    Another machine's mathematical functions differ in the last of 16 digits, which this leaves room
    for. A demo whose numbers go through BLAS (NumPy's matrix products, whose sums depend on threads
    and processor) or through float32 says its own in `[demos.NAME]`."""
    tolerance_abs: float = 0.0
    """How far any float may move before it is drift, in its own unit.

    For facts that a demo rounds, one step of the rounding; for differences that are nearly zero,
    how near."""
    needs: list[str] = field(default_factory=list)
    """What a worker of a cluster must have to run it, by the names of Dask's resources (`gpu`)."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """The table `[words]`: what the toolkit itself writes, in the deck's language."""

    verified: str = "verified"
    corrected: str = "corrected"
    cited: str = "cited"
    source: str = "source"
    """The mark beside a number that `cited(…)` shows."""
    not_updated: str = "not updated"
    slide: str = "slide"
    """What stands before a slide's number in the register."""
    right: str = "right"
    wrong: str = "wrong"
    not_a_number: str = "that is no number"
    """What `llmdeck quiz` says of a guess."""
    power_of_ten: str = "times 10 to the power of"
    """What a screen reader says between 6,67 and −11, which a slide shows as a power of ten."""
    true: str = "yes"
    false: str = "no"
    lost: str = "the server has stopped: waiting for it"
    """What a served page says meanwhile."""
    working: str = "computing"
    """What a served page says while demos run, before their names and the seconds."""
    crowded: str = "too many pages are open: this one asks every few seconds"
    """What a page says that the server has no room to tell of saves."""
    free: str = "any text"
    """The name of the field for a text that is none of a list, where the deck is served."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """A table `[controls.NAME]`: what a parameter is called on a slide's control."""

    label: str = ""
    """The parameter in the deck's language; its own name where it is left out."""
    unit: str = ""
    """What stands behind its values: `token`."""
    values: dict = field(default_factory=dict)  # type: ignore[type-arg]  # read as it is written
    """What single values are called, by the value as text."""


@dataclass(frozen=True, kw_only=True)
class Lint:
    """The table `[lint]`: what `llmdeck lint` is told about this deck."""

    names: list[str] = field(default_factory=list)
    """Text in which digits are part of a name; `#` is any digit (`Llama #`, `in 20##`)."""
    smallest_text_px: float = 18.0
    """The smallest text that a slide may show, in slide pixels."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """A project: where it is and what its `deck.toml` says."""

    root: Path
    """The folder that holds `deck/` and the demos' package, absolute."""
    deck: Deck
    limits: Limits = field(default_factory=Limits)
    words: Words = field(default_factory=Words)
    lint: Lint = field(default_factory=Lint)
    demos: Mapping[str, Limits] = field(default_factory=dict)
    """Limits of single demos; what one leaves out is as `[limits]` says."""
    controls: Mapping[str, Control] = field(default_factory=dict)
    """What parameters are called on controls, by their name."""
    units: Mapping[str, str] = field(default_factory=dict)
    """The table `[units]`: what facts' names may end in beside the units that are known, and how it
    is written: `ct = "¢"`. An empty text says that it is no unit: `k = ""`."""

    @property
    def folder(self) -> Path:
        """The folder of the deck's sources."""
        return self.root / FOLDER

    @property
    def settings(self) -> Path:
        """The file that this was read from."""
        return self.folder / SETTINGS

    @property
    def ledger(self) -> Path:
        """The file of the claims; there may be none."""
        return self.folder / "claims.toml"

    @property
    def slides(self) -> Path:
        """The folder of the slides' templates."""
        return self.folder / "slides"

    @property
    def themes(self) -> Path:
        """The folder of the deck's own style sheets."""
        return self.folder / "theme"

    @property
    def results(self) -> Path:
        """The folder of the stored results."""
        return self.folder / "results"

    @property
    def output(self) -> Path:
        """The folder that the deck is built in."""
        return self.root / self.deck.output

    @property
    def demos_folder(self) -> Path:
        """The demos' package."""
        return self.root / self.deck.demos

    def limits_of(self, demo: str) -> Limits:
        """Return the limits of one demo, by name."""
        return self.demos.get(demo, self.limits)

    def relative(self, path: Path) -> str:
        """Return `path` as it is stored and printed: POSIX, relative to the root if below it."""
        below = path.is_relative_to(self.root)
        return (path.relative_to(self.root) if below else path).as_posix()
