"""Multiplications of the LLM's matrix products, counted as they run, from the real shapes.

Weights and cache are seen through `Counted`, an array that NumPy asks before each operation; the
model's own code runs as it is. That leaves out one multiplication in a thousand or so: norms,
rotations, gates.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from demos.smollm.cache import Cache
from demos.smollm.weights import Shape, Weights, load  # noqa: F401  # load: doctests


class Counted(np.ndarray):
    """An array that counts the multiplications of every matrix product that it is part of.

    >>> tally = Counter()
    >>> (np.ones((2, 5)) @ count(np.ones((5, 3)), tally, "weights")).shape, tally  # 2 × 5 × 3
    ((2, 3), Counter({'weights': 30}))
    """

    def __array_finalize__(self, source: Any) -> None:
        """Pass on to a slice, or another view, where the multiplications are counted."""
        self.tally, self.part = getattr(source, "tally", None), getattr(source, "part", None)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        """Compute on plain arrays; count matrix products: [.., T, n] @ [n, m] takes T × n × m."""
        options |= {} if out is None else {"out": tuple(map(plain, out))}
        result = getattr(ufunc, method)(*map(plain, inputs), **options)
        if ufunc is np.matmul:
            self.tally[self.part] += result.size * inputs[0].shape[-1]
        return result


def plain(array: Any) -> Any:
    """See a counted array as a plain one.

    >>> type(plain(count(np.ones(2), Counter(), "weights"))).__name__
    'ndarray'
    """
    return array.view(np.ndarray) if isinstance(array, Counted) else array


def count(array: np.ndarray, tally: Counter, part: str) -> np.ndarray:
    """See an array, without a copy, as one whose products are counted as `part` of the tally.

    >>> count(np.ones((5, 3)), Counter(), "weights").T[1:].part
    'weights'
    """
    view = array.view(Counted)
    view.tally, view.part = tally, part
    return view


def count_weights(weights: Weights, tally: Counter) -> Weights:
    """See all weights so; nothing is copied.

    >>> from demos.smollm.transformer import forward
    >>> tally = Counter()
    >>> _ = forward(count_weights(load(), tally), [1, 2, 3])
    >>> tally["weights"] == 3 * (134515008 - 61 * 576)  # each weight once a token, but the norms
    True
    """
    layers = []
    for layer in weights.layers:
        seen = {name: count(array, tally, "weights") for name, array in vars(layer).items()}
        layers.append(replace(layer, **seen))
    embedding = count(weights.embedding, tally, "weights")
    return replace(weights, embedding=embedding, layers=tuple(layers))


def counted_cache(shape: Shape, capacity: int, tally: Counter) -> Cache:
    """Make a cache whose products, which are those of attention, are counted.

    >>> counted_cache(load().shape, 4, Counter()).keys.part
    'attention'
    """
    cache = Cache.empty(shape, capacity)
    cache.keys = count(cache.keys, tally, "attention")
    cache.values = count(cache.values, tally, "attention")
    return cache
