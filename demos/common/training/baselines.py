"""Perplexity: of an adapted model, and of pairs of tokens that were merely counted.

Counted pairs are what a trained model is held against: the same text, the same measure, and no
knowledge of any other text.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from demos.smollm.adapter import Adapter, Positions, cross_entropy


def perplexity(adapter: Adapter, places: Positions) -> float:
    """Give e to the mean loss: between how many tokens the model hesitates.

    >>> places = Positions.at(np.float32([[0, 0]]), np.array([1]), np.eye(2, dtype=np.float32))
    >>> round(perplexity(Adapter.new(2, 1), places), 4)
    2.0
    """
    return float(np.exp(cross_entropy(adapter, places)))


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
