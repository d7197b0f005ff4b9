"""Values know where they stand: in text, in a formula, in a tag or in code.

`{{ x }}` writes 0,0445 in a sentence, `0{,}0445` in a formula, and 0.0445 in a tag, where machines
read it; a power of ten is `10<sup>−11</sup>`, `10^{-11}`, `1e-11`, and in code or in a picture's
words 10⁻¹¹. Where it stands is known once a page is rendered, whichever macro, claim or loop wrote
it. So until then a value is a `marks.value`; here they become what they are to be. What is a
formula, markdown-it says with Marp's own rules for `$` (see `formulas`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from llmdeck.render import marks
from llmdeck.render.formulas import Parsed, parse
from llmdeck.render.markdown import HUMAN, SCRIPTS, TAG, WRAPPER

HIDDEN = re.compile("[0x]\ue005(\\d+)\ue007")
"""Stands for a value while its place is looked for; it begins as the value does, with a digit or
not, which decides whether a `$` before it can end a formula."""
MARKED = re.compile("\ue005(\\d+)\ue007\ue000(\\d+)\ue001")
"""A value that stands so, and the mark behind it."""
ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""")
POWER = re.compile("([^\\s\u00a0]+)\u00a0([×·])\u00a010([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
RAISED = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NUMBER = re.compile(
    "(?P<digits>[-−\u200e]*\\d(?:[\\d.,'’\u202f\u00a0]*\\d)?)"
    "(?P<power>(?:\u00a0[×·]\u00a010[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?)(?P<rest>.*)",
    re.DOTALL,
)
IN_TEX = {
    "\\": r"}\backslash\text{",
    "^": r"\^{}",
    "~": r"\~{}",
    "²": r"}^2\text{",  # a text in KaTeX has no raised digits
    "³": r"}^3\text{",
    "\u00a0": "~",
    "\u202f": "~",
    **{char: f"\\{char}" for char in "{}$&#_%"},
}
"""What text in a formula is written as, where it is syntax there."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value of a page."""

    shown: str
    """Markdown of one line: how people read it."""
    exact: str
    spoken: str

    @property
    def in_text(self) -> str:
        """How it is written in text: a power of ten is raised, and said in words."""
        if not self.spoken:
            return self.shown
        label = html.escape(self.spoken)

        def raised(power: re.Match[str]) -> str:
            exponent = power[3].translate(LOWERED).replace("-", "−")
            number = f"{power[1]}\u00a0{power[2]}\u00a010<sup>{exponent}</sup>"
            return f'<span role="img" aria-label="{label}">{number}</span>'

        return POWER.sub(raised, self.shown)

    @property
    def in_formula(self) -> str:
        """How it is written in a formula: a number as one, with its unit as text; text as text."""
        plain = html.unescape(WRAPPER.sub("", self.shown))
        number = NUMBER.fullmatch(plain)
        if number is None:
            return as_text(plain)
        digits = number["digits"].replace(",", "{,}").replace("\u00a0", "\\,")
        digits = digits.replace("\u202f", "\\,").replace("−", "-").replace("\u200e", "")
        digits = re.sub("['’]", r"\\text{’}", digits)  # a bare one is a prime
        return digits + _power(number["power"]) + _unit(number["rest"])

    def in_attribute(self, name: str) -> str:
        """How it is written in an attribute: numbers as machines read them, or in words."""
        return self.shown if HUMAN.fullmatch(name) else self.exact or self.shown


def raise_power(exponent: str) -> str:
    """Return an exponent in characters that are raised by themselves.

    >>> raise_power("−11")
    '⁻¹¹'
    """
    return exponent.translate(RAISED)


def _power(power: str) -> str:
    """Return a power of ten in a formula."""
    if not power:
        return ""
    times, exponent = power.strip("\u00a0").split("\u00a010")
    sign = r"\cdot" if times == "·" else r"\times"
    return f" {sign} 10^{{{exponent.translate(LOWERED)}}}"


def _unit(unit: str) -> str:
    """Return what stands behind a number in a formula: `%`, a unit, a word for its magnitude."""
    bare = unit.lstrip("\u00a0\u202f")
    space = r"\," if bare != unit else ""
    return space + (r"\%" if bare == "%" else as_text(bare)) if bare else ""


def as_text(plain: str) -> str:
    r"""Return text for a formula, where it shows as itself.

    >>> as_text("a_b"), as_text("50 %"), as_text("m²")
    ('\\text{a\\_b}', '\\text{50 \\%}', '\\text{m}^2')
    """
    text = rf"\text{{{''.join(IN_TEX.get(char, char) for char in plain)}}}"
    return text.replace(r"\text{}", "")


@dataclass
class _Page:
    """The values of a text, hidden in it while it is asked where they stand."""

    values: list[Value] = field(default_factory=list)

    def hide(self, value: re.Match[str]) -> str:
        """Take a value out of the text."""
        shown, exact, spoken = value.groups()
        self.values.append(Value(shown=shown, exact=exact, spoken=spoken))
        first = html.unescape(shown[:8])[:1]
        return f"{'0' if first.isdecimal() else 'x'}\ue005{len(self.values) - 1}\ue007"

    def needs_parsing(self, hidden: str) -> bool:
        """Return whether it matters what is a formula, and what code."""
        return bool(self.values) and ("$" in hidden or "`" in hidden or self._has_powers)

    @property
    def _has_powers(self) -> bool:
        return any(value.spoken for value in self.values)

    def show(self, text: str, parsed: Parsed) -> str:
        """Put each value where it stands, as it is to be there."""
        in_formula, in_code = _numbers(parsed.formulas), _numbers(parsed.codes)

        def in_text(hidden: re.Match[str]) -> str:
            number = int(hidden[1])
            value = self.values[number]
            if number in in_formula:
                return self._in_formula(hidden)
            return value.shown if number in in_code else value.in_text

        def in_tag(tag: re.Match[str]) -> str:
            if any(number in in_code for number in _numbers([tag[0]])):
                return tag[0]
            return self._tag(tag[0])

        text = SCRIPTS.sub(lambda script: self._exact(script[0]), text)
        return HIDDEN.sub(in_text, TAG.sub(in_tag, text))

    def _tag(self, tag: str) -> str:
        """Return a tag with its values."""

        def attribute(found: re.Match[str]) -> str:
            name = found[1].lower()
            return HIDDEN.sub(
                lambda hidden: self.values[int(hidden[1])].in_attribute(name), found[0]
            )

        return self._exact(ATTRIBUTE.sub(attribute, tag))

    def _exact(self, text: str) -> str:
        return HIDDEN.sub(lambda hidden: self.values[int(hidden[1])].in_attribute(""), text)

    def formulas(self, hidden: str, parsed: Parsed) -> Iterator[tuple[str, int]]:
        """Give the formulas that have a value with a mark, as Marp gets them, and the mark."""
        mark_of = {int(number): int(mark) for number, mark in MARKED.findall(hidden)}
        for formula in parsed.formulas:
            known = [mark_of[number] for number in _numbers([formula]) if number in mark_of]
            if known:
                yield HIDDEN.sub(self._in_formula, formula), min(known)

    def _in_formula(self, hidden: re.Match[str]) -> str:
        return self.values[int(hidden[1])].in_formula


def _numbers(texts: Iterable[str]) -> set[int]:
    return {int(number) for text in texts for number in HIDDEN.findall(text)}


def settle(text: str) -> tuple[str, list[tuple[str, int]]]:
    r"""Return a page's Markdown with each value as it is to be where it stands; marks stay.

    With it come the formulas that have a value, as Marp gets them, and the number of a mark in each
    (see `marks.Marks`), which tells the line that wrote it.

    >>> half = marks.value("0,5", "0.5")
    >>> settle(f'{half} $x = {half}$ <b style="width: {half}em">')[0]
    '0,5 $x = 0{,}5$ <b style="width: 0.5em">'
    """
    page = _Page()
    hidden = marks.VALUE.sub(page.hide, str(text))
    parsed = parse(marks.strip(hidden)) if page.needs_parsing(hidden) else Parsed()
    return page.show(hidden, parsed), list(page.formulas(hidden, parsed))


def settle_html(fragment: str) -> str:
    """Return a fragment of HTML with each value as it is to be: there are no formulas in it."""
    page = _Page()
    hidden = marks.VALUE.sub(page.hide, str(fragment))
    return page.show(hidden, Parsed())
