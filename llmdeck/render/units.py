"""The unit that a fact's name ends in: `height_m`, `mass_kg`, `speed_km_per_h`, `age_yr`.

A symbol is the same in every language, and comes from the International System (SI) with its
prefixes, or from computing: `weights_gb` is a number of GB (10^9 bytes), `memory_gib` one of GiB
(2^30 bytes); the two are never mixed. What languages write in their own way (years, degrees, miles)
comes from CLDR, by the name that CLDR has for it (`length-mile`), and Babel writes it. `[units]` in
`deck.toml` adds others.

A library of quantities (pint) would not help: it converts, and reads symbols by their case, which
names in small letters do not have; what it shows, Babel writes for it, too.

Names are written small, so `_mhz` is MHz. Where that can mean two units (`_mw`: mW or MW) it means
none, and the name says which as SI writes it: `power_MW`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache

from babel import Locale

SYMBOLS = {
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
    "hour": "h",
    "hours": "h",
    "minute": "min",
    "minutes": "min",
    "second": "s",
    "seconds": "s",
    "flop": "FLOP",
    "tflops": "TFLOP/s",
    "db": "dB",
    "percent": "%",
    "px": "px",
    "deg": "°",
    "arcmin": "′",
    "arcsec": "″",
}
"""What names end in beside the symbols of SI, and how it is written; `_min` is a minimum."""
ANGLES = ("°", "′", "″")
"""The units that no space stands before."""
BYTES = {unit: 1000 ** (n + 1) for n, unit in enumerate(("kB", "MB", "GB", "TB"))}
BYTES |= {"byte": 1} | {
    unit: 1024 ** (n + 1) for n, unit in enumerate(("KiB", "MiB", "GiB", "TiB"))
}
"""How many bytes a unit of size is."""
CURRENCIES = ("usd", "eur", "gbp", "chf", "jpy", "cny", "inr")
"""Written by their ISO code; three letters of others are words (`_all`, `_top`)."""
SI = {
    "m": "f p n µ m c d k",
    "g": "n µ m k",
    "s": "f p n µ m",
    "A": "m k",
    "K": "m",
    "mol": "n µ m k",
    "cd": "",
    "Hz": "k M G T",
    "rad": "m",
    "sr": "",
    "N": "m k M",
    "Pa": "h k M G",
    "J": "m k M G T P",
    "W": "n µ m k M G T P",
    "V": "µ m k",
    "Ω": "m k M",
    "Wb": "",
    "lm": "",
    "lx": "",
    "Bq": "k M G T",
    "Gy": "m k",
    "Sv": "m",
    "h": "",
    "d": "",
    "t": "k M G",
    "L": "µ m c d h",
    "ha": "",
    "eV": "m k M G T",
    "Wh": "k M G T",
    "bar": "m k",
    "pc": "k M G",
    "Da": "k",
    "FLOP": "M G T P E",
}
"""The symbols of SI, and those that are used with it, with the prefixes that one meets."""
SPELT = {"Ω": "ohm", "µ": "u"}
"""How a name writes a symbol that is not of its letters: `resistance_ohm`, `wave_um`."""
LOCALISED = {
    "c": "temperature-celsius",
    "celsius": "temperature-celsius",
    "fahrenheit": "temperature-fahrenheit",
    "au": "length-astronomical-unit",
    "ly": "length-light-year",
    "yr": "duration-year",
}
"""Short names for what languages write in their own way, by CLDR's name."""
NO_UNITS = (
    *("graphics-", "digital-", "concentr-item", "length-point", "temperature-generic"),
    *("volume-drop", "volume-cup", "volume-pinch", "mass-grain"),
)
"""How names of CLDR begin that facts use as words (`_item`, `_point`), or that stand above."""
POWERS = {"2": "²", "3": "³"}
PREFIXES = {
    **dict(zip("qryzafpnµm", range(-30, 0, 3), strict=True)),
    **dict(zip("kMGTPEZYRQ", range(3, 31, 3), strict=True)),
}
"""The prefixes of SI that are powers of 1000, and the exponents of ten that they stand for."""
SMALLER = {"c": -2, "d": -1, "h": 2}
"""The others."""
NO_PREFIX = ("h", "d", "ha", "sr")


class Units:
    """Finds the unit of a fact by its name; `own` are those of `deck.toml`."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self.own = dict(own or {})
        self._found: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Return the unit that a fact's name ends in, or nothing.

        It is a symbol, or CLDR's name of a unit.

        >>> units = Units({"ct": "ct"})
        >>> units.of("kv_cache_gb"), units.of("f_mhz"), units.of("n_tokens"), units.of("power_mw")
        ('GB', 'MHz', '', '')
        >>> units.of("speed_km_per_h"), units.of("area_m2"), units.of("age_yr"), units.of("eur_ct")
        ('km/h', 'm²', 'duration-year', 'ct')
        """
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> str:
        for suffix in _suffixes(name):
            if suffix in self.own:
                return self.own[suffix]
        ratio = re.search(r"(?:^|_)([^_]+)_per_([^_]+)$", name)
        if ratio:
            above, below = self._simple(ratio[1]), self._simple(ratio[2], in_ratio=True)
            return f"{above}/{below}" if above and below else ""
        return self._simple(name.rsplit("_", 1)[-1]) if "_" in name else ""

    def _simple(self, suffix: str, *, in_ratio: bool = False) -> str:
        """Return the unit of one word, with its power: `km2`; `s2` only below a fraction's bar."""
        if suffix in self.own:
            return self.own[suffix]
        found = _symbol(suffix) or _localised(suffix)
        if found or suffix[-1:] not in POWERS:
            return found
        base = _symbol(suffix[:-1])
        raised = base.endswith("m") and base not in ("lm",)  # lengths; `_v2` is a version
        return base + POWERS[suffix[-1]] if raised or (in_ratio and base == "s") else ""

    def doubt(self, name: str) -> str:
        """Return why a fact has no unit where one may be meant: two can be, or one is misspelt.

        >>> Units().doubt("power_mw"), Units().doubt("n_tokens")
        ('mw can be mW or MW: write power_mW or power_MW', '')
        """
        suffix = name.rsplit("_", 1)[-1]
        candidates = _by_lower_case().get(suffix, ())
        if self.of(name) or suffix in self.own or len(candidates) < 2:
            return ""
        stem = name.removesuffix(suffix)
        names = " or ".join(f"{stem}{_spelt(symbol)}" for symbol in candidates)
        return f"{suffix} can be {' or '.join(candidates)}: write {names}"


