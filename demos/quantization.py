"""What is lost when real FP32 weights are stored in 8, 7, 6, 5, 4, 3 or 2 bits.

The weights are matrices of the first layer of all-MiniLM-L6-v2, which is published in FP32; a scale
is shared by the matrix, a row or 32 weights. LLMs mostly come in 16 bits, so the facts have the
ratio to both. The formulas, with their sources, are in `common/quantization/formulas.py`.

Leaves out: what the error does to a model's answers (perplexity.py measures that), activations and
the KV cache, and methods that choose codes by what they do to the output (GPTQ, AWQ) or keep
outliers apart (LLM.int8()).
"""

from functools import lru_cache
from itertools import product
from typing import Annotated, Literal

import numpy as np

from demos.common.quantization.formulas import (
    SCALE_BITS,
    code_range,
    dequantize,
    measure,
    packed_size,
    quantize,
    rms,
    split,
)
from demos.common.sentences.encoder import load_tensor
from demos.common.standalone import run_alone
from demos.common.words import number

TENSORS = {  # BERT calls the feed-forward matrices "intermediate" and "output"
    "attention-query": "encoder.layer.0.attention.self.query.weight",
    "feed-forward-up": "encoder.layer.0.intermediate.dense.weight",
    "feed-forward-down": "encoder.layer.0.output.dense.weight",  # one weight is 175 times the RMS
}
BITS = range(2, 9)
SCOPES = {"tensor": "intera matrice", "row": "per riga", "block32": "blocchi di 32"}
SCHEMES = {"symmetric": "simmetrico", "asymmetric": "asimmetrico"}
WORKED = 2  # the column of the weight followed by hand: neither the largest nor almost zero
N_BINS = 41  # of the histogram; odd, so that one bin is centred on zero in a symmetric range


@lru_cache
def measure_all(tensor: str) -> list[dict]:
    """Measure a matrix at every number of bits, granularity and scheme.

    >>> len(measure_all("attention-query"))
    42
    """
    weights = load_tensor(TENSORS[tensor])
    points = product(SCHEMES, SCOPES, BITS)
    return [measure(weights, bits, scope, scheme) for scheme, scope, bits in points]


def follow(weights: np.ndarray, bits: int, granularity: str, scheme: str) -> dict:
    """Follow one weight, with the group that shares its scale, through every step.

    >>> step = follow(np.float32([[-1.0, 0.5, 0.25, 0.0]]), 3, "row", "symmetric")
    >>> step["code"], step["code_bits"], round(step["restored"], 3)
    (1, '001', 0.333)
    """
    group = split(weights, granularity)[:1]  # [1, group_size]: it holds the first row's beginning
    codes, scales, zeros = quantize(group, bits, scheme)
    weight, code = float(group[0, WORKED]), int(codes[0, WORKED])
    scale, zero = float(scales[0, 0]), int(zeros[0, 0])
    restored = (code - zero) * scale
    return {
        "row": 1,
        "column": WORKED + 1,
        "weight": weight,
        "group_size": group.size,
        "group_min": float(group.min()),
        "group_max": float(group.max()),
        "scale": scale,
        "zero_point": zero,
        "steps": weight / scale,
        "code": code,
        "code_bits": f"{code & 2**bits - 1:0{bits}b}",  # two's complement where it is negative
        "restored": restored,
        "error": restored - weight,
        **histogram(group, [(end - zero) * scale for end in code_range(bits, scheme)]),
    }


def histogram(group: np.ndarray, grid: list[float]) -> dict:
    """Count the weights of a group between its ends, or those of the values that codes stand for.

    >>> histogram(np.float32([-1, 0, 0.2]), [-0.9, 0.9])["histogram_low"]
    -1.0
    """
    low = min(float(group.min()), grid[0])  # a weight may lie beyond the grid by half a step
    high = max(float(group.max()), grid[1])
    return {
        "grid_low": grid[0],
        "grid_high": grid[1],
        "histogram_low": low,
        "histogram_high": high,
        "histogram": np.histogram(group, bins=N_BINS, range=(low, high))[0].tolist(),
    }


