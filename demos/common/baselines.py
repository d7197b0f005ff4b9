"""Perplexity where nothing was learned before: an adapter among random vectors, counted pairs.

Both are what a trained model is held against: the same text, the same measure, no knowledge.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from demos.smollm.adapter import Adapter, Positions, cross_entropy, train


def perplexity(adapter: Adapter, places: Positions) -> float:
    """Give e to the mean loss: between how many tokens the model hesitates.

    >>> places = Positions.at(np.float32([[0, 0]]), np.array([1]), np.eye(2, dtype=np.float32))
    >>> round(perplexity(Adapter.new(2, 1), places), 4)
    2.0
    """
    return float(np.exp(cross_entropy(adapter, places)))


def from_scratch(
    training: Sequence[int],
    judged: Sequence[int],
    size: tuple[int, int],
    *,
    rank: int,
    **how: Any,
) -> float:
    """Train an adapter alone on the ids `training`, and give the perplexity of the ids `judged`.

    Each token is a random vector; without the adapter all tokens are equally likely. `size` is
    (V, d), `how` is what `train` takes: steps, batch, learning rate.

    >>> ids, how = [0, 1, 2, 3] * 8, {"rank": 2, "batch": 8, "learning_rate": 0.1}
    >>> after_1, after_20 = (from_scratch(ids, ids, (4, 8), n_steps=n, **how) for n in (1, 20))
    >>> after_20 < after_1
    True
    """
    vectors = np.random.default_rng(0).standard_normal(size, dtype=np.float32)  # [V, d]
    states = [vectors[ids[:-1]] for ids in (training, judged)]  # [T, d] each
    vectors /= np.float32(np.sqrt(size[1]))  # scores as large as what the adapter puts out
    learned, watched = (
        Positions(
            hidden=hidden,
            targets=np.asarray(ids[1:]),
            embedding=vectors,
            scores=np.broadcast_to(np.float32(0), (len(hidden), size[0])),
        )
        for hidden, ids in zip(states, (training, judged), strict=True)
    )
    *_, (_, trained) = train(Adapter.new(size[1], rank), learned, **how)
    return perplexity(trained, watched)


def pairs_perplexity(training: Sequence[int], held_out: Sequence[int], n_vocab: int) -> float:
    """Count which token follows which in `training`, and give the perplexity of `held_out`.

    What a pair leaves is shared out by single tokens' counts, and what they leave evenly over the
    vocabulary (Witten and Bell's smoothing, 1991, https://doi.org/10.1109/18.87000).

    >>> round(pairs_perplexity([0, 1, 0, 1, 0, 1], [0, 1, 0], 2), 2)
    1.17
    """
    pairs, firsts, singles = Counter(pairwise(training)), Counter(training[:-1]), Counter(training)
    followers = Counter(first for first, _ in pairs)  # how many different tokens follow each
    nats = []
    for first, second in pairwise(held_out):
        p = (singles[second] + len(singles) / n_vocab) / (len(training) + len(singles))
        if first in firsts:
            n_first, n_pair = firsts[first], pairs[first, second]
            p = (n_pair + followers[first] * p) / (n_first + followers[first])
        nats.append(-np.log(p))
    return float(np.exp(np.mean(nats)))
