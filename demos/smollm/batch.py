"""Many prompts gone on with at once: the weights are read once a step, not once a prompt and step.

To write one token the model reads all its weights and does little with them, so that 24 texts that
grow side by side take hardly longer than two. A beginning that all have in common is computed once.
What comes out is what `generate.greedy` gives for each prompt alone.

In the shapes: B prompts, S the room for the tokens of each; the others as in `transformer`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from demos.smollm.cache import Cache
from demos.smollm.generate import END
from demos.smollm.transformer import (
    feed_forward,
    forward,
    ignore,
    rms_norm,
    rope,
    rotations,
    softmax,
)
from demos.smollm.weights import Layer, Shape, Weights


@dataclass(kw_only=True)
class Batch:
    """Keys and values of the tokens of each text so far."""

    keys: np.ndarray
    """[n_layers, B, K, S, D]; 0 where no token is yet."""
    values: np.ndarray
    """[n_layers, B, K, S, D]"""
    lengths: np.ndarray
    """Tokens of each, [B]."""


def n_in_common(prompts: Sequence[Sequence[int]]) -> int:
    """Count the tokens that all prompts begin with; each keeps one of its own.

    >>> n_in_common([[5, 6, 7], [5, 6, 8, 9]]), n_in_common([[5, 6], [5, 6]])
    (2, 1)
    """
    most = min(map(len, prompts)) - 1
    same = (len(set(column)) == 1 for column in zip(*prompts, strict=False))
    return next((n for n, one in enumerate(same) if not one or n == most), most)


def read_prompts(
    weights: Weights, prompts: Sequence[Sequence[int]], n_tokens: int
) -> tuple[Batch, np.ndarray]:
    """Read all prompts, with room for `n_tokens` more each: the batch, and the logits [B, V]."""
    shape, common = weights.shape, n_in_common(prompts)
    room = max(map(len, prompts)) + n_tokens
    size = (shape.n_layers, len(prompts), shape.n_kv_heads, room, shape.head_dim)
    keys, values = np.zeros(size, np.float32), np.zeros(size, np.float32)
    shared = Cache.empty(shape, common)
    if common:
        forward(weights, prompts[0][:common], shared, last=True)
    logits = []
    for row, ids in enumerate(prompts):
        keys[:, row, :, :common], values[:, row, :, :common] = shared.keys, shared.values
        cache = Cache(keys=keys[:, row], values=values[:, row], length=common)
        logits += [forward(weights, ids[common:], cache, last=True)[0]]
    lengths = np.array([len(ids) for ids in prompts])
    return Batch(keys=keys, values=values, lengths=lengths), np.stack(logits)


def greedy_each(
    weights: Weights,
    prompts: Sequence[Sequence[int]],
    n_tokens: int,
    *,
    stop: Collection[int] = END,
) -> list[list[int]]:
    """Go on from each prompt with the likeliest token, up to `n_tokens` and before one of `stop`.

    Raises ValueError where a prompt is empty, too long or not in the vocabulary.

    >>> from demos.smollm import tokenizer, weights
    >>> ids = [tokenizer.encode(f"The capital of {name} is") for name in ("France", "Japan")]
    >>> [tokenizer.decode(new) for new in greedy_each(weights.load(), ids, 1)]
    [' Paris', ' Tokyo']
    """
    batch, logits = read_prompts(weights, prompts, n_tokens)
    written: list[list[int]] = [[] for _ in prompts]
    going = set(range(len(prompts)))
    while going:
        tokens = logits.argmax(axis=1)  # [B]; of a text that has ended nobody reads it
        going -= {row for row in going if int(tokens[row]) in stop}
        for row in going:
            written[row].append(int(tokens[row]))
        going = {row for row in going if len(written[row]) < n_tokens}
        if going:
            logits = step(weights, batch, tokens)
    return written


def step(weights: Weights, batch: Batch, tokens: np.ndarray) -> np.ndarray:
    """Read one more token of each text, [B], and score the next: [B, V]. Extends the batch."""
    shape = weights.shape
    turns = np.concatenate([rotations(shape, n, 1) for n in batch.lengths])  # [B, D/2]
    seen = np.arange(batch.keys.shape[3]) <= batch.lengths[:, None]  # [B, S]: itself too
    mask = np.where(seen, np.float32(0), np.float32(-np.inf))
    x = weights.embedding[tokens]  # [B, d]
    for i, layer in enumerate(weights.layers):
        normed = rms_norm(x, layer.attention_norm, shape.eps)
        x = x + attention(layer, normed, turns, mask, batch, i, shape)
        x = x + feed_forward(layer, rms_norm(x, layer.ffn_norm, shape.eps), i, ignore)
    batch.lengths += 1
    return rms_norm(x, weights.norm, shape.eps) @ weights.embedding.T  # [B, d] @ [d, V]


def attention(
    layer: Layer,
    x: np.ndarray,
    turns: np.ndarray,
    mask: np.ndarray,
    batch: Batch,
    i: int,
    shape: Shape,
) -> np.ndarray:
    """Let each text's new token gather from those before it: [B, d] → [B, d]; fill layer i."""
    n_heads, n_kv, width = shape.n_heads, shape.n_kv_heads, shape.head_dim
    heads = (x @ layer.qkv.T).reshape(len(x), -1, width)  # [B, H+2K, D]
    queries, keys, values = np.split(heads, [n_heads, n_heads + n_kv], axis=1)
    rows = np.arange(len(x))
    batch.keys[i, rows, :, batch.lengths] = rope(keys, turns[:, None])  # [B, K, D]
    batch.values[i, rows, :, batch.lengths] = values
    queries = rope(queries, turns[:, None]).reshape(len(x), n_kv, -1, width)  # [B, K, G, D]
    scores = queries @ batch.keys[i].swapaxes(2, 3) * np.float32(width**-0.5)  # [B, K, G, S]
    shares = softmax(scores + mask[:, None, None])
    gathered = shares @ batch.values[i]  # [B, K, G, D]
    return gathered.reshape(len(x), -1) @ layer.output.T  # [B, HD] @ [HD, d] → [B, d]