def run(
    *,
    tensor: Literal[*TENSORS] = "feed-forward-up",
    bits: Annotated[int, BITS] = 8,
    granularity: Literal[*SCOPES] = "row",
    scheme: Literal[*SCHEMES] = "symmetric",
) -> dict:
    """Quantize one matrix as asked, and in every other way too (`grid`).

    Weights and errors have no unit; SNR is in dB. Raises FileNotFoundError where the model is not
    installed.
    """
    weights, grid = load_tensor(TENSORS[tensor]), measure_all(tensor)
    rows = {(row["bits"], row["granularity"]): row for row in grid if row["scheme"] == scheme}
    chosen = rows[bits, granularity]
    groups, (lowest, highest) = split(weights, granularity), code_range(bits, scheme)
    restored = dequantize(*quantize(groups, bits, scheme))
    size = packed_size(weights.size, len(groups), bits, scheme)
    return {
        "tensor": tensor,
        "tensor_name": TENSORS[tensor],
        "shape": list(weights.shape),
        "n_weights": weights.size,
        "n_distinct_weights": len(np.unique(weights)),
        "largest_over_rms": float(np.abs(weights).max()) / rms(weights),
        **chosen,
        "n_levels": highest - lowest + 1,
        "n_distinct_restored": len(np.unique(restored)),
        "n_groups": len(groups),
        "scale_bits": SCALE_BITS,
        "size_fp32_bytes": weights.nbytes,
        **size,
        "ratio_to_fp32": weights.nbytes / size["size_bytes"],
        "ratio_to_fp16": weights.nbytes / 2 / size["size_bytes"],
        "relative_error_percent": 100 * chosen["rmse"] / rms(weights),
        **{f"snr_{scope}_db": rows[bits, scope]["snr_db"] for scope in SCOPES},
        "db_per_bit": (rows[8, granularity]["snr_db"] - rows[4, granularity]["snr_db"]) / 4,
        "worked": follow(weights, bits, granularity, scheme),
        "grid": grid,
    }


def show(facts: dict) -> None:
    """Print one weight by hand, then the whole matrix, then every number of bits, in Italian."""
    rows, columns = map(number, facts["shape"])
    print(f"""\
UN PESO IN {facts["bits"]} BIT

La matrice {facts["tensor"]} del primo strato di all-MiniLM-L6-v2
({facts["tensor_name"]}):
  {rows} × {columns} = {number(facts["n_weights"])} pesi, 4 byte l’uno in FP32
  {number(facts["n_distinct_weights"])} valori diversi fra loro
  il più grande è {number(facts["largest_over_rms"], 0)} volte il peso tipico (RMS)
""")
    show_worked(facts)
    show_matrix(facts)
    show_grid(facts)


def show_worked(facts: dict) -> None:
    """Print the calculation for one weight, step by step.

    >>> step = follow(np.float32([[-1.0, 0.5, 0.25, 0.0]]), 3, "row", "symmetric")
    >>> facts = {"bits": 3, "scheme": "symmetric", "n_levels": 7, "worked": step}
    >>> show_worked(facts)  # doctest: +ELLIPSIS
    1. Un peso a mano (riga 1, colonna 3)
    ...
      riletto         1 × 0,33325195 = 0,333252
      errore          0,083252
    <BLANKLINE>
    """
    step, scheme = facts["worked"], facts["scheme"]
    low, high, code = step["group_min"], step["group_max"], step["code"]
    span, width = covered_range(low, high, scheme)
    top = code_range(facts["bits"], scheme)[1]
    scale, steps = number(step["scale"], 8), number(step["steps"], 3)
    shift, distance = "", str(code)
    if scheme == "asymmetric":
        zero = step["zero_point"]
        shift, distance = f" + {zero} (il codice dello zero)", f"({code} - {zero})"
    print(f"""\
1. Un peso a mano (riga {step["row"]}, colonna {step["column"]})
  peso in FP32    {number(step["weight"], 6)}
  il suo gruppo   {number(step["group_size"])} pesi, da {number(low, 6)} a {number(high, 6)}
  scala           {span} / {top} = {number(width / top, 8)}, in FP16 {scale}
  peso / scala    {steps}
  codice intero   {steps} arrotondato{shift} = {code}
  i suoi bit      {step["code_bits"]} (uno dei {facts["n_levels"]} codici usati)
  riletto         {distance} × {scale} = {number(step["restored"], 6)}
  errore          {number(step["error"], 6)}
""")


