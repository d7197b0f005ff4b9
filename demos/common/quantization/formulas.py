"""FP32 weights to n-bit integers and back: the formulas, the sizes, and what others measured.

A scale is shared by a matrix, a row or 32 weights; symmetric or asymmetric. All arrays are
float32, which holds codes of 8 bits exactly.
"""

import math

import numpy as np

from demos.common.models.catalogue import DATA, find_model, load_rows, n_params

SCALE_BITS = 16  # scales are stored in FP16, and used as stored


def split(weights: np.ndarray, granularity: str) -> np.ndarray:
    """View a matrix as groups of weights that share one scale: [n_groups, group_size], no copy.

    >>> split(np.zeros((4, 64), np.float32), "block32").shape
    (8, 32)
    """
    rows, columns = weights.shape
    size = {"tensor": rows * columns, "row": columns, "block32": 32}[granularity]
    return weights.reshape(-1, size)


def code_range(bits: int, scheme: str) -> tuple[int, int]:
    """Give the lowest and highest integer code.

    The symmetric scheme leaves one code unused, so that + and - are alike.

    >>> code_range(8, "symmetric"), code_range(8, "asymmetric")
    ((-127, 127), (0, 255))
    """
    top = 2 ** (bits - 1) - 1
    return (-top, top) if scheme == "symmetric" else (0, 2**bits - 1)


