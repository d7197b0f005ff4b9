"""How many parameters a model has, counted from the shapes of its matrices: nothing is downloaded.

A parameter is a number that training may change. Most are weights of connections, in the matrices
of attention and of the feed-forward networks; the others are embedding tables, biases and the gains
of the normalizations.

Leaves out: models with experts, of which only some parameters work on each token; copies that a
file may hold of one table (a model whose output is its embedding table has it once here); what
training keeps beside the parameters.
"""

from typing import Literal

from demos.common.models import (
    FAMILY_NAMES,
    Model,
    all_model_sizes,
    architecture,
    find_model,
    load_models,
    parameter_groups,
)
from demos.common.standalone import run_alone
from demos.common.words import billions_in_words, number

ModelName = Literal[tuple(model.id for model in load_models())]  # type: ignore[valid-type]  # made at run time
GROUPS = {
    "embeddings": "embedding",
    "output": "matrice di uscita",
    "attention": "attenzione",
    "feed_forward": "feed-forward",
    "biases": "bias",
    "norms": "normalizzazioni",
}


def run(
    *,
    model: ModelName = "gpt3-175b",  # type: ignore[valid-type]  # a choice made from the catalogue
) -> dict:
    """Count the parameters of `model`, group by group, and of every other model; ValueError on an unknown id.

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
    }


def work(model: Model) -> dict[str, str]:
    """Write out, with the model's own numbers, the product that gives each large group of parameters.

    >>> for group, product in work(find_model("gpt2-small")).items():
    ...     print(group, product)
    embeddings (50.257 + 1.024) × 768
    output 0: riusa la tabella degli embedding
    attention 12 × (768 × 2.304 + 768 × 768)
    feed_forward 12 × 2 × 768 × 3.072
    """
    width, table = number(model.hidden_size), number(model.vocab_size)
    rows = f"({table} + {number(model.context_length)})" if model.learned_positions else table
    back = f"{number(model.heads * model.head_dim)} × {width}"
    matrices = 3 if model.gated else 2
    return {
        "embeddings": f"{rows} × {width}",
        "output": "0: riusa la tabella degli embedding"
        if model.tied_embeddings
        else f"{width} × {table}",
        "attention": f"{model.layers} × ({width} × {number(model.qkv_size)} + {back})",
        "feed_forward": f"{model.layers} × {matrices} × {width} × {number(model.ffn_size)}",
    }


def show(facts: dict) -> None:
    """Print one model's count, product by product, then every model's size."""
    print(f"1. {facts['name']}: le forme")
    print(f"   {facts['n_layers']} strati; vettori di {number(facts['hidden_size'])} numeri;")
    print(
        f"   {facts['n_heads']} teste di attenzione da {facts['head_dim']}, {facts['n_kv_heads']} per chiavi e valori;"
    )
    print(
        f"   dentro il feed-forward {number(facts['ffn_size'])}; vocabolario di {number(facts['vocab_size'])} token."
    )
    print("\n2. Ogni gruppo è un prodotto di forme")
    for group, product in facts["work"].items():
        print(f"   {GROUPS[group]:<20}{product}")
    print("\n3. I conti")
    for group, label in GROUPS.items():
        share = number(100 * facts["shares"][group], 2)
        print(f"   {label:<18}{number(facts[f'n_params_{group}']):>16}{share:>8}%")
    print(f"   {'totale':<18}{number(facts['n_params']):>16}")
    print(f"   {published(facts)}")
    show_families(facts)


def published(facts: dict) -> str:
    """Say how the count compares with the figure that the model's authors print.

    >>> published({"published_params": 175, "published_difference": 0.002})
    "Chi l'ha fatto scrive 175 (differenza: 0,20%)."
    """
    if facts["published_difference"] == 0:
        return "Chi l'ha contato nei file dei pesi trova lo stesso numero."
    percent = abs(100 * facts["published_difference"])
    amount = f"{number(percent, 2)}%" if percent >= 0.01 else "meno di 0,01%"
    return f"Chi l'ha fatto scrive {number(facts['published_params'])} (differenza: {amount})."


def show_families(facts: dict) -> None:
    """Print every family with the sizes of its models."""
    print(f"\n4. Tutti i {facts['n_models']} modelli, in miliardi di parametri")
    for family, sizes in facts["sizes_billions"].items():
        print(f"   {FAMILY_NAMES[family]:<16}{billions_in_words(sizes)}")


def rows(facts: dict) -> list[tuple[str, list[float]]]:
    """Order the families by their largest model, largest first; sizes in parameters.

    >>> rows({"sizes_billions": {"gpt2": [0.1], "gemma": [2.5, 8.5]}})
    [('gemma', [2500000000.0, 8500000000.0]), ('gpt2', [100000000.0])]
    """
    families = {
        name: [size * 1e9 for size in sizes] for name, sizes in facts["sizes_billions"].items()
    }
    return sorted(families.items(), key=lambda item: -item[1][-1])


if __name__ == "__main__":
    run_alone(run, show)
