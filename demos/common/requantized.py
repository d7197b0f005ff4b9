"""A whole model's matrices stored in fewer bits and read again: what its weights become, and how many bytes they take.

Matrices are quantized (symmetric, one FP16 scale a row or a block of 32; in 16 bits there are no scales). Vectors
(norms, biases) stay in FP32, as in llama.cpp's files.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from demos.common.quantizer import dequantize, packed_size, quantize, split
from demos.smollm.weights import Layer, Weights

MATRICES = ("qkv", "output", "gate_up", "down")  # of a layer; the others are vectors
CHUNK = 2**16  # weights that are rounded at once: they stay in the processor's cache through all the steps


def round_trip(weights: np.ndarray, bits: int, granularity: str, out: np.ndarray) -> None:
    """Write a matrix to `out` as it is after being stored in `bits` bits.

    >>> out = np.empty((1, 4), np.float32)
    >>> round_trip(np.float32([[1, -1, 0.4, 0]]), 2, "row", out)
    >>> out.tolist()
    [[1.0, -1.0, 0.0, 0.0]]
    """
    if bits == 16:
        out[...] = weights.astype(np.float16)
        return
    rows = len(weights) if granularity == "tensor" else max(1, CHUNK // weights.shape[1])
    for start in range(0, len(weights), rows):  # no scale is shared between rows: the chunks change nothing
        part = weights[start : start + rows]
        restored = dequantize(*quantize(split(part, granularity), bits, "symmetric"))  # [n_groups, group_size]
        out[start : start + rows] = restored.reshape(part.shape)


def round_trip_all(pairs: Iterable[tuple[np.ndarray, np.ndarray]], bits: int, granularity: str) -> None:
    """Round-trip many matrices, each with where to write it, two at a time: NumPy lets go of the interpreter meanwhile.

    >>> out = np.empty((1, 2), np.float32)
    >>> round_trip_all([(np.float32([[1, 0.1]]), out)], 2, "row")
    >>> out.tolist()
    [[1.0, 0.0]]
    """
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda pair: round_trip(pair[0], bits, granularity, pair[1]), pairs):
            pass  # so that an error in a thread is raised here


def writable_copy(weights: Weights) -> Weights:
    """Make room for another version of the LLM: 538 MB of matrices still empty; the norms are shared."""

    def copied(layer: Layer) -> Layer:
        return replace(layer, **{name: np.empty_like(getattr(layer, name)) for name in MATRICES})

    return replace(weights, embedding=np.empty_like(weights.embedding), layers=tuple(map(copied, weights.layers)))


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
            total += packed_size(array.size, len(split(array, granularity)), bits, "symmetric")["size_bytes"]
    return total
