"""How far sentence vectors move.

Oracle: Spearman's formula, 1 - 6 Σd² / n(n² - 1), and cosines added up by Python. The encoder and
the quantizer have their own tests.
"""

import math
from itertools import combinations

import numpy as np
import pytest

from demos.common.sentences.rounded import minilm_row, moved


@pytest.fixture
def vectors() -> tuple[np.ndarray, np.ndarray]:
    """Give seven vectors of length 1, and seven others."""
    drawn = np.random.default_rng(0).normal(size=(2, 7, 5))
    base, other = drawn / np.linalg.norm(drawn, axis=2, keepdims=True)
    return base, other


def by_similarity(vectors: np.ndarray) -> list[tuple[int, int]]:
    """Order all pairs of vectors, the least alike first."""
    return sorted(
        combinations(range(len(vectors)), 2), key=lambda pair: vectors[pair[0]] @ vectors[pair[1]]
    )


def nearest(vectors: np.ndarray) -> list[int]:
    """Find the nearest other one of each vector."""
    others = [[j for j in range(len(vectors)) if j != i] for i in range(len(vectors))]
    return [max(js, key=lambda j, i=i: vectors[i] @ vectors[j]) for i, js in enumerate(others)]


def test_rank_correlation_is_spearman_s(vectors) -> None:
    """It equals Spearman's formula where no two values are equal, and all equal give 0."""
    base, other = vectors
    before, now = by_similarity(base), by_similarity(other)
    squares = sum((before.index(pair) - now.index(pair)) ** 2 for pair in before)
    n = len(before)
    spearman = 1 - 6 * squares / (n * (n**2 - 1))
    assert moved(other, base)["rank_correlation"] == pytest.approx(spearman, rel=1e-12)
    assert moved(np.ones((3, 1)), np.eye(3))["rank_correlation"] == 0


def test_cosines_and_neighbours_are_those_found_one_by_one(vectors) -> None:
    """Mean and worst cosine are Python's; so many sentences keep their nearest one as it finds."""
    base, other = vectors
    facts = moved(other, base)
    products = [a * b for a, b in zip(other, base, strict=True)]
    cosines = [math.fsum(product) for product in products]
    assert facts["cosine_mean"] == pytest.approx(sum(cosines) / 7)
    assert facts["cosine_worst"] == pytest.approx(min(cosines))
    same = [a == b for a, b in zip(nearest(base), nearest(other), strict=True)]
    assert facts["n_same_nearest"] == sum(same) < 7


def test_one_scale_a_matrix_moves_minilm_a_hundred_times_further() -> None:
    """At the same 8 bits 1 - cosine is over 100 times that of blocks of 32: the method decides."""
    block, whole = minilm_row(8, "block32"), minilm_row(8, "tensor")
    assert 1 - whole["cosine_mean"] > 100 * (1 - block["cosine_mean"]) > 0
    assert whole["rank_correlation"] < 0.97 < 0.999 < block["rank_correlation"]
