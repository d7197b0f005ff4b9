"""How much memory a model's weights, KV cache and working buffers take, and which graphics card holds which model.

Everything is arithmetic on hyper-parameters: nothing is downloaded and no card is needed. GB is
10^9 bytes; memory sold as "24 GB" is 24 GiB (2^30 bytes), so a model is held against cards in GiB.

Leaves out: the CUDA context and the allocator's fragmentation; what a card keeps for ECC and the
driver; T × T scores of attention (a fused kernel never stores them whole); more than one sequence
at once; prefill in chunks, which needs smaller buffers; a quantized KV cache; tensors that real
quantized files keep in 16 or 32 bits. Cards are compared by memory alone: not by the formats they
compute in, nor by what is lost when a model is cut over several of them.
"""

from math import ceil
from textwrap import fill
from typing import Annotated, Literal

from demos.common.memory import GB, PRECISIONS, footprint
from demos.common.models import (
    Gpu,
    Model,
    all_model_sizes,
    architecture,
    embedding_params,
    find_model,
    kv_bytes_per_token,
    load_gpus,
    load_models,
    n_params,
    parameter_groups,
)
from demos.common.standalone import run_alone
from demos.common.words import number

CONTEXTS = range(512, 8193, 512)
MATRIX_MODELS = ("gpt2-small", "gemma-2b", "phi3-mini", "mistral-7b", "llama3-8b", "llama2-13b", "qwen1.5-32b",
                 "llama3-70b", "gpt3-175b", "llama3.1-405b")  # fmt: skip
MATRIX_CARDS = ("rtx-3060-12gb", "rtx-4060-ti-16gb", "rtx-4090", "rtx-5090", "h100-sxm", "h200-sxm")
ModelName = Literal[tuple(model.id for model in load_models())]  # type: ignore[valid-type]  # made at run time


def run(
    *,
    model: ModelName = "gpt3-175b",  # type: ignore[valid-type]  # a choice made from the catalogue
    dtype: Literal["fp32", "fp16", "int8", "int4"] = "fp16",
    context: Annotated[int, CONTEXTS] = 2048,
) -> dict:
    """Compute what `model` takes with weights in `dtype` and one sequence of `context` tokens; ValueError on others.

    A context longer than the model was made for is computed too, and `beyond_context` and
    `context_note` say so.

    >>> facts = run(model="llama2-7b", context=4096)
    >>> facts["weights_gb"], facts["kv_cache_gib"]
    (13.476831232, 2.0)
    """
    chosen = find_model(model)
    if dtype not in PRECISIONS:
        raise ValueError(f"no dtype {dtype!r}; there are: {', '.join(PRECISIONS)}")
    if context not in CONTEXTS:
        raise ValueError(f"context {context!r} is not a multiple of 512 from 512 to 8192")
    memory = footprint(chosen, dtype, context)
    return {
        "model": chosen.id,
        "context": context,
        "beyond_context": context > chosen.context_length,
        "context_note": context_note(chosen, context),
        "input_ids_bytes": 4 * context,  # the input itself: one 32-bit id a token
        **architecture(chosen),
        **parameter_groups(chosen),
        "kv_bytes_per_token": kv_bytes_per_token(chosen),
        **memory,
        "by_dtype": {name: footprint(chosen, name, context) for name in PRECISIONS},
        **gpus_of_80_gib(memory),
        "cards": cards(chosen, memory),
        "matrix_cards": [gpu.id for gpu in matrix_gpus()],
        "matrix": {name: matrix_row(find_model(name), context) for name in MATRIX_MODELS},
        **all_model_sizes(),
    }


def context_note(model: Model, context: int) -> str:
    """Say, in Italian, what a context longer than the model's own means; an empty string if it isn't.

    >>> context_note(find_model("gpt2-small"), 2048)
    'GPT-2 small (124M) non ha posizioni oltre 1.024 token: il conto per 2.048 è ipotetico.'
    """
    if context <= model.context_length:
        return ""
    own, asked = number(model.context_length), number(context)
    if model.learned_positions:
        return f"{model.name} non ha posizioni oltre {own} token: il conto per {asked} è ipotetico."
    return f"{model.name} è fatto per {own} token: per {asked} vale il conto, non la qualità."


