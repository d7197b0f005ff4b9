"""Short answers from the LLM: many prompts at once, each gone on with to the end of its line.

An answer is what the model writes with the likeliest token each time, up to a new line; how sure it
is of it is the product of its tokens' probabilities. It is right where it is one of the right ones,
capitals aside.

Leaves out: answers that are right in other words; what the model writes on the next lines.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from demos.smollm import tokenizer, weights
from demos.smollm.generate import END, distribution, top
from demos.smollm.packed import hidden_each

Written = list[tuple[int, float]]
"""Tokens, each with the probability that it had."""


def write_each(prompts: Sequence[str], n_tokens: int) -> list[Written]:
    r"""Go on from each prompt with the likeliest token each time, at most so many, to a new line.

    What ends an answer is in it: a new line, or that the model says it has finished.

    >>> [written] = write_each(["The capital of Spain is Madrid.\nThe capital of France is"], 3)
    >>> tokenizer.decode(tokens_of(written))
    ' Paris.\n'
    """
    begins = list(map(tokenizer.encode, prompts))
    written: list[Written] = [[] for _ in prompts]
    going = list(range(len(prompts)))
    while going:
        texts = [begins[i] + tokens_of(written[i]) for i in going]
        for i, probabilities in zip(going, next_each(texts), strict=True):
            written[i] += top(probabilities, 1)
        going = [i for i in going if len(written[i]) < n_tokens and not is_end(written[i][-1][0])]
    return written


def next_each(texts: Sequence[Sequence[int]]) -> np.ndarray:
    """Compute the probabilities of the token after each text: [n, V].

    >>> next_each([[504, 7158], [504]]).shape
    (2, 49152)
    """
    model = weights.load()
    last = np.stack([states[-1] for states in hidden_each(model, texts)])  # [n, d]
    return distribution(last @ model.embedding.T)  # [n, d] @ [d, V] → [n, V]


def tokens_of(written: Iterable[tuple[int, float]]) -> list[int]:
    """Give the tokens alone.

    >>> tokens_of([(504, 0.5), (7158, 0.25)])
    [504, 7158]
    """
    return [token for token, _ in written]


def is_end(token: int) -> bool:
    r"""Tell whether a token ends an answer.

    >>> is_end(tokenizer.encode("\n")[0]), is_end(2), is_end(504)
    (True, True, False)
    """
    return token in END or b"\n" in tokenizer.token_bytes(token)


def read_answer(written: Written) -> tuple[str, float]:
    r"""Give an answer's text, without its end and its full stop, and the probability of that text.

    >>> ids = tokenizer.encode(" New York.\n")
    >>> read_answer(list(zip(ids, [0.5, 0.5, 0.1, 0.1])))
    ('New York', 0.25)
    """
    kept = list(written)
    while kept and (is_end(kept[-1][0]) or tokenizer.token_bytes(kept[-1][0]) == b"."):
        kept.pop()
    probability = math.prod(probability for _, probability in kept)
    return tokenizer.decode(tokens_of(kept)).strip(), probability


def is_right(answer: str, right: Iterable[str]) -> bool:
    """Tell whether an answer is one of the right ones, capitals aside.

    >>> is_right("bern", ["Bern", "Berne"]), is_right("Bernini", ["Bern", "Berne"])
    (True, False)
    """
    return answer.casefold() in map(str.casefold, right)
