"""Kepler's third law, checked with the planets' axes (JPL, approximate positions) and periods.

Leaves out: the planets' own masses.
"""

import csv
from pathlib import Path

DATA = Path(__file__).parent / "data" / "planets.csv"


def run() -> dict:
    """Return the planets, and how far T²/a³ is from 1."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    planets = []
    for row in rows:
        a, period = float(row["a_au"]), float(row["period_years"])
        planets.append({"name": row["name"], "a_au": a, "period_years": period})
    gaps = [abs(p["period_years"] ** 2 / p["a_au"] ** 3 - 1) for p in planets]
    return {"planets": planets, "largest_gap_percent": 100 * max(gaps)}


def show(facts: dict) -> None:
    """Print the planets."""
    for planet in facts["planets"]:
        print(f"{planet['name']:8} {planet['a_au']:9.4f} AU {planet['period_years']:9.3f} years")
