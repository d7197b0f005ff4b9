"""What a language model computes: for each token of its vocabulary, the probability to come next.

Text is that, repeated. The model is SmolLM2-135M-Instruct, run for real in NumPy (`smollm/`). It
learned from English almost only: the demo asks it the same thing in both languages too, to show
what that does to the probabilities. The question leaves no article to come first (« … is the city
of»), and only the share of the right answer is compared: a perplexity of two tokenizations is not.

Leaves out: beam search, nucleus sampling, repetition penalties; the chat template (the model goes
on with the text).
"""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np

from demos.common.intervals import all_significant, significant
from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens.pieces import one_line, piece, shorten, visible
from demos.common.words import columns, number, wrap
from demos.smollm.cache import Cache
from demos.smollm.generate import END, distribution, sample, top
from demos.smollm.tokenizer import decode, token_bytes
from demos.smollm.transformer import forward
from demos.smollm.weights import load

Temperature = Literal["0.2", "0.5", "0.8", "1.0", "1.5", "2.0"]
NTokens = Annotated[int, range(1, 25)]
TEXT = "The capital of Italy is"
IN_ITALIAN, IN_ENGLISH = "La capitale d'Italia è la città di", "The capital of Italy is the city of"
MAX_TOKENS = 512  # of the prompt
COMPARED = (0.5, 1.0, 1.5)  # temperatures
N_LIKELIEST = 5
SEEDS = (1, 2)


@lru_cache(maxsize=8)
def step_by_step(ids: tuple[int, ...], n_tokens: int) -> tuple[np.ndarray, list[int], list[dict]]:
    """Go on with the likeliest token each time: the first scores [V], the tokens, facts of each.

    Kept, since the temperature changes none of it: the likeliest token stays the likeliest.

    >>> first, chosen, _ = step_by_step((504, 3575, 282, 7158, 314), 1)
    >>> first.shape, chosen
    ((49152,), [7268])
    """
    weights = load()
    cache = Cache.empty(weights.shape, len(ids) + n_tokens)
    logits = first = forward(weights, ids, cache, last=True)[0]  # [T] → [V]
    chosen: list[int] = []
    steps: list[dict] = []
    while len(chosen) < n_tokens:
        (token, probability), (second, runner_up) = top(distribution(logits), 2)
        if token in END:  # the model says that it has finished
            break
        other = {"second_piece": piece(second), "second_probability": significant(runner_up)}
        steps.append(row(token, probability) | other)
        chosen.append(token)
        if len(chosen) < n_tokens:  # the cache remembers all tokens before this one
            logits = forward(weights, [token], cache, last=True)[0]  # [1] → [V]
    return first, chosen, steps


def row(token: int, probability: float) -> dict:
    """Make the facts of a token.

    >>> row(7268, 0.38001)
    {'id': 7268, 'piece': '·Rome', 'probability': 0.38}
    """
    return {"id": token, "piece": piece(token), "probability": significant(probability)}


def look(logits: np.ndarray, temperature: float) -> dict:
    """Describe the probabilities that scores [V] give, at a temperature and at others.

    >>> facts = look(np.float32([2, 1, 0, 0, 0, 0, 0]), temperature=1.0)
    >>> facts["likeliest"][0]["probability"], facts["others_probability"]
    (0.489, 0.132)
    """
    probabilities = distribution(logits, temperature)  # [V]
    likeliest = top(probabilities, N_LIKELIEST)
    tokens = [token for token, _ in likeliest]
    return {
        "likeliest": [row(token, probability) for token, probability in likeliest],
        "others_probability": significant(1 - sum(probability for _, probability in likeliest)),
        "n_others": len(logits) - len(likeliest),
        "n_probabilities": len(probabilities),
        "n_zero_probabilities": int((probabilities <= 0).sum()),
        "sum_of_probabilities": round(float(probabilities.sum()), 9),
        "n_even_choices": even_choices(probabilities),
        "by_temperature": [at_temperature(logits, tokens, t) for t in COMPARED],
    }


