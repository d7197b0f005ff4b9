"""How far the sentence vectors of all-MiniLM-L6-v2 move when it is stored in fewer bits.

The model is published in FP32, so all that moves is due to the rounding. In the shapes: B
sentences, d = 384 numbers a vector.
"""

from functools import lru_cache

import numpy as np

from demos.common.models.catalogue import DATA
from demos.common.quantization.rounding import largest, round_trip_all, size_bytes
from demos.common.sentences.encoder import embed, load_tensors

SENTENCES = DATA / "sentences.txt"  # written for this project


def minilm_row(bits: int, granularity: str) -> dict:
    """Quantize MiniLM, and say how far its vectors of the sentences moved from the FP32 model's.

    >>> minilm_row(16, "row")["cosine_worst"] > 0.999999
    True
    """
    tensors, peaks = load_tensors(), minilm_peaks(granularity)
    rounded = dict(tensors)  # the vectors stay as they are
    rounded |= {name: np.empty_like(tensors[name]) for name in peaks}
    round_trip_all([(tensors[name], peaks[name], rounded[name]) for name in peaks], bits)
    sentences, base = vectors_in_fp32()
    size = size_bytes(tensors.values(), bits, granularity)
    return moved(embed(rounded, sentences), base) | {"minilm_size_bytes": size}


@lru_cache
def minilm_peaks(granularity: str) -> dict[str, np.ndarray]:
    """Find the largest weight of each group in each of MiniLM's matrices, by name.

    >>> minilm_peaks("row")["embeddings.word_embeddings.weight"].shape
    (30522, 1)
    """
    matrices = {name: array for name, array in load_tensors().items() if array.ndim == 2}
    return {name: largest(matrix, granularity) for name, matrix in matrices.items()}


@lru_cache(maxsize=1)
def vectors_in_fp32() -> tuple[list[str], np.ndarray]:
    """Read the sentences, and compute their vectors with the FP32 model.

    >>> sentences, vectors = vectors_in_fp32()
    >>> len(sentences), vectors.shape
    (20, (20, 384))
    """
    sentences = SENTENCES.read_text(encoding="utf-8").splitlines()
    return sentences, embed(load_tensors(), sentences)


def fp32_bytes() -> int:
    """Count the bytes of the model as it was published.

    >>> fp32_bytes()
    90261504
    """
    return sum(array.nbytes for array in load_tensors().values())


def moved(vectors: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Say how far sentence vectors [B, d], of length 1, moved from `base`.

    `n_same_nearest` counts the sentences whose nearest other one is still the same: that is what
    such vectors are for.

    >>> moved(np.eye(3)[:, ::-1], np.eye(3))["cosine_mean"]
    0.3333333333333333
    """
    vectors, base = vectors.astype(np.float64), base.astype(np.float64)
    cosines = (vectors * base).sum(axis=1)  # [B]
    now, before = similarities(vectors), similarities(base)
    return {
        "cosine_mean": float(cosines.mean()),
        "cosine_worst": float(cosines.min()),
        "rank_correlation": rank_correlation(now, before),
        "n_same_nearest": int(np.equal(nearest(now), nearest(before)).sum()),
    }


def similarities(vectors: np.ndarray) -> np.ndarray:
    """Compute the cosine of each pair of vectors of length 1: [B, d] → [B, B].

    >>> similarities(np.array([[1.0, 0.0], [0.6, 0.8]])).tolist()
    [[1.0, 0.6], [0.6, 1.0]]
    """
    return (vectors @ vectors.T).round(12)  # so that equal ones stay equal on every machine


def nearest(cosines: np.ndarray) -> np.ndarray:
    """Find the nearest other sentence of each: [B, B] → [B].

    >>> nearest(np.array([[1, 0.1, 0.9], [0.1, 1, 0.2], [0.9, 0.2, 1]])).tolist()
    [2, 2, 0]
    """
    itself = np.eye(len(cosines))
    return (cosines - 3 * itself).argmax(axis=1)  # no cosine is below -1: nobody finds itself


def rank_correlation(now: np.ndarray, before: np.ndarray) -> float:
    """Compute Spearman's correlation between two tables of similarities, each pair once.

    >>> cosines = np.array([[1, 0.1, 0.9], [0.1, 1, 0.2], [0.9, 0.2, 1]])
    >>> round(rank_correlation(cosines, cosines**2), 6)
    1.0
    """
    pairs = np.triu_indices(len(before), 1)
    x, y = ranks(now[pairs]), ranks(before[pairs])  # [B (B - 1) / 2]
    spread = x.std() * y.std()
    covariance = ((x - x.mean()) * (y - y.mean())).mean()
    return float(covariance / spread) if spread else 0.0


def ranks(values: np.ndarray) -> np.ndarray:
    """Rank values from 0; equal ones share the mean of their ranks.

    >>> ranks(np.array([0.3, 0.1, 0.3, 0.9])).tolist()
    [1.5, 0.0, 1.5, 3.0]
    """
    below = values[:, None] > values  # [n, n]
    equal = values[:, None] == values
    return below.sum(axis=1) + (equal.sum(axis=1) - 1) / 2
