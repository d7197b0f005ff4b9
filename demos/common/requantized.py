"""A whole model's matrices stored in fewer bits and read again: what its weights become, and how many bytes they take.

Matrices are quantized (symmetric, one FP16 scale a row or a block of 32; in 16 bits there are no
scales). Vectors (norms, biases) stay in FP32, as in llama.cpp's files. It is what `quantizer.py`
does, step by step the same numbers, but fast enough for a hundred million weights, many times over:
in place, and in pieces that stay in the cache.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from demos.common.quantizer import as_stored, code_range, packed_size, split
from demos.smollm.weights import Layer, Weights

MATRICES = ("qkv", "output", "gate_up", "down")  # of a layer; the others are vectors
FP16_NORMAL = 2.0**-14  # FP16 has 11 significant bits from here on, fewer below
CHUNK = (
    2**17
)  # weights that are rounded at once: half a MB stays in the processor's cache through all the steps


def pieces(n_groups: int, group_size: int) -> Iterator[slice]:
    """Cut groups into pieces of about `CHUNK` weights: no scale is shared between groups, so that changes nothing.

    >>> list(pieces(3, CHUNK // 2))
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
    for piece in pieces(*groups.shape):
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
        for piece in pieces(*groups.shape):
            restored[piece] = groups[piece].astype(np.float16)
        return
    lowest, highest = code_range(bits, "symmetric")
    scales = as_stored(largest / highest)  # [n_groups, 1]
    coarse = (
        scales.min() < FP16_NORMAL
    )  # else a scale is right to 2^-11, and no code is half a step beyond the last
    for piece in pieces(*groups.shape):
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


def writable_copy(weights: Weights) -> Weights:
    """Make room for another version of the LLM: 538 MB of matrices still empty; the norms are shared."""

    def copied(layer: Layer) -> Layer:
        return replace(layer, **{name: np.empty_like(getattr(layer, name)) for name in MATRICES})

    return replace(
        weights,
        embedding=np.empty_like(weights.embedding),
        layers=tuple(map(copied, weights.layers)),
    )


def matrices(weights: Weights) -> Iterator[np.ndarray]:
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
