"""Controls on a slide: their HTML, and the fragments that they step through.

A demo's partial (`deck/partials/NAME.html.j2`) is rendered once for each point of the grid. The
default point stands in the slide as plain HTML, so that print, PDF, PPTX and a browser without
scripts show it; the others lie in the page, compressed, and `runtime/controls.js` swaps them. A
fragment is one line of HTML, as every block is (see `markdown`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llmdeck.config import Config, Control
from llmdeck.errors import TemplateError
from llmdeck.model import Kind, Place, Result, Variant
from llmdeck.render import marks
from llmdeck.render.markdown import Markdown, plain_attributes, references, visible
from llmdeck.render.numbers import Numbers
from llmdeck.render.values import settle_html
from llmdeck.results.files import write_whole
from llmdeck.run.drawings import Drawing, split
from llmdeck.run.grid import Axis, default_point, points

PARTIALS = "partials"
MOST_BYTES = 2_000_000
"""What all fragments of a deck may add to its file, compressed and written in base64."""

Facts = Mapping[str, Any]
Parameters = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Controls:
    """One use of `live` on a slide: a grid of points that was computed, and what shows each."""

    variant: Variant
    place: Place
    number: int
    """Which one of the deck it is, counted from 1."""
    results: Mapping[Variant, Result]
    """Where the grid is looked up, once it is needed."""
    render: Callable[[Facts, Parameters, Drawing | None], str]
    """Renders the partial for the facts, the parameters and the figure of a point."""
    digest: str = ""
    """The digest of the stored grid; empty where it is not stored."""

    @property
    def id(self) -> str:
        """What the controls and their data are called in the page."""
        return f"live-{self.number}"

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """What the controls set, in their order."""
        return tuple(
            Axis(
                name=axis["name"],
                kind=Kind(axis["kind"]),
                values=tuple(axis["values"]),
                default=axis["default"],
            )
            for axis in self.results[self.variant].facts["axes"]
        )

    @property
    def facts(self) -> Sequence[Facts]:
        """The facts of each point, in the order of `grid.points`."""
        found: Sequence[Facts] = self.results[self.variant].facts["points"]
        return found

    @property
    def default(self) -> int:
        """The number of the point that stands in the slide."""
        return default_point(self.axes)

    def parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of each point."""
        fixed = {
            name: value
            for name, value in self.variant.parameters.items()
            if name not in self.variant.grid
        }
        return list(points(self.axes, fixed))

    @cached_property
    def drawings(self) -> Sequence[Drawing | None]:
        """The figure of each point; none where the partial shows none."""
        figures = self.results[self.variant].figure
        return split(figures) if figures else [None] * len(self.facts)

    def fragment(self, number: int) -> str:
        """Return the HTML of one point, one line."""
        facts, parameters = self.facts[number], self.parameters()[number]
        return one_line(self.render(facts, parameters, self.drawings[number]))

    def fragments(self) -> list[str]:
        """Return the HTML of all points, for a page that is finished."""
        found = zip(self.facts, self.parameters(), self.drawings, strict=True)
        return [marks.strip(one_line(self.render(*point))) for point in found]


def shows_figure(config: Config, demo: str) -> bool:
    """Return whether a demo's partial reads as if it showed the figure of its point.

    It is known so before the partial is rendered, and the figure is drawn together with the facts.
    """
    path = config.folder / PARTIALS / f"{demo}.html.j2"
    text = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
    return re.search(rf"\bfigure\(\s*(?:\)|[\"']{re.escape(demo)}[\"'])", text) is not None


def one_line(fragment: str) -> str:
    r"""Return a fragment without marks and line breaks.

    >>> one_line("<p>uno</p>\n\n  <p>due</p>\n")
    '<p>uno</p> <p>due</p>'
    """
    lines = [line.strip() for line in fragment.splitlines()]
    joined = " ".join(line for line in lines if line)
    return plain_attributes(settle_html(marks.strip_marks(joined)))


def markup(shown: Controls, number: str, numbers: Numbers, config: Config) -> Markdown:
    """Return the controls, hidden until the script shows them, and the default point.

    `number` stands for their number in the deck (see `marks.link`).
    """
    key = f"live-{number}"
    controls = "".join(_control(key, axis, config, numbers) for axis in shown.axes)
    demo, default = shown.variant.demo, shown.default
    return Markdown(
        f'<div class="live" id="{key}" data-demo="{demo}" data-point="{default}">'
        f'<form class="live-controls" autocomplete="off" hidden>{controls}</form>'
        f'<div class="live-shown">{shown.fragment(default)}</div>'
        '<p class="live-said" role="status"></p></div>'
    )


