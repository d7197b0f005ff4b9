"""Numbers and units of any field, as people read them.

The oracles: numbers of CODATA and of astronomers' handbooks, written out as each language does; the
symbols of the SI brochure (9th edition, tables 2, 4, 7 and 8); CLDR's own words through Babel.
"""

from __future__ import annotations

import json

import pytest
from babel.units import format_unit

from llmdeck.render.numbers import Numbers, exact, with_unit
from llmdeck.render.units import Units
from tests.conftest import DECK, Project
from tests.test_render import body, mistake, rendered

PHYSICS = {
    "c_m_per_s": 299792458.0,
    "jd": 2460310.5,
    "g": 6.6743e-11,
    "tiny": 1.43e-14,
    "charge": -1.6e-19,
    "sun_kg": 1.98892e30,
    "line_hz": 1.42040575e9,
    "whole": 10**31,
    "small": 0.00012345,
    "zero": 0.0,
    "a": 1.01417,
    "b": 1.0,
    "year_yr": 1.0,
    "years_yr": 4.6e9,
    "power_mw": 3.5,
    "share": 0.5,
    "rows": [{"name": "Sole", "mass_kg": 1.98892e30}],
}
POWER_11 = (
    '<span role="img" aria-label="6,67 times 10 to the power of −11">'
    "6,67\xa0×\xa010<sup>−11</sup></span>"
)
WORDS = ["n_tokens", "m", "loss_min", "x_v2", "tokens_per_s", "rate_per_day"]


@pytest.mark.parametrize(
    ("locale", "value", "written"),
    [
        ("it", 6.6743e-11, "6,67 × 10⁻¹¹"),
        ("en", 1.43e-14, "1.43 × 10⁻¹⁴"),
        ("de", -1.6e-19, "−1,6 · 10⁻¹⁹"),
        ("fr", 1.98892e30, "1,99 × 10³⁰"),
        ("en", 10**400, "1 × 10⁴⁰⁰"),
        ("en", 9.9996e-5, "1 × 10⁻⁴"),
        ("en", 1e15, "1 × 10¹⁵"),
        ("en", 999_999_999_999_999, "999,999,999,999,999"),
        ("it", 0.0001, "0,0001"),
        ("it", 0.00012345, "0,000123"),
        ("it", 299792458.0, "299.792.458"),
        ("it", 1.01417 - 1.0, "0,0142"),
        ("it", 0.0, "0"),
    ],
)
def test_a_number_becomes_a_power_of_ten_by_itself(locale: str, value: float, written: str) -> None:
    """Outside of 10^-4 … 10^15, with the locale's comma and times sign; inside as ever."""
    assert Numbers(locale).num(value).replace("\xa0", " ") == written


def test_no_filter_shows_a_number_that_is_none() -> None:
    """Nothing but zero shows as 0 by itself, zero has no sign, and a huge number is no error."""
    it, en = Numbers("it"), Numbers("en")
    assert it.num(-0.001, 2) == "0,00" and it.pct(-0.001) == "0%" and it.num(-0.0) == "0"
    assert it.num(1.98892e30, 1) == "2,0\xa0×\xa010³⁰"
    assert it.num(-1.6e-19, 3) == "−1,600\xa0×\xa010⁻¹⁹"
    assert en.compact(1.98892e30) == "1.99\xa0×\xa010³⁰"
    assert en.pct(1e30) == "1\xa0×\xa010³²%"
    assert en.scaled("gb")(5.0) == "5\xa0×\xa010⁻⁹\xa0GB"


@pytest.mark.parametrize(
    ("locale", "value", "decimals", "written"),
    [
        ("it", 1e6, 0, "1 milione"),
        ("it", 1_000_000, 0, "1 milione"),
        ("it", 1_040_000.0, 0, "1 milione"),
        ("it", 1_040_000.0, 1, "1 milione"),
        ("it", -1e9, 1, "−1 miliardo"),
        ("it", 1.5e6, 1, "1,5 milioni"),
        ("it", 999_600.0, 0, "1 milione"),
        ("it", 2e6, 0, "2 milioni"),
        ("fr", 1e6, 0, "1 million"),
        ("fr", 1.5e6, 1, "1,5 million"),
        ("de", 1e9, 0, "1 Milliarde"),
        ("en", 174_604_259_328, 1, "174.6 billion"),
        ("ja", 1e6, 0, "100万"),
        ("ja", 1500.0, 0, "1,500"),
        ("en", 999.5, 0, "999.5"),
    ],
)
def test_a_compact_number_has_the_plural_of_its_digits(
    locale: str, value: float, decimals: int, written: str
) -> None:
    """As grammars have it: one is singular however many digits the number had; French up to two."""
    assert Numbers(locale).compact(value, decimals).replace("\xa0", " ") == written


