"""What this demo shows, in one line.

Leaves out: what it does not compute, in one line.
"""

from typing import Annotated


def run(*, n: Annotated[int, range(1, 11)] = 4) -> dict:
    """Return the facts; a name ends in its unit where it has one (`distance_km`)."""
    return {"n": n, "total": sum(range(1, n + 1))}


def show(facts: dict) -> None:
    """Print how the facts come about."""
    print(f"1 + … + {facts['n']} = {facts['total']}")


if __name__ == "__main__":
    show(run())
