"""Round every matrix of a model to n bits and back, fast enough to do it many times over.

It is what `quantization.quantize` does, step by step the same numbers (symmetric, one FP16 scale a
row or a block of 32; 16 bits have no scales), but in place, and in chunks that stay in the
processor's cache: an LLM has over a hundred million weights. Vectors (norms, biases) stay in FP32,
as in llama.cpp's files.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from demos.common.quantization.formulas import as_stored, code_range, packed_size, split

if TYPE_CHECKING:  # MiniLM's matrices are rounded without the LLM
    from demos.smollm.weights import Layer, Weights

MATRICES = ("qkv", "output", "gate_up", "down")  # of a layer; the others are vectors
FP16_NORMAL = 2.0**-14  # FP16 has 11 significant bits from here on, fewer below
CHUNK = 2**17  # weights rounded at once: half a MB stays in the cache through all the steps


def chunks(n_groups: int, group_size: int) -> Iterator[slice]:
    """Cut groups into pieces of about `CHUNK` weights; no two groups share a scale.

    >>> list(chunks(3, CHUNK // 2))
    [slice(0, 2, None), slice(2, 4, None)]
    """
    step = max(1, CHUNK // group_size)
    return (slice(start, start + step) for start in range(0, n_groups, step))


def largest(weights: np.ndarray, granularity: str) -> np.ndarray:
    """Find the largest absolute weight of each group, [n_groups, 1].

    The scales of any number of bits follow from it, so it is found once.

    >>> largest(np.float32([[1, -3], [0, 2]]), "row").tolist()
    [[3.0], [2.0]]
    """
    groups = split(weights, granularity)
    found = np.empty((len(groups), 1), np.float32)
    for piece in chunks(*groups.shape):
        np.abs(groups[piece]).max(axis=1, keepdims=True, out=found[piece])
    return found


def round_trip(weights: np.ndarray, bits: int, largest: np.ndarray, out: np.ndarray) -> None:
    """Write a matrix to `out` as `bits` bits hold it, with a scale for each of its `largest`.

    >>> out = np.empty((1, 4), np.float32)
    >>> round_trip(np.float32([[1, -1, 0.4, 0]]), 2, np.float32([[1]]), out)
    >>> out.tolist()
    [[1.0, -1.0, 0.0, 0.0]]
    """
    shape = (len(largest), -1)  # [n_groups, group_size]
    groups, restored = weights.reshape(shape), out.reshape(shape)
    if bits == 16:
        for piece in chunks(*groups.shape):
            restored[piece] = groups[piece].astype(np.float16)
        return
    lowest, highest = code_range(bits, "symmetric")
    scales = as_stored(largest / highest)  # [n_groups, 1]
    # A scale that isn't coarse is right to 2^-11: then no code is half a step beyond the last.
    coarse = scales.min() < FP16_NORMAL
    for piece in chunks(*groups.shape):
        codes = np.divide(groups[piece], scales[piece], out=restored[piece])
        np.rint(codes, out=codes)
        if coarse:
            np.clip(codes, lowest, highest, out=codes)
        codes *= scales[piece]


def round_trip_all(triples: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]], bits: int) -> None:
    """Round-trip many matrices, each with its largest weights and with where to write it.

    >>> out = np.empty((1, 2), np.float32)
    >>> round_trip_all([(np.float32([[1, 0.1]]), np.float32([[1]]), out)], 2)
    >>> out.tolist()
    [[1.0, 0.0]]
    """
    side_by_side(lambda triple: round_trip(triple[0], bits, *triple[1:]), triples)


def side_by_side(work: Callable, items: Iterable) -> list:
    """Do `work` on each item, several at a time: NumPy lets other threads run while it computes.

    >>> side_by_side(abs, [-2, 1])
    [2, 1]
    """
    with ThreadPoolExecutor(n_threads()) as pool:
        return list(pool.map(work, items))  # a list, so that an error in a thread is raised here


def n_threads() -> int:
    """Give as many threads as NumPy's matrix products may use; more than 4 would wait for memory.

    >>> 1 <= n_threads() <= 4
    True
    """
    asked = os.environ.get("OPENBLAS_NUM_THREADS", "")
    n_allowed = int(asked) if asked.isdecimal() else os.cpu_count() or 1
    return max(1, min(4, n_allowed))


def writable_copy(weights: "Weights") -> "Weights":
    """Make room for another version of the LLM: 538 MB of empty matrices; the norms are shared."""

    def copied(layer: "Layer") -> "Layer":
        return replace(layer, **{name: np.empty_like(getattr(layer, name)) for name in MATRICES})

    layers = tuple(map(copied, weights.layers))
    return replace(weights, embedding=np.empty_like(weights.embedding), layers=layers)


def matrices(weights: "Weights") -> Iterator[np.ndarray]:
    """List the LLM's matrices: the embeddings (which are the output too), then four a layer.

    >>> from demos.smollm.weights import load
    >>> sum(1 for _ in matrices(load()))
    121
    """
    yield weights.embedding
    for layer in weights.layers:
        for name in MATRICES:
            yield getattr(layer, name)


def size_bytes(arrays: Iterable[np.ndarray], bits: int, granularity: str) -> int:
    """Count the bytes of matrices in `bits` bits, scales included, and of vectors in FP32.

    >>> size_bytes([np.zeros((2, 64)), np.zeros(64)], 4, "block32")  # 128 / 2 + 4 * 2, and 64 * 4
    328
    """
    return sum(array_bytes(array, bits, granularity) for array in arrays)


def array_bytes(array: np.ndarray, bits: int, granularity: str) -> int:
    """Count the bytes of one matrix in `bits` bits, or of one vector in FP32.

    >>> array_bytes(np.zeros((2, 64)), 8, "block32")  # 34 bytes a block, as llama.cpp's Q8_0
    136
    """
    if array.ndim == 1:
        return 4 * array.size
    if bits == 16:
        return 2 * array.size
    n_groups = len(split(array, granularity))
    return packed_size(array.size, n_groups, bits, "symmetric")["size_bytes"]
