"""Language models: hyper-parameters with their sources, and the counts made from them.

Rows that are not confirmed in `demos/data/` are not loaded. A parameter count is never looked up:
it is the sum of the shapes of all weight tensors, and the tests hold it against what each model's
authors published. The last three functions give counts as facts: several demos return them, so that
a count is the same number on every slide.
"""

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

DATA = Path(__file__).parents[2] / "data"
FAMILY_NAMES = {
    "gpt2": "GPT-2",
    "gpt3": "GPT-3",
    "llama1": "LLaMA",
    "llama2": "Llama 2",
    "llama3": "Llama 3",
    "llama3.1": "Llama 3.1",
    "mistral": "Mistral 7B",
    "gemma": "Gemma",
    "qwen1.5": "Qwen1.5",
    "phi3": "Phi-3",
    "deepseek-coder": "DeepSeek-Coder",
    "codellama": "Code Llama",
}


@dataclass(frozen=True, kw_only=True)
class Model:
    """A decoder-only transformer, as its hyper-parameters describe it."""

    id: str
    """Short name without spaces, unique: `llama3-8b`."""
    name: str
    """The name its authors give it."""
    family: str
    """Models of one release share it: `llama3`."""
    developer: str
    """Who trained it."""
    vocab_size: int
    """Rows of the token embedding table, V."""
    hidden_size: int
    """Width of the residual stream, d."""
    layers: int
    """Transformer layers, L."""
    heads: int
    """Query heads of one layer, H."""
    kv_heads: int
    """Key and value heads of one layer, KV: fewer than `heads` in grouped-query attention."""
    head_dim: int
    """Width of one head; `heads * head_dim` need not be `hidden_size` (Gemma 7B)."""
    ffn_size: int
    """Width inside the feed-forward network, f."""
    context_length: int
    """Tokens of the longest sequence it was made for."""
    tied_embeddings: bool
    """Is the output matrix the token embedding table itself?"""
    learned_positions: bool
    """Is there one trained vector a position (GPT), or are positions rotated in (RoPE)?"""
    ffn_activation: str
    """`gelu`, or a gated one (`swiglu`, `geglu`, `gegelu`), which takes a second matrix up."""
    norm: str
    """`rmsnorm` (one vector) or `layernorm` (weight and bias)."""
    bias: str
    """Which linear maps have a bias: `none`, `qkv` or `all`."""
    published_params: int
    """What `published_source` prints, often a round figure; only compared with the count."""
    published_source: str
    """Where the published count was read."""
    source: str
    """Where the hyper-parameters were read."""
    confirmed: bool
    """Was every value of this row read in its sources?"""
    note: str = field(default="")
    """What to know before using the row."""

    @property
    def gated(self) -> bool:
        """Tell whether the feed-forward network multiplies two projections: a third matrix."""
        return self.ffn_activation in {"swiglu", "geglu", "gegelu"}

    @property
    def qkv_size(self) -> int:
        """Width of the queries, keys and values of one token in one layer, side by side."""
        return (self.heads + 2 * self.kv_heads) * self.head_dim


def load_rows(path: Path, name: str) -> list[dict[str, Any]]:
    """Read the confirmed `[[name]]` rows of a TOML file.

    >>> len(load_rows(DATA / "models.toml", "model"))
    33
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))[name]
    return [row for row in rows if row["confirmed"]]


@lru_cache
def load_models() -> tuple[Model, ...]:
    """Load the models, in the file's order.

    >>> load_models()[0].name
    'GPT-2 small (124M)'
    """
    return tuple(Model(**row) for row in load_rows(DATA / "models.toml", "model"))


ModelName = Literal[*(model.id for model in load_models())]
"""The ids that there are, as a demo's control offers them."""


def find_model(model_id: str) -> Model:
    """Look a model up by its id; ValueError names the ids there are.

    >>> find_model("llama3-8b").layers
    32
    """
    by_id = {model.id: model for model in load_models()}
    if model_id not in by_id:
        raise ValueError(f"no model {model_id!r}; there are: {', '.join(by_id)}")
    return by_id[model_id]


def embedding_params(model: Model) -> int:
    """Count the token embedding table, V × d, and one vector a position where they are learned.

    >>> embedding_params(find_model("gpt2-small"))  # (50257 + 1024) * 768
    39383808
    """
    positions = model.context_length if model.learned_positions else 0
    return (model.vocab_size + positions) * model.hidden_size


def output_params(model: Model) -> int:
    """Count the matrix that turns the last vector into logits, d × V, unless it is the table.

    >>> output_params(find_model("gemma-2b")), output_params(find_model("llama2-7b"))
    (0, 131072000)
    """
    return 0 if model.tied_embeddings else model.hidden_size * model.vocab_size


def attention_params(model: Model) -> int:
    """Count the matrices of attention in all layers: to Q, K and V, and back to the stream.

    >>> attention_params(find_model("gpt2-small"))  # 12 layers * 4 * 768 * 768
    28311552
    """
    queries_keys_values = model.hidden_size * model.qkv_size  # [d, (H + 2·KV)·hd]
    back = model.heads * model.head_dim * model.hidden_size  # [H·hd, d]
    return model.layers * (queries_keys_values + back)


