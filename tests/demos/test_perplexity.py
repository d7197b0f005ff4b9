"""Perplexity of a real LLM with fewer bits, and how far sentence vectors move.

Oracles: the definitions written out in float64 (log-sum-exp of each row of logits; Spearman's 1 - 6
Σd² / n(n² - 1)); for the errors, Python's own `statistics` and a bootstrap of 4,000 resamplings;
the model's published shape for sizes; the quantizer, tested on its own, applied to each matrix at
once; and the published tables, whose sizes and ratios are computed again. The MiniLM encoder has
its own test.
"""

import json
import math
import statistics
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text

from demos import perplexity
from demos.common import quantization
from demos.common.models import DATA, find_model, load_rows, n_params
from demos.common.quantization import (
    dequantize,
    largest,
    matrices,
    quantize,
    round_trip,
    round_trip_all,
    split,
    writable_copy,
)
from demos.figures.perplexity import alt, plot
from demos.smollm import tokenizer
from demos.smollm.transformer import forward
from demos.smollm.weights import load

MATRICES = [(49152, 576)] + 30 * [(960, 576), (576, 576), (3072, 576), (576, 1536)]
NORMS = 61 * 576


@pytest.fixture(scope="module")
def facts() -> dict:
    """Give the facts of the default variant; the process keeps what was measured for all the others."""
    return perplexity.run()


def row(facts: dict, bits: int, granularity: str) -> dict:
    """Give one row of the grid."""
    found: dict = facts["grid"][granularity][str(bits)]
    assert (found["bits"], found["granularity"]) == (bits, granularity)
    return found


def every_row(facts: dict) -> list[dict]:
    """Give the rows of both granularities."""
    return [r for rows in facts["grid"].values() for r in rows.values()]


def test_losses_equal_the_definition_in_float64() -> None:
    """-log of softmax's probability of each next token, in Python floats, to 5e-6; exp of their mean: perplexity."""
    ids = tokenizer.encode("The rope was simply a very good rope.")
    logits = forward(load(), ids[:-1]).astype(np.float64)
    by_hand = [
        math.log(math.fsum(math.exp(value - row.max()) for value in row)) + row.max() - row[token]
        for row, token in zip(logits, ids[1:], strict=True)
    ]
    assert perplexity.losses(load(), ids) == pytest.approx(by_hand, abs=5e-6)
    base = perplexity.losses(load(), ids)
    facts = perplexity.llm_row(load(), 16, "row", base, base)
    assert facts["perplexity"] == pytest.approx(
        math.exp(math.fsum(by_hand) / len(by_hand)), rel=5e-6
    )


def test_the_text_is_the_beginning_of_the_held_out_one(facts: dict) -> None:
    """The 256 tokens predicted are the second to the 257th of the file, and the words that end them stand there."""
    text = (DATA / "texts" / "english-heldout.txt").read_text(encoding="utf-8")
    ids = tokenizer.encode(text)[:257]
    assert facts["n_tokens"] == 256
    assert text.startswith(tokenizer.decode(ids)) and tokenizer.decode(ids).endswith(
        facts["last_words"]
    )


def test_sizes_equal_the_formula(facts: dict) -> None:
    """Codes, then an FP16 scale a row or a block of 32, and 4 bytes for each number of the 61 norms."""
    n_weights = sum(rows * columns for rows, columns in MATRICES)
    for r in every_row(facts):
        scales = sum(
            rows if r["granularity"] == "row" else rows * columns // 32
            for rows, columns in MATRICES
        )
        scales = 0 if r["bits"] == 16 else scales
        assert r["size_bytes"] == n_weights * r["bits"] // 8 + 2 * scales + 4 * NORMS
        assert r["bits_per_weight"] == pytest.approx(r["bits"] + 16 * scales / n_weights, rel=1e-12)
    assert facts["n_params"] == n_weights + NORMS == 134515008


