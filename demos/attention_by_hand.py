"""Attention by hand: three tokens, vectors of two numbers, every step written out.

Each token has a query (what it looks for), a key (what it can be found by) and a value (what it
gives). Who looks compares its query with each key:

    score = q · k / √d        weight = e^score / sum of all e^score        result = Σ weight · v

The middle one is softmax; with the causal mask a token that comes later gets no weight.
(Vaswani et al., Attention Is All You Need, 2017, https://arxiv.org/abs/1706.03762, section 3.2.1.)

Leaves out: where queries, keys and values come from (the token's vector times three learned
matrices; here they were chosen so that the sums are easy); several heads; positions.
"""

import math
from typing import Literal

from demos.common.standalone import run_alone
from demos.common.words import columns, number, yes_or_no

Token = Literal["il", "gatto", "dorme"]
Vector = tuple[float, float]
TOKENS: tuple[Token, ...] = ("il", "gatto", "dorme")
QUERIES: tuple[Vector, ...] = ((0, 1), (1, 1), (1, 2))
KEYS: tuple[Vector, ...] = ((1, 0), (1, 1), (0, 1))
VALUES: tuple[Vector, ...] = ((1, 0), (0, 1), (1, 1))


def dot(one: Vector, two: Vector) -> float:
    """Multiply place by place, and add up.

    >>> dot((1, 2), (1, 1))
    3
    """
    return one[0] * two[0] + one[1] * two[1]


def softmax(scores: list[float]) -> list[float]:
    """Turn scores into weights that sum to 1: e to the score, divided by the sum of all of them.

    >>> softmax([0.0, 0.0, math.log(2)])
    [0.25, 0.25, 0.5]
    """
    powers = [math.exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def mix(weights: list[float], values: tuple[Vector, ...]) -> list[float]:
    """Add up the values, each times its weight.

    >>> mix([0.5, 0.5, 0.0], VALUES)
    [0.5, 0.5]
    """
    pairs = list(zip(weights, values, strict=True))
    return [sum(weight * value[place] for weight, value in pairs) for place in (0, 1)]


def weigh(who: int, seen: int) -> list[dict]:
    """Give for each token the steps from its product with the query to its weight.

    Tokens from `seen` on are hidden: their score counts as −∞, and e^−∞ is 0.

    >>> [round(row["weight"], 2) for row in weigh(1, seen=2)]
    [0.33, 0.67, 0.0]
    """
    products = [dot(QUERIES[who], key) for key in KEYS]
    scores = [product / math.sqrt(len(QUERIES[who])) for product in products]
    weights = softmax(scores[:seen]) + [0.0] * (len(TOKENS) - seen)
    rows = []
    for place, score in enumerate(scores):
        row = {"token": TOKENS[place], "sees": place < seen, "product": products[place]}
        row |= {"score": score, "power": math.exp(score) if place < seen else 0.0}
        rows.append(row | {"weight": weights[place], "value": VALUES[place]})
    return rows


def look(who: int, *, mask: bool) -> dict:
    """Let one token look: its steps with each token, the weights, and what it gets.

    >>> look(0, mask=True)["result"]
    [1.0, 0.0]
    """
    rows = weigh(who, seen=who + 1 if mask else len(TOKENS))  # the mask hides what comes later
    weights = [row["weight"] for row in rows]
    return {
        "token": TOKENS[who],
        "query": QUERIES[who],
        "rows": rows,
        "sum_of_powers": sum(row["power"] for row in rows),
        "weights": weights,
        "sum_of_weights": sum(weights),
        "result": mix(weights, VALUES),
    }


def run(*, who: Token = "dorme", mask: bool = True) -> dict:
    """Let one of the three tokens look at the others, and give what all see, masked and not."""
    return {
        **look(TOKENS.index(who), mask=mask),
        "mask": mask,
        "width": len(QUERIES[0]),
        "root": math.sqrt(len(QUERIES[0])),
        "tokens": list(TOKENS),
        "queries": QUERIES,
        "keys": KEYS,
        "values": VALUES,
        "masked": [look(who, mask=True) for who in range(3)],
        "unmasked": [look(who, mask=False) for who in range(3)],
    }


def show(facts: dict) -> None:
    """Print the three tables, the steps of the token that looks, and everyone's weights."""
    print("1. Tre token, tre vettori di due numeri ciascuno")
    print("            cerca (Q)   si fa trovare (K)   porta (V)")
    vectors = zip(facts["tokens"], facts["queries"], facts["keys"], facts["values"], strict=True)
    for token, *three in vectors:
        print("   {:<6}{:>12}{:>20}{:>12}".format(token, *map(write, three)))
    show_steps(facts)
    show_everyone(facts)


def show_steps(facts: dict) -> None:
    """Print the scores of the token that looks, product by product."""
    (a, b), root = facts["query"], number(facts["root"], 2)
    print(f"\n2. Guarda «{facts['token']}», che cerca ({a}; {b}): q · k, diviso √2 = {root}")
    for row, (c, d) in zip(facts["rows"], facts["keys"], strict=True):
        score = number(row["score"], 2) if row["sees"] else "viene dopo: la maschera lo nasconde"
        print(f"   {row['token']:<6} {a}·{c} + {b}·{d} = {row['product']} → {score}")
    show_weights(facts)


def show_weights(facts: dict) -> None:
    """Print softmax, and the values added up, each times its weight."""
    total = number(facts["sum_of_powers"], 2)
    print(f"\n3. Softmax: e elevato al punteggio, diviso per la somma, {total}")
    for row in facts["rows"]:
        power, weight = number(row["power"], 2), number(row["weight"], 2)
        print(f"   {row['token']:<6} {power:>5} / {total} = {weight}")
    terms = (f"{number(row['weight'], 2)} · {write(row['value'])}" for row in facts["rows"])
    print(f"\n4. Somma dei valori, ciascuno per il suo peso\n   {' + '.join(terms)}")
    print(f"   = {write(facts['result'], 2)}")


def show_everyone(facts: dict) -> None:
    """Print the weights of all tokens, with the mask and without."""
    print("\n5. I pesi di tutti (righe: chi guarda), con la maschera e senza")
    pairs = zip(facts["masked"], facts["unmasked"], strict=True)
    for masked, unmasked in pairs:
        both = (masked["weights"], unmasked["weights"])
        cells = (columns((number(weight, 2) for weight in row), 7) for row in both)
        print(f"   {masked['token']:<6}{'     '.join(cells)}")
    sums = [row["sum_of_weights"] for row in (*facts["masked"], *facts["unmasked"])]
    print(f"   In ogni riga la somma è 1: {yes_or_no(max(abs(one - 1) for one in sums) < 1e-9)}.")


def write(vector: Vector, decimals: int = 0) -> str:
    """Write a vector.

    >>> write((1, 0)), write((0.424, 0.86), 2)
    ('(1; 0)', '(0,42; 0,86)')
    """
    return f"({number(vector[0], decimals)}; {number(vector[1], decimals)})"


if __name__ == "__main__":
    run_alone(run, show)
