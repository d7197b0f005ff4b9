"""Many prompts through the LLM at once: each matrix is read once for all, not once for each.

What all prompts begin with is computed once. The rest of shorter ones is filled up on the left, so
that all end at the same place; what fills them is never looked at, and counts for no position.

In the shapes: N prompts, T tokens of each, the others as in `transformer`.

Leaves out: what pays where many people ask at different times (a prompt that has ended stays in the
batch until all have).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from demos.smollm.generate import END
from demos.smollm.transformer import (
    feed_forward,
    future,
    ignore,
    rms_norm,
    rope,
    rotations,
    softmax,
)
from demos.smollm.weights import Layer, Shape, Weights

NEVER = np.float32(-1e30)  # added to the score of what fills up: its share is 0 (and no -∞ / -∞)


@dataclass(kw_only=True)
class Batch:
    """Prompts side by side, with the keys and values of all their tokens so far."""

    keys: np.ndarray
    """[n_layers, N, K, capacity, D]"""
    values: np.ndarray
    """[n_layers, N, K, capacity, D]"""
    mask: np.ndarray
    """[N, capacity] added to scores: `NEVER` for what fills up a prompt, 0 for its tokens"""
    length: int = 0
    """Places taken, those that are filled up included."""

    @classmethod
    def empty(cls, shape: Shape, n_prompts: int, capacity: int) -> "Batch":
        """Make room for so many prompts of `capacity` tokens.

        >>> from demos.smollm.weights import load
        >>> Batch.empty(load().shape, 2, 5).keys.shape
        (30, 2, 3, 5, 64)
        """
        room = (shape.n_layers, n_prompts, shape.n_kv_heads, capacity, shape.head_dim)
        mask = np.zeros((n_prompts, capacity), np.float32)
        return cls(keys=np.empty(room, np.float32), values=np.empty(room, np.float32), mask=mask)

    def places(self, n_tokens: int) -> np.ndarray:
        """Count, for each of the next tokens, those before it in its prompt: [N, T].

        >>> batch = Batch(keys=None, values=None, mask=np.float32([[0, 0, 0], [0, NEVER, 0]]))
        >>> batch.places(3).tolist()
        [[0, 1, 2], [0, 1, 1]]
        """
        is_token = self.mask[:, : self.length + n_tokens] == 0
        before = np.cumsum(is_token, axis=1) - is_token
        return before[:, self.length :]

    def remember(self, i: int, keys: np.ndarray, values: np.ndarray) -> None:
        """Keep the keys and values [N, K, T, D] of the next T tokens in layer i."""
        here = slice(self.length, self.length + keys.shape[2])
        self.keys[i, :, :, here] = keys
        self.values[i, :, :, here] = values


def line_up(prompts: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Fill up prompts on the left: the ids [N, T], and what to add to scores [N, T].

    >>> ids, mask = line_up([[7, 8], [9]])
    >>> ids.tolist(), (mask < 0).tolist()
    ([[7, 8], [0, 9]], [[False, False], [True, False]])
    """
    longest = max(map(len, prompts))
    ids = np.zeros((len(prompts), longest), np.int64)
    mask = np.full(ids.shape, NEVER)
    for row, prompt in enumerate(prompts):
        first = longest - len(prompt)
        ids[row, first:] = prompt
        mask[row, first:] = 0
    return ids, mask


def count_common(prompts: Sequence[Sequence[int]]) -> int:
    """Count the tokens that all prompts begin with, and that none ends with.

    >>> count_common([[7, 8, 9], [7, 8]]), count_common([[7, 8], [7, 9, 9]])
    (1, 1)
    """
    most = min(map(len, prompts)) - 1
    columns = list(zip(*prompts, strict=False))[:most]
    return next((n for n, ids in enumerate(columns) if len(set(ids)) > 1), most)


def attention(weights: Layer, x: np.ndarray, turns: np.ndarray, batch: Batch, i: int) -> np.ndarray:
    """Let each token gather from those up to itself in its own prompt: [NT, d] → [NT, d]."""
    n_prompts, n_kv, _, width = batch.keys.shape[1:]  # N, K, capacity, D
    n_tokens = len(x) // n_prompts  # T
    heads = (x @ weights.qkv.T).reshape(n_prompts, n_tokens, -1, width)  # [N, T, H+2K, D]
    heads = np.ascontiguousarray(heads.swapaxes(1, 2))  # [N, H+2K, T, D]
    turned = rope(heads[:, :-n_kv], turns)  # queries and keys
    batch.remember(i, turned[:, -n_kv:], heads[:, -n_kv:])
    gathered = gather(turned[:, :-n_kv], batch, i)  # [N, H, T, D]
    gathered = gathered.swapaxes(1, 2).reshape(len(x), -1)  # [NT, HD]
    return gathered @ weights.output.T  # @ [HD, d] → [NT, d]


