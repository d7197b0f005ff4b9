"""The lecture's time: what the notes say of each page, summed by section.

The oracle is the plan: ninety minutes on the main path, give or take five.
"""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

PLAN = {
    "00-apertura": 5,
    "01-token": 12,
    "02-vettori": 6,
    "03-trasformatore": 12,
    "04-probabilita": 6,
    "05-addestramento": 14,
    "06-assistente": 10,
    "07-limiti": 12,
    "08-peso": 10,
    "09-modelli": 4,
    "10-chiusura": 4,
}
"""Minutes of each section of the main path."""
BEYOND = ("11-rifallo-tu", "12-approfondimenti", "13-registro")
MINUTES = re.compile(r"^Durata (\d+) minut[oi]\.$", re.MULTILINE)


def pages(section: str) -> list[str]:
    """Return the pages of a section, as they are written."""
    text = (ROOT / f"deck/slides/{section}.md.j2").read_text(encoding="utf-8")
    return text.split("\n---\n")


def test_every_template_is_in_the_plan_or_beyond_the_main_path() -> None:
    """No section is forgotten when minutes are summed."""
    names = {path.name.removesuffix(".md.j2") for path in (ROOT / "deck/slides").iterdir()}
    assert names == {*PLAN, *BEYOND}


@pytest.mark.parametrize("section", PLAN)
def test_each_page_of_the_main_path_says_its_minutes_and_sections_keep_to_the_plan(
    section: str,
) -> None:
    """Within a minute of what the section may take."""
    minutes = [sum(map(int, MINUTES.findall(page))) for page in pages(section)]
    assert min(minutes) >= 1
    assert sum(minutes) == pytest.approx(PLAN[section], abs=1)


def test_the_main_path_takes_ninety_minutes() -> None:
    """Eighty-five to ninety-five; what is beyond says no minutes."""
    minutes = {name: sum(map(int, MINUTES.findall("".join(pages(name))))) for name in PLAN}
    assert 85 <= sum(minutes.values()) <= 95, minutes
    assert not any(MINUTES.search("".join(pages(name))) for name in BEYOND)


@pytest.mark.parametrize("page", pages("12-approfondimenti"))
def test_what_is_beyond_the_main_path_is_marked(page: str) -> None:
    """Each in-depth page says so at its top."""
    assert '<p class="extra">approfondimento</p>' in page
