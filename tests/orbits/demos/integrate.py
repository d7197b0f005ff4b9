"""A planet on an ellipse, integrated in two ways, one of which keeps the energy."""

from typing import Literal

ORBITS = 5
START = 1 + 0j, 1.2j
"""Position and velocity at the pericentre, in units in which the unit circle takes 2π."""
TWO_PI = 6.283185307179586


def euler(x: complex, v: complex, dt: float) -> tuple[complex, complex]:
    """Return the state after an explicit step."""
    return x + dt * v, v - dt * x / abs(x) ** 3


def leapfrog(x: complex, v: complex, dt: float) -> tuple[complex, complex]:
    """Return the state after half a kick, a drift, half a kick."""
    v -= dt / 2 * x / abs(x) ** 3
    x += dt * v
    return x, v - dt / 2 * x / abs(x) ** 3


def energy(x: complex, v: complex) -> float:
    """Return the energy per mass."""
    return abs(v) ** 2 / 2 - 1 / abs(x)


def run(*, method: Literal["euler", "leapfrog"] = "leapfrog", steps=200) -> dict:
    """Return how far the energy is off after some orbits, as a share of it."""
    step = {"euler": euler, "leapfrog": leapfrog}[method]
    x, v = START
    for _ in range(ORBITS * steps):
        x, v = step(x, v, TWO_PI / steps)
    error = abs(energy(x, v) / energy(*START) - 1)
    return {"method": method, "orbits": ORBITS, "steps": steps, "energy_error": error}


def show(facts: dict) -> None:
    """Print the error."""
    print(f"{facts['method']}, {facts['steps']} steps an orbit, {facts['orbits']} orbits")
    print(f"  energy off by {facts['energy_error']:.2e}")
