"""Capacity and overfitting: the same few noisy points, fitted with more and more parameters.

The model is a sum of cosines, f(x) = Σ wₖ φₖ(x) with φₖ(x) = cos(πkx) / max(k, 1), k = 0 … p - 1:
linear in its p parameters w, which least squares finds exactly. Where p exceeds the points,
infinitely many w pass through all of them; `numpy.linalg.lstsq` takes the one of least norm, and
since φₖ is divided by k, that is (but for the constant term) the curve with the least ∫f'², the
calmest. Test error falls once more: double descent (Belkin et al., 2019,
https://arxiv.org/abs/1812.11118; Nakkiran et al., 2019, https://arxiv.org/abs/1912.02292).

Each error is the mean over `N_DRAWS` draws of the points, and errors are root mean squares. New
cases are points as noisy as the seen ones, so that both errors can be compared: no curve can do
better there than the noise, σ. The expected error is computed and not drawn: with noise that knows
nothing of the curve, the mean square is (curve - wave)² + σ².

Leaves out: what a network adds (it is not linear in its parameters, and gradient descent, not least
squares, chooses among the curves), regularization, and stopping early.
"""

from typing import Annotated

import numpy as np

from demos.common.standalone import run_alone
from demos.common.words import number

N_DRAWS = 100
SIZES = (*range(1, 31), 35, 40, 50, 60, 80, 100, 150, 200, 300, 400)  # parameters
GRID = np.linspace(0, 1, 201)  # where the curve is tested
Draw = tuple[np.ndarray, np.ndarray]  # places [n] and noisy heights [n] of the points


def truth(x: np.ndarray) -> np.ndarray:
    """Give the function that the points come from: a wave.

    >>> truth(np.array([0.25])).tolist()
    [1.0]
    """
    return np.sin(2 * np.pi * x)


def draw(seed: int, n_points: int, noise: float) -> Draw:
    """Draw noisy points, each in its own n-th of [0, 1], so that no draw leaves half of it empty.

    >>> x, y = draw(0, 10, noise=0)
    >>> bool((np.floor(10 * x) == np.arange(10)).all() and (y == truth(x)).all())
    True
    """
    generator = np.random.default_rng(seed)
    x = (np.arange(n_points) + generator.uniform(size=n_points)) / n_points  # [n]
    return x, truth(x) + noise * generator.standard_normal(n_points)  # [n], [n]


def features(x: np.ndarray, n_params: int) -> np.ndarray:
    """Compute the cosines at `x`, the k-th divided by k: [n, p].

    >>> features(np.array([0.0, 1.0]), 3).tolist()
    [[1.0, 1.0, 0.5], [1.0, -1.0, 0.5]]
    """
    k = np.arange(n_params)
    return np.cos(np.pi * np.outer(x, k)) / np.maximum(k, 1)


