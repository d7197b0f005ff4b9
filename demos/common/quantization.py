"""FP32 weights to n-bit integers and back: one scale a matrix, a row or 32 weights, symmetric or asymmetric.

All arrays are float32, which holds codes of 8 bits exactly. From `chunks` on, whole models: their
matrices are quantized (symmetric, one FP16 scale a row or a block of 32; in 16 bits there are no
scales), their vectors (norms, biases) stay in FP32, as in llama.cpp's files. It is what `quantize`
does, step by step the same numbers, but fast enough for a hundred million weights, many times over:
in place, and in chunks that stay in the cache.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # MiniLM's matrices are quantized without the LLM
    from demos.smollm.weights import Layer, Weights

SCALE_BITS = 16  # scales are stored in FP16, and used as stored
MATRICES = ("qkv", "output", "gate_up", "down")  # of a layer; the others are vectors
FP16_NORMAL = 2.0**-14  # FP16 has 11 significant bits from here on, fewer below
CHUNK = (
    2**17
)  # weights that are rounded at once: half a MB stays in the processor's cache through all the steps


def split(weights: np.ndarray, granularity: str) -> np.ndarray:
    """View a matrix as groups of weights that share one scale: `[n_groups, group_size]`, without a copy.

    >>> split(np.zeros((4, 64), np.float32), "block32").shape
    (8, 32)
    """
    rows, columns = weights.shape
    size = {"tensor": rows * columns, "row": columns, "block32": 32}[granularity]
    return weights.reshape(-1, size)


def code_range(bits: int, scheme: str) -> tuple[int, int]:
    """Give the lowest and highest integer code: symmetric leaves one code unused, so that + and - are alike.

    >>> code_range(8, "symmetric"), code_range(8, "asymmetric")
    ((-127, 127), (0, 255))
    """
    top = 2 ** (bits - 1) - 1
    return (-top, top) if scheme == "symmetric" else (0, 2**bits - 1)


def quantize(
    groups: np.ndarray, bits: int, scheme: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn finite float32 groups into codes, scales and zero points, so that `weight ≈ (code - zero) * scale`.

    Symmetric: absmax, as in LLM.int8() section 2.1 (https://arxiv.org/abs/2208.07339), whose 127 is
    the highest code of 8 bits. Asymmetric: equation 1 of Jacob et al.
    (https://arxiv.org/abs/1712.05877), with the range widened to include zero (Krishnamoorthi,
    https://arxiv.org/abs/1806.08342, section 2.1). Weights must suit FP16 scales: up to 65,504, and
    where a scale would fall under 2^-14, FP16 rounds it more coarsely and the largest weights are
    clipped.

    >>> codes, scales, zeros = quantize(np.float32([[-1.0, 0.5, 0.25]]), 3, "symmetric")
    >>> codes.tolist(), scales.tolist()
    ([[-3.0, 2.0, 1.0]], [[0.333251953125]])
    """
    lowest, highest = code_range(bits, scheme)
    low = np.minimum(groups.min(axis=1, keepdims=True), 0)  # [n_groups, 1]
    high = np.maximum(groups.max(axis=1, keepdims=True), 0)  # [n_groups, 1]
    span = np.maximum(-low, high) if scheme == "symmetric" else high - low
    scales = as_stored(span / highest)  # round first: codes must suit the scale as stored
    zeros = (
        np.clip(np.rint(-low / scales), 0, highest)
        if scheme == "asymmetric"
        else np.zeros_like(scales)
    )
    codes = groups / scales  # [n_groups, group_size] / [n_groups, 1]
    np.rint(codes, out=codes)  # in place from here on: one array of the matrix's size, not four
    codes += zeros
    return np.clip(codes, lowest, highest, out=codes), scales, zeros


def as_stored(scales: np.ndarray) -> np.ndarray:
    """Round scales to FP16; that of a group of zeros becomes 1: any gives zeros back, but 0 / 0 does not.

    >>> as_stored(np.float32([0.1, 0])).tolist()
    [0.0999755859375, 1.0]
    """
    stored = scales.astype(np.float16).astype(np.float32)
    stored[stored == 0] = 1
    return stored


