"""A real LLM in NumPy: the forward pass of SmolLM2-135M, and of any model of the Llama family.

    token ids → embedding → 30 × (attention, then feed-forward, each added to what it read) → norm →
    logits

In the shapes: T tokens to compute, S tokens to look at (those in the cache and these T), d = 576
the width of the model, H = 9 heads of queries, K = 3 heads of keys and values, G = H / K = 3, D =
64 the width of a head, F = 1536 the width of the feed-forward part, V = 49152 tokens in the
vocabulary. All numbers are float32.

Leaves out: training, batches (one text at a time), dropout.
Llama: https://arxiv.org/abs/2302.13971. SmolLM2: https://arxiv.org/abs/2502.02737.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from demos.smollm.cache import Cache, check
from demos.smollm.weights import Layer, Shape, Weights

Watch = Callable[[str, int, np.ndarray], None]
"""Who wants to see inside passes `watch(what, layer, values)`, called as the values appear; nothing
changes them later. "hidden" [T, d]: 0 the embeddings, i after i layers. For the layers, from 0:
"attention" [H, T, S], the probabilities (where T is above `PIECE`, in pieces of so many tokens),
and "ffn" [T, F], the middle of the feed-forward part."""

PIECE = 128  # tokens that attention does at once


def ignore(what: str, layer: int, values: np.ndarray) -> None:
    """Watch nothing.

    >>> ignore("hidden", 0, np.zeros((1, 576)))
    """


def collect(what: str, found: list[np.ndarray]) -> Watch:
    """Watch one thing, and append its values to a list.

    >>> watch = collect("hidden", found := [])
    >>> watch("hidden", 0, np.zeros((1, 576))), len(found)
    (None, 1)
    """

    def watch(seen: str, _layer: int, values: np.ndarray) -> None:
        if seen == what:
            found.append(values)

    return watch


def rms_norm(x: np.ndarray, gain: np.ndarray, eps: float) -> np.ndarray:
    """Bring each token's vector to length √d, and stretch it: https://arxiv.org/abs/1910.07467.

    >>> rms_norm(np.float32([[3, 4]]), np.float32([1, 1]), eps=0).round(3).tolist()
    [[0.8489999771118164, 1.13100004196167]]
    """
    mean_square = np.mean(x * x, axis=-1, keepdims=True)  # [T, d] → [T, 1]
    return x / np.sqrt(mean_square + np.float32(eps)) * gain  # [T, d]


def rotations(shape: Shape, start: int, n_tokens: int) -> np.ndarray:
    """Turn positions into angles, as complex numbers of length 1: the first pairs turn fast.

    >>> from demos.smollm.weights import load
    >>> rotations(load().shape, 0, 2).shape, rotations(load().shape, 0, 2)[0, 0]
    ((2, 32), np.complex64(1+0j))
    """
    pairs = np.arange(0, shape.head_dim, 2) / shape.head_dim  # [D/2]
    speeds = shape.rope_theta**-pairs  # [D/2] radians a token
    angles = np.outer(np.arange(start, start + n_tokens), speeds)  # [T, D/2]
    return np.exp(1j * angles).astype(np.complex64)


def rope(x: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Turn each pair of numbers, [.., T, D], by its position: https://arxiv.org/abs/2104.09864.

    A dot product of two vectors so turned depends only on how far apart they are.

    >>> rope(np.float32([[1, 0]]), np.complex64([[1j]])).tolist()
    [[0.0, 1.0]]
    """
    turned = x.view(np.complex64) * turns  # to turn is to multiply by a complex number of length 1
    return turned.view(np.float32)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turn scores into probabilities along the last axis, in place.

    >>> softmax(np.float32([0, 0, -np.inf])).tolist()
    [0.5, 0.5, 0.0]
    """
    scores -= scores.max(axis=-1, keepdims=True)  # so that exp can't overflow
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def silu(x: np.ndarray) -> np.ndarray:
    """Multiply by the sigmoid, eˣ / (1 + eˣ): about 0 below zero, about x above.

    >>> silu(np.float32([-1e9, 0, 100])).round(3).tolist()
    [-0.0, 0.0, 100.0]
    """
    odds = np.minimum(x, np.float32(80))  # e⁸⁰ is as good as infinity, and no overflow
    np.exp(odds, out=odds)
    odds /= odds + 1
    return np.multiply(odds, x, out=odds)


@lru_cache(maxsize=4)
def future(n_tokens: int) -> np.ndarray:
    """Return what is added to the scores of n tokens on each other: -∞ for later ones, never seen.

    >>> future(2).tolist()
    [[0.0, -inf], [0.0, 0.0]]
    """
    return np.triu(np.full((n_tokens, n_tokens), -np.inf, np.float32), 1)


def look(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Compute how much each of the last T tokens looks at each of the S up to it: [K, G, T, S].

    It is softmax(Q Kᵀ / √D), and each row sums to 1. https://arxiv.org/abs/1706.03762; that G heads
    of queries share one head of keys, https://arxiv.org/abs/2305.13245, makes the cache G times
    smaller.

    >>> look(np.ones((1, 1, 2, 4), np.float32), np.ones((1, 3, 4), np.float32)).round(2).tolist()
    [[[[0.5, 0.5, 0.0], [0.33000001311302185, 0.33000001311302185, 0.33000001311302185]]]]
    """
    n_kv, group, n_tokens, width = queries.shape  # K, G, T, D
    scaled = queries * np.float32(width**-0.5)
    stacked = scaled.reshape(n_kv, -1, width)  # [K, GT, D]: one product for the G heads
    scores = stacked @ keys.swapaxes(1, 2)  # @ [K, D, S] → [K, GT, S]
    scores = scores.reshape(n_kv, group, n_tokens, -1)  # [K, G, T, S]
    scores[..., -n_tokens:] += future(n_tokens)  # [T, T]; before these T there is only the past
    return softmax(scores)  # [K, G, T, S]