def fit(phi: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Find the parameters with the least squared error, and of equals those of least norm: [p].

    >>> w = fit(features(np.array([0.0, 1.0]), 2), np.array([3.0, 1.0]))
    >>> w.round(6).tolist()  # w₀ + w₁ = 3 and w₀ - w₁ = 1
    [2.0, 1.0]
    """
    return np.linalg.lstsq(phi, y, rcond=None)[0]


def errors(draws: list[Draw], n_params: int, noise: float) -> dict:
    """Fit each draw, and average the error on its points and on new ones, as noisy.

    >>> draws = [(np.array([0.0, 1.0]), np.array([3.0, 1.0]))]
    >>> errors(draws, 1, noise=0)["training_error"]  # a flat line at 2 misses both by 1
    1.0
    """
    grid = features(GRID, n_params)  # [201, p]: the same for each draw
    training, test = [], []
    for x, y in draws:
        phi = features(x, n_params)  # [n, p]
        w = fit(phi, y)  # [p]
        training.append(rms(phi @ w - y))
        test.append(np.hypot(rms(grid @ w - truth(GRID)), noise))
    return {
        "n_params": n_params,
        "training_error": round(float(np.mean(training)), 9),  # rounding's own error is no fact
        "test_error": float(np.mean(test)),
        "test_standard_error": float(np.std(test) / np.sqrt(len(draws))),
    }


def best_below(curve: list[dict], n_points: int) -> dict:
    """Find the least error on new points, among the sizes with fewer parameters than points.

    >>> rows = [{"n_params": n, "test_error": error} for n, error in ((1, 3.0), (2, 2.0), (9, 1.0))]
    >>> best_below(rows, n_points=9)["n_params"]
    2
    """
    fewer = [row for row in curve if row["n_params"] < n_points]
    return min(fewer, key=lambda row: row["test_error"])


def rms(values: np.ndarray) -> float:
    """Give the root of the mean square.

    >>> rms(np.array([3.0, -4.0, 0.0, 0.0]))
    2.5
    """
    return float(np.sqrt(np.mean(values**2)))


def example(points: Draw, sizes: tuple[int, ...]) -> dict:
    """Keep one draw and the curves through it, for the figure.

    >>> sorted(example(draw(0, 10, 0.1), (1, 4)))
    ['curves', 'points', 'x']
    """
    x, y = points
    curves = [features(GRID, n) @ fit(features(x, n), y) for n in sizes]  # [201] each
    points, *curves = (np.round(numbers, 4).tolist() for numbers in (points, *curves))
    return {"points": points, "x": GRID.round(4).tolist(), "curves": curves}


def run(
    *,
    n_points: Annotated[int, range(10, 31, 5)] = 15,
    noise_percent: Annotated[int, range(0, 51, 10)] = 30,
) -> dict:
    """Fit every size on every draw; noise is in percent of the wave's height."""
    noise, n_more = noise_percent / 100, 10 * n_points
    draws = [draw(seed, n_points, noise) for seed in range(N_DRAWS)]
    curve = [errors(draws, n_params, noise) for n_params in SIZES]
    best = best_below(curve, n_points)
    more = [draw(seed, n_more, noise) for seed in range(N_DRAWS)]
    return {
        "n_points": n_points,
        "noise_percent": noise_percent,
        "noise": noise,  # the least error that a new point leaves to any curve
        "n_draws": N_DRAWS,
        "curve": curve,
        "best": best,
        "at_threshold": curve[SIZES.index(n_points)],
        "last": curve[-1],
        "n_points_more_data": n_more,
        "more_data": errors(more, n_points, noise),  # as many parameters as at the threshold
        "example": example(draws[0], (best["n_params"], n_points, SIZES[-1])),
    }


def show(facts: dict) -> None:
    """Print the errors, size by size, and what they say."""
    n_points, more = facts["n_points"], number(facts["more_data"]["test_error"], 3)
    print(f"""\
1. I dati: {n_points} punti di un’onda, con un rumore del {facts["noise_percent"]}%
   Il modello: una somma di coseni. Un parametro è l’altezza di un coseno.
2. L’errore, in media su {facts["n_draws"]} estrazioni dei punti (l’onda è alta 1).
   Anche i punti nuovi hanno il loro rumore: sotto {number(facts["noise"], 2)} non si scende.
   parametri   punti visti   punti nuovi""")
    show_curve(facts)
    print("""\
3. Più parametri, meno errore sui punti già visti: è la capacità. Quando sono tanti
   quanti i punti, la curva li tocca tutti, rumore compreso.""")
    if facts["at_threshold"]["test_error"] > facts["last"]["test_error"]:
        print("""\
   Sui punti nuovi allora sbaglia di più: è l’overfitting. Ancora più parametri: di
   curve che toccano tutti i punti ce ne sono infinite, e la regola sceglie la più
   calma. L’errore scende di nuovo (doppia discesa).""")
    else:
        print("   Qui rumore non ce n’è: non c’è niente di sbagliato da imparare a memoria.")
    print(f"4. Con dieci volte i punti ({facts['n_points_more_data']}) "
          f"e gli stessi {n_points} parametri l’errore è {more}.")  # fmt: skip


def show_curve(facts: dict) -> None:
    """Print both errors, size by size."""
    marks = {
        facts["best"]["n_params"]: "  ← il migliore",
        facts["n_points"]: "  ← tanti quanti i punti",
    }
    for row in facts["curve"]:
        size, seen, new = row["n_params"], row["training_error"], row["test_error"]
        if size <= 10 or size % 5 == 0:
            print(f"   {size:>9}{number(seen, 3):>14}{number(new, 3):>14}{marks.get(size, '')}")


if __name__ == "__main__":
    run_alone(run, show)
