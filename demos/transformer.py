"""The way of a text through a real transformer: ids, vectors, 30 layers, probabilities; and where the parameters are.

The model is SmolLM2-135M-Instruct (`smollm/`): every shape and count is read off its own matrices.
On disk those of the layers have 4 bits a weight (Q4_1) and the table 8 (Q8_0); here they are
float32.

Leaves out: how the parameters were learned; what happens inside the two parts of a layer
(`smollm/transformer.py`).
"""

from math import prod
from textwrap import fill

import numpy as np

from demos.common.intervals import significant
from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens import one_line, piece, shorten
from demos.common.words import number
from demos.smollm.generate import distribution, top
from demos.smollm.transformer import forward, rms_norm
from demos.smollm.weights import Weights, load

MAX_TOKENS = 64
PARTS = {
    "embedding": ("tabella", "embedding"),
    "attention": ("attenzione", "qkv", "output"),
    "feed_forward": ("feed-forward", "gate_up", "down"),
    "norms": ("normalizzazioni", "attention_norm", "ffn_norm", "norm"),
}  # what a part is called in Italian, and the names of its matrices
LENS = (
    0,
    5,
    10,
    15,
    20,
    25,
    29,
    30,
)  # after how many layers the last vector is turned into a token
N_NUMBERS = 10  # of each vector, that are given


def run(*, text: str = "The capital of Italy is") -> dict:
    """Send `text` through the model: the shape of what each step makes, parameters of each part, the next token.

    Raises ValueError for a text without tokens or with more than `MAX_TOKENS`.
    """
    ids, weights = read_prompt(text, MAX_TOKENS), load()
    stream: list[np.ndarray] = []  # [T, d], as it enters the first layer and as it leaves each
    logits = forward(
        weights,
        ids,
        last=True,
        watch=lambda what, _, x: stream.append(x) if what == "hidden" else None,
    )
    shape = weights.shape
    return {
        "text": text,
        "ids": ids,
        "pieces": [piece(token) for token in ids],
        "n_tokens": len(ids),
        "n_layers": shape.n_layers,
        "hidden_size": shape.d,
        "n_heads": shape.n_heads,
        "n_kv_heads": shape.n_kv_heads,
        "head_dim": shape.head_dim,
        "ffn_size": shape.ffn,
        "vocab_size": shape.vocab,
        "context_length": shape.context,
        **count_parameters(weights),
        "shapes": {
            "vectors": list(stream[0].shape),
            "after_layers": list(stream[-1].shape),
            "probabilities": list(logits.shape),
        },
        "vectors": [
            [float(f"{value:.4g}") for value in vector[:N_NUMBERS]] for vector in stream[0]
        ],
        "lens": [{"layer": n, **read_off(weights, stream[n][-1:])} for n in LENS],
        "likeliest": [
            {"piece": piece(token), "probability": significant(probability)}
            for token, probability in top(distribution(logits[0]), 4)
        ],
        "sum_of_probabilities": round(float(distribution(logits[0]).sum()), 9),
    }


def count_parameters(weights: Weights) -> dict:
    """Count the parameters, all and by part; there is no output matrix of its own, the table is used again.

    >>> facts = count_parameters(load())
    >>> facts["n_params"], facts["n_params_feed_forward"], facts["n_params_feed_forward_per_layer"]
    (134515008, 79626240, 2654208)
    """
    arrays = {name: array.shape for name, array in weights.arrays()}
    n_params = sum(map(prod, arrays.values()))
    facts: dict = {"n_params": n_params}
    for part, (_, *matrices) in PARTS.items():
        counts = {
            name: prod(shape) for name, shape in arrays.items() if name.split(".")[-1] in matrices
        }
        facts[f"n_params_{part}"] = sum(counts.values())
        facts[f"share_{part}"] = sum(counts.values()) / n_params
        facts[f"n_params_{part}_per_layer"] = sum(
            n for name, n in counts.items() if name.startswith("layers.0.")
        )
    wide = [
        prod(shape)
        for name, shape in arrays.items()
        if shape[0] == weights.shape.vocab and name != "embedding"
    ]
    facts["n_params_output"] = sum(wide)
    first = vars(weights.layers[0]).items()
    facts["matrices"] = [
        {"name": name, "shape": list(array.shape), "n_params": array.size} for name, array in first
    ]
    return facts