def _control(live: str, axis: Axis, config: Config, numbers: Numbers) -> str:
    """Return the label and the control of one axis; `live` is the id of the whole."""
    key = f"{live}-{axis.name}"
    words = config.controls.get(axis.name, Control())
    names = [value_name(value, words, numbers) for value in axis.values]
    label = f'<label for="{key}">{references(words.label or axis.name)}</label>'
    if axis.kind is Kind.SWITCH:
        control = _switch(key, axis)
    elif axis.kind is Kind.SLIDER:
        control = _slider(key, axis, names)
    else:
        control = _choice(key, axis, names)
    return f'<span class="live-control">{label}{control}</span>'


def _switch(key: str, axis: Axis) -> str:
    checked = " checked" if axis.default else ""
    return f'<input type="checkbox" id="{key}"{checked}>'


def _slider(key: str, axis: Axis, names: Sequence[str]) -> str:
    last, shown = len(names) - 1, references(names[axis.default])
    listed = references(json.dumps(list(map(visible, names)), ensure_ascii=False))
    steps = f'min="0" max="{last}" step="1" value="{axis.default}"'
    said = f'aria-valuetext="{shown}" data-names="{listed}"'
    return f'<input type="range" id="{key}" {steps} {said}><output for="{key}">{shown}</output>'


def _choice(key: str, axis: Axis, names: Sequence[str]) -> str:
    options = ""
    for number, name in enumerate(names):
        selected = " selected" if number == axis.default else ""
        options += f"<option{selected}>{references(name)}</option>"
    return f'<select id="{key}">{options}</select>'


def value_name(value: Any, control: Control, numbers: Numbers) -> str:
    """Return what a value is called: by deck.toml, or as it is, numbers in the deck's locale."""
    if str(value) in control.values:
        return str(control.values[str(value)])
    number = isinstance(value, int | float) and not isinstance(value, bool)
    name = numbers.num(value) if number else str(value)
    return f"{name} {control.unit}" if control.unit else name


def packed(
    all_controls: Sequence[Controls], config: Config, known: dict[Variant, str] | None = None
) -> dict[str, str]:
    """Return the fragments of all controls, by their id: JSON, compressed with zlib, in base64.

    What was rendered before is taken from the output folder, where it lies by all that it comes
    from, or from `known`, which whoever gives it empties when one of these has changed.

    Raises:
        TemplateError: where they are more than `MOST_BYTES` together.
    """
    known = {} if known is None else known
    for each in all_controls:
        if each.variant not in known:
            known[each.variant] = _packed(each, config)
    made = {each.id: known[each.variant] for each in all_controls}
    if sum(map(len, made.values())) > MOST_BYTES:
        raise _too_much(all_controls, made)
    return made


def _too_much(all_controls: Sequence[Controls], made: Mapping[str, str]) -> TemplateError:
    """Return the error for controls whose fragments are too large; it says what to thin out."""
    total = sum(map(len, made.values()))
    largest = max(all_controls, key=lambda each: len(made[each.id]))
    size = len(made[largest.id]) / 1e6
    most = max(largest.axes, key=lambda axis: len(axis.values))
    smaller = "its partial smaller"
    if largest.drawings[0]:
        smaller = "its figures smaller: fewer points in a curve, rasterized=True for many marks"
    return TemplateError(
        f"the controls add {total / 1e6:.1f} MB to the deck; {MOST_BYTES / 1e6:g} MB at most",
        place=largest.place,
        hint=f"{largest.variant} is the largest ({size:.1f} MB): "
        f"thin out `{most.name}` ({len(most.values)} values), or make {smaller}",
    )


def _packed(shown: Controls, config: Config) -> str:
    name = f"{shown.variant.demo}-{shown.variant.slug}"
    cache = config.output / ".live" / f"{name}.{_key(shown, config)}"
    if cache.is_file():
        return cache.read_text(encoding="ascii")
    raw = json.dumps(shown.fragments(), ensure_ascii=False).encode("utf-8")
    text = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
    for old in cache.parent.glob(f"{name}.*"):
        old.unlink(missing_ok=True)
    write_whole(cache, text)
    return text


def _key(shown: Controls, config: Config) -> str:
    """Return a key over what the fragments come from: grid, partials, settings, our own code."""
    stored = shown.digest or json.dumps(shown.results[shown.variant].facts)
    settings = f"{shown.variant} {stored} {config.deck} {config.words}"
    whole = hashlib.sha256(settings.encode())
    partials = sorted((config.folder / PARTIALS).rglob("*.j2"))
    for path in [*partials, *sorted(Path(__file__).parent.glob("*.py"))]:
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()[:16]
