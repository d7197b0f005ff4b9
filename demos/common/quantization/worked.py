"""One weight by hand: its scale, its code, and what is read back of it, as facts and in words."""

import numpy as np

from demos.common.quantization.formulas import code_range, quantize, split
from demos.common.words import number

WORKED = 2  # the column of the weight followed by hand: neither the largest nor almost zero
N_BINS = 41  # of the histogram; odd, so that one bin is centred on zero in a symmetric range


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
        **ends(group),
        "scale": scale,
        "zero_point": zero,
        "steps": weight / scale,
        "code": code,
        "code_bits": in_bits(code, bits),
        "restored": restored,
        "error": restored - weight,
        **histogram(group, [(end - zero) * scale for end in code_range(bits, scheme)]),
    }


def ends(group: np.ndarray) -> dict:
    """Say how many weights share a scale, and between which ends they lie.

    >>> ends(np.float32([-1, 0.5]))
    {'group_size': 2, 'group_min': -1.0, 'group_max': 0.5}
    """
    low, high = float(group.min()), float(group.max())
    return {"group_size": group.size, "group_min": low, "group_max": high}


def in_bits(code: int, bits: int) -> str:
    """Write a code as its bits, in two's complement where it is negative.

    >>> in_bits(3, 4), in_bits(-1, 4)
    ('0011', '1111')
    """
    return f"{code & 2**bits - 1:0{bits}b}"


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
    scale, steps = number(step["scale"], 8), number(step["steps"], 3)
    zero = f" + {step['zero_point']} (il codice dello zero)" if scheme == "asymmetric" else ""
    print(f"""\
1. Un peso a mano (riga {step["row"]}, colonna {step["column"]})
  peso in FP32    {number(step["weight"], 6)}
  il suo gruppo   {written_group(step)}
  scala           {written_scale(step, facts["bits"], scheme)}, in FP16 {scale}
  peso / scala    {steps}
  codice intero   {steps} arrotondato{zero} = {step["code"]}
  i suoi bit      {step["code_bits"]} (uno dei {facts["n_levels"]} codici usati)
  riletto         {written_distance(step, scheme)} × {scale} = {number(step["restored"], 6)}
  errore          {number(step["error"], 6)}
""")


def written_group(step: dict) -> str:
    """Write how many weights share a scale, and between which ends they lie.

    >>> written_group(ends(np.float32([-1, 0.5])))
    '2 pesi, da −1,000000 a 0,500000'
    """
    low, high = number(step["group_min"], 6), number(step["group_max"], 6)
    return f"{number(step['group_size'])} pesi, da {low} a {high}"


def written_scale(step: dict, bits: int, scheme: str) -> str:
    """Write the division that gives a group's scale.

    >>> written_scale(ends(np.float32([-1, 0.5])), 3, "symmetric")
    '1,000000 / 3 = 0,33333333'
    """
    span, width = covered_range(step["group_min"], step["group_max"], scheme)
    top = code_range(bits, scheme)[1]
    return f"{span} / {top} = {number(width / top, 8)}"


def written_distance(step: dict, scheme: str) -> str:
    """Write how many steps a code is away from that of zero.

    >>> written_distance({"code": 5, "zero_point": 3}, "asymmetric")
    '(5 - 3)'
    """
    code, zero = step["code"], step["zero_point"]
    return f"({code} - {zero})" if scheme == "asymmetric" else str(code)


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