def test_sci_writes_so_many_digits() -> None:
    """`sci(digits)` keeps just these; without, at most three, and no zeros at the end."""
    it = Numbers("it")
    assert it.sci(299792458, 4) == "2,998\xa0×\xa010⁸"
    assert it.sci(0.5, 3) == "5,00\xa0×\xa010⁻¹"
    assert it.sci(0.5) == "5\xa0×\xa010⁻¹"
    assert it.sci(9.99e5, 1) == "1\xa0×\xa010⁶"
    assert it.sci(0) == "0" and it.sci(0, 3) == "0,00"


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, 5e-324, 1.5e300, 2460310.5, 3.0, 7, -0.5])
def test_machines_read_the_very_number(value: float) -> None:
    """What stands in a tag is the number to the last digit."""
    assert float(exact(value)) == value


SYMBOLS = """
m:m km:km kg:kg g:g mg:mg s:s ms:ms us:µs h:h d:d hz:Hz mhz:MHz ghz:GHz k:K pa:Pa hpa:hPa mpa:MPa
j:J kj:kJ ev:eV kev:keV gev:GeV w:W kw:kW kwh:kWh mwh:MWh v:V mv:mV a:A ma:mA t:t n:N kn:kN mol:mol
rad:rad deg:° ohm:Ω kohm:kΩ um:µm nm:nm pc:pc kpc:kpc l:L ml:mL bar:bar lm:lm usd:USD eur:EUR
percent:% db:dB px:px gb:GB gib:GiB bits:bit hours:h seconds:s minutes:min flop:FLOP tflops:TFLOP/s
m_per_s:m/s km_per_h:km/h m_per_s2:m/s² kg_per_m3:kg/m³ w_per_m2:W/m² m2:m² km2:km² cm3:cm³
gb_per_s:GB/s MW:MW mW:mW meV:meV MeV:MeV
"""


@pytest.mark.parametrize("pair", SYMBOLS.split())
def test_a_name_ends_in_a_symbol_of_si(pair: str) -> None:
    """Each suffix is the symbol that the SI brochure, or computing, has for it."""
    suffix, symbol = pair.split(":")
    assert Units().of(f"x_{suffix}") == symbol


@pytest.mark.parametrize(
    "name", ["n_tokens", "m", "loss_min", "x_v2", "tokens_per_s", "rate_per_day"]
)
def test_a_word_is_no_unit(name: str) -> None:
    """A minimum, a version, a name of one letter and a ratio of no units have none."""
    assert Units().of(name) == ""


@pytest.mark.parametrize(
    ("name", "cldr"),
    [
        ("age_yr", "duration-year"),
        ("wait_days", "duration-day"),
        ("t_c", "temperature-celsius"),
        ("a_au", "length-astronomical-unit"),
        ("far_miles", "length-mile"),
        ("v_knot", "speed-knot"),
    ],
)
@pytest.mark.parametrize("locale", ["it", "en", "de"])
def test_what_languages_write_in_their_own_way_babel_writes(
    name: str, cldr: str, locale: str
) -> None:
    """Years, degrees and miles are as CLDR has them in each language, in the right plural."""
    numbers = Numbers(locale)
    for value in (1, 3):
        fact = with_unit(value, numbers.units.of(name))
        expected = format_unit(value, cldr, "short", locale=locale)
        assert numbers.qty(fact).replace("\xa0", " ") == expected.replace("\xa0", " ")


def test_a_prefix_is_chosen_where_it_is_asked_for() -> None:
    """`qty(prefix=true)` leaves one to three digits; what takes no prefix says so."""
    it = Numbers("it")

    def shown(value: float, unit: str) -> str:
        return it.qty(value, unit=unit, prefix=True).replace("\xa0", " ")

    assert shown(1.2e9, "Hz") == "1,2 GHz"
    assert shown(0.002, "kg") == "2 g"
    assert shown(999.9999, "W") == "1 kW"
    assert shown(5.1e-7, "m") == "510 nm"
    assert shown(-3e6, "byte") == "−3 MB"
    assert shown(0, "km") == "0 m"
    with pytest.raises(ValueError, match="USD takes no prefix"):
        shown(5.0, "USD")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ f.g }}", POWER_11),
        ("{{ f.sun_kg | qty }}", POWER_11.replace("6,67", "1,99").replace("−11", "30") + "\xa0kg"),
        ("{{ f.g | sci(2) }}", POWER_11.replace("6,67", "6,7")),
        ("`{{ f.g }}`", "`6,67\xa0×\xa010⁻¹¹`"),
        ("{{ f.c_m_per_s | qty }}", "299.792.458\xa0m/s"),
        ("{{ f.c_m_per_s }} {{ f.jd | num(1) }} {{ f.a - f.b }}", "299.792.458 2.460.310,5 0,0142"),
        ("{{ f.line_hz | qty(prefix=true) }}", "1,42\xa0GHz"),
        ("{{ f.year_yr | qty }} {{ f.years_yr | qty }}", "1\xa0anno 4.600.000.000\xa0anni"),
        ("{{ 0.5 }}", "0,5"),
        ("{{ f.charge | num(2) }}", POWER_11.replace("6,67", "−1,60").replace("−11", "−19")),
    ],
)
def test_a_slide_shows_it(project: Project, template: str, expected: str) -> None:
    """A power of ten is raised, and a screen reader hears it; constants are numbers too."""
    assert body(project, template, facts=PHYSICS) == expected


