"""Parameter counts as facts: one model's shapes, its parameters in groups, and the sizes of all models.

Several demos put these in what they return, so that a count is the same number on every slide.
"""

from typing import Any

from demos.common import catalogue
from demos.common.catalogue import Model, find_model, load_models, n_params  # noqa: F401  # find_model: doctests


def architecture(model: Model) -> dict:
    """List a model's name, shapes and source as facts.

    >>> architecture(find_model("llama3-8b"))["n_kv_heads"]
    8
    """
    names = ("name", "family", "developer", "source")
    sizes = ("hidden_size", "head_dim", "ffn_size", "vocab_size", "context_length")
    counts = {"n_layers": model.layers, "n_heads": model.heads, "n_kv_heads": model.kv_heads}
    return {key: getattr(model, key) for key in names + sizes} | counts


def parameter_groups(model: Model) -> dict:
    """Count a model's parameters in groups: not all of them are weights of connections.

    >>> facts = parameter_groups(find_model("gpt2-small"))
    >>> facts["n_params_embeddings"], facts["n_params_matrices"], facts["n_params_biases"], facts["n_params_norms"]
    (39383808, 84934656, 82944, 38400)
    """
    attention, feed_forward = (
        catalogue.attention_params(model),
        catalogue.feed_forward_params(model),
    )
    return {
        "n_params": n_params(model),
        "params_billions": n_params(model) / 10**9,
        "n_params_token_table": model.vocab_size * model.hidden_size,
        "n_params_embeddings": catalogue.embedding_params(model),
        "n_params_output": catalogue.output_params(model),
        "n_params_attention": attention,
        "n_params_feed_forward": feed_forward,
        "n_params_matrices": attention + feed_forward,
        "n_params_biases": catalogue.bias_params(model),
        "n_params_norms": catalogue.norm_params(model),
    }


def all_models() -> dict:
    """Count the parameters of every model of the catalogue, and gather each family's sizes, smallest first.

    >>> facts = all_models()
    >>> facts["sizes_billions"]["llama3"], max(facts["llama_sizes_billions"])
    ([8.030261248, 70.553706496], 405.8533888)
    """
    rows: list[dict[str, Any]] = [
        {"id": model.id, "name": model.name, "family": model.family, "n_layers": model.layers,
         "n_params": n_params(model), "params_billions": n_params(model) / 10**9}
        for model in load_models()
    ]  # fmt: skip
    sizes: dict[str, list[float]] = {}
    for row in sorted(rows, key=lambda row: row["n_params"]):
        sizes.setdefault(row["family"], []).append(row["params_billions"])
    llamas = [row["params_billions"] for row in rows if row["family"].startswith("llama")]
    return {"catalogue": rows, "sizes_billions": sizes, "llama_sizes_billions": sorted(llamas)}
