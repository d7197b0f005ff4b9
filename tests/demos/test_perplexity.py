"""Perplexity of a real LLM with fewer bits.

Oracles: the definition written out in float64 (log-sum-exp of each row of logits); the model's
published shape for sizes; and the published tables, whose sizes and ratios are computed again.
Standard errors are tested in `test_intervals`, rounding in `test_rounding`, MiniLM in
`test_minilm`.
"""

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from demos import perplexity
from demos.common.models.catalogue import DATA, find_model, load_rows, n_params
from demos.figures.perplexity import alt, plot
from demos.smollm import tokenizer
from demos.smollm.transformer import forward
from demos.smollm.weights import load
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_inside, assert_legible, printed_with_each_thread_count

MATRICES = [(49152, 576)] + 30 * [(960, 576), (576, 576), (3072, 576), (576, 1536)]
N_WEIGHTS = sum(rows * columns for rows, columns in MATRICES)
NORMS = 61 * 576


@pytest.fixture(scope="module")
def facts() -> dict:
    """Give the facts of the default variant; the process keeps what was measured for the others."""
    return perplexity.run()


def row(facts: dict, bits: int, granularity: str) -> dict:
    """Give one row of the grid."""
    return facts["grid"][granularity][str(bits)]


def every_row(facts: dict) -> list[dict]:
    """Give the rows of both granularities."""
    return [r for rows in facts["grid"].values() for r in rows.values()]


def loss_by_hand(logits: np.ndarray, token: int) -> float:
    """Give -log of softmax's probability of a token, in Python floats."""
    top = logits.max()
    return math.log(math.fsum(math.exp(value - top) for value in logits)) + top - logits[token]


def test_losses_equal_the_definition_in_float64() -> None:
    """Each is -log of the next token's probability, to 5e-6; exp of their mean is perplexity."""
    ids = tokenizer.encode("The rope was simply a very good rope.")
    logits = forward(load(), ids[:-1]).astype(np.float64)
    by_hand = list(map(loss_by_hand, logits, ids[1:]))
    losses = perplexity.losses(load(), ids)
    assert losses == pytest.approx(by_hand, abs=5e-6)
    facts = perplexity.llm_row(load(), 16, "row", losses, losses)
    mean = math.fsum(by_hand) / len(by_hand)
    assert facts["perplexity"] == pytest.approx(math.exp(mean), rel=5e-6)


def test_the_text_is_the_beginning_of_the_held_out_one(facts: dict) -> None:
    """The 256 tokens predicted are the second to the 257th, and end with the words that it says."""
    text = (DATA / "texts" / "english-heldout.txt").read_text(encoding="utf-8")
    beginning = tokenizer.decode(tokenizer.encode(text)[:257])
    assert facts["n_tokens"] == 256
    assert text.startswith(beginning)
    assert beginning.endswith(facts["last_words"])


def test_sizes_equal_the_formula(facts: dict) -> None:
    """Codes, an FP16 scale a row or a block of 32, and 4 bytes for each number of the 61 norms."""
    n_rows = sum(rows for rows, _ in MATRICES)
    for r in every_row(facts):
        scales = n_rows if r["granularity"] == "row" else N_WEIGHTS // 32
        scales = 0 if r["bits"] == 16 else scales
        assert r["size_bytes"] == N_WEIGHTS * r["bits"] // 8 + 2 * scales + 4 * NORMS
        assert r["bits_per_weight"] == pytest.approx(r["bits"] + 16 * scales / N_WEIGHTS, rel=1e-12)
    assert facts["n_params"] == N_WEIGHTS + NORMS == 134515008


def test_the_base_is_already_four_bit_and_smaller_than_most_of_the_grid(facts: dict) -> None:
    """Q4_1 has 20 bytes a block of 32, Q8_0 34, norms 4 a number: their sum is the base."""
    embeddings = 49152 * 576
    layers = (N_WEIGHTS - embeddings) // 32 * 20
    base = facts["base_size_bytes"]
    assert base == layers + embeddings // 32 * 34 + 4 * NORMS
    assert (facts["base_layers"], facts["base_embeddings"]) == ("Q4_1", "Q8_0")
    assert row(facts, 6, "row")["size_bytes"] > base > row(facts, 5, "block32")["size_bytes"]


@pytest.mark.parametrize("scope", perplexity.SCOPES)
def test_fewer_bits_lose_more_and_eight_lose_nothing_that_shows(facts: dict, scope: str) -> None:
    """Within two errors the ratio never falls with fewer bits; 8 and 6 can't be told from none."""
    rows = list(facts["grid"][scope].values())
    for more, fewer in pairwise(rows):
        two_errors = 2 * fewer["perplexity_ratio_error"]
        assert fewer["perplexity_ratio"] > more["perplexity_ratio"] - two_errors
        assert fewer["size_bytes"] < more["size_bytes"]
        assert fewer["cosine_mean"] < more["cosine_mean"]
    assert [r["bits"] for r in rows if r["told_from_none"]] == [5, 4, 3, 2]
    assert row(facts, 8, scope)["perplexity_ratio"] == pytest.approx(1, abs=0.005)


