"""Many short texts through the LLM in one pass: one behind the other, each seeing only itself.

The weights of all layers are read once for a whole pack instead of once for each text, and a
beginning that several texts have in common ("The nurse …") is computed once. What comes out is what
`transformer.hidden` gives for each text alone.
"""

from collections.abc import Sequence

import numpy as np

from demos.smollm.transformer import rms_norm, rope, rotations, silu, softmax
from demos.smollm.weights import Layer, Shape, Weights

PACK = 256  # tokens of a pack: attention costs their square, fewer make matrix products slow

Nodes = dict[tuple[int, ...], int]
"""The places of a pack: a token, with all that stands before it → where it is in the pack."""


def packs(texts: Sequence[Sequence[int]]) -> list[tuple[list[int], Nodes]]:
    """Share texts out among packs of at most `PACK` places; each index comes once.

    A longer text has a pack of its own. Sorted, texts with a common beginning are neighbours, and
    have the same places as far as it goes.

    >>> packs([[7, 1], [5], [7, 2]])
    [([1, 0, 2], {(5,): 0, (7,): 1, (7, 1): 2, (7, 2): 3})]
    """
    found: list[tuple[list[int], Nodes]] = []
    for i in sorted(range(len(texts)), key=lambda i: tuple(texts[i])):
        beginnings = [tuple(texts[i][:n]) for n in range(1, len(texts[i]) + 1)]
        if not found or len(found[-1][1].keys() | set(beginnings)) > PACK:
            found.append(([], {}))
        members, nodes = found[-1]
        members.append(i)
        for beginning in beginnings:
            nodes.setdefault(beginning, len(nodes))
    return found


def hidden_each(weights: Weights, texts: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Compute what the model knows after each token of each text: a list of [T, d].

    Raises ValueError where a text is empty.

    >>> from demos.smollm import tokenizer, weights
    >>> texts = [tokenizer.encode("Hello"), tokenizer.encode("Good day")]
    >>> [states.shape for states in hidden_each(weights.load(), texts)]
    [(1, 576), (2, 576)]
    """
    if any(len(ids) == 0 for ids in texts):
        raise ValueError("a text is empty: a model needs at least one token to go on from")
    found = [np.empty(0)] * len(texts)
    for members, nodes in packs(texts):
        states = hidden_pack(weights, nodes)
        for i in members:
            found[i] = states[[nodes[tuple(texts[i][:n])] for n in range(1, len(texts[i]) + 1)]]
    return found


def hidden_pack(weights: Weights, nodes: Nodes) -> np.ndarray:
    """Compute one pack of T places: [T, d]."""
    shape = weights.shape
    lengths = np.array([len(beginning) for beginning in nodes])  # [T]
    turns = rotations(shape, 0, lengths.max())  # each text starts at position 0
    turns = turns[lengths - 1]  # [T, D/2]
    mask = what_hides(nodes)  # [T, T]
    x = weights.embedding[[beginning[-1] for beginning in nodes]]  # [T, d]
    for layer in weights.layers:
        normed = rms_norm(x, layer.attention_norm, shape.eps)
        x = x + attention(layer, normed, turns, mask, shape)
        normed = rms_norm(x, layer.ffn_norm, shape.eps)
        gate, up = np.split(normed @ layer.gate_up.T, 2, axis=-1)  # [T, F], [T, F]
        x = x + (silu(gate) * up) @ layer.down.T
    return rms_norm(x, weights.norm, shape.eps)


def what_hides(nodes: Nodes) -> np.ndarray:
    """Return 0 where a place may look at another, which stands before it in its text, and else -∞.

    >>> what_hides({(5,): 0, (7,): 1, (7, 1): 2}).tolist()
    [[0.0, -inf, -inf], [-inf, 0.0, -inf], [-inf, 0.0, 0.0]]
    """
    mask = np.full((len(nodes), len(nodes)), -np.inf, np.float32)
    for beginning, place in nodes.items():
        seen = [nodes[beginning[:n]] for n in range(1, len(beginning) + 1)]
        mask[place, seen] = 0
    return mask


def attention(
    layer: Layer, x: np.ndarray, turns: np.ndarray, mask: np.ndarray, shape: Shape
) -> np.ndarray:
    """Let each token gather from those that `mask` [T, T] leaves it: [T, d] → [T, d]."""
    heads = (x @ layer.qkv.T).reshape(len(x), -1, shape.head_dim).swapaxes(0, 1)  # [H+2K, T, D]
    queries, keys, values = np.split(heads, [shape.n_heads, shape.n_heads + shape.n_kv_heads])
    queries = rope(queries, turns).reshape(shape.n_kv_heads, shape.group, len(x), -1)
    keys = rope(keys, turns).swapaxes(1, 2)[:, None]  # [K, 1, D, T]
    scores = queries @ keys * np.float32(shape.head_dim**-0.5)  # [K, G, T, T]
    gathered = softmax(scores + mask) @ values[:, None]  # [K, G, T, D]
    gathered = gathered.transpose(2, 0, 1, 3).reshape(len(x), -1)  # [T, HD]
    return gathered @ layer.output.T  # [T, HD] @ [HD, d] → [T, d]
