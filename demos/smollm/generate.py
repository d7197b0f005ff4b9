"""Text from a language model: probabilities of the next token, then one token after another.

Leaves out: beam search, nucleus sampling, repetition penalties.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from demos.smollm.cache import Cache
from demos.smollm.prefill import prefill
from demos.smollm.transformer import forward
from demos.smollm.weights import Weights

END = (0, 2)  # <|endoftext|>, <|im_end|>: the model says that it has finished


def distribution(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Turn logits [.., V] into probabilities, in float64.

    A temperature below 1 sharpens them, one above 1 flattens them. Raises ValueError where the
    temperature is not above 0; what it tends to there is `greedy`.

    >>> distribution(np.float32([2, 1]), temperature=0.5).round(3).tolist()
    [0.881, 0.119]
    """
    if not 0 < temperature < float("inf"):
        raise ValueError(
            f"temperature {temperature} is not a number above 0; the likeliest token is `greedy`"
        )
    below = logits - logits.max(axis=-1, keepdims=True)  # 0 at most: exp can't overflow
    odds = np.exp(below.astype(np.float64) / temperature)
    return odds / odds.sum(axis=-1, keepdims=True)


def top(probabilities: np.ndarray, k: int) -> list[tuple[int, float]]:
    """List the k likeliest tokens with their probabilities, the likeliest first (or the lower id).

    >>> top(np.array([0.2, 0.5, 0.3]), 2)
    [(1, 0.5), (2, 0.3)]
    """
    order = np.argsort(-probabilities, kind="stable")[:k]
    return [(int(token), float(probabilities[token])) for token in order]


def greedy(
    weights: Weights, ids: Sequence[int], n_tokens: int, *, stop: Collection[int] = END
) -> Iterator[int]:
    r"""Go on with the likeliest token each time: at most `n_tokens`, and before one of `stop`.

    Raises ValueError, at the call, where the ids are none, too many or not in the vocabulary.

    >>> from demos.smollm import tokenizer, weights
    >>> tokenizer.decode(greedy(weights.load(), tokenizer.encode("The capital of France is"), 3))
    ' Paris.\n'
    """
    return go_on(weights, ids, n_tokens, lambda logits: int(logits.argmax()), stop)


def sample(
    weights: Weights,
    ids: Sequence[int],
    n_tokens: int,
    *,
    temperature: float = 1.0,
    k: int | None = None,
    seed: int | Sequence[int] = 0,
    stop: Collection[int] = END,
) -> Iterator[int]:
    """Go on with tokens drawn by their probability, among the `k` likeliest if given.

    The same seed draws the same. Raises ValueError, at the call, as `greedy` and `distribution`.

    >>> from demos.smollm import tokenizer, weights
    >>> len(list(sample(weights.load(), tokenizer.encode("Once upon a time"), 4, temperature=0.8)))
    4
    """
    distribution(np.zeros(1), temperature)  # a bad temperature is an error now, not later
    rng = np.random.default_rng(seed)

    def choose(logits: np.ndarray) -> int:
        return draw(distribution(logits, temperature), k, rng)

    return go_on(weights, ids, n_tokens, choose, stop)


def draw(probabilities: np.ndarray, k: int | None, rng: np.random.Generator) -> int:
    """Draw one token by its probability: the largest of log p + noise, where the noise is Gumbel's.

    That each comes up just as often as its p says: https://arxiv.org/abs/1411.0030. Adding up
    49,152 probabilities until they pass a random number does too, but there the last digits of each
    decide, which no two machines share.

    >>> draw(np.array([0.1, 0.6, 0.3]), 1, np.random.default_rng(0))
    1
    """
    order = np.argsort(-probabilities, kind="stable")[:k]  # [k]
    noise = rng.gumbel(size=len(probabilities))  # [V]: the same for a token whatever its place
    with np.errstate(divide="ignore"):  # a probability of 0 is -∞ here: never the largest
        return int(order[np.argmax(np.log(probabilities[order]) + noise[order])])


def go_on(
    weights: Weights,
    ids: Sequence[int],
    n_tokens: int,
    choose: Callable[[np.ndarray], int],
    stop: Collection[int],
) -> Iterator[int]:
    """Compute the prompt, then a token at a time with the cache; `choose` picks from logits [V]."""
    cache = Cache.empty(weights.shape, len(ids) + n_tokens)
    logits = prefill(weights, ids, cache)  # [V]; now, so that a bad prompt is an error at the call

    def tokens(logits: np.ndarray) -> Iterator[int]:
        for n in range(n_tokens):
            token = choose(logits)
            if token in stop:
                return
            yield token
            if n + 1 < n_tokens:
                logits = forward(weights, [token], cache, last=True)[0]  # [V]

    return tokens(logits)
