"""What a language model computes: a probability for each token of its vocabulary, to be the next one.

Text is that, repeated. The model is SmolLM2-135M-Instruct, run for real in NumPy (`smollm/`). It
learned from English almost only: the demo asks it the same thing in Italian too, to show what that
does to the probabilities.

Leaves out: beam search, nucleus sampling, repetition penalties; the chat template (the model goes
on with the text).
"""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from textwrap import fill
from typing import Annotated, Literal

import numpy as np

from demos.common.intervals import significant
from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens import one_line, piece, shorten, visible
from demos.common.words import number
from demos.smollm.cache import Cache
from demos.smollm.generate import END, distribution, sample, top
from demos.smollm.tokenizer import decode, token_bytes
from demos.smollm.transformer import forward
from demos.smollm.weights import load

MAX_TOKENS = 512  # of the prompt
IN_ITALIAN = "La capitale d'Italia è"
TEMPERATURES = ("0.2", "0.5", "0.8", "1.0", "1.5", "2.0")
COMPARED = ("0.5", "1.0", "1.5")
N_LIKELIEST = 5
SEEDS = (1, 2)


def run(
    *,
    text: str = "The capital of Italy is",
    temperature: Literal["0.2", "0.5", "0.8", "1.0", "1.5", "2.0"] = "1.0",
    n_tokens: Annotated[int, range(1, 25)] = 8,
) -> dict:
    """Compute the next token's probabilities at `temperature`, and go on with `n_tokens` tokens, greedily and drawn.

    The greedy text and its `steps` do not depend on the temperature: it never changes which token
    is the likeliest. Raises ValueError for a text without tokens or with more than `MAX_TOKENS`,
    and for other values of the others.
    """
    if temperature not in TEMPERATURES:
        raise ValueError(f"temperature {temperature!r} is not one of {', '.join(TEMPERATURES)}")
    if n_tokens not in range(1, 25):
        raise ValueError(f"n_tokens {n_tokens!r} is not from 1 to 24")
    ids, weights = read_prompt(text, MAX_TOKENS), load()
    return {
        "text": text,
        "ids": ids,
        "pieces": [piece(token) for token in ids],
        "n_prompt_tokens": len(ids),
        "n_vocab": weights.shape.vocab,
        "temperature": float(temperature),
        **go_on(ids, n_tokens, float(temperature)),
        "drawn": [
            visible(
                decode(
                    sample(
                        weights, ids, n_tokens, temperature=float(temperature), seed=(seed, *ids)
                    )
                ).encode()
            )
            for seed in SEEDS  # with the ids, else every text would get the same luck
        ],
        "model_language": "English",
        "italian": {
            "text": IN_ITALIAN,
            **go_on(read_prompt(IN_ITALIAN, MAX_TOKENS), n_tokens, float(temperature)),
        },
    }


def stream(
    *,
    text: str = "The capital of Italy is",
    temperature: Literal["0.2", "0.5", "0.8", "1.0", "1.5", "2.0"] = "1.0",
    n_tokens: Annotated[int, range(1, 25)] = 8,
) -> Iterator[str]:
    """Give the first text of `drawn` piece by piece, each as soon as its token is computed.

    Bytes wait until they are a whole character. Raises ValueError as `run` does.

    >>> list(stream(temperature="0.2", n_tokens=2))
    ['·Rome', '.']
    """
    ids, decoder = read_prompt(text, MAX_TOKENS), getincrementaldecoder("utf-8")(errors="replace")
    drawn = sample(load(), ids, n_tokens, temperature=float(temperature), seed=(SEEDS[0], *ids))
    for raw in chain(
        map(token_bytes, drawn), [b""]
    ):  # nothing, at the end: what is left of a character comes out
        if shown := visible(decoder.decode(raw, final=not raw).encode()):
            yield shown


