"""What a vector on its way through the LLM would say, if the model stopped there: the logit lens.

The last step of the model, its norm and the table, is applied to a vector that still had layers to
pass: https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens

Leaves out: that middle layers need not write in the language of the last one (a lens that is
learned for each layer sees more: https://arxiv.org/abs/2303.08112).
"""

from collections.abc import Sequence

import numpy as np

from demos.smollm.transformer import collect, hidden, rms_norm
from demos.smollm.weights import Weights


def as_if_last(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Score all tokens by vectors of the stream, as the last step does: [n, d] → [n, V].

    >>> from demos.smollm.weights import load
    >>> logits = as_if_last(load(), load().embedding[[314]])
    >>> logits.shape, int(logits[0].argmax())  # before any layer, it is its own token
    ((1, 49152), 314)
    """
    normed = rms_norm(x, weights.norm, weights.shape.eps)  # [n, d]
    return normed @ weights.embedding.T  # [n, d] @ [d, V] → [n, V]


def last_after_each(weights: Weights, ids: Sequence[int]) -> np.ndarray:
    """Follow the last token's vector: as it enters the first layer, and after each [n_layers+1, d].

    >>> from demos.smollm.weights import load
    >>> last_after_each(load(), [504, 3575, 282]).shape
    (31, 576)
    """
    stream: list[np.ndarray] = []  # [T, d]
    hidden(weights, ids, watch=collect("hidden", stream))
    return np.stack([x[-1] for x in stream])
