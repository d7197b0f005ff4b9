"""Quantization of real weights.

Oracles: the calculation written out in plain Python; `gguf`, llama.cpp's own library, for 8 bits in
blocks of 32 (Q8_0); the textbook noise of a uniform quantizer, step / sqrt(12), and its 6.02 dB a
bit.
"""

import json
import math
import re
import struct
import sys

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from demos import quantization
from demos.common.quantization.formulas import code_range, dequantize, packed_size, quantize, split
from demos.common.sentences import encoder as sentences
from demos.figures.quantization import alt, plot
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import SMALLEST, assert_inside, drawn_texts

SMALL = [[0.5, -1.0, 0.26, 0.0], [0.031, 0.02, 0.007, 0.0149], [0.0, 0.0, 0.0, 0.0]]
WEIGHTS = st.floats(-1000, 1000, width=32)
SCHEMES = st.sampled_from(["symmetric", "asymmetric"])
VARIANTS = [(t, s) for t in quantization.TENSORS for s in quantization.SCHEMES]


def by_hand(row: list[float], bits: int, scheme: str) -> tuple[list[int], float, int]:
    """Quantize one row with Python's own floats; only the scale is rounded to FP16, by `struct`."""
    lowest, highest = code_range(bits, scheme)
    low, high = min(*row, 0.0), max(*row, 0.0)
    span = max(-low, high) if scheme == "symmetric" else high - low
    scale = struct.unpack("e", struct.pack("e", span / highest))[0] or 1.0
    zero = round(-low / scale) if scheme == "asymmetric" else 0
    return [max(lowest, min(highest, round(w / scale) + zero)) for w in row], scale, zero


def grid_of(tensor: str) -> dict[tuple, dict]:
    """Give the rows of a tensor's grid by scheme, granularity and bits."""
    return {
        (r["scheme"], r["granularity"], r["bits"]): r
        for r in quantization.run(tensor=tensor)["grid"]
    }


@pytest.mark.parametrize("scheme", ["symmetric", "asymmetric"])
@pytest.mark.parametrize("bits", range(2, 9))
def test_codes_scales_and_zero_points_equal_the_calculation_by_hand(bits: int, scheme: str) -> None:
    """Every code, scale and zero point is what plain Python gives, a row of zeros included."""
    codes, scales, zeros = quantize(np.float32(SMALL), bits, scheme)
    for i, row in enumerate(SMALL):
        assert (codes[i].tolist(), scales[i, 0], zeros[i, 0]) == by_hand(row, bits, scheme)
    assert dequantize(codes, scales, zeros)[2].tolist() == [0, 0, 0, 0]
    assert {array.dtype for array in (codes, scales, zeros)} == {np.dtype("float32")}


def test_eight_bits_in_blocks_of_32_agree_with_llama_cpp() -> None:
    """Size and scales are those of Q8_0; codes differ by a step at most.

    Theirs are divided by the scale before it is rounded.
    """
    weights = sentences.load_tensor(quantization.TENSORS["feed-forward-up"])
    theirs = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0)
    facts = quantization.run(bits=8, granularity="block32")
    codes, scales, _ = quantize(split(weights, "block32"), 8, "symmetric")
    blocks = theirs.reshape(-1, 34)
    assert facts["size_bytes"] == theirs.nbytes
    restored = dequantize(codes, scales, np.zeros_like(scales)).ravel().tolist()
    assert facts["n_distinct_restored"] == len(set(restored))
    assert (facts["bits_per_weight"], facts["ratio_to_fp16"]) == (8.5, pytest.approx(16 / 8.5))
    assert blocks[:, :2].tobytes() == scales.astype(np.float16).tobytes()
    assert np.abs(codes - blocks[:, 2:].view(np.int8)).max() <= 1
    errors = gguf.quants.dequantize(theirs, gguf.GGMLQuantizationType.Q8_0) - weights
    rmse = math.sqrt(np.mean(np.square(errors, dtype=np.float64)))
    assert facts["rmse"] == pytest.approx(rmse, rel=1e-3)


