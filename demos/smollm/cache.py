"""What the LLM remembers of the tokens it has seen, and what it can take after them.

In the shapes: K = 3 heads of keys and values, D = 64 the width of a head, T tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demos.smollm.weights import Shape


@dataclass(kw_only=True)
class Cache:
    """Keys and values of the tokens seen so far: so one more token costs one token's work."""

    keys: np.ndarray
    """[n_layers, K, capacity, D]; a token's never change, since it looks at no later one."""
    values: np.ndarray
    """[n_layers, K, capacity, D]"""
    length: int = 0
    """Tokens in it."""

    @classmethod
    def empty(cls, shape: Shape, capacity: int) -> "Cache":
        """Make room for `capacity` tokens, 46,080 bytes each. ValueError beyond the context.

        >>> from demos.smollm.weights import load
        >>> cache = Cache.empty(load().shape, 100)
        >>> cache.keys.shape, cache.keys.nbytes + cache.values.nbytes
        ((30, 3, 100, 64), 4608000)
        """
        if capacity > shape.context:
            raise ValueError(
                f"{capacity} tokens are too many: the model's context holds {shape.context}"
            )
        room = (shape.n_layers, shape.n_kv_heads, capacity, shape.head_dim)
        return cls(keys=np.empty(room, np.float32), values=np.empty(room, np.float32))


def check(ids: Sequence[int], cache: Cache, shape: Shape) -> np.ndarray:
    """Give the ids as an array [T], or raise ValueError where the model can't take them.

    >>> from demos.smollm.weights import load
    >>> check([504, 3575], Cache.empty(load().shape, 2), load().shape).tolist()
    [504, 3575]
    """
    if len(ids) == 0:
        raise ValueError("the prompt is empty: a model needs at least one token to go on from")
    room = cache.keys.shape[2] - cache.length
    if len(ids) > room:
        raise ValueError(f"{len(ids)} tokens don't fit: the cache has room for {room}")
    wrong = [i for i in ids if not 0 <= i < shape.vocab or i != int(i)]
    if wrong:
        raise ValueError(f"{wrong[0]} is not a token: the vocabulary has 0 to {shape.vocab - 1}")
    return np.asarray(ids, np.int64)