def feed_forward_params(model: Model) -> int:
    """Count the matrices of the feed-forward network in all layers: up (twice if gated), down.

    SwiGLU and its kin: Shazeer 2020, https://arxiv.org/abs/2002.05202.

    >>> feed_forward_params(find_model("gpt2-small"))  # 12 layers * 2 * 768 * 3072
    56623104
    """
    n_matrices = 3 if model.gated else 2
    return model.layers * n_matrices * model.hidden_size * model.ffn_size


def bias_params(model: Model) -> int:
    """Count the biases of the linear maps in all layers: one number for each output of a map.

    >>> bias_params(find_model("gpt2-small")), bias_params(find_model("llama3-8b"))
    (82944, 0)
    """
    if model.bias == "none":
        return 0
    if model.bias == "qkv":
        return model.layers * model.qkv_size
    up = model.ffn_size * (2 if model.gated else 1)
    back = down = model.hidden_size
    return model.layers * (model.qkv_size + back + up + down)


def norm_params(model: Model) -> int:
    """Count the normalizations: two in each layer and one after the last.

    >>> norm_params(find_model("gpt2-small"))  # (2 * 12 + 1) * 2 * 768
    38400
    """
    n_vectors = 2 if model.norm == "layernorm" else 1
    return (2 * model.layers + 1) * n_vectors * model.hidden_size


def n_params(model: Model) -> int:
    """Count a model's parameters, from the shapes of its tensors.

    The shapes are those of the authors' code: GPT-2 and GPT-3,
    https://github.com/openai/gpt-2/blob/9b63575/src/model.py; Llama (also Mistral, Gemma, Qwen,
    Phi-3, DeepSeek), https://github.com/meta-llama/llama/blob/689c7f2/llama/model.py; Phi-3-small,
    https://github.com/vllm-project/vllm/blob/00db011/vllm/model_executor/models/phi3_small.py.

    >>> n_params(find_model("gpt3-175b"))
    174604259328
    """
    parts = (
        embedding_params,
        output_params,
        attention_params,
        feed_forward_params,
        bias_params,
        norm_params,
    )
    return sum(part(model) for part in parts)


def kv_bytes_per_token(model: Model, bytes_per_element: int = 2) -> int:
    """Count the bytes that one token adds to the KV cache.

    They are a key and a value for each KV head of each layer; in FP16 an element has 2 bytes.
    Grouped-query attention: Ainslie et al. 2023, https://arxiv.org/abs/2305.13245.

    >>> kv_bytes_per_token(find_model("llama2-7b"))  # 2 * 32 * 32 * 128 * 2
    524288
    """
    return 2 * model.layers * model.kv_heads * model.head_dim * bytes_per_element


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

    `n_params_connections` are those of every matrix that multiplies: attention, feed-forward, and
    the one that turns the last vector into logits, V × d, be it a matrix of its own or the token
    table once more (tied).

    >>> facts = parameter_groups(find_model("gpt2-small"))
    >>> [facts[f"n_params_{group}"] for group in ("embeddings", "matrices", "biases", "norms")]
    [39383808, 84934656, 82944, 38400]
    >>> facts["n_params_connections"]  # 84934656 + 50257 * 768
    123532032
    """
    attention, feed_forward = attention_params(model), feed_forward_params(model)
    matrices = attention + feed_forward
    return {
        "n_params": n_params(model),
        "params_billions": n_params(model) / 10**9,
        "n_params_token_table": model.vocab_size * model.hidden_size,
        "n_params_embeddings": embedding_params(model),
        "n_params_output": output_params(model),
        "n_params_attention": attention,
        "n_params_feed_forward": feed_forward,
        "n_params_matrices": matrices,
        "n_params_connections": matrices + model.vocab_size * model.hidden_size,
        "n_params_biases": bias_params(model),
        "n_params_norms": norm_params(model),
    }


def all_model_sizes() -> dict:
    """Count every model's parameters, and gather each family's sizes, smallest first.

    >>> facts = all_model_sizes()
    >>> facts["sizes_billions"]["llama3"], max(facts["llama_sizes_billions"])
    ([8.030261248, 70.553706496], 405.8533888)
    >>> facts["smallest_model"], facts["catalogue"]["gpt2-small"]["n_params"]
    ('gpt2-small', 124439808)
    """
    catalogue: dict[str, dict[str, Any]] = {
        model.id: {"name": model.name, "family": model.family, "n_layers": model.layers,
                   "n_params": n_params(model), "params_billions": n_params(model) / 10**9}
        for model in load_models()
    }  # fmt: skip
    by_size = sorted(catalogue, key=lambda name: catalogue[name]["n_params"])
    sizes: dict[str, list[float]] = {}
    for row in map(catalogue.__getitem__, by_size):
        sizes.setdefault(row["family"], []).append(row["params_billions"])
    llamas = [size for family in sizes if family.startswith("llama") for size in sizes[family]]
    return {
        "catalogue": catalogue,
        "smallest_model": by_size[0],
        "largest_model": by_size[-1],
        "sizes_billions": sizes,
        "llama_sizes_billions": sorted(llamas),
    }
