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
from demos.common.quantization.worked import follow, show_worked
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


@lru_cache
def measure_all(tensor: str) -> list[dict]:
    """Measure a matrix at every number of bits, granularity and scheme.

    >>> len(measure_all("attention-query"))
    42
    """
    weights = load_tensor(TENSORS[tensor])
    points = product(SCHEMES, SCOPES, BITS)
    return [measure(weights, bits, scope, scheme) for scheme, scope, bits in points]


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
    return {
        "tensor": tensor,
        "tensor_name": TENSORS[tensor],
        **describe(weights),
        **chosen,
        **store(weights, bits, granularity, scheme),
        "relative_error_percent": 100 * chosen["rmse"] / rms(weights),
        **{f"snr_{scope}_db": rows[bits, scope]["snr_db"] for scope in SCOPES},
        "db_per_bit": (rows[8, granularity]["snr_db"] - rows[4, granularity]["snr_db"]) / 4,
        "worked": follow(weights, bits, granularity, scheme),
        "grid": grid,
    }


def describe(weights: np.ndarray) -> dict:
    """Say how large a matrix is, and how far its largest weight is from a typical one.

    >>> describe(np.float32([[3, -3, 3, 3]]))["largest_over_rms"]
    1.0
    """
    return {
        "shape": list(weights.shape),
        "n_weights": weights.size,
        "n_distinct_weights": len(np.unique(weights)),
        "largest_over_rms": float(np.abs(weights).max()) / rms(weights),
    }


def store(weights: np.ndarray, bits: int, granularity: str, scheme: str) -> dict:
    """Say what a matrix takes once quantized, and how many values are left of it.

    >>> facts = store(np.ones((2, 32), np.float32), 4, "row", "symmetric")
    >>> facts["n_groups"], facts["n_distinct_restored"], facts["size_bytes"]
    (2, 1, 36)
    """
    groups, (lowest, highest) = split(weights, granularity), code_range(bits, scheme)
    restored = dequantize(*quantize(groups, bits, scheme))
    size = packed_size(weights.size, len(groups), bits, scheme)
    return {
        "n_levels": highest - lowest + 1,
        "n_distinct_restored": len(np.unique(restored)),
        "n_groups": len(groups),
        "scale_bits": SCALE_BITS,
        "size_fp32_bytes": weights.nbytes,
        **size,
        "ratio_to_fp32": weights.nbytes / size["size_bytes"],
        "ratio_to_fp16": weights.nbytes / 2 / size["size_bytes"],
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


def show_matrix(facts: dict) -> None:
    """Print size and errors of the whole matrix."""
    show_size(facts)
    error, percent = number(facts["rmse"], 6), number(facts["relative_error_percent"], 1)
    print(f"""\
  errore tipico   {error} ({percent}% del peso tipico)
  errore massimo  {number(facts["max_error"], 6)}
  segnale/errore  {number(facts["snr_db"], 1)} dB
""")


def show_size(facts: dict) -> None:
    """Print what codes, scales and codes of zero take."""
    codes, scales, zeros, total = (
        number(facts[f"size_{part}bytes"]) for part in ("codes_", "scales_", "zero_points_", "")
    )
    zeros_line = f"\n  codici di zero  {zeros} byte" if facts["scheme"] == "asymmetric" else ""
    per_weight = number(facts["bits_per_weight"], 2)
    to_fp32, to_fp16 = number(facts["ratio_to_fp32"], 2), number(facts["ratio_to_fp16"], 2)
    print(f"""\
2. Tutta la matrice
  codici          {number(facts["n_weights"])} × {facts["bits"]} bit = {codes} byte
  scale           {number(facts["n_groups"])} in FP16 = {scales} byte{zeros_line}
  totale          {total} byte, {per_weight} bit per peso
  contro FP32     {to_fp32} volte più piccola (contro FP16: {to_fp16})""")


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
