"""What the KV cache takes: by a formula, and measured on the arrays."""

from demos.smollm.cache import Cache
from demos.smollm.weights import Shape

BYTES = {"fp32": 4, "fp16": 2}  # of one number; here the cache is in FP32


def formula_bytes(shape: Shape, n_tokens: int, number: str = "fp32") -> int:
    """Compute what the cache should take: a key and a value for each token, layer and KV head.

    Grouped-query attention: Ainslie et al. 2023, https://arxiv.org/abs/2305.13245.

    >>> from demos.smollm.weights import load
    >>> formula_bytes(load().shape, 1)  # 2 * 30 * 3 * 64 * 4
    46080
    """
    per_layer = 2 * shape.n_kv_heads * shape.head_dim * BYTES[number]
    return per_layer * shape.n_layers * n_tokens


def bytes_in_use(cache: Cache) -> int:
    """Measure the keys and values that the cache holds, without the room for tokens to come.

    >>> from demos.smollm.weights import load
    >>> from dataclasses import replace
    >>> bytes_in_use(replace(Cache.empty(load().shape, 10), length=2))
    92160
    """
    return cache.keys[:, :, : cache.length].nbytes + cache.values[:, :, : cache.length].nbytes


def sizes(shape: Shape) -> dict:
    """Say what a token takes in the cache: how many numbers of how many bytes.

    >>> from demos.smollm.weights import load
    >>> sizes(load().shape)["kv_bytes_per_token"]
    46080
    """
    return {
        "n_layers": shape.n_layers,
        "n_heads": shape.n_heads,
        "n_kv_heads": shape.n_kv_heads,
        "head_dim": shape.head_dim,
        "number_bytes": BYTES["fp32"],
        "kv_bytes_per_token": formula_bytes(shape, 1),
        "kv_fp16_bytes_per_token": formula_bytes(shape, 1, "fp16"),
    }