def at_temperature(logits: np.ndarray, tokens: list[int], temperature: float) -> dict:
    """Compute the probabilities of some tokens at a temperature.

    >>> at_temperature(np.log(np.float32([0.8, 0.2])), [0, 1], 0.5)["probabilities"]
    [0.941, 0.0588]
    """
    probabilities = distribution(logits, temperature)  # [V]
    return {
        "temperature": temperature,
        "probabilities": all_significant(probabilities[tokens], 3),
        "n_even_choices": even_choices(probabilities),
    }


def even_choices(probabilities: np.ndarray) -> float:
    """Say among how many equally likely tokens one would be as undecided: the perplexity.

    >>> even_choices(np.array([0.25, 0.25, 0.25, 0.25, 0.0]))
    4.0
    """
    some = probabilities[probabilities > 0]  # 0 log 0 is 0
    return significant(2 ** -float((some * np.log2(some)).sum()))


def go_on(ids: list[int], n_tokens: int, temperature: float) -> dict:
    """Look at the next token's probabilities, then go on with the likeliest, one at a time.

    >>> facts = go_on(read_prompt(TEXT, 5), n_tokens=2, temperature=1.0)
    >>> facts["likeliest"][0], facts["greedy"]
    ({'id': 7268, 'piece': '·Rome', 'probability': 0.38}, '·Rome.')
    """
    first, chosen, steps = step_by_step(tuple(ids), n_tokens)
    return look(first, temperature) | {
        "n_new_tokens": len(chosen),
        "steps": list(steps),
        "greedy": visible(decode(chosen).encode()),
    }


def answer(question: str, n_tokens: int, temperature: float) -> dict:
    """Ask one of the two questions.

    >>> answer(IN_ENGLISH, 2, 1.0)["greedy"]
    '·Rome.'
    """
    ids = read_prompt(question, MAX_TOKENS)
    return {"text": question, **go_on(ids, n_tokens, temperature)}


def draw(ids: list[int], n_tokens: int, temperature: float, seed: int) -> Iterator[int]:
    """Go on with tokens drawn by their probability.

    >>> list(draw([504, 3575, 282, 7158, 314], 1, 0.2, seed=1))
    [7268]
    """
    luck = (seed, *ids)  # with the ids, else every text would get the same luck
    return sample(load(), ids, n_tokens, temperature=temperature, seed=luck)


def stream(
    *, text: str = TEXT, temperature: Temperature = "1.0", n_tokens: NTokens = 8
) -> Iterator[str]:
    """Give the first text of `drawn` piece by piece, each as soon as its token is computed.

    Bytes wait until they are a whole character. Raises ValueError as `run` does.

    >>> list(stream(temperature="0.2", n_tokens=2))
    ['·Rome', '.']
    """
    decoder = getincrementaldecoder("utf-8")(errors="replace")
    for token in draw(read_prompt(text, MAX_TOKENS), n_tokens, float(temperature), SEEDS[0]):
        if written := decoder.decode(token_bytes(token)):
            yield visible(written.encode())
    if left := decoder.decode(b"", final=True):  # of a character that never became whole
        yield visible(left.encode())


def run(*, text: str = TEXT, temperature: Temperature = "1.0", n_tokens: NTokens = 8) -> dict:
    """Compute the next token's probabilities, and go on with `n_tokens` tokens, likeliest or drawn.

    Raises ValueError for a text without tokens or with more than `MAX_TOKENS`.
    """
    ids, t = read_prompt(text, MAX_TOKENS), float(temperature)
    both = {"italian": IN_ITALIAN, "english": IN_ENGLISH}
    drawn = (decode(draw(ids, n_tokens, t, seed)) for seed in SEEDS)
    return {
        "text": text,
        "ids": ids,
        "pieces": [piece(token) for token in ids],
        "n_prompt_tokens": len(ids),
        "n_vocab": load().shape.vocab,
        "temperature": t,
        **go_on(ids, n_tokens, t),
        "drawn": [visible(text.encode()) for text in drawn],
        "model_language": "English",
        **{name: answer(question, n_tokens, t) for name, question in both.items()},
    }


