"""What the model would say if it stopped half-way: its last step, applied after each layer.

The vector of the last token passes 30 layers. After each, the model's own norm and table turn it
into probabilities of the next token, as they do after the last (`smollm/lens.py`). The answer has
arrived at the first layer from which on its token is the likeliest to the end. The model is
SmolLM2-135M-Instruct; the prompts (`data/prompts.txt`) were chosen before any was tried.

Leaves out: that a layer need not speak the language of the last one: what this lens does not read
there may be there already.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from demos.common.intervals import interval, significant
from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens.pieces import one_line, piece, shorten
from demos.common.words import number, percent, wrap
from demos.smollm.generate import distribution, top
from demos.smollm.lens import as_if_last, last_after_each
from demos.smollm.weights import load

FILE = Path(__file__).parent / "data" / "prompts.txt"
MAX_TOKENS = 64
N_LIKELIEST = 3


def probabilities_after_each(ids: list[int]) -> np.ndarray:
    """Compute what the model would say after each layer, 0 to all: [n_layers + 1, V].

    >>> probabilities_after_each([504, 3575, 282, 7158, 314])[30].argmax()
    np.int64(7268)
    """
    weights = load()
    return distribution(as_if_last(weights, last_after_each(weights, ids)))


def arrival(tokens: list[int]) -> int:
    """Find after how many layers the last token is the likeliest for good.

    >>> arrival([5, 7, 5, 7, 7]), arrival([5, 5, 7])
    (3, 2)
    """
    n = len(tokens) - 1
    while n and tokens[n - 1] == tokens[-1]:
        n -= 1
    return n


def look(text: str, ids: list[int]) -> dict:
    """Follow one prompt: the likeliest tokens after each layer, and where the answer arrives.

    >>> facts = look("", [504, 3575, 282, 7158, 314])
    >>> facts["answer"], facts["layers"][0]["likeliest"][0]["piece"]
    ('·Rome', '·is')
    """
    probabilities = probabilities_after_each(ids)  # [n_layers + 1, V]
    tokens = [int(token) for token in probabilities.argmax(axis=1)]
    answer = tokens[-1]
    layers = []
    for n, row in enumerate(probabilities):
        likeliest = [
            {"piece": piece(token), "probability": significant(probability)}
            for token, probability in top(row, N_LIKELIEST)
        ]
        layers.append({"likeliest": likeliest, "answer_probability": significant(row[answer])})
        layers[-1] |= {"layer": n, "is_answer": tokens[n] == answer}
    return {"text": text, "answer": piece(answer), "arrival": arrival(tokens), "layers": layers}


@lru_cache(maxsize=1)
def try_all() -> tuple[dict, ...]:
    """Follow all prompts of the file: the answer of each, and where it arrives.

    >>> len(try_all()), try_all()[0]["answer"]
    (20, '·Rome')
    """
    texts = FILE.read_text(encoding="utf-8").splitlines()
    rows = []
    for text in texts:
        tokens = probabilities_after_each(read_prompt(text, MAX_TOKENS)).argmax(axis=1).tolist()
        rows.append({"text": text, "answer": piece(tokens[-1]), "arrival": arrival(tokens)})
    return tuple(rows)


def summarise(arrivals: list[int]) -> dict:
    """Give the quartiles of the layers where answers arrive; the median with its interval.

    >>> summarise([10, 20, 30])["median"]
    20.0
    """
    values = np.array(arrivals)
    low, high = interval(lambda drawn: float(np.median(values[drawn])), len(values))
    first, median, third = np.percentile(values, (25, 50, 75)).tolist()
    return {
        "n_prompts": len(arrivals),
        "first_quartile": first,
        "median": median,
        "third_quartile": third,
        "median_low": low,
        "median_high": high,
        "earliest": min(arrivals),
        "latest": max(arrivals),
    }


def run(*, text: str = "The capital of Italy is") -> dict:
    """Follow a text layer by layer, and twenty prompts up to where their answer arrives.

    Raises ValueError for a text without tokens or with more than `MAX_TOKENS`.
    """
    ids = read_prompt(text, MAX_TOKENS)
    rows = try_all()
    return {
        **look(text, ids),
        "pieces": [piece(token) for token in ids],
        "n_layers": load().shape.n_layers,
        "prompts": list(rows),
        **summarise([row["arrival"] for row in rows]),
    }


def show(facts: dict) -> None:
    """Print the likeliest tokens after each layer, then where the answers of all prompts arrive."""
    print(wrap(f"1. «{one_line(facts['text'])}»: che cosa direbbe dopo ogni strato?"))
    print(f"   La risposta è {shorten(facts['answer'])}; a destra la sua probabilità.")
    for row in facts["layers"]:
        likeliest = " ".join(f"{shorten(one['piece'], 15):<16}" for one in row["likeliest"])
        print(f"   {row['layer']:>2}  {likeliest}{percent(row['answer_probability']):>8}")
    print(f"   È la più probabile, e lo resta, da dopo lo strato {facts['arrival']}.")
    show_arrivals(facts)


def show_arrivals(facts: dict) -> None:
    """Print where the answers of all prompts arrive, the earliest first."""
    print(f"\n2. Lo stesso con {facts['n_prompts']} testi: da dopo quale strato?")
    for row in sorted(facts["prompts"], key=lambda row: row["arrival"]):
        print(f"   {row['arrival']:>2}  {row['text']} {row['answer']}")
    first, third = number(facts["first_quartile"]), number(facts["third_quartile"])
    low, high = number(facts["median_low"]), number(facts["median_high"])
    median = f"Mediana {number(facts['median'])} (intervallo al 95%: da {low} a {high})"
    print(f"   {median}, quartili {first} e {third}.")


if __name__ == "__main__":
    run_alone(run, show)
