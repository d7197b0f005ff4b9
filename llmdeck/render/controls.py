"""Controls on a slide: their HTML, and the fragments that they step through.

A demo's partial (`deck/partials/NAME.html.j2`) is rendered once for each point of the grid. The
default point stands in the slide as plain HTML, so that print, PDF, PPTX and a browser without
scripts show it; the others lie in the page, compressed, and `runtime/controls.js` only swaps them. A
fragment is one line of HTML, as every block is (see `markdown`).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmdeck.config import Config, Control
from llmdeck.errors import TemplateError
from llmdeck.model import Kind, Place, Result, Variant
from llmdeck.render.markdown import MARK, Markdown, plain_attributes, references
from llmdeck.render.numbers import Numbers
from llmdeck.results.files import write_whole
from llmdeck.run.grid import Axis, default_point, points

PARTIALS = "partials"
MOST_BYTES = 2_000_000
"""What all fragments of a deck may add to its file, compressed and written in base64."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """One use of `live` on a slide."""

    variant: Variant
    place: Place
    number: int
    """Which one of the deck it is, counted from 1."""
    axes: tuple[Axis, ...]
    facts: Sequence[Mapping[str, Any]]
    """Of each point, in the order of `grid.points`."""
    render: Callable[[Mapping[str, Any], Mapping[str, Any]], str]
    """Renders the partial for the facts and the parameters of a point."""

    @property
    def id(self) -> str:
        """What the controls and their data are called in the page."""
        return f"live-{self.number}"

    @property
    def default(self) -> int:
        """The number of the point that stands in the slide."""
        return default_point(self.axes)

    def parameters(self) -> list[dict[str, Any]]:
        """The parameters of each point."""
        fixed = {n: v for n, v in self.variant.parameters.items() if n not in self.variant.grid}
        return list(points(self.axes, fixed))

    def fragment(self, number: int) -> str:
        """The HTML of one point, one line."""
        return one_line(self.render(self.facts[number], self.parameters()[number]))

    def fragments(self) -> list[str]:
        """The HTML of all points."""
        return [
            one_line(self.render(f, p)) for f, p in zip(self.facts, self.parameters(), strict=True)
        ]


def make_live(
    variant: Variant,
    result: Result,
    place: Place,
    number: int,
    render: Callable[[Mapping[str, Any], Mapping[str, Any]], str],
) -> Live:
    """Controls over a computed grid."""
    axes = tuple(
        Axis(name=a["name"], kind=Kind(a["kind"]), values=tuple(a["values"]), default=a["default"])
        for a in result.facts["axes"]
    )
    return Live(
        variant=variant,
        place=place,
        number=number,
        axes=axes,
        facts=result.facts["points"],
        render=render,
    )


def one_line(fragment: str) -> str:
    r"""A fragment without marks and line breaks.

    >>> one_line("<p>uno</p>\n\n  <p>due</p>\n")
    '<p>uno</p> <p>due</p>'
    """
    return plain_attributes(
        MARK.sub("", " ".join(line.strip() for line in fragment.splitlines() if line.strip()))
    )


def markup(live: Live, numbers: Numbers, config: Config) -> Markdown:
    """The controls, hidden until the script shows them, and the default point."""
    controls = "".join(
        _control(live, axis, config.controls.get(axis.name, Control()), numbers)
        for axis in live.axes
    )
    return Markdown(
        f'<div class="live" id="{live.id}" data-demo="{live.variant.demo}" data-point="{live.default}">'
        f'<form class="live-controls" autocomplete="off" hidden>{controls}</form>'
        f'<div class="live-shown">{live.fragment(live.default)}</div>'
        '<p class="live-said" role="status"></p></div>'
    )


def _control(live: Live, axis: Axis, control: Control, numbers: Numbers) -> str:
    key = f"{live.id}-{axis.name}"
    label = f'<label for="{key}">{references(control.label or axis.name)}</label>'
    names = [references(value_name(value, control, numbers)) for value in axis.values]
    if axis.kind is Kind.SWITCH:
        checked = " checked" if axis.default else ""
        return (
            f'<span class="live-control">{label}<input type="checkbox" id="{key}"{checked}></span>'
        )
    if axis.kind is Kind.SLIDER:
        last, shown = len(names) - 1, names[axis.default]
        attributes = (
            f'min="0" max="{last}" step="1" value="{axis.default}" aria-valuetext="{shown}"'
        )
        listed = references(json.dumps([html.unescape(name) for name in names], ensure_ascii=False))
        return (
            f'<span class="live-control">{label}<input type="range" id="{key}" {attributes} data-names="{listed}">'
            f'<output for="{key}">{shown}</output></span>'
        )
    options = "".join(
        f"<option{' selected' if number == axis.default else ''}>{name}</option>"
        for number, name in enumerate(names)
    )
    return f'<span class="live-control">{label}<select id="{key}">{options}</select></span>'


def value_name(value: Any, control: Control, numbers: Numbers) -> str:
    """What a value is called: by `[controls.NAME]` of deck.toml, or as it is, numbers in the deck's locale."""
    if str(value) in control.values:
        return str(control.values[str(value)])
    number = isinstance(value, int | float) and not isinstance(value, bool)
    name = numbers.num(value) if number else str(value)
    return f"{name} {control.unit}" if control.unit else name