def gpus_of_80_gib(memory: dict) -> dict:
    """Count the 80 GiB cards whose memory together holds the weights, the total, and the total by the rule of thumb.

    >>> gpus_of_80_gib({"weights_gib": 325.2, "total_gib": 334.5, "rule_of_thumb_gib": 406.5})
    {'n_gpus_80gib_weights': 5, 'n_gpus_80gib_total': 5, 'n_gpus_80gib_rule': 6}
    """
    keys = {"weights": "weights_gib", "total": "total_gib", "rule": "rule_of_thumb_gib"}
    return {f"n_gpus_80gib_{name}": ceil(memory[key] / 80) for name, key in keys.items()}


def cards(model: Model, memory: dict) -> dict[str, dict]:
    """Hold the total against every card of the catalogue, by memory alone; by the card's id.

    `max_tokens_per_s` is a bound, not a forecast: generating one sequence, one token at a time,
    reads every weight for every token, but for the table that is only looked up: at most bandwidth
    / bytes. None where the model doesn't fit.

    >>> small = find_model("llama3-8b")
    >>> card = cards(small, footprint(small, "int4", 2048))["rtx-3060-12gb"]
    >>> card["label"], card["fits"], round(card["max_tokens_per_s"])
    ('RTX 3060', True, 85)
    """
    multiplied_table = (
        model.vocab_size * model.hidden_size if model.tied_embeddings else 0
    )  # it gives the logits too
    n_read = n_params(model) - embedding_params(model) + multiplied_table
    rows = {}
    for gpu in load_gpus():
        fits = memory["total_gib"] <= gpu.memory_gib
        bound = gpu.memory_bandwidth_gb_s / (n_read * memory["bytes_per_weight"] / GB)
        rows[gpu.id] = {
            "name": gpu.name,
            "label": gpu.label,
            "memory_gib": gpu.memory_gib,
            "fits": fits,
            "n_cards_by_memory": ceil(memory["total_gib"] / gpu.memory_gib),
            "max_tokens_per_s": bound if fits else None,
        }
    return rows


def matrix_gpus() -> list[Gpu]:
    """Pick the cards of the matrix, least memory first.

    >>> [gpu.memory_gib for gpu in matrix_gpus()]
    [12, 16, 24, 32, 80, 141]
    """
    return [gpu for gpu in load_gpus() if gpu.id in MATRIX_CARDS]


def matrix_row(model: Model, context: int) -> dict:
    """Find, for each card of the matrix, the highest precision at which it holds the model: FP16, INT8, INT4 or —.

    >>> matrix_row(find_model("llama3-70b"), 2048)["cells"]
    ['—', '—', '—', '—', 'INT8', 'FP16']
    """
    totals = {
        name.upper(): footprint(model, name, context)["total_gib"]
        for name in ("fp16", "int8", "int4")
    }
    cells = [
        next((name for name in totals if totals[name] <= gpu.memory_gib), "—")
        for gpu in matrix_gpus()
    ]
    return {
        "name": model.name,
        "params_billions": n_params(model) / 10**9,
        "beyond_context": context > model.context_length,
        "cells": cells,
    }


def digits(value: float) -> str:
    """Write a size in Italian: no decimals from 1.000 on, one from 10 on, else two.

    >>> digits(1511.9), digits(69.84), digits(0.3)
    ('1.512', '69,8', '0,30')
    """
    return number(value, 0 if value >= 999.95 else 1 if value >= 9.995 else 2)


def show(facts: dict) -> None:
    """Print the walk-through: parameters, weights, cache, buffers, total, then who holds it."""
    print(
        f"{facts['name']} in {facts['label']}, con una sequenza di {number(facts['context'])} token"
    )
    print("GB = 10^9 byte; GiB = 2^30 byte: i «24 GB» di una scheda sono 24 GiB.")
    if facts["context_note"]:
        print(fill(f"Attenzione: {facts['context_note']}", 88))
    show_parameters(facts)
    show_memory(facts)
    show_rule(facts)
    show_cards(facts)


