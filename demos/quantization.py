"""What is lost when real FP32 weights are stored in 8, 7, ... 2 bits, with one scale a matrix, a row or 32 weights.

The weights are matrices of the first layer of all-MiniLM-L6-v2, which is published in FP32. LLMs
mostly come in 16 bits, so the facts have the ratio to both. The formulas, with their sources, are
in `common/quantization.py`.

Leaves out: what the error does to a model's answers (perplexity.py measures that), activations and
the KV cache, and methods that choose codes by what they do to the output (GPTQ, AWQ) or keep
outliers apart (LLM.int8()).
"""

import math
from typing import Annotated, Literal

import numpy as np

from demos.common.quantization import (
    SCALE_BITS,
    code_range,
    dequantize,
    packed_size,
    quantize,
    rms,
    split,
)
from demos.common.sentences import load_tensor
from demos.common.standalone import run_alone
from demos.common.words import number

TENSORS = {  # BERT calls the feed-forward matrices "intermediate" and "output"
    "attention-query": "encoder.layer.0.attention.self.query.weight",
    "feed-forward-up": "encoder.layer.0.intermediate.dense.weight",
    "feed-forward-down": "encoder.layer.0.output.dense.weight",  # has one weight of 175 times the RMS
}
SCOPES = {"tensor": "intera matrice", "row": "per riga", "block32": "blocchi di 32"}
SCHEMES = {"symmetric": "simmetrico", "asymmetric": "asimmetrico"}
BITS = range(2, 9)
WORKED = 2  # the column, in the first row, of the weight followed by hand: neither the largest nor almost zero
N_BINS = (
    41  # of the histogram; odd, so that one bin is centred on zero where the range is symmetric
)


def measure(weights: np.ndarray, bits: int, granularity: str, scheme: str) -> dict:
    """Quantize, dequantize, and give size and errors of one combination; an error is in the weights' own unit.

    SNR in dB is 20 log10(RMS of the weights / RMS of the errors): twice the error is 6.02 dB less.

    >>> row = measure(np.float32([[0, 1, 0.4, -0.6]]), 2, "row", "symmetric")  # the codes are 0, 1, 0, -1
    >>> row["bits_per_weight"], round(row["rmse"], 4), round(row["max_error"], 4)
    (6.0, 0.2828, 0.4)
    """
    groups = split(weights, granularity)
    errors = dequantize(*quantize(groups, bits, scheme))  # [n_groups, group_size]
    errors -= groups
    rmse = rms(errors)
    return {
        "bits": bits,
        "granularity": granularity,
        "scheme": scheme,
        "bits_per_weight": packed_size(weights.size, len(groups), bits, scheme)["size_bytes"]
        * 8
        / weights.size,
        "rmse": rmse,
        "max_error": float(max(errors.max(), -errors.min())),
        "snr_db": 20 * math.log10(rms(weights) / rmse),
    }


def follow(weights: np.ndarray, bits: int, granularity: str, scheme: str) -> dict:
    """Follow one weight, with the group that shares its scale, through every step.

    >>> step = follow(np.float32([[-1.0, 0.5, 0.25, 0.0]]), 3, "row", "symmetric")
    >>> step["code"], step["code_bits"], round(step["restored"], 3)
    (1, '001', 0.333)
    """
    group = split(weights, granularity)[
        :1
    ]  # [1, group_size]: the first group has the first row's first weights
    codes, scales, zeros = quantize(group, bits, scheme)
    weight, code = float(group[0, WORKED]), int(codes[0, WORKED])
    scale, zero = float(scales[0, 0]), int(zeros[0, 0])
    grid_low, grid_high = ((end - zero) * scale for end in code_range(bits, scheme))
    low, high = float(group.min()), float(group.max())
    ends = (
        min(low, grid_low),
        max(high, grid_high),
    )  # a weight may lie beyond the grid by half a step
    return {
        "row": 1,
        "column": WORKED + 1,
        "weight": weight,
        "group_size": group.size,
        "group_min": low,
        "group_max": high,
        "scale": scale,
        "zero_point": zero,
        "steps": weight / scale,
        "code": code,
        "code_bits": format(
            code & 2**bits - 1, f"0{bits}b"
        ),  # two's complement where the code is negative
        "restored": (code - zero) * scale,
        "error": (code - zero) * scale - weight,
        "grid_low": grid_low,
        "grid_high": grid_high,
        "histogram_low": ends[0],
        "histogram_high": ends[1],
        "histogram": np.histogram(group, bins=N_BINS, range=ends)[0].tolist(),
    }


