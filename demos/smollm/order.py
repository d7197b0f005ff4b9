"""The LLM with what tells it the order of the tokens switched off: its rotation, or its mask too.

The layers and their weights are the model's own; so this says what those parts do in this model,
which was trained with them.

Leaves out: how a model that was trained without them would do.
"""

from collections.abc import Sequence

import numpy as np

from demos.smollm.cache import Cache
from demos.smollm.transformer import attention, feed_forward, ignore, rms_norm, rotations, softmax
from demos.smollm.weights import Layer, Shape, load


def split_heads(layer: Layer, x: np.ndarray, shape: Shape) -> list[np.ndarray]:
    """Compute queries [H, T, D], keys and values [K, T, D] of the tokens [T, d], not yet turned.

    >>> heads = split_heads(load().layers[0], load().embedding[:2], load().shape)
    >>> [head.shape for head in heads]
    [(9, 2, 64), (3, 2, 64), (3, 2, 64)]
    """
    normed = rms_norm(x, layer.attention_norm, shape.eps)  # [T, d]
    heads = (normed @ layer.qkv.T).reshape(len(x), -1, shape.head_dim)  # [T, H+2K, D]
    n_kv = shape.n_kv_heads
    return np.split(heads.swapaxes(0, 1), [-2 * n_kv, -n_kv])


def attend_without_mask(layer: Layer, x: np.ndarray, shape: Shape) -> np.ndarray:
    """Let each token look at all, also at later ones, without rotation: [T, d] → [T, d].

    >>> attend_without_mask(load().layers[0], load().embedding[:2], load().shape).shape
    (2, 576)
    """
    queries, keys, values = split_heads(layer, x, shape)
    group = len(queries) // len(keys)  # heads that share a key
    keys, values = np.repeat(keys, group, axis=0), np.repeat(values, group, axis=0)  # [H, T, D]
    scores = queries @ keys.swapaxes(1, 2) * np.float32(shape.head_dim**-0.5)  # [H, T, T]
    gathered = softmax(scores) @ values  # [H, T, D]
    return gathered.swapaxes(0, 1).reshape(len(x), -1) @ layer.output.T  # → [T, d]


def follow_last(ids: Sequence[int], *, rotation: bool, mask: bool) -> list[np.ndarray]:
    """Follow the last token's vector [d] through the layers: at the start, and after each.

    Without rotation the turns are all 1; where there is no mask, there is no rotation either.

    >>> len(follow_last([504, 3575, 282], rotation=True, mask=True))
    31
    """
    weights = load()
    shape, cache = weights.shape, Cache.empty(weights.shape, len(ids))
    turns = rotations(shape, 0, len(ids))  # [T, D/2]
    turns = turns if rotation else np.ones_like(turns)
    x = weights.embedding[list(ids)]  # [T, d]
    vectors = [x[-1]]
    for i, layer in enumerate(weights.layers):
        if mask:
            normed = rms_norm(x, layer.attention_norm, shape.eps)
            x = x + attention(layer, normed, turns, cache, i, ignore)
        else:
            x = x + attend_without_mask(layer, x, shape)
        x = x + feed_forward(layer, rms_norm(x, layer.ffn_norm, shape.eps), i, ignore)
        vectors.append(x[-1])
    return vectors
