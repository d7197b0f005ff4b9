"""Text predicted by counting alone: how often each token came after the ones before it.

The longest run of tokens that was met before says what comes; what it leaves open is shared out by
the run that is one shorter, down to every token alike (Witten and Bell's smoothing, 1991,
https://doi.org/10.1109/18.87000). With one token back these are the pairs of `baselines`.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import exp, log

Followers = dict[tuple[int, ...], Counter[int]]  # after a run of tokens, how often each came


def count(ids: Sequence[int], n_back: int) -> Followers:
    """Count what follows each run of up to `n_back` tokens.

    >>> count([0, 1, 0, 1], 1)[0,]
    Counter({1: 2})
    """
    followers: Followers = defaultdict(Counter)
    for place, token in enumerate(ids):
        for length in range(min(n_back, place) + 1):
            followers[tuple(ids[place - length : place])][token] += 1
    return followers


def probability(followers: Followers, before: Sequence[int], token: int, n_vocab: int) -> float:
    """Give the probability of a token after those before it, from the shortest run to the longest.

    >>> probability(count([0, 1], 1), [0], 1, n_vocab=2)  # (1 + 1 · ½) / 2, ½ from single tokens
    0.75
    """
    p = 1 / n_vocab
    for length in range(len(before) + 1):
        met = followers.get(tuple(before[len(before) - length :]))
        if not met:  # a longer run was not met either
            break
        p = (met[token] + len(met) * p) / (met.total() + len(met))
    return p


def counted_perplexity(
    training: Sequence[int], held_out: Sequence[int], n_vocab: int, n_back: int
) -> float:
    """Count `training`, looking at most `n_back` tokens back, and measure `held_out`.

    The first `n_back` tokens of `held_out` are only read.

    >>> round(counted_perplexity([0, 1, 0, 1, 0, 1], [0, 1, 0], 2, n_back=1), 2)
    1.17
    """
    followers = count(training, n_back)
    nats = 0.0
    for place in range(n_back, len(held_out)):
        before = held_out[place - n_back : place]
        nats -= log(probability(followers, before, held_out[place], n_vocab))
    return exp(nats / (len(held_out) - n_back))
