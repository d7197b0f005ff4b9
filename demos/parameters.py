"""How many parameters a model has, counted from the shapes of its matrices: nothing is downloaded.

A parameter is a number that training may change. Nearly all are weights of connections: numbers of
a matrix that multiplies, in attention, in the feed-forward networks and at the output, where many
models use their token table again. The others are embedding tables that are only looked up, biases
and the gains of the normalizations.

Leaves out: models with experts, of which only some parameters work on each token; copies that a
file may hold of one table (a model whose output is its embedding table has it once here); what
training keeps beside the parameters.
"""

from demos.common.models.catalogue import (
    FAMILY_NAMES,
    Model,
    ModelName,
    all_model_sizes,
    architecture,
    find_model,
    load_models,
    n_params,
    parameter_groups,
)
from demos.common.standalone import run_alone
from demos.common.words import billions_in_words, number

GROUPS = {
    "embeddings": "embedding",
    "output": "matrice di uscita",
    "attention": "attenzione",
    "feed_forward": "feed-forward",
    "biases": "bias",
    "norms": "normalizzazioni",
}


def run(*, model: ModelName = "gpt3-175b") -> dict:
    """Count the parameters of `model`, group by group, and of every other model.

    Raises ValueError on an unknown id.

    >>> facts = run(model="llama2-7b")
    >>> facts["n_params"], facts["sizes_billions"]["mistral"]
    (6738415616, [7.241732096])
    """
    chosen = find_model(model)
    counts = parameter_groups(chosen)
    return {
        "model": chosen.id,
        **architecture(chosen),
        "tied_embeddings": chosen.tied_embeddings,
        "learned_positions": chosen.learned_positions,
        **counts,
        "n_params_positions": counts["n_params_embeddings"] - counts["n_params_token_table"],
        "shares": {group: counts[f"n_params_{group}"] / counts["n_params"] for group in GROUPS},
        "published_params": chosen.published_params,
        "published_source": chosen.published_source,
        "published_difference": chosen.published_params / counts["n_params"] - 1,
        "work": work(chosen),
        "n_models": len(load_models()),
        **all_model_sizes(),
        **near_the_edge(),
    }


def near_the_edge() -> dict:
    """Count the models that have less than a tenth of the largest one's parameters.

    On an axis where each step adds as much as the one before, they would stand within its first
    tenth, one on the other.

    >>> near_the_edge()
    {'n_models_below_tenth': 25}
    """
    counts = list(map(n_params, load_models()))
    small = [count for count in counts if count < max(counts) / 10]
    return {"n_models_below_tenth": len(small)}


def work(model: Model) -> dict[str, str]:
    """Write out, with the model's own numbers, the product that gives each large group.

    >>> for group, product in work(find_model("gpt2-small")).items():
    ...     print(group, product)
    embeddings (50.257 + 1.024) × 768
    output 0: riusa la tabella degli embedding
    attention 12 × (768 × 2.304 + 768 × 768)
    feed_forward 12 × 2 × 768 × 3.072
    """
    width, table = number(model.hidden_size), number(model.vocab_size)
    positions = number(model.context_length)
    n_rows = f"({table} + {positions})" if model.learned_positions else table
    output = (
        "0: riusa la tabella degli embedding" if model.tied_embeddings else f"{width} × {table}"
    )
    to_heads = f"{width} × {number(model.qkv_size)}"  # queries, keys and values, side by side
    back = f"{number(model.heads * model.head_dim)} × {width}"
    n_matrices = 3 if model.gated else 2
    return {
        "embeddings": f"{n_rows} × {width}",
        "output": output,
        "attention": f"{model.layers} × ({to_heads} + {back})",
        "feed_forward": f"{model.layers} × {n_matrices} × {width} × {number(model.ffn_size)}",
    }


def show(facts: dict) -> None:
    """Print one model's count, product by product, then every model's size."""
    width, inside, table = (number(facts[f"{what}_size"]) for what in ("hidden", "ffn", "vocab"))
    heads, kv_heads = facts["n_heads"], facts["n_kv_heads"]
    print(f"""\
1. {facts["name"]}: le forme
   {facts["n_layers"]} strati; vettori di {width} numeri;
   {heads} teste di attenzione da {facts["head_dim"]}, {kv_heads} per chiavi e valori;
   dentro il feed-forward {inside}; vocabolario di {table} token.

2. Ogni gruppo è un prodotto di forme""")
    for group, product in facts["work"].items():
        print(f"   {GROUPS[group]:<20}{product}")
    show_counts(facts)
    print(f"\n4. Tutti i {facts['n_models']} modelli, in miliardi di parametri")
    for family, sizes in facts["sizes_billions"].items():
        print(f"   {FAMILY_NAMES[family]:<16}{billions_in_words(sizes)}")


def show_counts(facts: dict) -> None:
    """Print the groups with their shares, their sum, and what the authors say."""
    print("\n3. I conti")
    for group, label in GROUPS.items():
        count, share = number(facts[f"n_params_{group}"]), number(100 * facts["shares"][group], 2)
        print(f"   {label:<18}{count:>16}{share:>8}%")
    print(f"""\
   totale            {number(facts["n_params"]):>16}
   {published(facts)}""")


def published(facts: dict) -> str:
    """Say how the count compares with the figure that the model's authors print.

    >>> published({"published_params": 175, "published_difference": 0.002})
    'Chi l’ha fatto scrive 175 (differenza: 0,20%).'
    """
    if facts["published_difference"] == 0:
        return "Chi l’ha contato nei file dei pesi trova lo stesso numero."
    percent = abs(100 * facts["published_difference"])
    amount = f"{number(percent, 2)}%" if percent >= 0.01 else "meno di 0,01%"
    return f"Chi l’ha fatto scrive {number(facts['published_params'])} (differenza: {amount})."


if __name__ == "__main__":
    run_alone(run, show)
