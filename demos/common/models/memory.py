"""The memory that a model takes while it generates, from its shapes alone."""

from dataclasses import dataclass

from demos.common.models.catalogue import Model, kv_bytes_per_token, n_params

GB, GIB = 10**9, 2**30


@dataclass(frozen=True, kw_only=True)
class Precision:
    """A way to store weights: so many bits each, and for integers an FP16 scale a block of 32.

    The blocks are those of llama.cpp's Q8_0 and Q4_0, whose README gives 8.5 and 4.5 bits a weight:
    https://github.com/ggerganov/llama.cpp/blob/c392e50/examples/quantize/README.md

    >>> PRECISIONS["int4"].bits_per_weight
    4.5
    """

    bits: int
    """Bits of the weight itself."""
    scale_bits: float = 0.0
    """Bits of the scale, shared out over its block."""
    activation_bytes: int = 2
    """Bytes of one number in a working buffer: integers are turned into 16 bits before use."""

    @property
    def bits_per_weight(self) -> float:
        """Bits that a weight takes, its share of the scale included."""
        return self.bits + self.scale_bits


PRECISIONS = {
    "fp32": Precision(bits=32, activation_bytes=4),
    "fp16": Precision(bits=16),
    "int8": Precision(bits=8, scale_bits=16 / 32),
    "int4": Precision(bits=4, scale_bits=16 / 32),
}


def working_bytes(model: Model, context: int, bytes_per_number: int) -> int:
    """Count, from below, the working buffers of a prefill of all T = `context` tokens at once.

    bytes × (2·T·d + max(T·qkv, T·ffn, V)): the residual stream and a layer's normalized input stay
    while the widest of three steps runs, which are Q, K and V, the inside of the feed-forward
    network, and the last token's logits.

    >>> from demos.common.models.catalogue import find_model
    >>> working_bytes(find_model("gpt3-175b"), 2048, 2)  # 2 * 2048 * (2 * 12288 + 4 * 12288)
    301989888
    """
    stream = 2 * context * model.hidden_size  # [T, d] twice
    queries_keys_values = context * model.qkv_size  # [T, (H + 2·KV)·hd]
    n_inside = 2 if model.gated else 1  # until the gate is applied
    feed_forward = context * model.ffn_size * n_inside  # [T, f], once or twice
    widest = max(queries_keys_values, feed_forward, model.vocab_size)
    return bytes_per_number * (stream + widest)


def footprint(model: Model, dtype: str, context: int) -> dict:
    """Compute a model's memory in one precision, with one sequence of `context` tokens.

    Each part is in GB and in GiB.

    >>> from demos.common.models.catalogue import find_model
    >>> facts = footprint(find_model("gpt3-175b"), "int8", 2048)
    >>> round(facts["weights_gb"], 1), round(facts["weights_without_scales_gb"], 1)
    (185.5, 174.6)
    """
    precision, count = PRECISIONS[dtype], n_params(model)
    plain = count * precision.bits / 8
    parts = {
        "weights": count * precision.bits_per_weight / 8,
        "kv_cache": kv_bytes_per_token(model) * context,  # FP16, whatever the weights are
        "overhead": working_bytes(model, context, precision.activation_bytes),
    }
    parts["total"] = sum(parts.values())
    return {
        "dtype": dtype,
        "label": dtype.upper(),
        **per_weight(precision),
        "weights_without_scales_gb": plain / GB,
        **{f"{part}_gb": n_bytes / GB for part, n_bytes in parts.items()},
        **{f"{part}_gib": n_bytes / GIB for part, n_bytes in parts.items()},
        "above_plain_weights_percent": 100 * (parts["total"] / plain - 1),
        **rules_of_thumb(plain, parts["kv_cache"]),
    }


def per_weight(precision: Precision) -> dict:
    """Give the bits and bytes of one weight, and the GB of a billion by each rule of thumb.

    >>> per_weight(PRECISIONS["int8"])["rule_of_thumb_gb_per_billion"]
    1.25
    """
    return {
        "bits_per_weight": precision.bits_per_weight,
        "bytes_per_weight": precision.bits_per_weight / 8,
        "plain_gb_per_billion": precision.bits / 8,
        "rule_of_thumb_gb_per_billion": 1.25 * precision.bits / 8,
        "published_rule_gb_per_billion": 1.2 * precision.bits / 8,
    }


def rules_of_thumb(plain_bytes: float, kv_cache_bytes: float) -> dict:
    """Add a flat percentage to the plain weights: the often-heard 25 %, or EleutherAI's 20 %.

    20 %: quoted at https://huggingface.co/bigscience/bloom/discussions/273. For the 25 %, no source
    found. `n_sequences_in_rule` says how many sequences' KV caches the 25 % has room for.

    >>> facts = rules_of_thumb(2e9, 10**8)  # a billion parameters in FP16
    >>> facts["rule_of_thumb_gb"], facts["published_rule_gb"], facts["n_sequences_in_rule"]
    (2.5, 2.4, 5)
    """
    return {
        "rule_of_thumb_gb": 1.25 * plain_bytes / GB,
        "rule_of_thumb_gib": 1.25 * plain_bytes / GIB,
        "published_rule_gb": 1.2 * plain_bytes / GB,
        "n_sequences_in_rule": int(0.25 * plain_bytes // kv_cache_bytes),
    }