def _suffixes(name: str) -> Iterator[str]:
    """Give what a name ends in, longest first: of `a_b_c` `b_c`, then `c`."""
    parts = name.split("_")
    for start in range(1, len(parts)):
        yield "_".join(parts[start:])


def _symbol(suffix: str) -> str:
    """Return a symbol that is the same in every language; nothing for two, or for none."""
    if suffix in SYMBOLS:
        return SYMBOLS[suffix]
    if suffix in CURRENCIES:
        return suffix.upper()
    if suffix in LOCALISED:
        return ""
    exact = _by_spelling().get(suffix, "")
    if exact:
        return exact
    candidates = _by_lower_case().get(suffix, ())
    return candidates[0] if len(candidates) == 1 else ""


def _localised(suffix: str) -> str:
    """Return CLDR's name of a unit, from a short name or from CLDR's own, one or many: `miles`."""
    if suffix in LOCALISED:
        return LOCALISED[suffix]
    names = _cldr_names()
    return names.get(suffix) or names.get(suffix.removesuffix("s"), "")


@cache
def _cldr() -> frozenset[str]:
    """Return CLDR's names of units."""
    return frozenset(map(str, Locale("en").unit_display_names))


@cache
def _cldr_names() -> dict[str, str]:
    """Return the units that CLDR names, by the last part of their name: `mile` is `length-mile`."""
    ids = [name for name in sorted(_cldr()) if not name.startswith(NO_UNITS)]
    return {name.split("-", 1)[1]: name for name in ids if "-per-" not in name}


def _spelt(symbol: str) -> str:
    for letter, name in SPELT.items():
        symbol = symbol.replace(letter, name)
    return symbol


@cache
def _by_spelling() -> dict[str, str]:
    """Return every symbol of SI with its prefixes, as a name spells it."""
    symbols = [prefix + base for base, prefixes in SI.items() for prefix in ("", *prefixes.split())]
    return {_spelt(symbol): symbol for symbol in symbols}


@cache
def _by_lower_case() -> dict[str, tuple[str, ...]]:
    """Return the symbols that a name in small letters can mean."""
    found: dict[str, tuple[str, ...]] = {}
    for spelling, symbol in _by_spelling().items():
        key = spelling.lower()
        found[key] = (*found.get(key, ()), symbol)
    return found


def is_localised(unit: str) -> bool:
    """Return whether a unit is CLDR's name of one, which Babel writes."""
    return unit in _cldr()


@cache
def _prefixable() -> dict[str, tuple[str, int]]:
    """Return base and exponent of each symbol that takes a prefix: `km` is 10^3 m, `kg` 10^3 g."""
    exponents = {**PREFIXES, **SMALLER, "": 0}
    found = {
        prefix + base: (base, exponent)
        for base in SI
        if base not in NO_PREFIX
        for prefix, exponent in exponents.items()
    }
    found |= {f"{symbol}/s": (f"{base}/s", power) for symbol, (base, power) in found.items()}
    decimal = {unit: ("B", 3 * n) for n, unit in enumerate(("kB", "MB", "GB", "TB"), 1)}
    return found | decimal | {"byte": ("B", 0), "bit": ("bit", 0)}


def with_prefix(value: float, unit: str) -> tuple[float, str]:
    """Return a number and a unit with the prefix that leaves one to three digits.

    Raises:
        ValueError: where the unit takes no prefix.

    >>> with_prefix(1.2e9, "Hz"), with_prefix(0.002, "kg"), with_prefix(5e6, "byte")
    ((1.2, 'GHz'), (2.0, 'g'), (5.0, 'MB'))
    """
    if unit not in _prefixable():
        raise ValueError(f"qty: {unit} takes no prefix: leave `prefix` out")
    base, power = _prefixable()[unit]
    in_base = Decimal(str(value)).scaleb(power)
    wanted = Decimal(f"{in_base:.2e}").adjusted()  # after rounding: 999.9999 is 1000
    exponent = min(30, max(-30, wanted - wanted % 3)) if value else 0
    prefix = {power: prefix for prefix, power in PREFIXES.items()}.get(exponent, "")
    symbol = "byte" if not prefix and base == "B" else prefix + base
    return float(in_base.scaleb(-exponent)), symbol