def test_the_base_is_already_four_bit_and_smaller_than_most_of_the_grid(facts: dict) -> None:
    """Q4_1 has 20 bytes a block of 32, Q8_0 has 34, norms 4 a number: their sum is the base, and both are named."""
    layers = sum(rows * columns for rows, columns in MATRICES[1:])
    assert facts["base_size_bytes"] == layers // 32 * 20 + 49152 * 576 // 32 * 34 + 4 * NORMS
    assert (facts["base_layers"], facts["base_embeddings"]) == ("Q4_1", "Q8_0")
    assert (
        row(facts, 6, "row")["size_bytes"]
        > facts["base_size_bytes"]
        > row(facts, 5, "block32")["size_bytes"]
    )


def test_every_matrix_is_rounded_and_nothing_of_an_earlier_round_remains(facts: dict) -> None:
    """A copy filled twice equals each matrix quantized at once, gives the grid's number, and the model is untouched."""
    weights, before = load(), load().layers[3].down.copy()
    copy = writable_copy(weights)
    for bits, granularity in ((8, "row"), (4, "block32")):
        peaks = (largest(matrix, granularity) for matrix in matrices(weights))
        round_trip_all(zip(matrices(weights), peaks, matrices(copy), strict=True), bits)
    for ours, theirs in zip(matrices(weights), matrices(copy), strict=True):
        part = ours[-1000:]  # rows share no scale, so the last ones stand for all
        expected = dequantize(*quantize(split(part, "block32"), 4, "symmetric")).reshape(part.shape)
        assert np.array_equal(theirs[-1000:], expected)
    ids = tokenizer.encode(perplexity.TEXT.read_text(encoding="utf-8"))[:257]
    assert math.exp(perplexity.losses(copy, ids).mean()) == pytest.approx(
        facts["perplexity"], rel=1e-6
    )
    assert np.array_equal(weights.layers[3].down, before) and copy.norm is weights.norm


def test_fewer_bits_lose_more_and_eight_lose_nothing_that_shows(facts: dict) -> None:
    """Within two standard errors the ratio never falls with fewer bits; 8 and 6 can't be told from none, 5 to 2 can."""
    for scope in perplexity.SCOPES:
        for more, fewer in zip(perplexity.BITS, perplexity.BITS[1:], strict=False):
            low, high = row(facts, more, scope), row(facts, fewer, scope)
            assert (
                high["perplexity_ratio"]
                > low["perplexity_ratio"] - 2 * high["perplexity_ratio_error"]
            )
            assert (
                high["size_bytes"] < low["size_bytes"] and high["cosine_mean"] < low["cosine_mean"]
            )
        assert [b for b in perplexity.BITS if row(facts, b, scope)["told_from_none"]] == [
            5,
            4,
            3,
            2,
        ]
        assert row(facts, 8, scope)["perplexity_ratio"] == pytest.approx(1, abs=0.005)
    four = row(facts, 4, "block32")
    assert four["perplexity_ratio"] - 2 * four["perplexity_ratio_error"] > 1.2
    assert row(facts, 4, "row")["perplexity_ratio"] > 2 * four["perplexity_ratio"]


def test_the_error_is_that_of_the_mean_of_paired_differences() -> None:
    """Ratio, error and interval equal s / √n by Python's own statistics, and the error that of a bootstrap to 5%."""
    rng = np.random.default_rng(0)
    differences = rng.normal(0.3, 1, 256)
    found = perplexity.ratio_and_error(differences)
    mean = statistics.fmean(differences)
    error = statistics.stdev(differences) / math.sqrt(256)
    assert found["perplexity_ratio"] == pytest.approx(math.exp(mean))
    assert found["perplexity_ratio_error"] == pytest.approx(math.exp(mean) * error)
    assert found["perplexity_ratio_low"] == pytest.approx(math.exp(mean - 2 * error))
    assert found["perplexity_ratio_high"] == pytest.approx(math.exp(mean + 2 * error))
    again = np.exp(differences[rng.integers(256, size=(4000, 256))].mean(axis=1))
    assert found["perplexity_ratio_error"] == pytest.approx(again.std(), rel=0.05)
    assert (
        found["told_from_none"]
        and not perplexity.ratio_and_error(differences - mean)["told_from_none"]
    )