def gather(queries: np.ndarray, batch: Batch, i: int) -> np.ndarray:
    """Add up the values that each token looks at, by how much: [N, H, T, D] → [N, H, T, D]."""
    n_prompts, _, n_tokens, width = queries.shape
    seen = batch.length + n_tokens  # S
    keys, values = batch.keys[i, :, :, :seen], batch.values[i, :, :, :seen]  # [N, K, S, D]
    stacked = queries.reshape(n_prompts, keys.shape[1], -1, width)  # [N, K, GT, D]
    scores = stacked @ keys.swapaxes(2, 3) * np.float32(width**-0.5)  # @ [.., D, S] → [N, K, GT, S]
    scores = scores.reshape(n_prompts, -1, n_tokens, seen)  # [N, H, T, S]
    scores += batch.mask[:, None, None, :seen]
    scores[..., batch.length :] += future(n_tokens)  # [T, T]
    shares = softmax(scores).reshape(*stacked.shape[:3], seen)  # [N, K, GT, S]
    return (shares @ values).reshape(queries.shape)  # @ [N, K, S, D] → [N, K, GT, D]


def hidden(weights: Weights, ids: np.ndarray, batch: Batch) -> np.ndarray:
    """Compute what the model knows after the last token of each prompt: [N, T] → [N, d].

    All tokens stand in one matrix, [NT, d]: only so does a product read the weights once.
    """
    shape, (n_prompts, n_tokens) = weights.shape, ids.shape
    x = weights.embedding[ids.ravel()]  # [NT, d]
    turns = rotations(shape, 0, batch.length + n_tokens)[batch.places(n_tokens)]  # [N, T, D/2]
    for i, layer in enumerate(weights.layers):
        normed = rms_norm(x, layer.attention_norm, shape.eps)
        x = x + attention(layer, normed, turns[:, None], batch, i)
        normed = rms_norm(x, layer.ffn_norm, shape.eps)
        x = x + feed_forward(layer, normed, i, ignore)
    batch.length += n_tokens
    last = x.reshape(n_prompts, n_tokens, -1)[:, -1]  # [N, d]
    return rms_norm(last, weights.norm, shape.eps)


def start(
    weights: Weights, prompts: Sequence[Sequence[int]], n_tokens: int
) -> tuple[Batch, np.ndarray]:
    """Read the prompts, with room for so many more tokens: the batch, and its logits [N, V].

    >>> from demos.smollm.weights import load
    >>> batch, logits = start(load(), [[504, 3575, 282, 7158, 314], [504, 3575]], 4)
    >>> batch.length, logits.shape, int(logits[0].argmax())
    (5, (2, 49152), 7268)
    """
    common = count_common(prompts)
    ids, mask = line_up([prompt[common:] for prompt in prompts])
    longest = common + ids.shape[1]
    batch = Batch.empty(weights.shape, len(prompts), longest + n_tokens)
    batch.mask[:, common:longest] = mask
    if common:
        first = Batch.empty(weights.shape, 1, common)
        hidden(weights, np.array([prompts[0][:common]]), first)
        batch.keys[..., :common, :] = first.keys  # the same for all
        batch.values[..., :common, :] = first.values
        batch.length = common
    return batch, hidden(weights, ids, batch) @ weights.embedding.T


def greedy(
    weights: Weights,
    prompts: Sequence[Sequence[int]],
    n_tokens: int,
    *,
    stop: Collection[int] = END,
) -> list[list[int]]:
    """Go on with each prompt by its likeliest token, as `generate.greedy` does with one.

    >>> from demos.smollm.weights import load
    >>> greedy(load(), [[504, 3575, 282, 7158, 314], [504, 3575, 282, 4649, 314]], 1)
    [[7268], [7042]]
    """
    batch, logits = start(weights, prompts, n_tokens)
    answers: list[list[int]] = [[] for _ in prompts]
    going = set(range(len(prompts)))
    for n in range(n_tokens):
        tokens = logits.argmax(axis=1)  # [N, V] → [N]
        going -= {row for row in going if tokens[row] in stop}
        for row in going:
            answers[row].append(int(tokens[row]))
        if not going or n + 1 == n_tokens:
            break
        logits = hidden(weights, tokens[:, None], batch) @ weights.embedding.T
    return answers
