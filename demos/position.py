"""How an LLM knows the order of words: it turns queries and keys by their position.

Attention adds up what tokens give, and a sum has no order. So SmolLM2 turns each pair of numbers of
a query and of a key by an angle that grows with the position (RoPE, https://arxiv.org/abs/2104.09864).
Both turned, their product depends on how far apart they are, wherever they stand. Measured here, on
the real model, with one head of the first layer, and then with two sentences of the same tokens
that end alike: without rotation the last token's vector is the same for both after one layer.

The causal mask too gives away some order, but only from the second layer on: a token that sees
fewer others becomes another one (https://arxiv.org/abs/2203.16634).

Leaves out: positions that are learned and added to the embeddings (GPT-2); how a model that was
trained without rotation would do: this one was trained with it.
"""

from typing import Annotated

import numpy as np

from demos.common.intervals import all_significant, significant
from demos.common.standalone import run_alone
from demos.common.tokens.pieces import piece
from demos.common.words import columns, number, percent, yes_or_no
from demos.smollm.order import follow_last, split_heads
from demos.smollm.tokenizer import encode
from demos.smollm.transformer import rope, rotations
from demos.smollm.weights import Shape, load

TEXTS = ("The dog bites the man.", "The man bites the dog.")
LOOKS, LOOKED_AT = 2, 1  # places in the first text: ·bites looks at ·dog
STARTS = (0, 100, 1000)  # positions of the token that is looked at
N_DISTANCES = 33  # 0 to 32 tokens
ALIKE = 1e-4  # as a share of the size: what float32 and its rounding leave is below
WAYS = {
    "with_rotation": "con la rotazione",
    "without_rotation": "senza rotazione",
    "without_both": "senza rotazione né maschera",
}


def products(query: np.ndarray, key: np.ndarray, start: int, shape: Shape) -> np.ndarray:
    """Turn a key [D] to position `start`, a query [D] to each from there on, and multiply.

    What comes out is the score before softmax: q · k / √D, one for each distance.

    >>> ones = np.ones(64, np.float32)
    >>> products(ones, ones, 0, load().shape)[0]
    np.float32(8.0)
    """
    turns = rotations(shape, start, N_DISTANCES)  # [distances, D/2]
    queries = rope(np.tile(query, (N_DISTANCES, 1)), turns)  # [distances, D]
    turned = rope(key[None], turns[:1])[0]  # [D]
    return queries @ turned / np.float32(np.sqrt(shape.head_dim))


def look_at_distances(head: int) -> dict:
    """Compute the products over distance, from several starts, and how much those differ.

    >>> look_at_distances(3)["largest_difference"] < 1e-4
    True
    """
    weights, ids = load(), encode(TEXTS[0])
    queries, keys, _ = split_heads(weights.layers[0], weights.embedding[ids], weights.shape)
    query = queries[head, LOOKS]  # [D]
    key = keys[head * len(keys) // len(queries), LOOKED_AT]  # [D]: shared by three heads
    found = [products(query, key, start, weights.shape) for start in STARTS]
    spread = np.ptp(found, axis=0).max() / np.abs(found).max()
    rows = zip(STARTS, found, strict=True)
    return {
        "from_starts": [{"start": start, "products": all_significant(x, 4)} for start, x in rows],
        "largest_difference": significant(float(spread), 2),
    }


def compare(*, rotation: bool, mask: bool) -> dict:
    """Say how far apart the two texts' last vectors are, as a share of their length.

    >>> compare(rotation=False, mask=True)["after_one"] < 1e-6
    True
    """
    first, other = (follow_last(encode(text), rotation=rotation, mask=mask) for text in TEXTS)
    pairs = zip(first, other, strict=True)
    apart = [float(np.linalg.norm(one - two) / np.linalg.norm(one)) for one, two in pairs]
    found = {"after_one": significant(apart[1]), "after_all": significant(apart[-1])}
    return {"rotation": rotation, "mask": mask} | found


def run(*, head: Annotated[int, range(9)] = 3) -> dict:
    """Turn a query and a key of the first layer, and compare two sentences of the same tokens."""
    tokens = [encode(text) for text in TEXTS]
    return {
        "layer": 0,
        "head": head,
        "n_layers": load().shape.n_layers,
        "looks": piece(tokens[0][LOOKS]),
        "looked_at": piece(tokens[0][LOOKED_AT]),
        "starts": list(STARTS),
        **look_at_distances(head),
        "texts": list(TEXTS),
        "pieces": [[piece(token) for token in ids] for ids in tokens],
        "same_tokens": sorted(tokens[0]) == sorted(tokens[1]),
        "same_last": tokens[0][-1] == tokens[1][-1],
        "with_rotation": compare(rotation=True, mask=True),
        "without_rotation": compare(rotation=False, mask=True),
        "without_both": compare(rotation=False, mask=False),
    }


def show(facts: dict) -> None:
    """Print the products over distance, then how far apart the two sentences end."""
    looks, seen = facts["looks"], facts["looked_at"]
    starts = "".join(f"{f'{seen} al posto {start}':>22}" for start in facts["starts"])
    print(f"1. Strato 0, testa {facts['head']}: quanto {looks} guarda {seen} (prima della softmax)")
    print(f"   distanza{starts}")
    for distance in (0, 1, 2, 3, 4, 8, 16, 32):
        found = (number(row["products"][distance], 2) for row in facts["from_starts"])
        print(f"   {distance:>8}{columns(found, 22)}")
    alike = yes_or_no(facts["largest_difference"] < ALIKE)
    print(f"   Conta solo la distanza (a meno di un decimillesimo): {alike}.")
    show_texts(facts)


def show_texts(facts: dict) -> None:
    """Print how far apart the last vectors of the two texts are, with and without rotation."""
    print("\n2. Gli stessi token in un altro ordine: quanto differisce il vettore dell’ultimo?")
    for text, pieces in zip(facts["texts"], facts["pieces"], strict=True):
        print(f"   «{text}»: {' | '.join(pieces)}")
    print(f"{'dopo uno strato':>48}{'dopo tutti e ' + str(facts['n_layers']):>17}")
    for way, name in WAYS.items():
        cells = map(write, (facts[way]["after_one"], facts[way]["after_all"]))
        print(f"   {name:<28}{columns(cells, 17)}")
    print("   Dal secondo strato in poi anche la maschera tradisce un po’ l’ordine.")


def write(share: float) -> str:
    """Write how far apart two vectors are; what float32 can't tell from nothing is none.

    >>> write(0.112), write(1.8e-7)
    ('11,2%', 'uguale')
    """
    return percent(share) if share > ALIKE else "uguale"


if __name__ == "__main__":
    run_alone(run, show)
