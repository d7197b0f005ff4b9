"""Numbers as the deck's readers write them (Babel), alone and with a unit (see `units`).

What is very large or very small is written as a power of ten: 6,67 × 10⁻¹¹. Superscript characters
show it in a terminal, an attribute or a list of choices; on a slide and in a formula the page
writes the power as it should be there (see `values`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from llmdeck.config import Config, Words
from llmdeck.render.compact import compact
from llmdeck.render.units import ANGLES, SYMBOLS, Units, is_localised, with_prefix

NBSP = "\u00a0"
SMALLEST, LARGEST = 1e-4, 1e15
"""Outside of these a number is written as a power of ten."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
"""The characters of an exponent, raised."""


MINUS = "\N{MINUS SIGN}"
"""As wide as a plus, and no place to break a line at, which a hyphen is."""
SIGN = re.compile(r"(?<!\w)-(?=\d)")


class Written(str):
    """A number as people read it, and what else can be made of it."""

    exact: str = ""
    """The same number, with the same digits, as machines read it: `0.0314`; nothing where there is
    a unit, which machines don't read."""
    spoken: str = ""
    """What a screen reader says in place of a power of ten; nothing where there is none."""

    @classmethod
    def of(cls, text: str, exact: str = "", spoken: str = "") -> Written:
        """Return a text with these; its sign is a true minus, which many locales have none of."""
        written = cls(SIGN.sub(MINUS, text))
        written.exact, written.spoken = exact, SIGN.sub(MINUS, spoken)
        return written


class IntFact(int):
    """An integer fact that remembers its unit."""

    unit = ""


class FloatFact(float):
    """A float fact that remembers its unit."""

    unit = ""


