"""A demo that fails: no slide shows it, and no other demo minds."""


def run(*, mass_kg: float = 0.0) -> dict:
    """Divide by a mass of nothing."""
    return {"acceleration": 1 / mass_kg}


def show(facts: dict) -> None:
    """Print it."""
    print(facts["acceleration"])