def test_neighbouring_tokens_make_the_error_no_other() -> None:
    """Over 16 blocks of 16 tokens the error at 4 bits is within 40% of that over tokens taken as independent."""
    weights, copy = load(), writable_copy(load())
    ids = tokenizer.encode(perplexity.TEXT.read_text(encoding="utf-8"))[:257]
    peaks = (largest(matrix, "block32") for matrix in matrices(weights))
    round_trip_all(zip(matrices(weights), peaks, matrices(copy), strict=True), 4)
    differences = perplexity.losses(copy, ids) - perplexity.losses(weights, ids)
    blocks = differences.reshape(16, 16).mean(axis=1)
    assert blocks.std(ddof=1) / 4 == pytest.approx(differences.std(ddof=1) / 16, rel=0.4)


@pytest.mark.parametrize("bits", [8, 6, 5, 4, 3, 2])
@pytest.mark.parametrize("granularity", ["tensor", "row", "block32"])
@pytest.mark.parametrize("size", [1e-8, 1e-6, 1.0])
def test_rounding_in_place_equals_the_quantizer(
    bits: int, granularity: str, size: float, monkeypatch
) -> None:
    """In pieces or whole, with a row of zeros and scales that FP16 holds coarsely or not at all, all is equal."""
    weights = np.random.default_rng(0).normal(0, size, (50, 64)).astype(np.float32)
    weights[7] = 0
    expected = dequantize(*quantize(split(weights, granularity), bits, "symmetric")).reshape(
        weights.shape
    )
    for chunk in (96, 2**17):
        monkeypatch.setattr(quantization, "CHUNK", chunk)
        round_trip(weights, bits, largest(weights, granularity), out := np.empty_like(weights))
        assert np.array_equal(out, expected)


@pytest.mark.parametrize(("asked", "threads"), [("1", 1), ("2", 2), ("64", 4), ("0", 1)])
def test_no_more_threads_than_the_runner_gives(
    asked: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many threads as NumPy may use, from 1 to 4; a setting that is no number counts as none."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", asked)
    assert quantization.n_threads() == threads
    for none in ("", "two", "-1"):
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", none)
        assert 1 <= quantization.n_threads() <= 4


def test_one_scale_a_matrix_moves_minilm_a_hundred_times_further(facts: dict) -> None:
    """At the same 8 bits 1 - cosine is over 100 times that of blocks of 32: it is the method that decides."""
    block, whole = row(facts, 8, "block32"), facts["minilm_whole_matrix"]
    assert 1 - whole["cosine_mean"] > 100 * (1 - block["cosine_mean"]) > 0
    assert whole["rank_correlation"] < 0.97 < 0.999 < block["rank_correlation"]


def test_rank_correlation_is_spearman_s() -> None:
    """It equals Spearman's formula where no values are equal; equal ones share their ranks, and all equal give 0."""
    rng = np.random.default_rng(0)
    base, other = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in rng.normal(size=(2, 7, 5)))
    pairs = [(i, j) for i in range(7) for j in range(i + 1, 7)]
    orders = [sorted(pairs, key=lambda p, v=v: float(v[p[0]] @ v[p[1]])) for v in (base, other)]
    squares, n = sum((orders[0].index(p) - orders[1].index(p)) ** 2 for p in pairs), len(pairs)
    facts = perplexity.moved(other, base)
    nearest = [[max((j for j in range(7) if j != i), key=lambda j, i=i, v=v: v[i] @ v[j]) for i in range(7)]
               for v in (base, other)]  # fmt: skip
    assert facts["n_same_nearest"] == sum(a == b for a, b in zip(*nearest, strict=True)) < 7
    assert facts["rank_correlation"] == pytest.approx(1 - 6 * squares / (n * (n**2 - 1)), rel=1e-12)
    cosines = [
        math.fsum(a * b for a, b in zip(u, v, strict=True))
        for u, v in zip(other, base, strict=True)
    ]
    assert (facts["cosine_mean"], facts["cosine_worst"]) == pytest.approx(
        (sum(cosines) / 7, min(cosines))
    )
    assert perplexity.moved(np.ones((3, 1)), np.eye(3))["rank_correlation"] == 0


