"""The way of a text through a real transformer: ids, vectors, 30 layers, probabilities.

And where the parameters are. The model is SmolLM2-135M-Instruct (`smollm/`): every shape and count
is read off its own matrices. On disk those of the layers have 4 bits a weight (Q4_1) and the table
8 (Q8_0); here they are float32.

Leaves out: how the parameters were learned; what happens inside the two parts of a layer
(`smollm/transformer.py`).
"""

import numpy as np

from demos.common.intervals import all_significant, significant
from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens.pieces import one_line, piece, shorten
from demos.common.words import number, percent, wrap
from demos.smollm.generate import distribution, top
from demos.smollm.lens import as_if_last
from demos.smollm.transformer import collect, forward
from demos.smollm.weights import Weights, load

MAX_TOKENS = 64
PARTS = {  # what each is called in Italian, and the names of its matrices
    "embedding": ("tabella", "embedding"),
    "attention": ("attenzione", "qkv", "output"),
    "feed_forward": ("feed-forward", "gate_up", "down"),
    "norms": ("normalizzazioni", "attention_norm", "ffn_norm", "norm"),
}
LENS = (0, 5, 10, 15, 20, 25, 29, 30)  # layers after which the last vector is read as a token
N_NUMBERS = 10  # of each vector, that are given


def count_parameters(weights: Weights) -> dict:
    """Count the parameters, all and by part.

    >>> facts = count_parameters(load())
    >>> facts["n_params"], facts["n_params_feed_forward"], facts["n_params_feed_forward_per_layer"]
    (134515008, 79626240, 2654208)
    """
    sizes = {name: array.size for name, array in weights.arrays()}
    n_params = sum(sizes.values())
    facts: dict = {"n_params": n_params}
    for part, (_, *matrices) in PARTS.items():
        mine = {name: n for name, n in sizes.items() if name.split(".")[-1] in matrices}
        layer = (n for name, n in mine.items() if name.startswith("layers.0."))
        facts[f"n_params_{part}"] = sum(mine.values())
        facts[f"share_{part}"] = sum(mine.values()) / n_params
        facts[f"n_params_{part}_per_layer"] = sum(layer)
    # What gives scores to tokens has a row for each of them: here the table does it, again.
    rows = {name: len(array) for name, array in weights.arrays() if name != "embedding"}
    output = (sizes[name] for name, n_rows in rows.items() if n_rows == len(weights.embedding))
    return facts | {"n_params_output": sum(output)}


def read_off(weights: Weights, x: np.ndarray) -> dict:
    """Turn a vector [1, d] of the stream into the token most like it, as the last step does.

    >>> read_off(load(), load().embedding[[314]])["piece"]  # before any layer, it is its own token
    '·is'
    """
    logits = as_if_last(weights, x)  # [1, V]
    [(token, probability)] = top(distribution(logits[0]), 1)
    rms = significant(float(np.sqrt(np.mean(x.astype(np.float64) ** 2))))
    return {"piece": piece(token), "probability": significant(probability), "rms": rms}


def run(*, text: str = "The capital of Italy is") -> dict:
    """Send a text through the model: the shape of what each step makes, and the next token.

    Raises ValueError for a text without tokens or with more than `MAX_TOKENS`.
    """
    ids, weights = read_prompt(text, MAX_TOKENS), load()
    stream: list[np.ndarray] = []  # [T, d], as it enters the first layer and as it leaves each
    logits = forward(weights, ids, last=True, watch=collect("hidden", stream))  # [1, V]
    probabilities = distribution(logits[0])  # [V]
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
        "matrices": [
            {"name": name, "shape": list(array.shape), "n_params": array.size}
            for name, array in vars(weights.layers[0]).items()
        ],
        "shapes": {
            "vectors": list(stream[0].shape),
            "after_layers": list(stream[-1].shape),
            "probabilities": list(logits.shape),
        },
        "vectors": [all_significant(vector[:N_NUMBERS], 4) for vector in stream[0]],
        "lens": [{"layer": n, **read_off(weights, stream[n][-1:])} for n in LENS],
        "likeliest": [
            {"piece": piece(token), "probability": significant(probability)}
            for token, probability in top(probabilities, 4)
        ],
        "sum_of_probabilities": round(float(probabilities.sum()), 9),
    }


def show(facts: dict) -> None:
    """Print the way of the text, step by step, with the shape that each step makes."""
    n, d, n_vocab = facts["n_tokens"], facts["hidden_size"], number(facts["vocab_size"])
    ids = shorten(" ".join(map(str, facts["ids"])), 400)
    numbers = "  ".join(number(value, 3) for value in facts["vectors"][-1][:6])
    print(f"""\
{wrap(f"1. Testo: «{one_line(facts['text'])}»")}
{wrap(f"2. Id, {n}: {ids}")}
3. Vettori, {n} × {d}: per ogni id, una riga della tabella {n_vocab} × {d}.
   {shorten(facts["pieces"][-1])} diventa: {numbers}  …""")
    show_layers(facts)
    print(f"""\
5. Probabilità: l’ultimo vettore, per la stessa tabella, dà un punteggio a ogni token;
   poi la softmax. La somma delle {n_vocab} è {number(facts["sum_of_probabilities"])}.""")
    for likely in facts["likeliest"]:
        print(f"      {shorten(likely['piece']):<20}{percent(likely['probability']):>8}")
    show_lens(facts)
    show_parameters(facts)


def show_layers(facts: dict) -> None:
    """Print what a layer does, and its matrices."""
    d, size = facts["hidden_size"], f"{facts['n_tokens']} × {facts['hidden_size']}"
    heads, ffn = f"{facts['n_heads']} teste da {facts['head_dim']}", number(facts["ffn_size"])
    print(f"""\
4. {facts["n_layers"]} strati; ciascuno prende {size} e rende {size}, sommando a ciò che ha letto:
   attenzione ({heads}): ogni token raccoglie dai precedenti;
   feed-forward ({d} → {ffn} → {d}): ogni token per conto suo.""")
    for matrix in facts["matrices"]:
        shape = " × ".join(map(number, matrix["shape"]))
        print(f"      {matrix['name']:<16}{shape:>14}{number(matrix['n_params']):>14}")


def show_lens(facts: dict) -> None:
    """Print what the last vector would say if the model stopped after some layers."""
    print("6. E se il modello si fermasse prima? L’ultimo vettore, dopo quanti strati, dice:")
    for step in facts["lens"]:
        token = f"{shorten(step['piece']):<20}{percent(step['probability']):>8}"
        print(f"      {step['layer']:>2}  {token}   lunghezza (RMS) {number(step['rms'])}")


def show_parameters(facts: dict) -> None:
    """Print the parameters of each part."""
    print("7. I parametri:")
    for part, (label, *_) in PARTS.items():
        count, share = number(facts[f"n_params_{part}"]), percent(facts[f"share_{part}"])
        one = facts[f"n_params_{part}_per_layer"]
        each = f"   {facts['n_layers']} × {number(one)}" if one else ""
        last = f" + {facts['hidden_size']}" if part == "norms" else ""  # the one after all layers
        print(f"      {label:<16}{count:>14}{share:>9}{each}{last}")
    print(f"""\
      {"uscita":<16}{number(facts["n_params_output"]):>14}            riusa la tabella
      {"in tutto":<16}{number(facts["n_params"]):>14}
   Sul disco: strati a 4 bit per peso (Q4_1), tabella a 8 (Q8_0); qui in float32.""")


if __name__ == "__main__":
    run_alone(run, show)