def attention(
    weights: Layer, x: np.ndarray, turns: np.ndarray, cache: Cache, i: int, watch: Watch
) -> np.ndarray:
    """Let each token gather from those up to itself, [T, d] → [T, d], and fill layer i's cache."""
    n_kv, _, width = cache.keys.shape[1:]  # K, capacity, D
    heads = (x @ weights.qkv.T).reshape(len(x), -1, width)  # [T, d] @ [d, (H+2K)D] → [T, H+2K, D]
    queries, keys, values = np.split(heads.swapaxes(0, 1), [-2 * n_kv, -n_kv])  # each [.., T, D]
    keys, values = remember(cache, i, rope(keys, turns), values)  # [K, S, D]
    queries = rope(queries, turns).reshape(n_kv, -1, len(x), width)  # [K, G, T, D]
    gathered = gather(queries, keys, values, i, watch)
    return gathered.reshape(len(x), -1) @ weights.output.T  # [T, HD] @ [HD, d] → [T, d]


def remember(
    cache: Cache, i: int, keys: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add new keys and values, [K, T, D], to layer i's cache; return all so far, [K, S, D]."""
    seen = cache.length + keys.shape[1]  # S
    cache.keys[i, :, cache.length : seen] = keys
    cache.values[i, :, cache.length : seen] = values
    return cache.keys[i, :, :seen], cache.values[i, :, :seen]


def gather(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, i: int, watch: Watch
) -> np.ndarray:
    """Add up the values that each token looks at, by how much: [K, G, T, D] → [T, K, G, D].

    >>> ones = np.ones((1, 2, 2, 4), np.float32)
    >>> gather(ones, ones[:, 0], ones[:, 0], 0, ignore).shape
    (2, 1, 2, 4)
    """
    n_kv, group, n_tokens, width = queries.shape
    before = keys.shape[1] - n_tokens  # tokens in the cache: S - T
    gathered = np.empty((n_tokens, n_kv, group, width), np.float32)
    # In pieces: what all of a piece may not look at is not even computed.
    for first in range(0, n_tokens, PIECE):
        piece = queries[:, :, first : first + PIECE]  # [K, G, ≤ PIECE, D]
        upto = before + first + piece.shape[2]  # ≤ S
        shares = look(piece, keys[:, :upto])  # [K, G, ≤ PIECE, upto]
        watch("attention", i, shares.reshape(n_kv * group, -1, upto))
        found = shares.reshape(n_kv, -1, upto) @ values[:, :upto]  # → [K, G PIECE, D]
        gathered[first : first + PIECE] = found.reshape(piece.shape).transpose(2, 0, 1, 3)
    return gathered


def feed_forward(weights: Layer, x: np.ndarray, i: int, watch: Watch) -> np.ndarray:
    """Transform each token on its own, [T, d] → [T, d]: SwiGLU, https://arxiv.org/abs/2002.05202.

    >>> from demos.smollm.weights import load
    >>> feed_forward(load().layers[0], np.zeros((2, 576), np.float32), 0, ignore).any()
    np.False_
    """
    gate, up = np.split(x @ weights.gate_up.T, 2, axis=-1)  # [T, d] @ [d, 2F] → [T, F], [T, F]
    inner = silu(gate)  # [T, F]
    inner *= up  # the gate says how much of each number passes
    watch("ffn", i, inner)
    return inner @ weights.down.T  # [T, F] @ [F, d] → [T, d]


def hidden(
    weights: Weights, ids: Sequence[int], cache: Cache | None = None, *, watch: Watch = ignore
) -> np.ndarray:
    """Compute what the model knows after each token: [T] → [T, d], ready to become logits.

    Extends the cache. Raises ValueError where there are no ids, one is not in the vocabulary, or
    they don't fit the cache or the context.

    >>> from demos.smollm.weights import load
    >>> hidden(load(), [504, 3575, 282]).shape
    (3, 576)
    """
    shape = weights.shape
    cache = Cache.empty(shape, len(ids)) if cache is None else cache
    x = weights.embedding[check(ids, cache, shape)]  # [T, d]
    turns = rotations(shape, cache.length, len(ids))  # [T, D/2]
    watch("hidden", 0, x)
    for i, layer in enumerate(weights.layers):
        normed = rms_norm(x, layer.attention_norm, shape.eps)  # [T, d]
        x = x + attention(layer, normed, turns, cache, i, watch)
        normed = rms_norm(x, layer.ffn_norm, shape.eps)
        x = x + feed_forward(layer, normed, i, watch)
        watch("hidden", i + 1, x)
    cache.length += len(ids)
    return rms_norm(x, weights.norm, shape.eps)  # [T, d]


def forward(
    weights: Weights,
    ids: Sequence[int],
    cache: Cache | None = None,
    *,
    last: bool = False,
    watch: Watch = ignore,
) -> np.ndarray:
    """Score every token of the vocabulary as the next one: logits [T, V] after each of the ids.

    With `last`, only after the last of them: [1, V]. Errors as `hidden`.

    >>> from demos.smollm import tokenizer, weights
    >>> logits = forward(weights.load(), tokenizer.encode("The capital of France is"), last=True)
    >>> logits.shape, tokenizer.decode([logits[-1].argmax()])
    ((1, 49152), ' Paris')
    """
    x = hidden(weights, ids, cache, watch=watch)  # [T, d]
    return (x[-1:] if last else x) @ weights.embedding.T  # [T, d] @ [d, V] → [T, V]