def go_on(ids: list[int], n_tokens: int, temperature: float) -> dict:
    """Look at the next token's probabilities, then go on with the likeliest token, one at a time.

    >>> facts = go_on(read_prompt("The capital of Italy is", 5), n_tokens=2, temperature=1.0)
    >>> facts["likeliest"][0], facts["greedy"]
    ({'id': 7268, 'piece': '·Rome', 'probability': 0.38}, '·Rome.')
    """
    first, chosen, steps = step_by_step(tuple(ids), n_tokens)
    greedy = visible(decode(chosen).encode())
    return {
        **look(first, temperature),
        "n_new_tokens": len(chosen),
        "steps": list(steps),
        "greedy": greedy,
    }


@lru_cache(maxsize=8)
def step_by_step(
    ids: tuple[int, ...], n_tokens: int
) -> tuple[np.ndarray, tuple[int, ...], tuple[dict, ...]]:
    """Go on with the likeliest token each time: the first logits [V], the tokens, and a row of facts for each.

    Kept, since the temperature changes none of it.

    >>> first, chosen, steps = step_by_step((504, 3575, 282, 7158, 314), 1)
    >>> first.shape, chosen
    ((49152,), (7268,))
    """
    weights = load()
    cache = Cache.empty(weights.shape, len(ids) + n_tokens)
    logits = first = forward(weights, ids, cache, last=True)[
        0
    ]  # [T] → [V]: scores after the last token
    chosen: list[int] = []
    steps = []
    for n in range(n_tokens):
        if n > 0:
            logits = forward(weights, chosen[-1:], cache, last=True)[
                0
            ]  # [1] → [V]: the cache remembers all before
        (token, probability), (second, runner_up) = top(distribution(logits), 2)
        if token in END:
            break
        chosen.append(token)
        other = {"second_piece": piece(second), "second_probability": significant(runner_up)}
        steps.append(row(token, probability) | other)
    return first, tuple(chosen), tuple(steps)


def look(logits: np.ndarray, temperature: float) -> dict:
    """Describe one distribution: its sum, the likeliest tokens, and how undecided it is, also at other temperatures.

    >>> facts = look(np.float32([2, 1, 0, 0, 0, 0, 0]), temperature=1.0)
    >>> facts["likeliest"][0]["probability"], facts["others_probability"], facts["sum_of_probabilities"]
    (0.489, 0.132, 1.0)
    """
    probabilities = distribution(logits, temperature)  # [V]
    likeliest = top(probabilities, N_LIKELIEST)
    return {
        "likeliest": [row(token, probability) for token, probability in likeliest],
        "others_probability": significant(1 - sum(probability for _, probability in likeliest)),
        "n_others": len(logits) - len(likeliest),
        "n_probabilities": len(probabilities),
        "n_zero_probabilities": int((probabilities <= 0).sum()),
        "sum_of_probabilities": round(float(probabilities.sum()), 9),
        "n_even_choices": even_choices(probabilities),
        "by_temperature": [
            at_temperature(logits, [token for token, _ in likeliest], float(t)) for t in COMPARED
        ],
    }


def at_temperature(logits: np.ndarray, tokens: list[int], temperature: float) -> dict:
    """Give the probabilities of these tokens at a temperature.

    >>> at_temperature(np.log(np.float32([0.8, 0.2])), [0, 1], 0.5)["probabilities"]
    [0.941, 0.0588]
    """
    probabilities = distribution(logits, temperature)  # [V]
    return {
        "temperature": temperature,
        "probabilities": [significant(float(probabilities[token])) for token in tokens],
        "n_even_choices": even_choices(probabilities),
    }


def even_choices(probabilities: np.ndarray) -> float:
    """Say among how many equally likely tokens one would be as undecided: the perplexity of the distribution.

    >>> even_choices(np.array([0.25, 0.25, 0.25, 0.25, 0.0]))
    4.0
    """
    some = probabilities[probabilities > 0]  # 0 log 0 is 0
    return significant(2 ** -float((some * np.log2(some)).sum()))


def row(token: int, probability: float) -> dict:
    """Make a row of facts of a token.

    >>> row(7268, 0.38001)
    {'id': 7268, 'piece': '·Rome', 'probability': 0.38}
    """
    return {"id": token, "piece": piece(token), "probability": significant(probability)}


