"""Numbers as the deck's readers write them (Babel), and the unit that a fact's name ends in.

`weights_gb` is a number of GB (10^9 bytes), `memory_gib` one of GiB (2^30 bytes); the two are never
mixed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import format_compact_decimal, format_decimal, format_percent

NBSP = "\u00a0"
UNITS = {
    "bits": "bit",
    "byte": "byte",
    "bytes": "byte",
    "kb": "kB",
    "mb": "MB",
    "gb": "GB",
    "tb": "TB",
    "kib": "KiB",
    "mib": "MiB",
    "gib": "GiB",
    "tib": "TiB",
    "s": "s",
    "ms": "ms",
    "h": "h",
    "hours": "h",
    "w": "W",
    "kw": "kW",
    "kwh": "kWh",
    "mwh": "MWh",
    "flop": "FLOP",
    "tflops": "TFLOP/s",
    "db": "dB",
    "percent": "%",
    "usd": "USD",
    "eur": "EUR",
    "px": "px",
}
"""What a name ends in, and how the unit is written."""
BYTES = {unit: 1000 ** (n + 1) for n, unit in enumerate(("kB", "MB", "GB", "TB"))}
BYTES |= {"byte": 1} | {
    unit: 1024 ** (n + 1) for n, unit in enumerate(("KiB", "MiB", "GiB", "TiB"))
}
"""How many bytes a unit of size is."""


class IntFact(int):
    """An integer fact that remembers its unit."""

    unit = ""


class FloatFact(float):
    """A float fact that remembers its unit."""

    unit = ""


def unit_of(name: str) -> str:
    """The unit that a fact's name ends in, or nothing.

    >>> unit_of("kv_cache_gb"), unit_of("n_tokens")
    ('GB', '')
    """
    return UNITS.get(name.rsplit("_", 1)[-1], "") if "_" in name else ""


def with_unit(value: Any, unit: str) -> Any:
    """A number that remembers `unit`; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = IntFact(value) if isinstance(value, int) else FloatFact(value)
    number.unit = unit
    return number


class Numbers:
    """Writes numbers in one locale; `filters` are what templates call."""

    def __init__(self, locale: str) -> None:
        """Take the locale (`it`, `it_IT`, `en-GB`).

        Raises:
            ValueError: where Babel does not know it.
        """
        try:
            self.locale = Locale.parse(locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            raise ValueError(f"unknown locale `{locale}`") from None

    @property
    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters of the templates that write a number, by name: a new one is an entry here."""
        units = ("kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib")
        return {
            "num": self.num,
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

    def num(self, value: float, decimals: int | None = None) -> str:
        """Return a number with `decimals` digits after the comma.

        Without them an integer is whole, and a float has three significant digits.

        >>> it = Numbers("it")
        >>> it.num(1234.5, 1), it.num(349.2085), it.num(174604259328)
        ('1.234,5', '349', '174.604.259.328')
        """
        require_number(value)
        if decimals is None and isinstance(value, float):
            value = float(f"{value:.3g}") if abs(value) < 1000 else round(value)
            return format_decimal(value, format="#,##0.##########", locale=self.locale)
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_decimal(value, format=pattern, locale=self.locale)

    def qty(self, value: float, decimals: int | None = None, unit: str = "") -> str:
        """A number and its unit, which comes from the fact's name unless `unit` gives it.

        Raises:
            ValueError: where the fact's name ends in no unit and none is given.
        """
        unit = unit or getattr(value, "unit", "")
        if not unit:
            raise ValueError(
                "qty: this number has no unit (a fact's name ends in it: weights_gb); "
                "use num, or qty(unit='…')"
            )
        space = self._percent_space if unit == UNITS["percent"] else NBSP
        return f"{self.num(value, decimals)}{space}{unit}"

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
            return self.qty(amount, decimals, UNITS[unit])

        return convert

    def pct(self, value: float, decimals: int = 0) -> str:
        r"""A share of 1 as a percentage.

        >>> Numbers("it").pct(0.125, 1)
        '12,5%'
        >>> Numbers("de").pct(0.125, 1)
        '12,5\xa0%'
        """
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + self._percent_space + "%"
        return format_percent(require_number(value), format=pattern, locale=self.locale)

    def compact(self, value: float, decimals: int = 0) -> str:
        """A large number with a word for its magnitude.

        >>> Numbers("it").compact(174604259328, 1)
        '174,6 miliardi'
        """
        return format_compact_decimal(
            require_number(value), format_type="long", locale=self.locale, fraction_digits=decimals
        )


def require_number(value: Any) -> Any:
    """Return `value`, or raise a ValueError where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"needs a number, not {value!r}")
    return value