def show_parameters(facts: dict) -> None:
    """Print the parameters, group by group."""
    groups = {"embedding": "embeddings", "matrice di uscita": "output", "matrici dell'attenzione": "attention",
              "matrici feed-forward": "feed_forward", "bias": "biases", "normalizzazioni": "norms"}  # fmt: skip
    print(f"\n1. I parametri, contati dalle forme delle matrici ({facts['n_layers']} strati)")
    for label, group in groups.items():
        count = facts[f"n_params_{group}"]
        print(f"   {label:<24}{number(count):>18}{number(100 * count / facts['n_params'], 2):>8}%")
    print(f"   {'totale':<24}{number(facts['n_params']):>18}")
    print("   Nella tabella degli embedding ogni token del vocabolario ha il suo vettore:")
    v, d = number(facts["vocab_size"]), number(facts["hidden_size"])
    print(f"   {v} × {d} = {number(facts['n_params_token_table'])} numeri.")


def show_memory(facts: dict) -> None:
    """Print weights, KV cache, working buffers and their sum, each with its product."""

    def both(part: str) -> str:
        return f"{digits(facts[f'{part}_gb'])} GB = {digits(facts[f'{part}_gib'])} GiB"

    print(f"\n2. I pesi: {number(facts['n_params'])} × {number(facts['bits_per_weight'])} bit / 8")
    print(f"   = {both('weights')}")
    if facts["dtype"] in ("int8", "int4"):
        print("   Ogni blocco di 32 pesi ha una scala FP16, cioè mezzo bit in più per peso;")
        print(f"   senza le scale sarebbero {digits(facts['weights_without_scales_gb'])} GB.")
    print("\n3. La cache KV: 2 × strati × teste KV × dimensione della testa × 2 byte (FP16)")
    shape = " × ".join(str(facts[key]) for key in ("n_layers", "n_kv_heads", "head_dim"))
    print(f"   = 2 × {shape} × 2 = {number(facts['kv_bytes_per_token'])} byte per token;")
    print(f"   × {number(facts['context'])} token = {both('kv_cache')}")
    print("\n4. I buffer di lavoro, almeno: due vettori per token, e lo spazio del passo più")
    print("   largo (Q, K e V; l'interno del feed-forward; i logit dell'ultimo token)")
    print(f"   = {both('overhead')}")
    print(f"\n5. In tutto: {both('total')}")
    print(f"   {'GiB':6}{'pesi':>10}{'cache KV':>10}{'buffer':>10}{'totale':>10}")
    for row in facts["by_dtype"].values():
        columns = (
            digits(row[f"{part}_gib"]) for part in ("weights", "kv_cache", "overhead", "total")
        )
        print(f"   {row['label']:<6}" + "".join(f"{column:>10}" for column in columns))


def show_rule(facts: dict) -> None:
    """Print the rule of thumb beside the sum."""
    per_billion = number(facts["rule_of_thumb_gb_per_billion"])
    percent = number(facts["above_plain_weights_percent"], 1)
    extra = digits(facts["total_gb"] - facts["weights_without_scales_gb"])
    print(
        f"\n6. La regola che si sente spesso: pesi + 25%, {per_billion} GB per miliardo di parametri"
    )
    print(
        f"   = {digits(facts['rule_of_thumb_gb'])} GB. Il conto qui sopra dà invece, in più dei pesi senza scale,"
    )
    print(f"   {extra} GB (+{percent}%): la cache cresce con il contesto e con")
    print("   le sequenze, non con i soli parametri. Una percentuale fissa non la indovina.")


def show_cards(facts: dict) -> None:
    """Print how many of each card the total needs, and the matrix of models and cards."""
    print("\n7. Quante schede servono, guardando solo la memoria")
    for card in facts["cards"].values():
        need = f"ne servono {number(card['n_cards_by_memory'])}"
        if card["fits"]:
            need = f"ne basta 1, e genera al più {number(card['max_tokens_per_s'], 0)} token al secondo"
        print(f"   {card['label']:<12}{card['memory_gib']:>4} GiB  {need}")
    print(
        f"\n8. La precisione più alta che entra in una sola scheda, con {number(facts['context'])} token"
    )
    print(
        f"   {'memoria in GiB':<20}"
        + "".join(f"{facts['cards'][card]['memory_gib']:>8}" for card in facts["matrix_cards"])
    )
    for row in facts["matrix"].values():
        name = row["name"] + ("*" if row["beyond_context"] else "")
        print(f"   {name:<20}" + "".join(f"{cell:>8}" for cell in row["cells"]))
    if any(row["beyond_context"] for row in facts["matrix"].values()):
        print("   * il contesto supera quello per cui il modello è fatto")


if __name__ == "__main__":
    run_alone(run, show)
