"""A low-rank adapter on the LLM's last hidden state: fine-tuning in seconds, on a laptop.

    logits = (h + h A B) Eᵀ          h [n, d], A [d, r], B [r, d], E [V, d] the embedding

Only A and B learn, 2 · d · r numbers; all weights of the LLM stay as they are (LoRA,
https://arxiv.org/abs/2106.09685, has such a pair beside many matrices inside; here is one, after
the last layer). B starts at zero: so the adapter changes nothing at first. Because h never changes,
h Eᵀ is computed once, and a step costs r instead of d multiplications a logit: the same numbers,
twenty times sooner.

Leaves out: adapters inside the layers, weight decay, learning-rate schedules, dropout.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from demos.smollm.transformer import hidden
from demos.smollm.weights import Weights

WINDOW = 256  # tokens read at once: the model sees nothing before them
ROWS = 32  # positions computed at once: their scores fit the processor's cache
ADAM_DECAY = (0.9, 0.999)
ADAM_EPS = 1e-8


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """The two matrices that learn; also their gradients, and Adam's memory of them."""

    a: np.ndarray
    """[d, r] float64"""
    b: np.ndarray
    """[r, d] float64"""

    @classmethod
    def new(cls, d: int, rank: int, seed: int = 0) -> "Adapter":
        """Make an adapter that changes nothing yet.

        >>> Adapter.new(576, 8).n_params
        9216
        """
        a = np.random.default_rng(seed).standard_normal((d, rank)) / np.sqrt(d)
        return cls(a=a, b=np.zeros((rank, d)))

    @property
    def n_params(self) -> int:
        """Numbers that learn."""
        return self.a.size + self.b.size

    def __call__(self, hidden: np.ndarray) -> np.ndarray:
        """Change hidden states [.., d] → [.., d] float32.

        >>> Adapter.new(2, 1)(np.float32([[3, 4]])).tolist()
        [[3.0, 4.0]]
        """
        return hidden + (hidden @ self.a.astype(np.float32)) @ self.b.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Positions:
    """Places in a text where the next token is known: what a model is trained on, or judged by."""

    hidden: np.ndarray
    """[n, d] float32"""
    targets: np.ndarray
    """[n] row of `embedding` that comes next"""
    embedding: np.ndarray
    """[V, d] float32: the tokens that may come next"""
    scores: np.ndarray
    """[n, V] float32: logits without the adapter, each row less its largest: exp can't overflow"""

    @classmethod
    def at(cls, hidden: np.ndarray, targets: np.ndarray, embedding: np.ndarray) -> "Positions":
        """Compute the scores once: n × V floats, 197 kB a position for the whole vocabulary.

        >>> places = Positions.at(np.float32([[1, 0]]), np.array([1]), np.eye(2, dtype=np.float32))
        >>> places.scores.tolist(), len(places)
        ([[0.0, -1.0]], 1)
        """
        scores = hidden @ embedding.T  # [n, d] @ [d, V] → [n, V]
        scores -= scores.max(axis=1, keepdims=True)
        return cls(hidden=hidden, targets=np.asarray(targets), embedding=embedding, scores=scores)

    @classmethod
    def of_text(cls, weights: Weights, ids: Sequence[int]) -> "Positions":
        """Read a text, each `WINDOW` tokens on their own; each id but the first is to be predicted.

        >>> from demos.smollm import tokenizer, weights
        >>> len(Positions.of_text(weights.load(), tokenizer.encode("Nel mezzo del cammin")))
        6
        """
        read, targets = ids[:-1], np.asarray(ids[1:])
        states = [
            hidden(weights, read[start : start + WINDOW]) for start in range(0, len(read), WINDOW)
        ]
        return cls.at(np.concatenate(states), targets, weights.embedding)

    def take(self, rows: np.ndarray) -> "Positions":
        """Keep some of the places: their indices, or a truth value for each.

        >>> both = np.eye(2, dtype=np.float32)
        >>> places = Positions.at(both, np.array([1, 0]), both)
        >>> len(places.take(np.array([True, False])))
        1
        """
        kept = {
            "hidden": self.hidden[rows],
            "targets": self.targets[rows],
            "scores": self.scores[rows],
        }
        return Positions(embedding=self.embedding, **kept)

    def __len__(self) -> int:
        return len(self.targets)


def losses(adapter: Adapter, places: Positions) -> np.ndarray:
    """Compute -ln p(next token) at each position, in nats: [n] float64.

    >>> places = Positions.at(np.float32([[0, 0]]), np.array([1]), np.eye(2, dtype=np.float32))
    >>> losses(Adapter.new(2, 1), places).round(4).tolist()  # two tokens, equally likely: ln 2
    [0.6931]
    """
    u = places.embedding @ adapter.b.T.astype(np.float32)  # [V, d] @ [d, r] → [V, r]
    blocks = [
        np.arange(start, min(start + ROWS, len(places))) for start in range(0, len(places), ROWS)
    ]
    return np.concatenate([one_block(adapter, places, rows, u)[0] for rows in blocks])


def cross_entropy(adapter: Adapter, places: Positions) -> float:
    """Average -ln p(next token) over all positions, in nats; exp of it is the perplexity.

    >>> places = Positions.at(np.float32([[0, 0]]), np.array([1]), np.eye(2, dtype=np.float32))
    >>> round(float(np.exp(cross_entropy(Adapter.new(2, 1), places))), 4)
    2.0
    """
    return float(losses(adapter, places).mean())


