"""How much memory a model's weights, KV cache and working buffers take, and which card holds it.

Everything is arithmetic on hyper-parameters: nothing is downloaded and no card is needed. GB is
10^9 bytes; memory sold as "24 GB" is 24 GiB (2^30 bytes), so a model is held against cards in GiB.
The sums are in `common/models/memory.py`, the cards in `common/models/cards.py`.

Leaves out: the CUDA context and the allocator's fragmentation; what a card keeps for ECC and the
driver; T × T scores of attention (a fused kernel never stores them whole); more than one sequence
at once; prefill in chunks, which needs smaller buffers; a quantized KV cache; tensors that real
quantized files keep in 16 or 32 bits. Cards are compared by memory alone: not by the formats they
compute in, nor by what is lost when a model is cut over several of them.
"""

import struct
from textwrap import fill
from typing import Annotated, Literal

from demos.common.models.cards import MATRIX_MODELS, cards, gpus_of_80_gib, matrix_gpus, matrix_row
from demos.common.models.catalogue import (
    Model,
    ModelName,
    all_model_sizes,
    architecture,
    find_model,
    kv_bytes_per_token,
    parameter_groups,
)
from demos.common.models.memory import PRECISIONS, footprint
from demos.common.standalone import run_alone
from demos.common.words import number

CONTEXTS = range(512, 8193, 512)
GROUPS = {
    "embeddings": "embedding",
    "output": "matrice di uscita",
    "attention": "matrici dell’attenzione",
    "feed_forward": "matrici feed-forward",
    "biases": "bias",
    "norms": "normalizzazioni",
}


