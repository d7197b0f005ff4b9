"""The words of the project as frozen types: demo, variant, result, claim, slide, use, drift.

Imports nothing of ours. Paths are POSIX strings relative to the project's root (the folder that
holds `deck/`), so that what is stored or printed is the same on every machine.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Facts = dict[str, Any]
"""What a demo's `run` returned: JSON, with every number as it was computed."""


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """Where something stands, as an editor and a terminal can open it."""

    file: str
    """Path relative to the project's root."""
    line: int = 0
    """Counted from 1; 0 where the whole file is meant."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Kind(StrEnum):
    """How a parameter can be set: on the command line, by a control on a slide, by a request."""

    CHOICE = "choice"
    """One of `choices` (`Literal[...]`)."""
    SLIDER = "slider"
    """An integer of `choices`, evenly spaced (`Annotated[int, range(...)]`)."""
    SWITCH = "switch"
    """True or false (`bool`)."""
    TEXT = "text"
    """Free text (`str`)."""
    NUMBER = "number"
    """Any number (`int` or `float`)."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One keyword of a demo's `run`, read from its signature."""

    name: str
    kind: Kind
    default: Any
    choices: tuple[Any, ...] = ()
    """The allowed values of a choice or a slider, in order."""
    type: str = "str"
    """The Python type's name: `str`, `int`, `float` or `bool`."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A module of the demos' package, found by its file; it is not imported here."""

    name: str
    module: str
    """The dotted name that Python imports: `demos.vram`."""
    file: str


def first_line(docstring: str | None) -> str:
    r"""Return the first line of a docstring, which says what a demo shows; nothing for none.

    >>> first_line("What a token is.\n\nMore."), first_line(None)
    ('What a token is.', '')
    """
    return next(iter((docstring or "").strip().splitlines()), "")


@dataclass(frozen=True)
class Variant:
    """A demo with one set of parameters, as written (defaults left out)."""

    demo: str
    values: str = "{}"
    """The parameters as canonical JSON: sorted keys, so that equal variants are equal strings."""
    grid: tuple[str, ...] = ()
    """The parameters that controls on a slide set, in their order: the variant then stands for all
    combinations of them (see `grid`), and a list in `values` restricts what one of them offers."""

    @classmethod
    def of(cls, demo: str, values: Mapping[str, Any], grid: Sequence[str] = ()) -> Variant:
        """Return the variant for the parameters that a template or the ledger gives.

        >>> Variant.of("vram", {"model": "gpt3-175b"})
        Variant(demo='vram', values='{"model": "gpt3-175b"}', grid=())
        """
        canonical = json.dumps(dict(values), sort_keys=True, ensure_ascii=False)
        return cls(demo, canonical, tuple(grid))

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as a new dict."""
        parsed: dict[str, Any] = json.loads(self.values)
        return parsed

    @property
    def slug(self) -> str:
        """A file name for it, without a suffix: readable, with a digest that makes it unique."""
        parts = ["live", *self.grid] if self.grid else self.parameters.values()
        words = [re.sub(r"[^A-Za-z0-9.-]+", "-", str(part)) for part in parts]
        readable = "_".join(words)[:48].strip("-_.")
        whole = " ".join([self.values, *self.grid])
        digest = hashlib.sha256(whole.encode()).hexdigest()
        return f"{readable or 'default'}-{digest[:8]}"

    @property
    def command(self) -> str:
        """The command that runs it, as it is typed in a shell.

        >>> Variant.of("tokenization", {"text": "ciao!", "n": 2}).command
        "llmdeck demo tokenization --n 2 --text 'ciao!'"
        """
        words = ["llmdeck", "demo", self.demo]
        for name, value in self.parameters.items():
            if name in self.grid:
                continue
            option = name.replace("_", "-")
            if value is True:
                words.append(f"--{option}")
            elif value is False:
                words.append(f"--no-{option}")
            else:
                words += [f"--{option}", str(value)]
        return shlex.join(words)

    def __str__(self) -> str:
        words = [self.demo]
        if self.grid:
            words.append(f"live({', '.join(self.grid)})")
        words += [f"{name}={value}" for name, value in self.parameters.items()]
        return " ".join(words)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What running one variant gave."""

    variant: Variant
    facts: Facts
    output: str
    """What `show` printed."""
    inputs: Mapping[str, str]
    """SHA-256 of each project file that it came from: modules, data files, listed folders."""
    figure: str | None = None
    """The figure as SVG, where a slide shows it; of a grid those of all points (`run.drawings`)."""
    alt: str | None = None
    """The figure in words."""
    outdated: bool = False
    """True where the demo fails now and these are its last good facts."""


