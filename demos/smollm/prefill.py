"""A long prompt through the LLM on all cores: its parts pass the layers as on an assembly line.

A part of the prompt may enter a layer as soon as the part before it has left there its keys and
values, which is all that it needs of it. So each core computes a part from the first layer to the
last, norms and exponentials included, which NumPy alone leaves to one core; with matrix products
alone shared between cores, half as much again is lost.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from threading import Event

import numpy as np
from threadpoolctl import ThreadpoolController

from demos.smollm.cache import Cache, check
from demos.smollm.transformer import forward, hidden
from demos.smollm.weights import Weights

LEAST = 128  # tokens of a part: fewer would make the matrix products slow
EVEN = 2000  # a token's own work is worth looking at so many tokens (measured; to balance parts)
STEP = 16  # rows that a matrix product does at once: an incomplete step would cost as much


@lru_cache(maxsize=1)
def blas() -> ThreadpoolController:
    """Find the library that computes NumPy's matrix products, once a process."""
    return ThreadpoolController().select(user_api="blas")


def n_threads() -> int:
    """Return how many threads compute a matrix product; one where none can be asked.

    >>> n_threads() >= 1
    True
    """
    return max((library.num_threads for library in blas().lib_controllers), default=1)


def parts(n_tokens: int, n_parts: int, seen: int = 0) -> list[slice]:
    """Cut a prompt into parts that take the same time: the first, with least to see, is longest.

    >>> parts(512, 2)
    [slice(0, 272, None), slice(272, 512, None)]
    """
    work = np.cumsum(EVEN + seen + np.arange(n_tokens))
    ends = [
        STEP * round(np.searchsorted(work, work[-1] * (i + 1) / n_parts) / STEP)
        for i in range(n_parts - 1)
    ]
    return [slice(*pair) for pair in zip([0, *ends], [*ends, n_tokens], strict=True)]


def prefill(weights: Weights, ids: Sequence[int], cache: Cache) -> np.ndarray:
    """Fill the cache with the prompt, and return the logits [V] after its last token.

    Raises ValueError as `forward`.

    >>> from demos.smollm import weights
    >>> shape = weights.load().shape
    >>> prefill(weights.load(), range(100, 612), Cache.empty(shape, 512)).shape
    (49152,)
    """
    n_parts = min(n_threads(), len(ids) // LEAST)
    if n_parts < 2:
        return forward(weights, ids, cache, last=True)[0]
    check(ids, cache, weights.shape)  # an error here, before there are threads
    cuts = parts(len(ids), n_parts, cache.length)
    texts = [ids[cut] for cut in cuts]
    caches = [starting_at(cache, cut.start) for cut in cuts]
    left = [signals(len(weights.layers)) for _ in cuts]
    before = [[], *left[:-1]]  # the first waits for nobody
    read = partial(read_part, weights)
    with blas().limit(limits=1), ThreadPoolExecutor(n_parts) as pool:
        last = list(pool.map(read, texts, caches, before, left))[-1]  # [d]
    cache.length += len(ids)
    return weights.embedding @ last  # [V, d] @ [d] → [V]


def starting_at(cache: Cache, start: int) -> Cache:
    """Return the same keys and values, as one that stands `start` tokens further sees them.

    >>> from demos.smollm import weights
    >>> starting_at(Cache.empty(weights.load().shape, 9), 4).length
    4
    """
    return Cache(keys=cache.keys, values=cache.values, length=cache.length + start)


def signals(n_layers: int) -> list[Event]:
    """Make an event a layer: it is set when a part has left its keys and values there.

    >>> [event.is_set() for event in signals(2)]
    [False, False]
    """
    return [Event() for _ in range(n_layers)]


def read_part(
    weights: Weights, ids: Sequence[int], cache: Cache, before: list[Event], left: list[Event]
) -> np.ndarray:
    """Take a part through the layers, each when the part before has left it; [d] of its last token.

    `before` are the signals of the part before, none for the first; `left` are those of this one.
    """

    def watch(what: str, layer: int, _: np.ndarray) -> None:
        if what == "hidden" and layer < len(before):
            before[layer].wait()
        elif what == "attention":
            left[layer].set()

    try:
        return hidden(weights, ids, cache, watch=watch)[-1]  # [d]
    finally:
        for event in left:  # after an error too: nobody waits for ever
            event.set()