def one_block(
    adapter: Adapter, places: Positions, rows: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Compute for `rows` the losses [n], p [n, V] times its sums, the sums [n], and h A [n, r]."""
    z = places.hidden[rows] @ adapter.a.astype(np.float32)  # [n, d] @ [d, r] → [n, r]
    odds = z @ u.T  # [n, r] @ [r, V] → [n, V]
    odds += places.scores[rows]
    wanted = odds[np.arange(len(rows)), places.targets[rows]].astype(np.float64)  # [n]
    np.exp(odds, out=odds)
    sums = odds.sum(axis=1)  # [n]
    return np.log(sums.astype(np.float64)) - wanted, odds, sums, z


def gradients(adapter: Adapter, places: Positions, rows: np.ndarray) -> tuple[float, Adapter]:
    """Compute the mean loss over `rows` and how it changes with each number of A and B.

    d loss / d logits = p - 1 at the token that came, p elsewhere; the rest is the chain rule
    through z = h A and u = E Bᵀ, whose product the adapter adds to the logits.

    >>> places = Positions.at(np.float32([[1, 2]]), np.array([1]), np.eye(2, dtype=np.float32))
    >>> _, slopes = gradients(Adapter.new(2, 1), places, np.array([0]))
    >>> slopes.a.tolist()  # B is zero: A can't matter yet
    [[0.0], [0.0]]
    """
    u = places.embedding @ adapter.b.T.astype(np.float32)  # [V, r]
    loss, d_a, d_u = 0.0, np.zeros_like(adapter.a), np.zeros(u.T.shape, np.float32)
    for start in range(0, len(rows), ROWS):
        block = rows[start : start + ROWS]
        loss += add_block(adapter, places, block, u, d_a, d_u)
    d_b = d_u @ places.embedding  # [r, V] @ [V, d] → [r, d]
    n = len(rows)
    return loss / n, Adapter(a=d_a / n, b=d_b.astype(np.float64) / n)


def add_block(
    adapter: Adapter,
    places: Positions,
    rows: np.ndarray,
    u: np.ndarray,
    d_a: np.ndarray,
    d_u: np.ndarray,
) -> float:
    """Add the slopes of some rows to `d_a` [d, r] and `d_u` [r, V]; return their losses' sum."""
    losses, odds, sums, z = one_block(adapter, places, rows, u)
    targets = places.targets[rows]
    d_z = (odds @ u) / sums[:, None] - u[targets]  # [n, V] @ [V, r] → [n, r]
    d_u += (z / sums[:, None]).T @ odds  # [r, n] @ [n, V] → [r, V]
    np.subtract.at(d_u.T, targets, z)
    d_a += places.hidden[rows].T @ d_z  # [d, n] @ [n, r] → [d, r]
    return float(losses.sum())


def adam(
    value: np.ndarray,
    mean: np.ndarray,
    square: np.ndarray,
    slope: np.ndarray,
    step: int,
    learning_rate: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Move numbers against their slope: the numbers, and the means of slopes and of their squares.

    >>> start = np.zeros(2)
    >>> adam(start, start, start, np.array([5.0, -0.1]), 1, 0.1)[0].round(6).tolist()
    [-0.1, 0.1]
    """
    mean = ADAM_DECAY[0] * mean + (1 - ADAM_DECAY[0]) * slope
    square = ADAM_DECAY[1] * square + (1 - ADAM_DECAY[1]) * slope**2
    # Both start at 0, and are too small at first.
    direction = mean / (1 - ADAM_DECAY[0] ** step)
    size = np.sqrt(square / (1 - ADAM_DECAY[1] ** step)) + ADAM_EPS
    return value - learning_rate * direction / size, mean, square


def batches(n: int, batch: int, seed: int) -> Iterator[np.ndarray]:
    """Give `batch` of `n` places again and again; each pass takes them in a new random order.

    >>> [rows.tolist() for rows in islice(batches(2, 2, seed=0), 3)]  # sorted within a batch
    [[0, 1], [0, 1], [0, 1]]
    """
    rng = np.random.default_rng(seed)
    order = np.empty(0, int)
    while True:
        if len(order) < batch:
            order = rng.permutation(n)
        yield np.sort(order[:batch])
        order = order[batch:]


def train(
    adapter: Adapter,
    places: Positions,
    *,
    n_steps: int,
    batch: int,
    learning_rate: float,
    seed: int = 0,
) -> Iterator[tuple[float, Adapter]]:
    """Learn with Adam: https://arxiv.org/abs/1412.6980.

    After each step comes the batch's loss before it, and the adapter after it. Each pass takes all
    positions in a new random order, `batch` at a time; what is left over is skipped. Raises
    ValueError where there are fewer positions than a batch.

    >>> places = Positions.at(np.float32([[1, 2]]), np.array([1]), np.eye(2, dtype=np.float32))
    >>> steps = list(train(Adapter.new(2, 1), places, n_steps=9, batch=1, learning_rate=0.1))
    >>> steps[8][0] < steps[0][0]
    True
    """
    if len(places) < batch:
        raise ValueError(f"{len(places)} positions are fewer than a batch of {batch}")
    state = {name: (value, 0 * value, 0 * value) for name, value in vars(adapter).items()}
    for step, rows in enumerate(islice(batches(len(places), batch, seed), n_steps), 1):
        loss, gradient = gradients(adapter, places, rows)
        for name, slope in vars(gradient).items():
            state[name] = adam(*state[name], slope, step, learning_rate)
        adapter = Adapter(a=state["a"][0], b=state["b"][0])
        yield loss, adapter