def packed(
    lives: Sequence[Live], config: Config, kept: dict[Variant, str] | None = None
) -> dict[str, str]:
    """The fragments of each `Live`, by its id: JSON, compressed with zlib, in base64.

    What was rendered before is taken from the output folder, where it is kept by all that it comes
    from, or from `kept`, which whoever gives it empties when a result, a partial or a setting has
    changed.

    Raises:
        TemplateError: where they are more than `MOST_BYTES` together.
    """
    known = {} if kept is None else kept
    for live in lives:
        if live.variant not in known:
            known[live.variant] = _packed(live, config)
    made = {live.id: known[live.variant] for live in lives}
    total = sum(map(len, made.values()))
    if total > MOST_BYTES:
        largest = max(lives, key=lambda live: len(made[live.id]))
        most = max(largest.axes, key=lambda axis: len(axis.values))
        raise TemplateError(
            f"the controls add {total / 1e6:.1f} MB to the deck; {MOST_BYTES / 1e6:g} MB at most",
            place=largest.place,
            hint=f"{largest.variant} is the largest ({len(made[largest.id]) / 1e6:.1f} MB): "
            f"thin out `{most.name}` ({len(most.values)} values), or make its partial smaller",
        )
    return made


def _packed(live: Live, config: Config) -> str:
    name = f"{live.variant.demo}-{live.variant.slug}"
    cache = config.output / ".live" / f"{name}.{_key(live, config)}"
    if cache.is_file():
        return cache.read_text(encoding="ascii")
    raw = json.dumps(live.fragments(), ensure_ascii=False).encode("utf-8")
    text = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
    for old in cache.parent.glob(f"{name}.*"):
        old.unlink(missing_ok=True)
    write_whole(cache, text)
    return text


def _key(live: Live, config: Config) -> str:
    """What the fragments come from: facts, partials, settings, and the code that renders."""
    files = sorted((config.folder / PARTIALS).rglob("*.j2")) + sorted(
        Path(__file__).parent.glob("*.py")
    )
    whole = hashlib.sha256(json.dumps(live.parameters()).encode())
    written: dict[
        int, str
    ] = {}  # most points share most of their facts (see `store.unfold`): each is written once
    for number, facts in enumerate(live.facts):
        for name, value in facts.items():
            if id(value) not in written:
                written[id(value)] = json.dumps(value)
            whole.update(f"{number} {name} {written[id(value)]}\n".encode())
    for path in files:
        whole.update(path.name.encode() + path.read_bytes())
    whole.update(f"{config.deck} {config.words}".encode())
    return whole.hexdigest()[:16]
