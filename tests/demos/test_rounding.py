"""Rounding whole models in place.

Oracle: the quantizer of one matrix at once, which is tested on its own.
"""

import math

import numpy as np
import pytest

from demos import perplexity
from demos.common.quantization import rounding
from demos.common.quantization.formulas import dequantize, quantize, split
from demos.common.quantization.rounding import (
    largest,
    matrices,
    round_trip,
    round_trip_all,
    writable_copy,
)
from demos.smollm.weights import Weights, load


def rounded(weights: Weights, copy: Weights, bits: int, granularity: str) -> Weights:
    """Fill `copy` with the model's matrices in so many bits."""
    peaks = (largest(matrix, granularity) for matrix in matrices(weights))
    round_trip_all(zip(matrices(weights), peaks, matrices(copy), strict=True), bits)
    return copy


def at_once(weights: np.ndarray, bits: int, granularity: str) -> np.ndarray:
    """Quantize a matrix and back with the quantizer."""
    groups = split(weights, granularity)
    return dequantize(*quantize(groups, bits, "symmetric")).reshape(weights.shape)


def test_every_matrix_is_rounded_and_nothing_of_an_earlier_round_remains() -> None:
    """A copy filled twice equals each matrix quantized at once, and the model is untouched.

    Its perplexity is the grid's.
    """
    weights, before = load(), load().layers[3].down.copy()
    copy = rounded(weights, writable_copy(weights), 8, "row")
    rounded(weights, copy, 4, "block32")
    for ours, theirs in zip(matrices(weights), matrices(copy), strict=True):
        part = slice(-1000, None)  # rows share no scale, so the last ones stand for all
        assert np.array_equal(theirs[part], at_once(ours[part], 4, "block32"))
    found = math.exp(perplexity.losses(copy, perplexity.text_ids()).mean())
    assert found == pytest.approx(perplexity.run()["perplexity"], rel=1e-6)
    assert np.array_equal(weights.layers[3].down, before)
    assert copy.norm is weights.norm


def test_neighbouring_tokens_make_the_error_no_other() -> None:
    """Over 16 blocks of 16 tokens the error at 4 bits is within 40% of that over single tokens."""
    weights, ids = load(), perplexity.text_ids()
    copy = rounded(weights, writable_copy(weights), 4, "block32")
    differences = perplexity.losses(copy, ids) - perplexity.losses(weights, ids)
    blocks = differences.reshape(16, 16).mean(axis=1)
    by_token = differences.std(ddof=1) / 16
    assert blocks.std(ddof=1) / 4 == pytest.approx(by_token, rel=0.4)


@pytest.mark.parametrize("bits", [8, 6, 5, 4, 3, 2])
@pytest.mark.parametrize("granularity", ["tensor", "row", "block32"])
@pytest.mark.parametrize("size", [1e-8, 1e-6, 1.0])
def test_rounding_in_place_equals_the_quantizer(
    bits: int, granularity: str, size: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pieces or whole, with a row of zeros and scales that FP16 holds badly, all is equal."""
    weights = np.random.default_rng(0).normal(0, size, (50, 64)).astype(np.float32)
    weights[7] = 0
    expected = at_once(weights, bits, granularity)
    for chunk in (96, 2**17):
        monkeypatch.setattr(rounding, "CHUNK", chunk)
        out = np.empty_like(weights)
        round_trip(weights, bits, largest(weights, granularity), out)
        assert np.array_equal(out, expected)


@pytest.mark.parametrize(("asked", "threads"), [("1", 1), ("2", 2), ("64", 4), ("0", 1)])
def test_no_more_threads_than_the_runner_gives(
    asked: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many threads as NumPy may use, from 1 to 4; a setting that is no number is none."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", asked)
    assert rounding.n_threads() == threads
    for none in ("", "two", "-1"):
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", none)
        assert 1 <= rounding.n_threads() <= 4