@pytest.mark.parametrize("bits", range(2, 9))
def test_the_size_is_what_codes_written_bit_by_bit_take(bits: int) -> None:
    """Codes and zero points as strings of bits, cut into bytes, are as many as the facts say."""
    codes, _, zeros = quantize(np.float32(SMALL), bits, "asymmetric")
    size = packed_size(12, 3, bits, "asymmetric")
    for array, key in ((codes, "size_codes_bytes"), (zeros, "size_zero_points_bytes")):
        stream = "".join(format(int(code), f"0{bits}b") for code in array.flat)
        assert len([stream[i : i + 8] for i in range(0, len(stream), 8)]) == size[key]
    assert size["size_scales_bytes"] == 3 * len(struct.pack("e", 1.0))


@settings(deadline=None)
@given(groups=arrays(np.float32, (3, 32), elements=WEIGHTS), bits=st.integers(2, 8), scheme=SCHEMES)
def test_no_error_is_larger_than_half_a_step(groups: np.ndarray, bits: int, scheme: str) -> None:
    """For any weights, an error is at most half a scale, and what FP16 clips off the end."""
    codes, scales, zeros = quantize(groups, bits, scheme)
    lowest, highest = code_range(bits, scheme)
    back = dequantize(codes, scales, zeros)
    for group, restored, scale in zip(groups, back, scales[:, 0].tolist(), strict=True):
        low, high = min(float(group.min()), 0), max(float(group.max()), 0)
        span = max(-low, high) if scheme == "symmetric" else high - low
        clipped = max(span - highest * scale, 0)
        assert np.abs(restored - group).max() <= scale / 2 + clipped + 1e-5 * span
    assert lowest <= codes.min()
    assert codes.max() <= highest
    assert np.array_equal(codes, np.rint(codes))


@pytest.mark.parametrize(("tensor", "scheme"), VARIANTS)
def test_more_bits_and_smaller_groups_never_raise_the_error(tensor: str, scheme: str) -> None:
    """To 6 digits, RMSE never grows with a bit more, nor from matrix to row to block of 32.

    To the last digit it does: where only the outlier is not rounded to zero (2 and 3 bits), FP16
    rounds its scale.
    """
    rmse = {key[1:]: row["rmse"] for key, row in grid_of(tensor).items() if key[0] == scheme}
    assert len(rmse) == 21
    for bits in range(2, 9):
        assert rmse["block32", bits] <= rmse["row", bits] <= rmse["tensor", bits]
        for scope in quantization.SCOPES:
            assert bits == 2 or rmse[scope, bits] <= rmse[scope, bits - 1] * (1 + 1e-6)


def test_the_last_bit_is_worth_six_decibels_and_the_noise_is_a_step_over_root_twelve() -> None:
    """From 7 to 8 bits SNR grows by 6.02 dB within 0.2; RMSE is scale / sqrt(12) within 1%."""
    grid = grid_of("attention-query")
    for scheme, scope in ((s, g) for s in quantization.SCHEMES for g in quantization.SCOPES):
        gained = grid[scheme, scope, 8]["snr_db"] - grid[scheme, scope, 7]["snr_db"]
        assert gained == pytest.approx(20 * math.log10(2), abs=0.2)
    scale = quantization.run(tensor="attention-query", granularity="tensor")["worked"]["scale"]
    assert grid["symmetric", "tensor", 8]["rmse"] == pytest.approx(scale / math.sqrt(12), rel=0.01)


def test_one_outlier_ruins_eight_bits_with_one_scale_and_blocks_repair_it() -> None:
    """A weight of 175 times the RMS: under 10 dB with one scale, over 40 dB in blocks of 32."""
    facts = quantization.run(tensor="feed-forward-down", bits=8, granularity="tensor")
    assert facts["largest_over_rms"] == pytest.approx(175, abs=1)
    assert facts["snr_tensor_db"] == facts["snr_db"] < 10 < 40 < facts["snr_block32_db"]