def show(facts: dict) -> None:
    """Print the way from the text to the probabilities, then one token at a time, then Italian."""
    pairs = zip(facts["pieces"], facts["ids"], strict=True)
    tokens = shorten(" | ".join(f"{shorten(text)} {token}" for text, token in pairs), 600)
    print(f"""\
{wrap(f"1. Il testo: «{one_line(facts['text'])}»")}
{wrap(f"   {facts['n_prompt_tokens']} token: {tokens}")}

2. Il modello dà una probabilità a ciascuno dei suoi {number(facts["n_vocab"])} token. I primi
   {N_LIKELIEST}, e come li cambia la temperatura (divide i punteggi prima della softmax):""")
    show_distribution(facts)
    show_steps(facts)
    show_drawn(facts)


def show_steps(facts: dict) -> None:
    """Print each token that was taken, with the one that came second, and then the text."""
    print("\n3. Un token alla volta: si prende il più probabile, lo si aggiunge, si ricomincia.")
    for n, step in enumerate(facts["steps"], start=1):
        token = f"{shorten(step['piece']):<20}{percent(step['probability']):>9}"
        second = f"{shorten(step['second_piece'])} {percent(step['second_probability'])}"
        print(f"   {n:>2}  {token}   poi {second}")
    print(wrap(f"   Il testo continua: «{facts['greedy']}»"))


def show_distribution(facts: dict) -> None:
    """Print the likeliest tokens, with their probability at each temperature."""
    compared = facts["by_temperature"]
    names = (f"T = {number(at['temperature'])}" for at in compared)
    even = (number(at["n_even_choices"], 0) for at in compared)
    print(f"   {'token':<20}{columns(names, 12)}")
    for n, likely in enumerate(facts["likeliest"]):
        cells = (percent(at["probabilities"][n]) for at in compared)
        print(f"   {shorten(likely['piece']):<20}{columns(cells, 12)}")
    t, others = number(facts["temperature"]), percent(facts["others_probability"])
    print(f"""\
   {"indeciso come fra":<20}{columns(even, 12)} token equiprobabili
   A temperatura {t}, agli altri {number(facts["n_others"])} token resta il {others};
   la somma di tutte le probabilità è {number(facts["sum_of_probabilities"])}.""")


def show_drawn(facts: dict) -> None:
    """Print the texts drawn by probability, and the same question in two languages."""
    t = number(facts["temperature"])
    print(f"\n4. Oppure si estrae a sorte secondo le probabilità (temperatura {t}):")
    for text in facts["drawn"]:
        print(wrap(f"   «{text}»"))
    print("\n5. La stessa domanda in due lingue: il modello ha letto quasi solo inglese.")
    for language in (facts["italian"], facts["english"]):
        print(wrap(f"   «{language['text']}» continua: «{language['greedy']}»"))
        print(wrap(f"   I primi: {list_likeliest(language)}"))


def list_likeliest(look: dict) -> str:
    """Write the likeliest tokens in a line.

    >>> list_likeliest({"likeliest": [row(7268, 0.38), row(260, 0.138)]})
    '·Rome 38,0%, ·the 13,8%'
    """
    return ", ".join(
        f"{shorten(likely['piece'])} {percent(likely['probability'])}"
        for likely in look["likeliest"]
    )


def percent(probability: float) -> str:
    """Write a probability as a percentage.

    >>> percent(0.38), percent(0.0213), percent(0.0000213)
    ('38,0%', '2,1%', '< 0,1%')
    """
    return f"{number(100 * probability, 1)}%" if probability >= 0.0005 else "< 0,1%"


if __name__ == "__main__":
    run_alone(run, show)