def test_published_sizes_and_ratios_can_be_computed_again(facts: dict) -> None:
    """Parameters × bits / 8 give each printed size to its last digit, and a ratio is to the model's own first row."""
    for table in load_rows(DATA / "quantization.toml", "table"):
        weights = n_params(find_model(table["model"]))
        for r in (r for r in table["rows"] if "bits_per_weight" in r and r["type"] != "F16"):
            assert weights * r["bits_per_weight"] / 8 / 2**30 == pytest.approx(
                r["size_gib"], abs=0.06
            )
    llama, llama3 = (
        {name: r["perplexity_ratio"] for name, r in facts["published"][model]["rows"].items()}
        for model in ("llama1-7b", "llama3-8b")
    )
    assert (llama["Q8_0"], llama["Q2_K"]) == pytest.approx((5.9070 / 5.9066, 6.7764 / 5.9066))
    assert (llama3["Q4_0"], llama3["Q2_K"]) == pytest.approx(
        (6.700147 / 6.233160, 9.751568 / 6.233160)
    )
    assert len(llama) == 11 and len(llama3) == 6


def test_facts_are_plain_json_and_every_variant_picks_its_row(facts: dict) -> None:
    """Facts survive JSON unchanged and come again the same; each of the 14 variants has its own row at the top."""
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts == perplexity.run()
    for r in every_row(facts):
        chosen = perplexity.run(bits=str(r["bits"]), granularity=r["granularity"])
        assert {key: chosen[key] for key in r} == r
    assert len({(r["bits"], r["granularity"]) for r in every_row(facts)}) == 14
    assert len(every_row(facts)) == 14


def test_one_thread_and_two_agree() -> None:
    """A model in 3 bits, which magnifies float32's noise, has the same perplexity with either, within 2e-5."""
    code = (
        "from demos.perplexity import *; w = load(); c = writable_copy(w)\n"
        "peaks = [largest(m, 'row') for m in matrices(w)]\n"
        "round_trip_all(zip(matrices(w), peaks, matrices(c), strict=True), 3)\n"
        "print(losses(c, tokenizer.encode(TEXT.read_text(encoding='utf-8'))[:65]).mean())"
    )
    means = [
        float(subprocess.run([sys.executable, "-c", code], env={"OPENBLAS_NUM_THREADS": n}, capture_output=True,
                             text=True, check=True).stdout) for n in "12"
    ]  # fmt: skip
    assert math.exp(means[0] - means[1]) == pytest.approx(1, abs=2e-5)


@pytest.mark.parametrize(
    "bad", [{"bits": "7"}, {"bits": 4}, {"granularity": "tensor"}, {"granularity": ""}]
)
def test_a_value_outside_the_choices_is_named(bad: dict) -> None:
    """A bad value raises a ValueError that repeats it and lists the choices, before anything is computed."""
    with pytest.raises(ValueError, match=rf"^{next(iter(bad.values()))!r} is not one of \S+, \S+"):
        perplexity.run(**bad)


def test_weights_that_were_spoilt_show_in_the_perplexity() -> None:
    """With one layer's matrices set to zero the same words are over twice as surprising: the measure measures."""
    weights, ids = load(), tokenizer.encode("The rope was simply a very good rope.")
    broken = replace(weights.layers[0], down=np.zeros_like(weights.layers[0].down))
    spoilt = replace(weights, layers=(broken, *weights.layers[1:]))
    assert perplexity.losses(spoilt, ids).mean() > perplexity.losses(
        weights, ids
    ).mean() + math.log(2)


@pytest.mark.parametrize(
    ("bits", "granularity"), [("4", "block32"), ("2", "row"), ("16", "row"), ("3", "block32")]
)
def test_the_figure_is_legible_and_told_in_words(
    facts: dict, bits: str, granularity: str, capsys
) -> None:
    """Text is 18 points or more and inside the figure; lines fit 88 columns; the caveat is printed, alt has numbers."""
    assert len(every_row(facts)) == 14
    facts = perplexity.run(bits=bits, granularity=granularity)
    figure = plot(facts)
    figure.draw_without_rendering()
    texts = [
        text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()
    ]
    assert min(text.get_fontsize() for text in texts) >= 18
    box = figure.get_tightbbox().padded(-1 / 72)
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= 1120 / 72 and box.y1 <= 384 / 72
    assert perplexity.number(facts["cosine_mean"], 3) in alt(facts)
    perplexity.show(facts)
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines()) <= 88
    assert "già a 4 bit (Q4_1; embedding Q8_0)" in printed