def run(
    *,
    tensor: Literal["attention-query", "feed-forward-up", "feed-forward-down"] = "feed-forward-up",
    bits: Annotated[int, range(2, 9)] = 8,
    granularity: Literal["tensor", "row", "block32"] = "row",
    scheme: Literal["symmetric", "asymmetric"] = "symmetric",
) -> dict:
    """Quantize one matrix as asked, and with every other number of bits, granularity and scheme too (`grid`).

    Weights and errors have no unit; SNR is in dB. Raises ValueError for a value that is none of the
    choices, and FileNotFoundError where the model is not installed.
    """
    for value, choices in (
        (tensor, TENSORS),
        (bits, BITS),
        (granularity, SCOPES),
        (scheme, SCHEMES),
    ):
        if value not in choices:
            raise ValueError(f"{value!r} is not one of {', '.join(map(str, choices))}")
    weights = load_tensor(TENSORS[tensor])
    grid = [measure(weights, b, g, s) for s in SCHEMES for g in SCOPES for b in BITS]
    rows = {(row["bits"], row["granularity"]): row for row in grid if row["scheme"] == scheme}
    chosen = rows[bits, granularity]
    n_groups, (lowest, highest) = len(split(weights, granularity)), code_range(bits, scheme)
    size = packed_size(weights.size, n_groups, bits, scheme)
    return {
        "tensor": tensor,
        "tensor_name": TENSORS[tensor],
        "shape": list(weights.shape),
        "n_weights": weights.size,
        "n_distinct_weights": len(np.unique(weights)),
        "largest_over_rms": float(np.abs(weights).max()) / rms(weights),
        **chosen,
        "n_levels": highest - lowest + 1,
        "n_distinct_restored": len(
            np.unique(dequantize(*quantize(split(weights, granularity), bits, scheme)))
        ),
        "n_groups": n_groups,
        "scale_bits": SCALE_BITS,
        "size_fp32_bytes": weights.nbytes,
        **size,
        "ratio_to_fp32": weights.nbytes / size["size_bytes"],
        "ratio_to_fp16": weights.nbytes / 2 / size["size_bytes"],
        "relative_error_percent": 100 * chosen["rmse"] / rms(weights),
        **{
            f"snr_{scope}_db": rows[bits, scope]["snr_db"] for scope in SCOPES
        },  # the same bits, every granularity
        "db_per_bit": (rows[8, granularity]["snr_db"] - rows[4, granularity]["snr_db"]) / 4,
        "worked": follow(weights, bits, granularity, scheme),
        "grid": grid,
    }


def show(facts: dict) -> None:
    """Print one weight by hand, then the whole matrix, then every number of bits, in Italian."""
    rows, columns = facts["shape"]
    print(f"UN PESO IN {facts['bits']} BIT\n")
    print(f"La matrice {facts['tensor']} del primo strato di all-MiniLM-L6-v2")
    print(f"({facts['tensor_name']}):")
    print(
        f"  {number(rows)} × {number(columns)} = {number(facts['n_weights'])} pesi, 4 byte l'uno in FP32"
    )
    print(f"  {number(facts['n_distinct_weights'])} valori diversi fra loro")
    print(f"  il più grande è {number(facts['largest_over_rms'], 0)} volte il peso tipico (RMS)\n")
    show_worked(facts)
    print("2. Tutta la matrice")
    codes = f"{number(facts['n_weights'])} × {facts['bits']} bit"
    print(f"  codici          {codes} = {number(facts['size_codes_bytes'])} byte")
    print(
        f"  scale           {number(facts['n_groups'])} in FP16 = {number(facts['size_scales_bytes'])} byte"
    )
    if facts["scheme"] == "asymmetric":
        print(f"  codici di zero  {number(facts['size_zero_points_bytes'])} byte")
    print(
        f"  totale          {number(facts['size_bytes'])} byte, {number(facts['bits_per_weight'], 2)} bit per peso"
    )
    to_fp32, to_fp16 = number(facts["ratio_to_fp32"], 2), number(facts["ratio_to_fp16"], 2)
    print(f"  contro FP32     {to_fp32} volte più piccola (contro FP16: {to_fp16})")
    relative = f"{number(facts['relative_error_percent'], 1)}% del peso tipico"
    print(f"  errore tipico   {number(facts['rmse'], 6)} ({relative})")
    print(f"  errore massimo  {number(facts['max_error'], 6)}")
    print(f"  segnale/errore  {number(facts['snr_db'], 1)} dB\n")
    show_grid(facts)