def read_off(weights: Weights, x: np.ndarray) -> dict:
    """Turn a vector [1, d] of the stream into the token that it is most like, as the last step does with the last one.

    Source: https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens

    >>> read_off(load(), load().embedding[[314]])["piece"]  # before any layer, a token is most like itself
    '·is'
    """
    logits = (
        rms_norm(x, weights.norm, weights.shape.eps) @ weights.embedding.T
    )  # [1, d] @ [d, V] → [1, V]
    [(token, probability)] = top(distribution(logits[0]), 1)
    length = float(np.sqrt(np.mean(x.astype(np.float64) ** 2)))
    return {
        "piece": piece(token),
        "probability": significant(probability),
        "rms": significant(length),
    }


def percent(share: float) -> str:
    """Write a share of 1 as a percentage.

    >>> percent(0.38), percent(0.00026)
    ('38,0%', '0,03%')
    """
    return f"{number(100 * share, 1 if share >= 0.001 else 2)}%"


def show(facts: dict) -> None:
    """Print the way of the text, step by step, with the shape that each step makes."""
    n, d = facts["n_tokens"], facts["hidden_size"]
    print(fill(f"1. Testo: «{one_line(facts['text'])}»", 88, subsequent_indent="   "))
    print(
        fill(
            f"2. Id, {n}: {shorten(' '.join(map(str, facts['ids'])), 400)}",
            88,
            subsequent_indent="   ",
        )
    )
    print(
        f"3. Vettori, {n} × {d}: per ogni id, una riga della tabella {number(facts['vocab_size'])} × {d}."
    )
    numbers = "  ".join(number(value, 3) for value in facts["vectors"][-1][:6])
    print(f"   {shorten(facts['pieces'][-1])} diventa: {numbers}  …")
    print(
        f"4. {facts['n_layers']} strati; ciascuno prende {n} × {d} e rende {n} × {d}, sommando a ciò che ha letto:"
    )
    print(
        f"   attenzione ({facts['n_heads']} teste da {facts['head_dim']}): ogni token raccoglie dai precedenti;"
    )
    print(f"   feed-forward ({d} → {number(facts['ffn_size'])} → {d}): ogni token per conto suo.")
    for matrix in facts["matrices"]:
        shape = " × ".join(map(number, matrix["shape"]))
        print(f"      {matrix['name']:<16}{shape:>14}{number(matrix['n_params']):>14}")
    print("5. Probabilità: l'ultimo vettore, per la stessa tabella, dà un punteggio a ogni token;")
    print(
        f"   poi la softmax. La somma delle {number(facts['vocab_size'])} è {number(facts['sum_of_probabilities'])}."
    )
    for likely in facts["likeliest"]:
        print(f"      {shorten(likely['piece']):<20}{percent(likely['probability']):>8}")
    show_lens(facts)
    show_parameters(facts)


def show_lens(facts: dict) -> None:
    """Print what the last vector would say if the model stopped after some layers."""
    print("6. E se il modello si fermasse prima? L'ultimo vettore, dopo quanti strati, dice:")
    for step in facts["lens"]:
        print(f"      {step['layer']:>2}  {shorten(step['piece']):<20}{percent(step['probability']):>8}"
              f"   lunghezza (RMS) {number(step['rms'])}")  # fmt: skip


def show_parameters(facts: dict) -> None:
    """Print the parameters of each part."""
    print("7. I parametri:")
    for part, (label, *_) in PARTS.items():
        one = facts[f"n_params_{part}_per_layer"]
        each = f"   {facts['n_layers']} × {number(one)}" + (
            f" + {facts['hidden_size']}" if part == "norms" else ""
        )
        count = f"{number(facts[f'n_params_{part}']):>14}{percent(facts[f'share_{part}']):>9}"
        print(f"      {label:<16}{count}{each if one else ''}")
    print(f"      {'uscita':<16}{number(facts['n_params_output']):>14}{'':9}   riusa la tabella")
    print(f"      {'in tutto':<16}{number(facts['n_params']):>14}")
    print("   Sul disco: strati a 4 bit per peso (Q4_1), tabella a 8 (Q8_0); qui in float32.")


if __name__ == "__main__":
    run_alone(run, show)
