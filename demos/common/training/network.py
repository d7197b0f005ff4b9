"""A network that predicts the next character: its numbers, its loss, and the gradients by hand.

    p = softmax(tanh(x W₁ + b₁) W₂ + b₂)          x: the vectors of the characters before, in a row

In the shapes: n places of a text, V characters in the vocabulary. All numbers are float32.
Bengio et al., A Neural Probabilistic Language Model, 2003,
https://www.jmlr.org/papers/v3/bengio03a.html.

Leaves out: the direct way from x to the scores that the paper also tries.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from demos.smollm.adapter import adam
from demos.smollm.generate import draw

BATCH, N_STEPS, LEARNING_RATE = 256, 1000, 0.01
SEED = 1
N_BACK, WIDTH, N_HIDDEN = 6, 16, 128  # characters seen, numbers of each, hidden numbers

Params = dict[str, np.ndarray]


def windows(ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Cut a text into what is seen, [n, 6], and what comes next, [n].

    >>> seen, targets = windows(range(8))
    >>> seen.tolist(), targets.tolist()
    ([[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]], [6, 7])
    """
    ids = np.asarray(ids)
    seen = np.lib.stride_tricks.sliding_window_view(ids[:-1], N_BACK)
    return seen, ids[N_BACK:]


def new_params(n_vocab: int) -> Params:
    """Draw the numbers that a model starts from; so small at the end that all are equally likely.

    >>> sum(values.size for values in new_params(65).values())
    21841
    """
    rng = np.random.default_rng(SEED)
    n_in = N_BACK * WIDTH
    params = {
        "table": rng.standard_normal((n_vocab, WIDTH)) / 2,  # [V, 16]
        "w1": rng.standard_normal((n_in, N_HIDDEN)) / np.sqrt(n_in),  # [96, 128]
        "b1": np.zeros(N_HIDDEN),
        "w2": rng.standard_normal((N_HIDDEN, n_vocab)) / (10 * np.sqrt(N_HIDDEN)),  # [128, V]
        "b2": np.zeros(n_vocab),
    }
    return {name: values.astype(np.float32) for name, values in params.items()}


def forward(params: Params, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the vectors [n, 96], the hidden numbers [n, 128], the probabilities [n, V].

    >>> forward(new_params(65), np.zeros((1, 6), int))[2].sum().round(3)
    np.float32(1.0)
    """
    x = params["table"][seen].reshape(len(seen), -1)  # [n, 6, 16] → [n, 96]
    h = np.tanh(x @ params["w1"] + params["b1"])  # [n, 96] @ [96, 128]
    scores = h @ params["w2"] + params["b2"]  # [n, 128] @ [128, V]
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return x, h, odds / odds.sum(axis=1, keepdims=True)


def mean_loss(params: Params, seen: np.ndarray, targets: np.ndarray) -> float:
    """Average -ln p of the characters that came, in nats.

    >>> round(mean_loss(new_params(65), np.zeros((1, 6), int), np.array([0])), 1)  # ln 65 is 4.2
    4.2
    """
    p = forward(params, seen)[2][np.arange(len(targets)), targets]
    return float(-np.log(p).mean())


def gradients(params: Params, seen: np.ndarray, targets: np.ndarray) -> Params:
    """Compute how the loss changes with each number: the chain rule, from the end to the start.

    >>> slopes = gradients(new_params(65), np.zeros((1, 6), int), np.array([0]))
    >>> slopes["b2"].shape, bool(slopes["b2"][0] < 0)  # more of it makes what came likelier
    ((65,), True)
    """
    x, h, d_scores = forward(params, seen)  # the slope of the scores is p …
    n = len(targets)
    d_scores[np.arange(n), targets] -= 1  # … and p - 1 at what came
    d_scores /= n
    d_inner = (d_scores @ params["w2"].T) * (1 - h * h)  # [n, V] @ [V, 128]; tanh' is 1 - tanh²
    d_x = d_inner @ params["w1"].T  # [n, 128] @ [128, 96]
    d_table = np.zeros_like(params["table"])
    np.add.at(d_table, seen, d_x.reshape(n, N_BACK, WIDTH))  # a row may be seen several times
    return {
        "table": d_table,
        "w1": x.T @ d_inner,
        "b1": d_inner.sum(axis=0),
        "w2": h.T @ d_scores,
        "b2": d_scores.sum(axis=0),
    }


def train(params: Params, seen: np.ndarray, targets: np.ndarray) -> Iterator[Params]:
    """Give the numbers before the first step and after each; a step sees `BATCH` random places.

    >>> seen, targets = windows([n % 3 for n in range(200)])
    >>> steps = train(new_params(3), seen, targets)
    >>> before, after = next(steps), next(steps)
    >>> mean_loss(after, seen, targets) < mean_loss(before, seen, targets)
    True
    """
    rng = np.random.default_rng(SEED)
    state = {name: (value, 0 * value, 0 * value) for name, value in params.items()}
    yield params
    for step in range(1, N_STEPS + 1):
        rate = LEARNING_RATE * (1 - step / (N_STEPS + 1))  # ever smaller steps
        rows = rng.integers(len(targets), size=BATCH)
        slopes = gradients(params, seen[rows], targets[rows])
        for name, slope in slopes.items():
            state[name] = adam(*state[name], slope, step, rate)
        params = {name: value for name, (value, _, _) in state.items()}
        yield params


def write(params: Params, ids: Sequence[int], n_tokens: int) -> list[int]:
    """Go on from some characters, each drawn by its probability, with the same luck each time.

    >>> len(write(new_params(65), range(6), 9))
    9
    """
    rng = np.random.default_rng(SEED)
    ids = list(ids)
    for _ in range(n_tokens):
        p = forward(params, np.array([ids[-N_BACK:]]))[2][0]  # [V]
        ids.append(draw(p, None, rng))
    return ids[-n_tokens:]