def quantize(
    groups: np.ndarray, bits: int, scheme: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn finite float32 groups into codes, scales and zero points.

    Then `weight ≈ (code - zero) * scale`. Symmetric: absmax, as in LLM.int8() section 2.1
    (https://arxiv.org/abs/2208.07339), whose 127 is the highest code of 8 bits. Asymmetric:
    equation 1 of Jacob et al. (https://arxiv.org/abs/1712.05877), with the range widened to include
    zero (Krishnamoorthi, https://arxiv.org/abs/1806.08342, section 2.1).

    Scales must suit FP16: weights are 65,504 at most, and where a scale would fall under 2^-14,
    FP16 rounds it more coarsely and the largest weights are clipped.

    >>> codes, scales, zeros = quantize(np.float32([[-1.0, 0.5, 0.25]]), 3, "symmetric")
    >>> codes.tolist(), scales.tolist()
    ([[-3.0, 2.0, 1.0]], [[0.333251953125]])
    """
    lowest, highest = code_range(bits, scheme)
    low = np.minimum(groups.min(axis=1, keepdims=True), 0)  # [n_groups, 1]
    high = np.maximum(groups.max(axis=1, keepdims=True), 0)  # [n_groups, 1]
    span = np.maximum(-low, high) if scheme == "symmetric" else high - low
    scales = as_stored(span / highest)  # round first: codes must suit the scale as stored
    zeros = np.zeros_like(scales)
    if scheme == "asymmetric":
        zeros = np.clip(np.rint(-low / scales), 0, highest)
    codes = groups / scales  # [n_groups, group_size] / [n_groups, 1]
    np.rint(codes, out=codes)  # in place from here on: one array of the matrix's size, not four
    codes += zeros
    return np.clip(codes, lowest, highest, out=codes), scales, zeros


def as_stored(scales: np.ndarray) -> np.ndarray:
    """Round scales to FP16; that of a group of zeros becomes 1, which gives the zeros back.

    >>> as_stored(np.float32([0.1, 0])).tolist()
    [0.0999755859375, 1.0]
    """
    stored = scales.astype(np.float16).astype(np.float32)
    stored[stored == 0] = 1
    return stored


def dequantize(codes: np.ndarray, scales: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """Turn codes back into weights, `(code - zero) * scale`.

    >>> dequantize(np.float32([[0, 3]]), np.float32([[0.5]]), np.float32([[1]])).tolist()
    [[-0.5, 1.0]]
    """
    restored = codes - zeros  # [n_groups, group_size] - [n_groups, 1]
    restored *= scales
    return restored


def packed_size(n_weights: int, n_groups: int, bits: int, scheme: str) -> dict[str, int]:
    """Count the bytes of codes, of FP16 scales, and (asymmetric only) of zero points.

    A zero point is as wide as a code. Each of the three is packed bit by bit, with no gap but at
    its end.

    >>> packed_size(32, 1, 8, "symmetric")["size_bytes"]  # the 34 bytes of llama.cpp's Q8_0
    34
    """
    codes = math.ceil(n_weights * bits / 8)
    scales = n_groups * SCALE_BITS // 8
    zeros = math.ceil(n_groups * bits / 8) if scheme == "asymmetric" else 0
    parts = {
        "size_codes_bytes": codes,
        "size_scales_bytes": scales,
        "size_zero_points_bytes": zeros,
    }
    return parts | {"size_bytes": codes + scales + zeros}


def rms(values: np.ndarray) -> float:
    """Give the root mean square; a sum in float64 is the same on every machine.

    >>> rms(np.float32([3, -3]))
    3.0
    """
    return math.sqrt(np.square(values).sum(dtype=np.float64) / values.size)


def measure(weights: np.ndarray, bits: int, granularity: str, scheme: str) -> dict:
    """Quantize, dequantize, and give size and errors; an error is in the weights' own unit.

    SNR in dB is 20 log10(RMS of the weights / RMS of the errors): twice the error is 6.02 dB less.

    >>> row = measure(np.float32([[0, 1, 0.4, -0.6]]), 2, "row", "symmetric")  # codes 0, 1, 0, -1
    >>> row["bits_per_weight"], round(row["rmse"], 4), round(row["max_error"], 4)
    (6.0, 0.2828, 0.4)
    """
    groups = split(weights, granularity)
    errors = dequantize(*quantize(groups, bits, scheme))  # [n_groups, group_size]
    errors -= groups
    rmse = rms(errors)
    size = packed_size(weights.size, len(groups), bits, scheme)
    return {
        "bits": bits,
        "granularity": granularity,
        "scheme": scheme,
        "bits_per_weight": size["size_bytes"] * 8 / weights.size,
        "rmse": rmse,
        "max_error": float(max(errors.max(), -errors.min())),
        "snr_db": 20 * math.log10(rms(weights) / rmse),
    }


def published() -> dict[str, dict]:
    """Give what others measured, by model and type, next to its perplexity in 16 bits.

    >>> rows = published()["llama1-7b"]["rows"]
    >>> round(rows["F16"]["perplexity_ratio"], 4), round(rows["Q8_0"]["perplexity_ratio"], 4)
    (1.0, 1.0001)
    """
    models: dict[str, dict] = {}
    for table in load_rows(DATA / "quantization.toml", "table"):
        n_weights = n_params(find_model(table["model"]))
        empty = {"model": table["name"], "n_params": n_weights, "sources": [], "rows": {}}
        model = models.setdefault(table["model"], empty)
        model["sources"].append(table["source"])
        in_16_bits = table["rows"][0]["ppl"]
        for row in table["rows"]:
            known = model["rows"].setdefault  # of a type that is in two tables the first counts
            known(row["type"], published_row(row, n_weights, in_16_bits))
    for model in models.values():
        by_bits = sorted(model["rows"].items(), key=lambda item: -item[1]["bits_per_weight"])
        model["rows"] = dict(by_bits)
    return models


def published_row(row: dict, n_weights: int, in_16_bits: float) -> dict:
    """Make a row's facts; the size gives the bits a weight of a type that mixes several formats.

    >>> published_row({"size_gib": 2.0, "ppl": 9.0}, 2**33, 6.0)
    {'bits_per_weight': 2.0, 'perplexity': 9.0, 'perplexity_ratio': 1.5}
    """
    by_size = row["size_gib"] * 2**33 / n_weights  # 8 bits a byte, 2^30 bytes a GiB
    return {
        "bits_per_weight": row.get("bits_per_weight", by_size),
        "perplexity": row["ppl"],
        "perplexity_ratio": row["ppl"] / in_16_bits,
    }