def test_with_one_scale_the_values_left_are_counted_and_some_codes_stay_unused() -> None:
    """There are as many restored numbers as the facts say, 92 of 255 that 8 bits have room for."""
    facts = quantization.run(granularity="tensor")
    weights = sentences.load_tensor(quantization.TENSORS["feed-forward-up"])
    scale = facts["worked"]["scale"]
    left = {round(weight / scale) for weight in weights.ravel().tolist()}
    assert facts["n_distinct_restored"] == len(left) == 92 < facts["n_levels"] == 255


def test_the_printed_steps_can_be_done_again_on_a_calculator(capsys: pytest.CaptureFixture) -> None:
    """From the printed digits, code × scale is what is read back, and the error its difference."""
    quantization.show(quantization.run())
    out = capsys.readouterr().out.replace("−", "-")
    lines = dict(re.findall(r"^  ([a-z/A-Z0-9 ]+?) {2,}(.+)$", out, re.MULTILINE))
    code, scale, restored = map(float, re.findall(r"-?[\d.]+", lines["riletto"].replace(",", ".")))
    weight, error = (float(lines[key].replace(",", ".")) for key in ("peso in FP32", "errore"))
    assert round(code * scale, 6) == restored
    assert round(restored - weight, 6) == error and code == round(weight / scale)


def test_facts_are_plain_json_and_the_same_twice() -> None:
    """Two runs give equal facts, which survive JSON; the grid has the 42 combinations once."""
    facts = quantization.run()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts == quantization.run()
    assert len({(r["bits"], r["granularity"], r["scheme"]) for r in facts["grid"]}) == 42


@pytest.mark.parametrize(
    "bad", [{"bits": 1}, {"bits": 9}, {"tensor": "../x"}, {"granularity": ""}, {"scheme": "ASYM"}]
)
def test_a_value_outside_the_choices_is_named(bad: dict) -> None:
    """The signature refuses a bad value with an error that repeats it and lists the choices."""
    ((name, value),) = bad.items()
    allowed = r"(\S+, \S+|2 to 8)"
    with pytest.raises(ValueError, match=rf"^`{name}` can't be {value!r}; allowed: {allowed}"):
        bind(parameters_of(quantization.run), bad)


def test_without_the_model_the_error_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    """A package without its files, and none at all, say `make models`; it is never imported."""
    (tmp_path / sentences.PACKAGE).mkdir()
    (tmp_path / sentences.PACKAGE / "__init__.py").write_text("raise SystemExit", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FileNotFoundError, match="make models"):
        quantization.run()
    # This is how Python itself marks a package as not importable.
    monkeypatch.setitem(sys.modules, sentences.PACKAGE, None)
    with pytest.raises(FileNotFoundError, match="make models"):
        quantization.run()


@pytest.mark.parametrize(("tensor", "scheme"), VARIANTS)
@pytest.mark.parametrize(("bits", "granularity"), [(2, "tensor"), (8, "block32"), (4, "row")])
def test_the_figure_is_legible_and_told_in_words(
    tensor: str, scheme: str, bits: int, granularity: str, capsys
) -> None:
    """Texts have 24 points and lie inside; all weights are drawn; lines fit; alt has the SNR."""
    facts = quantization.run(tensor=tensor, bits=bits, granularity=granularity, scheme=scheme)
    assert sum(facts["worked"]["histogram"]) == facts["worked"]["group_size"]
    figure = plot(facts)
    assert min(text.get_fontsize() for text in drawn_texts(figure)) >= SMALLEST
    assert_inside(figure, 1120, 430)
    assert quantization.number(facts["snr_db"], 1) in alt(facts)
    quantization.show(facts)
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 88