def show_worked(facts: dict) -> None:
    """Print the calculation for one weight, step by step.

    >>> step = follow(np.float32([[-1.0, 0.5, 0.25, 0.0]]), 3, "row", "symmetric")
    >>> show_worked({"bits": 3, "scheme": "symmetric", "n_levels": 7, "worked": step})  # doctest: +ELLIPSIS
    1. Un peso a mano (riga 1, colonna 3)
    ...
      riletto         1 × 0,33325195 = 0,333252
      errore          0,083252
    <BLANKLINE>
    """
    step, low, high = facts["worked"], facts["worked"]["group_min"], facts["worked"]["group_max"]
    top, zero, scale = (
        code_range(facts["bits"], facts["scheme"])[1],
        step["zero_point"],
        number(step["scale"], 8),
    )
    if facts["scheme"] == "symmetric":
        whole, span = max(-low, high), f"{number(max(-low, high), 6)} / {top}"
        shift, distance = "", step["code"]
    else:
        whole = max(high, 0) + max(-low, 0)
        span = f"({number(max(high, 0), 6)} + {number(max(-low, 0), 6)}) / {top}"
        shift, distance = f" + {zero} (il codice dello zero)", f"({step['code']} - {zero})"
    print(f"1. Un peso a mano (riga {step['row']}, colonna {step['column']})")
    print(f"  peso in FP32    {number(step['weight'], 6)}")
    print(
        f"  il suo gruppo   {number(step['group_size'])} pesi, da {number(low, 6)} a {number(high, 6)}"
    )
    print(f"  scala           {span} = {number(whole / top, 8)}, in FP16 {scale}")
    print(f"  peso / scala    {number(step['steps'], 3)}")
    print(f"  codice intero   {number(step['steps'], 3)} arrotondato{shift} = {step['code']}")
    print(f"  i suoi bit      {step['code_bits']} (uno dei {facts['n_levels']} codici usati)")
    print(f"  riletto         {distance} × {scale} = {number(step['restored'], 6)}")
    print(f"  errore          {number(step['error'], 6)}\n")


def show_grid(facts: dict) -> None:
    """Print the signal-to-noise ratio for every number of bits and granularity of the chosen scheme.

    >>> grid = [{"scheme": "symmetric", "bits": b, "snr_db": 6.02 * b} for b in BITS for _ in SCOPES]
    >>> show_grid({"scheme": "symmetric", "granularity": "row", "db_per_bit": 6.02, "grid": grid})
    ... # doctest: +ELLIPSIS
    3. Lo stesso conto con altri bit: segnale/errore in dB (schema simmetrico)
      bit    intera matrice          per riga     blocchi di 32
        8              48,2              48,2              48,2
    ...
    """
    print(
        f"3. Lo stesso conto con altri bit: segnale/errore in dB (schema {SCHEMES[facts['scheme']]})"
    )
    print("  bit" + "".join(f"{name:>18}" for name in SCOPES.values()))
    rows = [row for row in facts["grid"] if row["scheme"] == facts["scheme"]]
    for bits in reversed(BITS):
        print(
            f"  {bits:>3}"
            + "".join(f"{number(row['snr_db'], 1):>18}" for row in rows if row["bits"] == bits)
        )
    per_bit = number(facts["db_per_bit"], 1)
    print(
        f"  Da 4 a 8 bit ({SCOPES[facts['granularity']]}) ogni bit in più vale in media {per_bit} dB;"
    )
    print("  dimezzare l'errore ne vale 6,02.")


if __name__ == "__main__":
    run_alone(run, show)