def test_four_bits_lose_twice_as_much_by_row_as_in_blocks(facts: dict) -> None:
    """In blocks of 32 the ratio is over 1.2 by more than two errors, and by row twice that."""
    four = row(facts, 4, "block32")
    assert four["perplexity_ratio"] - 2 * four["perplexity_ratio_error"] > 1.2
    assert row(facts, 4, "row")["perplexity_ratio"] > 2 * four["perplexity_ratio"]


def test_published_sizes_can_be_computed_again() -> None:
    """Parameters × bits / 8 give each printed size to its last digit."""
    for table in load_rows(DATA / "quantization.toml", "table"):
        weights = n_params(find_model(table["model"]))
        for r in table["rows"]:
            if "bits_per_weight" in r and r["type"] != "F16":
                size_gib = weights * r["bits_per_weight"] / 8 / 2**30
                assert size_gib == pytest.approx(r["size_gib"], abs=0.06)


def test_published_ratios_are_to_the_models_own_first_row(facts: dict) -> None:
    """LLaMA 7B has 11 types, each once, Llama 3 8B six; their ratios are those of the tables."""
    (llama, llama3) = (
        {name: r["perplexity_ratio"] for name, r in model["rows"].items()}
        for model in facts["published"].values()
    )
    assert (len(llama), len(llama3)) == (11, 6)
    assert llama["Q8_0"] == pytest.approx(5.9070 / 5.9066)
    assert llama["Q2_K"] == pytest.approx(6.7764 / 5.9066)
    assert llama3["Q4_0"] == pytest.approx(6.700147 / 6.233160)
    assert llama3["Q2_K"] == pytest.approx(9.751568 / 6.233160)


def test_facts_are_plain_json_and_every_variant_picks_its_row(facts: dict) -> None:
    """Facts survive JSON and come again the same; each of the 14 variants has its own row."""
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts == perplexity.run()
    for r in every_row(facts):
        chosen = perplexity.run(bits=str(r["bits"]), granularity=r["granularity"])
        assert {key: chosen[key] for key in r} == r
    assert len({(r["bits"], r["granularity"]) for r in every_row(facts)}) == 14


def test_one_thread_and_two_agree() -> None:
    """A model in 3 bits, which magnifies float32's noise, has the same perplexity within 2e-5."""
    code = (
        "from demos.perplexity import *; w = load(); c = writable_copy(w)\n"
        "peaks = [largest(m, 'row') for m in matrices(w)]\n"
        "round_trip_all(zip(matrices(w), peaks, matrices(c), strict=True), 3)\n"
        "print(losses(c, text_ids()[:65]).mean())"
    )
    one, two = map(float, printed_with_each_thread_count(code))
    assert math.exp(one - two) == pytest.approx(1, abs=2e-5)


@pytest.mark.parametrize(
    "bad", [{"bits": "7"}, {"bits": 4}, {"granularity": "tensor"}, {"granularity": ""}]
)
def test_a_value_outside_the_choices_is_named(bad: dict) -> None:
    """The signature refuses a bad value with an error that repeats it, before `run` is called."""
    ((name, value),) = bad.items()
    with pytest.raises(ValueError, match=rf"^`{name}` .*{value!r}(; allowed: \S+, \S+|: write|$)"):
        bind(parameters_of(perplexity.run), bad)


def test_weights_that_were_spoilt_show_in_the_perplexity() -> None:
    """With one layer's matrices set to zero the same words are over twice as surprising."""
    weights, ids = load(), tokenizer.encode("The rope was simply a very good rope.")
    broken = replace(weights.layers[0], down=np.zeros_like(weights.layers[0].down))
    spoilt = replace(weights, layers=(broken, *weights.layers[1:]))
    before, after = (perplexity.losses(model, ids).mean() for model in (weights, spoilt))
    assert after > before + math.log(2)


@pytest.mark.parametrize(
    ("bits", "granularity"), [("4", "block32"), ("2", "row"), ("16", "row"), ("3", "block32")]
)
def test_the_figure_is_legible_and_told_in_words(bits: str, granularity: str, capsys) -> None:
    """Texts have 24 points and lie inside; lines fit 88 columns; the caveat is printed."""
    facts = perplexity.run(bits=bits, granularity=granularity)
    assert_legible(figure := plot(facts))
    assert_inside(figure, 1120, 384)
    assert perplexity.number(facts["cosine_mean"], 3) in alt(facts)
    perplexity.show(facts)
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines()) <= 88
    assert "già a 4 bit (Q4_1; embedding Q8_0)" in printed