def test_a_table_and_notes_show_powers(project: Project) -> None:
    """A cell raises the power, as text does; notes are plain text and have its characters."""
    html = body(project, '{{ table(f.rows, columns=["mass_kg"]) }}', facts=PHYSICS)
    assert "1,99\xa0×\xa010<sup>30</sup></span>\xa0kg</td>" in html
    notes = body(project, "{% call notes() %}{{ f.g }}{{ ', ' }}·{% endcall %}", facts=PHYSICS)
    assert "6,67\xa0×\xa010⁻¹¹, ·" in notes and "<span" not in notes


def test_a_title_keeps_its_power(project: Project) -> None:
    """A slide is called by its heading, 10⁻¹¹ and not 10−11."""
    project.write("deck/claims.toml", "")
    project.write("deck/slides/01-uno.md.j2", "# G è {{ 6.6743e-11 }}, davvero\n")
    (slide,) = rendered(project).slides
    assert slide.title == "G è 6,67\xa0×\xa010⁻¹¹, davvero"


def test_the_deck_says_how_a_power_is_read_and_adds_units(project: Project) -> None:
    """`power_of_ten` is what a screen reader says; `[units]` adds one, or takes one away."""
    words, units = 'power_of_ten = "per 10 alla"', 'mw = "MW"\nk = ""\npax = "persone"'
    project.write("deck/deck.toml", f"{DECK}[words]\n{words}\n[units]\n{units}\n")
    facts = {"g": 6.6743e-11, "p_mw": 3, "n_pax": 7}
    shown = body(project, "{{ f.g }} {{ f.p_mw | qty }} {{ f.n_pax | qty }}", facts=facts)
    assert 'aria-label="6,67 per 10 alla −11"' in shown
    assert shown.endswith("3\xa0MW 7\xa0persone")
    told, place = mistake(project, '{{ demo("twice").n | qty }}')
    assert "has no unit" in told and place
    assert Units({"k": ""}).of("top_k") == ""


@pytest.mark.parametrize("value", ["3", "[]", "{ a = 1 }"])
def test_a_unit_that_is_no_text_is_an_error_with_its_line(project: Project, value: str) -> None:
    """A number or a table in `[units]` is told with its line."""
    project.write("deck/deck.toml", f"{DECK}[units]\nct = {value}\n")
    done = project.run("build")
    assert done.returncode == 3
    assert "deck/deck.toml:5: `ct` in [units] must be text" in done.stderr


def test_why_says_which_facts_have_which_unit(project: Project) -> None:
    """What has a unit, what has none, and what may be two units, with the way to write it."""
    facts = '"size_gb": 2.5 * n, "power_mw": 1.0, "rows": [{"mass_kg": 2.0, "k": 1}]'
    project.edit("demos/twice.py", '"size_gb": 2.5 * n', facts)
    assert project.run("build").returncode == 0
    told = project.run("why", "twice").stdout
    assert "units: size_gb GB, mass_kg kg\n" in told
    assert "no unit: n, double, k (for others, [units] in deck/deck.toml)\n" in told
    assert "power_mw: mw can be mW or MW: write power_mW or power_MW\n" in told
    (row,) = json.loads(project.run("why", "twice", "--json").stdout)
    assert row["units"] == {
        "n": "",
        "double": "",
        "size_gb": "GB",
        "power_mw": "",
        "mass_kg": "kg",
        "k": "",
    }


def test_claims_over_whole_numbers_hold(project: Project) -> None:
    """The Julian date and the speed of light are what the demo computed, in the ledger too."""
    facts = '"jd": 2460310.5, "c_m": 299792458.0, "size_gb": 2.5 * n'
    project.edit("demos/twice.py", '"size_gb": 2.5 * n', facts)
    project.edit("deck/claims.toml", '"double == 2 * n"', '["jd > 2460310.2", "c_m == 299792458"]')
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    assert project.run("check").returncode == 0