class State(StrEnum):
    """What the store says of a variant."""

    FRESH = "fresh"
    """Nothing that it came from has changed."""
    STALE = "stale"
    """Something that it came from has changed: the demo runs again."""
    MISSING = "missing"
    """There is no result: the demo runs."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The store's answer for one variant."""

    state: State
    reasons: tuple[str, ...] = ()
    """Why it is not fresh, one sentence a changed part."""


class Verdict(StrEnum):
    """What is known of a claim."""

    VERIFIED = "verified"
    """Recomputed here, and it holds."""
    CORRECTED = "corrected"
    """The usual statement is wrong; the slide says the right one and what is often said."""
    CITED = "cited"
    """It can't be computed here: a source stands for it."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence on a slide with an id, a check over facts, and sources."""

    id: str
    says: str
    """The sentence, a Jinja template over the facts."""
    verdict: Verdict
    """What is known of it: each verdict needs other keys."""
    place: Place
    variant: Variant | None = None
    """The variant whose facts the sentence and the check use; none for a cited claim."""
    holds: tuple[str, ...] = ()
    """Jinja expressions over the facts that must be true, each one thing the sentence needs."""
    often: str | None = None
    """What is usually said, where that is wrong."""
    sources: tuple[str, ...] = ()
    """Who says so, and where: author, title, year, page, address."""
    asks: str | None = None
    """The question that it answers, a Jinja template over the facts: `llmdeck quiz` asks it."""
    answer: str | None = None
    """A Jinja expression over the facts that gives the right number, with `asks`."""
    within: float = 0.1
    """How far a right guess may be from the answer, as a share of it; 0 wants the very number."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where each of its keys stands in the ledger."""

    def place_of(self, part: str) -> Place:
        """Return where a part stands: `with`, `says`, `holds 2`; else where the claim does."""
        return self.places.get(part.split(" ")[0], self.place)


@dataclass(frozen=True, kw_only=True)
class Slide:
    """One slide of the rendered deck."""

    number: int
    """Counted from 1."""
    file: str
    """The template that made it."""
    title: str
    """The text of its first heading, or nothing."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """One place of a template that uses a variant: its facts, figure or output, or a claim."""

    variant: Variant
    place: Place
    fact: str = ""
    """The fact that is read, by its top-level name; nothing where the whole variant is meant."""
    claim: str = ""
    """The claim's id, where a claim is what uses it."""
    slide: int = 0
    """The slide's number; 0 where the place makes no slide (the ledger)."""

    def __str__(self) -> str:
        return f"{self.place} (slide {self.slide})" if self.slide else str(self.place)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a lint reports."""

    lint: str
    """The lint's name."""
    message: str
    place: Place
    slide: int = 0
    """The slide's number; 0 where the place makes no slide."""
    hint: str = ""
    """What mends it."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A fact that differs from the store beyond its tolerance."""

    variant: Variant
    path: str
    """Which fact: `by_dtype.fp16.total_gb`, `pieces[3]`."""
    old: Any
    """The stored value, or None where the fact is new."""
    new: Any
    """The value computed now, or None where the fact is gone."""

    @property
    def fact(self) -> str:
        """The top-level name of the fact."""
        return self.path.replace("[", ".").split(".")[0]
