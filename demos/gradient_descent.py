"""Gradient descent, with one weight, finds how many tokens a word makes.

The points are 24 Italian sentences: their words, and their tokens in SmolLM2's vocabulary. The
model is tokens = w · words; the loss, the mean of (w · words - tokens)², is a parabola in w. Each
step goes against the slope:

    w ← w - step · slope          slope = mean of 2 · (w · words - tokens) · words

The slope changes by the curvature, 2 · mean(words²), for each unit of w: so a step multiplies the
distance from the best w by 1 - step · curvature, and the distance grows where step > 2 / curvature
(Nocedal and Wright, Numerical Optimization, 2006, chapter 3).

Leaves out: several weights, where each direction has its own curvature; random batches; momentum.
"""

import tomllib
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from demos.common.intervals import significant
from demos.common.standalone import run_alone
from demos.common.text import count_words
from demos.common.words import number

FILE = Path(__file__).parent / "data" / "parallel.toml"
StepSize = Literal["0.0005", "0.002", "0.003", "0.005", "0.006"]
SIZES: tuple[StepSize, ...] = ("0.0005", "0.002", "0.003", "0.005", "0.006")
START, N_STEPS, MOST = 0.0, 10, 1000  # the first weight; steps that are shown; steps at most
NEAR = 0.01  # as a share of the best weight: near enough
Point = tuple[int, int]  # words and tokens of a sentence


@lru_cache
def points() -> tuple[Point, ...]:
    """Count the words and the tokens of each sentence.

    >>> len(points()), points()[0]
    (24, (15, 32))
    """
    from demos.smollm.tokenizer import encode  # here: what computes below does without

    with FILE.open("rb") as file:
        pairs = tomllib.load(file)["pair"]
    return tuple((count_words(pair["italian"]), len(encode(pair["italian"]))) for pair in pairs)


def loss(weight: float, data: tuple[Point, ...]) -> float:
    """Give the mean square by which the line misses the points.

    >>> loss(2.0, ((1, 2), (2, 2)))
    2.0
    """
    return sum((weight * x - y) ** 2 for x, y in data) / len(data)


def slope(weight: float, data: tuple[Point, ...]) -> float:
    """Give how fast the loss grows with the weight.

    >>> slope(2.0, ((1, 2), (2, 2)))
    4.0
    """
    return sum(2 * (weight * x - y) * x for x, y in data) / len(data)


def curvature(data: tuple[Point, ...]) -> float:
    """Give how fast the slope grows with the weight: the same everywhere, since it is a parabola.

    >>> curvature(((1, 2), (2, 2)))
    5.0
    """
    return sum(2 * x * x for x, _ in data) / len(data)


def best(data: tuple[Point, ...]) -> float:
    """Give the weight at which the slope is zero.

    >>> best(((1, 2), (2, 2)))
    1.2
    """
    return sum(x * y for x, y in data) / sum(x * x for x, _ in data)


def descend(step: float, data: tuple[Point, ...], n_steps: int) -> list[float]:
    """Give the weight at the start and after each of `n_steps` steps against the slope.

    >>> [round(weight, 3) for weight in descend(0.1, ((1, 2), (2, 2)), 2)]
    [0.0, 0.6, 0.9]
    """
    weights = [START]
    for _ in range(n_steps):
        weights.append(weights[-1] - step * slope(weights[-1], data))
    return weights


def try_size(name: str, data: tuple[Point, ...]) -> dict:
    """Say where a step size leads: after how many steps it is near the best, or that it is not.

    >>> try_size("0.1", ((1, 2), (2, 2)))["n_steps_to_near"]
    7
    """
    found = best(data)
    factor = 1 - float(name) * curvature(data)
    weights = descend(float(name), data, MOST if abs(factor) < 1 else N_STEPS)
    near = (n for n, weight in enumerate(weights) if abs(weight - found) <= NEAR * found)
    losses = [loss(weight, data) for weight in weights[: N_STEPS + 1]]
    return {
        "step_size": name,
        "factor": significant(factor),
        "n_steps_to_near": next(near, None),
        "loss_grows": all(after > before for before, after in pairwise(losses)),
        "last_loss": significant(losses[-1], 4),
    }


def run(*, step_size: StepSize = "0.002") -> dict:
    """Go down with one step size, and say where each of the others leads."""
    data = points()
    weights = descend(float(step_size), data, N_STEPS)
    rows = []
    for n, weight in enumerate(weights):
        place = {"slope": slope(weight, data), "loss": loss(weight, data)}
        rows.append({"step": n, "weight": weight} | place)
    return {
        "step_size": float(step_size),
        "n_points": len(data),
        "points": [list(point) for point in data],
        "start": START,
        "best_weight": best(data),
        "least_loss": loss(best(data), data),
        "curvature": curvature(data),
        "largest_step": 2 / curvature(data),
        "rows": rows,
        **{name: fact for name, fact in try_size(step_size, data).items() if name != "step_size"},
        "sizes": [try_size(name, data) for name in SIZES],
    }


def show(facts: dict) -> None:
    """Print the steps, and where each step size leads."""
    size = str(facts["step_size"]).replace(".", ",")
    found, limit = number(facts["best_weight"], 3), number(facts["largest_step"], 5)
    print(f"""\
1. {facts["n_points"]} frasi italiane: quanti token fa una parola? Il modello: token = w · parole
   La perdita: la media di (w · parole − token)²
2. Da w = 0, ogni passo va contro la pendenza: w ← w − {size} · pendenza
   passo         w    pendenza     perdita""")
    for row in facts["rows"]:
        cells = (number(row["weight"], 3), number(row["slope"], 1), number(row["loss"], 2))
        print(f"   {row['step']:>5}" + "{:>10}{:>12}{:>12}".format(*cells))
    print(f"""\
   Il w migliore, dove la pendenza è zero: {found} token per parola
3. La pendenza cambia di {number(facts["curvature"], 1)} per ogni unità di w: è la curvatura
   Ogni passo moltiplica la distanza dal migliore per 1 − passo · curvatura: se il passo
   supera 2 / curvatura = {limit}, la distanza cresce
   passo    fattore    passi per arrivare entro l’1%""")
    for row in facts["sizes"]:
        n = row["n_steps_to_near"]
        end = "non arriva: diverge" if n is None else number(n)
        print(f"   {row['step_size'].replace('.', ','):<7}{number(row['factor'], 2):>9}    {end}")


if __name__ == "__main__":
    run_alone(run, show)