def with_unit(value: Any, unit: str) -> Any:
    """A number that remembers `unit`; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = IntFact(value) if isinstance(value, int) else FloatFact(value)
    number.unit = unit
    return number


class Numbers:
    """Writes numbers in one locale; `filters` are what templates call."""

    def __init__(
        self, locale: str, units: Units | None = None, power: str = Words.power_of_ten
    ) -> None:
        """Take the locale (`it`, `it_IT`, `en-GB`), the deck's units, and how a power is said.

        Raises:
            ValueError: where Babel does not know the locale.
        """
        try:
            self.locale = Locale.parse(locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            raise ValueError(f"unknown locale `{locale}`") from None
        self.units = units or Units()
        self.power = power

    @classmethod
    def of(cls, config: Config) -> Numbers:
        """Return what writes a deck's numbers.

        Raises:
            ValueError: where Babel does not know its locale.
        """
        return cls(config.deck.number_locale, Units(config.units), config.words.power_of_ten)

    @property
    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters of the templates that write a number, by name: a new one is an entry here."""
        units = ("kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib")
        return {
            "num": self.num,
            "sci": self.sci,
            "qty": self.qty,
            "pct": self.pct,
            "compact": self.compact,
            **{unit: self.scaled(unit) for unit in units},
        }

    @cached_property
    def magnitudes(self) -> dict[str, float]:
        """The locale's words for magnitudes, as one reads them after a number: `miliardi` is 10^9.

        >>> Numbers("it").magnitudes["miliardi"], Numbers("en").magnitudes["thousand"]
        (1000000000.0, 1000.0)
        """
        found: dict[str, float] = {}
        for length in ("short", "long"):
            for patterns in self.locale.compact_decimal_formats[length].values():
                for power, pattern in patterns.items():
                    zeros, *words = re.findall(r"0+|[^\W\d_]+", pattern.pattern)
                    if len(words) == 1 and zeros.strip("0") == "":
                        found[words[0].casefold()] = float(power) / 10 ** (len(zeros) - 1)
        return found

    def num(self, value: float, decimals: int | None = None) -> Written:
        r"""Return a number with `decimals` digits after the comma.

        Without them an integer is whole, and a float has three significant digits. A number
        outside of 10^-4 … 10^15 is a power of ten with so many decimals before it.

        >>> it = Numbers("it")
        >>> it.num(1234.5, 1), it.num(349.2085), it.num(174604259328), it.num(6.6743e-11)
        ('1.234,5', '349', '174.604.259.328', '6,67\xa0×\xa010⁻¹¹')
        """
        require_number(value)
        if _is_far(value):
            return self._as_power(value, 2 if decimals is None else decimals, decimals is None)
        if decimals is not None:
            return Written.of(self._decimal(value, decimals), f"{value:.{decimals}f}")
        if isinstance(value, float):
            value = float(f"{value:.3g}") if abs(value) < 1000 else round(value)
            return Written.of(self._plain(value, "#,##0.##########"), exact(value))
        return Written.of(self._plain(value, "#,##0"), exact(value))

    def sci(self, value: float, digits: int | None = None) -> Written:
        r"""Return a number as a power of ten, with so many significant digits (three at most).

        >>> Numbers("it").sci(299792458, 4), Numbers("en").sci(0.5)
        ('2,998\xa0×\xa010⁸', '5\xa0×\xa010⁻¹')

        Raises:
            ValueError: where `digits` is not positive.
        """
        require_number(value)
        if digits is not None and digits < 1:
            raise ValueError(f"sci: a number has one digit or more, not {digits}")
        return self._as_power(value, 2 if digits is None else digits - 1, digits is None)

    def _as_power(self, value: float, decimals: int, short: bool) -> Written:
        """Return a power of ten; `short` leaves out zeros at the end."""
        if not value:
            return self.num(0, None if short else decimals)
        machine = f"{Decimal(str(value)):.{decimals}e}"
        digits, exponent = machine.split("e")
        pattern = "#,##0." + ("#" if short else "0") * decimals if decimals else "#,##0"
        mantissa = self._plain(Decimal(digits), pattern)
        power = str(int(exponent))
        times = f"{NBSP}{self._times}{NBSP}"
        said = f"{mantissa} {self.power} {power}"
        return Written.of(f"{mantissa}{times}10{power.translate(RAISED)}", machine, said)

    @property
    def _times(self) -> str:
        """What stands between a number and a power of ten: `×`, in German `·`."""
        symbols = self.locale.number_symbols
        latin = symbols.get("latn", symbols)
        return str(latin.get("superscriptingExponent", "×"))

    def _decimal(self, value: Any, decimals: int) -> str:
        return self._plain(value, "#,##0" + ("." + "0" * decimals if decimals else ""))

    def _plain(self, value: Any, pattern: str) -> str:
        """Return a number by a pattern of CLDR; what is rounded to zero has no sign."""
        return _unsigned_zero(lambda value: format_decimal(value, pattern, self.locale), value)

    def qty(
        self,
        value: float,
        decimals: int | None = None,
        unit: str = "",
        prefix: bool = False,
    ) -> Written:
        """A number and its unit, which comes from the fact's name unless `unit` gives it.

        `prefix` chooses the prefix of SI that leaves one to three digits: 1,2 GHz.

        Raises:
            ValueError: where the fact's name ends in no unit and none is given.
        """
        unit = unit or getattr(require_number(value), "unit", "")
        if not unit:
            raise ValueError(
                "qty: this number has no unit (a fact's name ends in it: weights_gb); "
                "use num, or qty(unit='…')"
            )
        if prefix:
            value, unit = with_prefix(value, unit)
        number = self.num(value, decimals)
        return Written.of(self._with_unit(number, unit), spoken=number.spoken)

    def _with_unit(self, number: Written, unit: str) -> str:
        """Return a written number with its unit behind it, as the locale writes that."""
        if unit == SYMBOLS["percent"]:
            return f"{number}{self._percent_space}{unit}"
        above, bar, below = unit.partition("/")
        if is_localised(below):
            below = self.unit_name(below)
        if is_localised(above):
            return self._localised(number, above) + bar + below
        space = "" if above in ANGLES else NBSP
        return f"{number}{space}{above}{bar}{below}"

    def unit_name(self, unit: str) -> str:
        """Return how one of a unit is called: `anno`, `km/h`.

        >>> Numbers("it").unit_name("duration-year"), Numbers("it").unit_name("kg")
        ('anno', 'kg')
        """
        return self._localised("1", unit).replace("1", "").strip() if is_localised(unit) else unit

    def _localised(self, number: str, unit: str) -> str:
        """Return a number with a unit of CLDR, in the plural that the number asks for: `1 anno`."""
        amount = Decimal(getattr(number, "exact", number) or 0)
        marked = format_unit(amount, unit, "short", format="0;0", locale=self.locale)
        return re.sub(r"\d+", lambda _: number, marked, count=1).replace(" ", NBSP)

    @property
    def _percent_space(self) -> str:
        """What stands before a percent sign: `50%` in Italian, `50 %` in German."""
        return NBSP if NBSP in self.locale.percent_formats[None].pattern else ""

    def scaled(self, unit: str) -> Any:
        r"""Make the filter that shows bytes in a larger unit: `gb` divides by 10^9, `gib` by 2^30.

        >>> Numbers("it").scaled("gib")(25769803776)
        '24\xa0GiB'
        """
        power = {"k": 1, "m": 2, "g": 3, "t": 4}[unit[0]]
        size = 1024**power if "i" in unit else 1000**power

        def convert(value: float, decimals: int | None = None) -> str:
            has = getattr(require_number(value), "unit", "")
            if has not in ("", "byte"):
                raise ValueError(f"{unit}: this fact is in {has}, not in bytes; use qty")
            amount = value / size
            if decimals is None and amount == int(amount):
                amount = int(amount)
            return self.qty(amount, decimals, SYMBOLS[unit])

        return convert

    def pct(self, value: float, decimals: int = 0) -> Written:
        r"""A share of 1 as a percentage.

        >>> Numbers("it").pct(0.125, 1)
        '12,5%'
        >>> Numbers("de").pct(0.125, 1)
        '12,5\xa0%'
        """
        if abs(require_number(value)) >= LARGEST / 100:
            number = self.num(100 * value, decimals)
            return Written.of(f"{number}{self._percent_space}%", spoken=number.spoken)
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + self._percent_space + "%"

        def write(value: Any) -> str:
            return format_percent(value, format=pattern, locale=self.locale)

        return Written.of(_unsigned_zero(write, value), f"{100 * value:.{decimals}f}%")

    def compact(self, value: float, decimals: int = 0) -> Written:
        r"""A large number with a word for its magnitude; a power of ten where there is no word.

        >>> Numbers("it").compact(174604259328, 1), Numbers("en").compact(1.98892e30, 1)
        ('174,6 miliardi', '2.0\xa0×\xa010³⁰')
        """
        if _is_far(require_number(value)):
            return self.num(value, decimals or None)
        return Written.of(compact(value, decimals, self.locale))


def _is_far(value: float) -> bool:
    """Return whether a number is so large or so small that it is written as a power of ten."""
    return value != 0 and not SMALLEST <= abs(value) < LARGEST


def _unsigned_zero(write: Callable[[Any], str], value: Any) -> str:
    """Write a number; without its sign where all its digits are zero: `-0,00` says nothing."""
    written = write(value)
    return written if re.search(r"[1-9]", written) else write(0)


def exact(value: Any) -> str:
    """Return a number (or truth) as machines read it, with all its digits.

    >>> exact(0.1), exact(3.0), exact(6.6743e-11), exact(True)
    ('0.1', '3', '6.6743e-11', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    whole = value.is_integer() and abs(value) < LARGEST
    return str(int(value)) if whole else repr(float(value))


def require_number(value: Any) -> Any:
    """Return `value`, or raise a ValueError where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"needs a number, not {value!r}")
    return value