def run(
    *,
    model: ModelName = "gpt3-175b",
    dtype: Literal[*PRECISIONS] = "fp16",
    context: Annotated[int, CONTEXTS] = 2048,
) -> dict:
    """Compute what `model` takes with weights in `dtype` and one sequence of `context` tokens.

    A context longer than the model was made for is computed too, and `beyond_context` and
    `context_note` say so.

    >>> facts = run(model="llama2-7b", context=4096)
    >>> facts["weights_gb"], facts["kv_cache_gib"]
    (13.476831232, 2.0)
    """
    chosen = find_model(model)
    memory = footprint(chosen, dtype, context)
    return {
        "model": chosen.id,
        "context": context,
        "beyond_context": context > chosen.context_length,
        "context_note": context_note(chosen, context),
        "input_ids_bytes": 4 * context,  # the input itself: one 32-bit id a token
        "fp16_measured_bytes": len(struct.pack("e", 0.1)),  # a number written in binary16
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
    """Say, in Italian, what a context longer than the model's own means; else nothing.

    >>> context_note(find_model("gpt2-small"), 2048)
    'GPT-2 small (124M) non ha posizioni oltre 1.024 token: il conto per 2.048 è ipotetico.'
    """
    if context <= model.context_length:
        return ""
    own, asked = number(model.context_length), number(context)
    if model.learned_positions:  # then there is no vector for a token beyond the last
        return f"{model.name} non ha posizioni oltre {own} token: il conto per {asked} è ipotetico."
    return f"{model.name} è fatto per {own} token: per {asked} vale il conto, non la qualità."


def show(facts: dict) -> None:
    """Print the walk-through: parameters, weights, cache, buffers, total, then who holds it."""
    print(f"""\
{facts["name"]} in {facts["label"]}, con una sequenza di {number(facts["context"])} token
GB = 10^9 byte; GiB = 2^30 byte: i «24 GB» di una scheda sono 24 GiB.""")
    if facts["context_note"]:
        print(fill(f"Attenzione: {facts['context_note']}", 88))
    show_parameters(facts)
    show_memory(facts)
    show_precisions(list(facts["by_dtype"].values()))
    show_rule(facts)
    show_cards(facts)
    show_matrix(facts)


def show_parameters(facts: dict) -> None:
    """Print the parameters, group by group."""
    n_tokens, width = number(facts["vocab_size"]), number(facts["hidden_size"])
    print(f"\n1. I parametri, contati dalle forme delle matrici ({facts['n_layers']} strati)")
    for group, label in GROUPS.items():
        count = facts[f"n_params_{group}"]
        percent = number(100 * count / facts["n_params"], 2)
        print(f"   {label:<24}{number(count):>18}{percent:>8}%")
    print(f"""\
   totale                  {number(facts["n_params"]):>18}
   Nella tabella degli embedding ogni token del vocabolario ha il suo vettore:
   {n_tokens} × {width} = {number(facts["n_params_token_table"])} numeri.""")


def show_memory(facts: dict) -> None:
    """Print weights, KV cache, working buffers and their sum, each with its product."""
    weights, cache, buffers, total = (
        f"{digits(facts[f'{part}_gb'])} GB = {digits(facts[f'{part}_gib'])} GiB"
        for part in ("weights", "kv_cache", "overhead", "total")
    )
    scales = ""
    if facts["dtype"] in ("int8", "int4"):
        scales = f"""
   Ogni blocco di 32 pesi ha una scala FP16, cioè mezzo bit in più per peso;
   senza le scale sarebbero {digits(facts["weights_without_scales_gb"])} GB."""
    shape = f"{facts['n_layers']} × {facts['n_kv_heads']} × {facts['head_dim']}"
    print(f"""
2. I pesi: {number(facts["n_params"])} × {number(facts["bits_per_weight"])} bit / 8
   = {weights}{scales}

3. La cache KV: 2 × strati × teste KV × dimensione della testa × 2 byte (FP16)
   = 2 × {shape} × 2 = {number(facts["kv_bytes_per_token"])} byte per token;
   × {number(facts["context"])} token = {cache}

4. I buffer di lavoro, almeno: due vettori per token, e lo spazio del passo più
   largo (Q, K e V; l’interno del feed-forward; i logit dell’ultimo token)
   = {buffers}

5. In tutto: {total}""")


def show_precisions(rows: list[dict]) -> None:
    """Print the same sum in every precision."""
    print("   GiB         pesi  cache KV    buffer    totale")
    for row in rows:
        sizes = (row[f"{part}_gib"] for part in ("weights", "kv_cache", "overhead", "total"))
        print(f"   {row['label']:<6}" + "".join(f"{digits(size):>10}" for size in sizes))


def digits(value: float) -> str:
    """Write a size in Italian: no decimals from 1.000 on, one from 10 on, else two.

    >>> digits(1511.9), digits(69.84), digits(0.3)
    ('1.512', '69,8', '0,30')
    """
    return number(value, 0 if value >= 999.95 else 1 if value >= 9.995 else 2)


def show_rule(facts: dict) -> None:
    """Print the rule of thumb beside the sum."""
    per_billion = number(facts["rule_of_thumb_gb_per_billion"])
    by_rule = digits(facts["rule_of_thumb_gb"])
    extra = digits(facts["total_gb"] - facts["weights_without_scales_gb"])
    percent = number(facts["above_plain_weights_percent"], 1)
    print(f"""
6. La regola che si sente spesso: pesi + 25%, {per_billion} GB per miliardo di parametri
   = {by_rule} GB. Il conto qui sopra dà invece, in più dei pesi senza scale,
   {extra} GB (+{percent}%): la cache cresce con il contesto e con
   le sequenze, non con i soli parametri. Una percentuale fissa non la indovina.""")


def show_cards(facts: dict) -> None:
    """Print how many of each card the total needs."""
    print("\n7. Quante schede servono, guardando solo la memoria")
    for card in facts["cards"].values():
        need = f"ne servono {number(card['n_cards_by_memory'])}"
        if card["fits"]:
            speed = number(card["max_tokens_per_s"], 0)
            need = f"ne basta 1, e genera al più {speed} token al secondo"
        print(f"   {card['label']:<12}{card['memory_gib']:>4} GiB  {need}")


def show_matrix(facts: dict) -> None:
    """Print the matrix of models and cards."""
    cards = [facts["cards"][card] for card in facts["matrix_cards"]]
    memories = "".join(f"{card['memory_gib']:>8}" for card in cards)
    print(f"""
8. La precisione più alta che entra in una sola scheda, con {number(facts["context"])} token
   memoria in GiB      {memories}""")
    rows = facts["matrix"].values()
    for row in rows:
        name = row["name"] + ("*" if row["beyond_context"] else "")
        print(f"   {name:<20}" + "".join(f"{cell:>8}" for cell in row["cells"]))
    if any(row["beyond_context"] for row in rows):
        print("   * il contesto supera quello per cui il modello è fatto")


if __name__ == "__main__":
    run_alone(run, show)