def dequantize(codes: np.ndarray, scales: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """Turn codes back into weights, `(code - zero) * scale`.

    >>> dequantize(np.float32([[0, 3]]), np.float32([[0.5]]), np.float32([[1]])).tolist()
    [[-0.5, 1.0]]
    """
    restored = codes - zeros  # [n_groups, group_size] - [n_groups, 1]
    restored *= scales
    return restored


def packed_size(n_weights: int, n_groups: int, bits: int, scheme: str) -> dict[str, int]:
    """Count the bytes of codes, of FP16 scales, and of zero points (asymmetric only), which are as wide as a code.

    Each of the three is packed bit by bit, with no gap but at its end.

    >>> packed_size(32, 1, 8, "symmetric")["size_bytes"]  # the 34 bytes of llama.cpp's Q8_0
    34
    """
    codes = math.ceil(n_weights * bits / 8)
    scales = n_groups * SCALE_BITS // 8
    zeros = math.ceil(n_groups * bits / 8) if scheme == "asymmetric" else 0
    parts = {
        "size_codes_bytes": codes,
        "size_scales_bytes": scales,
        "size_zero_points_bytes": zeros,
    }
    return parts | {"size_bytes": codes + scales + zeros}


def rms(values: np.ndarray) -> float:
    """Give the root mean square; float64 keeps the sum, or its last digits would hang on the machine.

    >>> rms(np.float32([3, -3]))
    3.0
    """
    return math.sqrt(np.square(values).sum(dtype=np.float64) / values.size)


def chunks(n_groups: int, group_size: int) -> Iterator[slice]:
    """Cut groups into pieces of about `CHUNK` weights: no scale is shared between groups, so that changes nothing.

    >>> list(chunks(3, CHUNK // 2))
    [slice(0, 2, None), slice(2, 4, None)]
    """
    step = max(1, CHUNK // group_size)
    return (slice(start, start + step) for start in range(0, n_groups, step))


def largest(weights: np.ndarray, granularity: str) -> np.ndarray:
    """Find the largest absolute weight of each group, [n_groups, 1]: the scales of any number of bits follow from it.

    >>> largest(np.float32([[1, -3], [0, 2]]), "row").tolist()
    [[3.0], [2.0]]
    """
    groups = split(weights, granularity)
    found = np.empty((len(groups), 1), np.float32)
    for piece in chunks(*groups.shape):
        np.abs(groups[piece]).max(axis=1, keepdims=True, out=found[piece])
    return found


def round_trip(weights: np.ndarray, bits: int, largest: np.ndarray, out: np.ndarray) -> None:
    """Write a matrix to `out` as it is after being stored in `bits` bits, with a scale for each of its `largest`.

    >>> out = np.empty((1, 4), np.float32)
    >>> round_trip(np.float32([[1, -1, 0.4, 0]]), 2, np.float32([[1]]), out)
    >>> out.tolist()
    [[1.0, -1.0, 0.0, 0.0]]
    """
    groups, restored = (
        array.reshape(len(largest), -1) for array in (weights, out)
    )  # [n_groups, group_size]
    if bits == 16:
        for piece in chunks(*groups.shape):
            restored[piece] = groups[piece].astype(np.float16)
        return
    lowest, highest = code_range(bits, "symmetric")
    scales = as_stored(largest / highest)  # [n_groups, 1]
    coarse = (
        scales.min() < FP16_NORMAL
    )  # else a scale is right to 2^-11, and no code is half a step beyond the last
    for piece in chunks(*groups.shape):
        part = np.divide(
            groups[piece], scales[piece], out=restored[piece]
        )  # the codes, not yet whole
        np.rint(part, out=part)
        if coarse:
            np.clip(part, lowest, highest, out=part)
        part *= scales[piece]


def round_trip_all(triples: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]], bits: int) -> None:
    """Round-trip many matrices, each with its largest weights and with where to write it.

    >>> out = np.empty((1, 2), np.float32)
    >>> round_trip_all([(np.float32([[1, 0.1]]), np.float32([[1]]), out)], 2)
    >>> out.tolist()
    [[1.0, 0.0]]
    """
    side_by_side(lambda triple: round_trip(triple[0], bits, *triple[1:]), triples)


def side_by_side(work: Callable, items: Iterable) -> list:
    """Do `work` on each item, several at a time where NumPy may use several threads: it lets Python go meanwhile.

    >>> side_by_side(abs, [-2, 1])
    [2, 1]
    """
    with ThreadPoolExecutor(n_threads()) as pool:
        return list(pool.map(work, items))  # a list, so that an error in a thread is raised here


def n_threads() -> int:
    """Give as many threads as NumPy's own matrix products may use, 4 at most: more would wait for memory.

    >>> 1 <= n_threads() <= 4
    True
    """
    asked = os.environ.get("OPENBLAS_NUM_THREADS", "")
    return max(1, min(4, int(asked) if asked.isdecimal() else os.cpu_count() or 1))


def writable_copy(weights: "Weights") -> "Weights":
    """Make room for another version of the LLM: 538 MB of matrices still empty; the norms are shared."""

    def copied(layer: "Layer") -> "Layer":
        return replace(layer, **{name: np.empty_like(getattr(layer, name)) for name in MATRICES})

    return replace(
        weights,
        embedding=np.empty_like(weights.embedding),
        layers=tuple(map(copied, weights.layers)),
    )


def matrices(weights: "Weights") -> Iterator[np.ndarray]:
    """List the matrices of the LLM: the embeddings (which are the output too), then four a layer.

    >>> from demos.smollm.weights import load
    >>> sum(1 for _ in matrices(load()))
    121
    """
    yield weights.embedding
    for layer in weights.layers:
        yield from (getattr(layer, name) for name in MATRICES)


def size_bytes(arrays: Iterable[np.ndarray], bits: int, granularity: str) -> int:
    """Count the bytes of matrices in `bits` bits, scales included, and of vectors in FP32.

    >>> size_bytes([np.zeros((2, 64)), np.zeros(64)], 4, "block32")  # 128 weights / 2 + 4 scales * 2, and 64 * 4
    328
    """
    total = 0
    for array in arrays:
        if array.ndim == 1:
            total += 4 * array.size
        elif bits == 16:
            total += 2 * array.size
        else:
            total += packed_size(array.size, len(split(array, granularity)), bits, "symmetric")[
                "size_bytes"
            ]
    return total