def percent(probability: float) -> str:
    """Write a probability as a percentage.

    >>> percent(0.38), percent(0.0213), percent(0.0000213)
    ('38,0%', '2,1%', '< 0,1%')
    """
    return f"{number(100 * probability, 1)}%" if probability >= 0.0005 else "< 0,1%"


def list_likeliest(look: dict) -> str:
    """Write the likeliest tokens in a line.

    >>> list_likeliest({"likeliest": [row(7268, 0.38), row(260, 0.138)]})
    '·Rome 38,0%, ·the 13,8%'
    """
    return ", ".join(
        f"{shorten(likely['piece'])} {percent(likely['probability'])}"
        for likely in look["likeliest"]
    )


def show(facts: dict) -> None:
    """Print the way from the text to the probabilities, then one token at a time, then Italian."""
    print(fill(f"1. Il testo: «{one_line(facts['text'])}»", 88, subsequent_indent="   "))
    tokens = " | ".join(
        f"{shorten(text)} {token}"
        for text, token in zip(facts["pieces"], facts["ids"], strict=True)
    )
    print(
        fill(
            f"   {facts['n_prompt_tokens']} token: {shorten(tokens, 600)}",
            88,
            subsequent_indent="   ",
        )
    )
    print(
        f"\n2. Il modello dà una probabilità a ciascuno dei suoi {number(facts['n_vocab'])} token. I primi"
    )
    print(
        f"   {N_LIKELIEST}, e come li cambia la temperatura (divide i punteggi prima della softmax):"
    )
    show_distribution(facts)
    print("\n3. Un token alla volta: si prende il più probabile, lo si aggiunge, si ricomincia.")
    for n, step in enumerate(facts["steps"], start=1):
        second = f"poi {shorten(step['second_piece'])} {percent(step['second_probability'])}"
        print(
            f"   {n:>2}  {shorten(step['piece']):<20}{percent(step['probability']):>9}   {second}"
        )
    print(fill(f"   Il testo continua: «{facts['greedy']}»", 88, subsequent_indent="   "))
    print(
        f"\n4. Oppure si estrae a sorte secondo le probabilità (temperatura {number(facts['temperature'])}):"
    )
    for text in facts["drawn"]:
        print(fill(f"   «{text}»", 88, subsequent_indent="   "))
    print("\n5. Il modello ha letto quasi solo inglese. In italiano:")
    italian = facts["italian"]
    print(
        fill(f"   «{italian['text']}» continua: «{italian['greedy']}»", 88, subsequent_indent="   ")
    )
    print(f"   I primi: {list_likeliest(italian)}")
    print(f"   È indeciso come fra {number(italian['n_even_choices'], 0)} token alla pari;")
    print(f"   con il testo di prima, come fra {number(facts['n_even_choices'], 0)}.")


def show_distribution(facts: dict) -> None:
    """Print the likeliest tokens, with their probability at each temperature."""
    columns = facts["by_temperature"]
    print(
        f"   {'token':<20}"
        + "".join(f"{'T = ' + number(column['temperature']):>12}" for column in columns)
    )
    for n, likely in enumerate(facts["likeliest"]):
        cells = (percent(column["probabilities"][n]) for column in columns)
        print(f"   {shorten(likely['piece']):<20}" + "".join(f"{cell:>12}" for cell in cells))
    cells = (number(column["n_even_choices"], 0) for column in columns)
    print(
        f"   {'indeciso come fra':<20}"
        + "".join(f"{cell:>12}" for cell in cells)
        + " token alla pari"
    )
    print(f"   A temperatura {number(facts['temperature'])}, agli altri {number(facts['n_others'])} token"
          f" resta il {percent(facts['others_probability'])};")  # fmt: skip
    print(f"   la somma di tutte le probabilità è {number(facts['sum_of_probabilities'])}.")


if __name__ == "__main__":
    run_alone(run, show)