def covered_range(low: float, high: float, scheme: str) -> tuple[str, float]:
    """Give the width of the range that the codes above zero have to cover, written and as a number.

    >>> covered_range(-1.0, 0.5, "symmetric"), covered_range(-1.0, 0.5, "asymmetric")
    (('1,000000', 1.0), ('(0,500000 + 1,000000)', 1.5))
    """
    below, above = max(-low, 0), max(high, 0)  # zero is always in the range
    if scheme == "symmetric":
        widest = max(below, above)
        return number(widest, 6), widest
    return f"({number(above, 6)} + {number(below, 6)})", above + below


def show_matrix(facts: dict) -> None:
    """Print size and errors of the whole matrix."""
    codes, scales, zeros, total = (
        number(facts[f"size_{part}bytes"]) for part in ("codes_", "scales_", "zero_points_", "")
    )
    zeros_line = f"\n  codici di zero  {zeros} byte" if facts["scheme"] == "asymmetric" else ""
    per_weight = number(facts["bits_per_weight"], 2)
    to_fp32, to_fp16 = number(facts["ratio_to_fp32"], 2), number(facts["ratio_to_fp16"], 2)
    error, percent = number(facts["rmse"], 6), number(facts["relative_error_percent"], 1)
    print(f"""\
2. Tutta la matrice
  codici          {number(facts["n_weights"])} × {facts["bits"]} bit = {codes} byte
  scale           {number(facts["n_groups"])} in FP16 = {scales} byte{zeros_line}
  totale          {total} byte, {per_weight} bit per peso
  contro FP32     {to_fp32} volte più piccola (contro FP16: {to_fp16})
  errore tipico   {error} ({percent}% del peso tipico)
  errore massimo  {number(facts["max_error"], 6)}
  segnale/errore  {number(facts["snr_db"], 1)} dB
""")


def show_grid(facts: dict) -> None:
    """Print the signal-to-noise ratio for every number of bits and granularity of one scheme.

    >>> rows = [{"bits": bits, "snr_db": 6.02 * bits} for bits in BITS for _ in SCOPES]
    >>> facts = {"scheme": "symmetric", "granularity": "row", "db_per_bit": 6.02}
    >>> show_grid(facts | {"grid": [row | facts for row in rows]})  # doctest: +ELLIPSIS
    3. Lo stesso conto con altri bit: segnale/errore in dB (schema simmetrico)
      bit    intera matrice          per riga     blocchi di 32
        8              48,2              48,2              48,2
    ...
    """
    scheme, scope = SCHEMES[facts["scheme"]], SCOPES[facts["granularity"]]
    print(f"3. Lo stesso conto con altri bit: segnale/errore in dB (schema {scheme})")
    print("  bit" + "".join(f"{name:>18}" for name in SCOPES.values()))
    for bits in reversed(BITS):
        same = (facts["scheme"], bits)
        cells = [row["snr_db"] for row in facts["grid"] if (row["scheme"], row["bits"]) == same]
        print(f"  {bits:>3}" + "".join(f"{number(snr, 1):>18}" for snr in cells))
    per_bit = number(facts["db_per_bit"], 1)
    print(f"""\
  Da 4 a 8 bit ({scope}) ogni bit in più vale in media {per_bit} dB;
  dimezzare l’errore ne vale 6,02.""")


if __name__ == "__main__":
    run_alone(run, show)
