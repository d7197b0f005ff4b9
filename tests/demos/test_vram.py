"""The memory demo against published figures and sums written out by hand.

Oracle: the GPTQ paper's 326 GB for GPT-3 (arXiv:2210.17323, "counting in multiples of 1024"),
llama.cpp's file sizes for LLaMA 7B (examples/quantize/README.md at c392e50) and for Llama 3 8B
(examples/perplexity/README.md), the parameters that the models' authors publish, and the
calculation by hand for Llama 3 8B.
"""

import json
from itertools import pairwise
from typing import get_args

import pytest

from demos.figures.vram import alt, card_marks, plot
from demos.vram import ModelName, run, show
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_legible

EXTREMES = [
    {},
    {"model": "gpt2-small", "dtype": "int4", "context": 512},
    {"model": "gemma-2b", "dtype": "fp32", "context": 512},
    {"model": "deepseek-coder-1.3b", "dtype": "fp32", "context": 8192},
    {"model": "llama2-13b", "dtype": "int8", "context": 8192},
    {"model": "llama3-70b", "dtype": "int4", "context": 4096},
    {"model": "llama3.1-405b", "dtype": "fp32", "context": 8192},
]


def test_gpt3_in_fp16_takes_what_the_gptq_paper_says():
    """174.6 billion weights of 2 bytes are 349.2 GB, and in GiB the paper's 326 to 0.3%."""
    facts = run(model="gpt3-175b", dtype="fp16")
    assert facts["weights_gb"] == 174_604_259_328 * 2 / 10**9
    assert facts["weights_gib"] == pytest.approx(326, rel=0.003)
    assert facts["n_gpus_80gib_weights"] == 5


@pytest.mark.parametrize(("dtype", "printed"), [("int8", 6.7), ("int4", 3.5)])
def test_integer_weights_with_their_scales_are_as_large_as_llama_cpps_files(dtype, printed):
    """LLaMA 7B at 8.5 and 4.5 bits rounds to the Q8_0 and Q4_0 sizes that llama.cpp prints."""
    assert round(run(model="llama1-7b", dtype=dtype)["weights_gib"], 1) == printed


@pytest.mark.parametrize(("dtype", "printed"), [("fp16", 14.97), ("int8", 7.96), ("int4", 4.34)])
def test_llama_3_8b_is_as_large_as_llama_cpps_files(dtype, printed):
    """F16 and Q8_0 are its sizes to 0.2%; Q4_0 keeps the output in 6 bits: 3 % more."""
    weights = run(model="llama3-8b", dtype=dtype)["weights_gib"]
    ratio, error = (1.03, 0.004) if dtype == "int4" else (1, 0.002)
    assert printed / weights == pytest.approx(ratio, abs=error)


PUBLISHED_BILLIONS = {
    "gpt2-small": 0.124,
    "gemma-2b": 2.51,
    "phi3-mini": 3.8,
    "mistral-7b": 7.24,
    "llama3-8b": 8.03,
    "llama2-13b": 13.0,
    "qwen1.5-32b": 32.5,
    "llama3-70b": 70.6,
    "gpt3-175b": 175,
    "llama3.1-405b": 405,
}
BITS = {"FP16": 16, "INT8": 8.5, "INT4": 4.5}
CARDS_GIB = {
    "RTX 3060": 12,
    "RTX 4060 Ti": 16,
    "RTX 4090": 24,
    "RTX 5090": 32,
    "H100": 80,
    "H200": 141,
}


def best(billions: float, gib: int) -> str:
    """Give the highest precision whose weights fit a card with 3 % to spare."""
    for name, bits in BITS.items():
        if 1.03 * billions * 1e9 * bits / 8 / 2**30 <= gib:
            return name
    return "—"


def test_the_matrix_is_what_published_parameters_and_memories_give():
    """Each cell is the largest of 2, 8.5 / 8 and 4.5 / 8 bytes a parameter that the card holds."""
    facts = run()
    cards = [facts["cards"][card] for card in facts["matrix_cards"]]
    assert {card["label"]: card["memory_gib"] for card in cards} == CARDS_GIB
    assert list(facts["matrix"]) == list(PUBLISHED_BILLIONS)
    for model, row in facts["matrix"].items():
        billions = PUBLISHED_BILLIONS[model]
        assert row["cells"] == [best(billions, gib) for gib in CARDS_GIB.values()]


def test_llama_3_8b_written_out():
    """All the parts of Llama 3 8B in INT4 with 8,192 tokens, from its config's numbers."""
    facts = run(model="llama3-8b", dtype="int4", context=8192)
    weights = 8_030_261_248 * 4.5 / 8
    # Keys and values, layers, KV heads, head width, FP16, tokens.
    cache = 2 * 32 * 8 * 128 * 2 * 8192
    # FP16, tokens, two vectors and both inputs of the gate.
    buffers = 2 * 8192 * (2 * 4096 + 2 * 14336)
    assert facts["weights_gb"] == pytest.approx(weights / 1e9, rel=1e-12)
    assert facts["weights_without_scales_gb"] == pytest.approx(4.015130624, rel=1e-12)
    assert facts["kv_cache_gib"] == 1.0 == cache / 2**30
    assert facts["overhead_gb"] == buffers / 1e9
    assert facts["total_gb"] == pytest.approx((weights + cache + buffers) / 1e9, rel=1e-12)


def test_rule_of_thumb_is_a_quarter_more_than_the_plain_weights():
    """5, 2.5 and 1.25 GB per billion parameters; the 25 % has room for nine sequences of GPT-3."""
    facts = run(model="gpt3-175b", dtype="fp16", context=2048)
    assert facts["rule_of_thumb_gb"] == pytest.approx(2.5 * 174.604259328, rel=1e-12)
    assert facts["rule_of_thumb_gb"] == pytest.approx(437.5, rel=0.003)
    assert facts["n_sequences_in_rule"] == 9
    rows = facts["by_dtype"].values()
    per_billion = [row["rule_of_thumb_gb_per_billion"] for row in rows]
    assert per_billion == [5.0, 2.5, 1.25, 0.625]


def test_parameter_groups_add_up():
    """The groups of every model sum to its count."""
    groups = ("embeddings", "output", "matrices", "biases", "norms")
    for name in get_args(ModelName):
        facts = run(model=name)
        assert sum(facts[f"n_params_{group}"] for group in groups) == facts["n_params"]


def test_a_card_fits_what_its_gib_hold():
    """Llama 3 8B in FP16 with 8,192 tokens is over 16 GiB and under 24: what fits needs one."""
    facts = run(model="llama3-8b", dtype="fp16", context=8192)
    cards = facts["cards"].values()
    fits = {card["label"]: card["fits"] for card in cards}
    assert 16 < facts["total_gib"] < 24
    assert (fits["RTX 4060 Ti"], fits["RTX 4090"]) == (False, True)
    assert all(card["fits"] is (card["n_cards_by_memory"] == 1) for card in cards)


def test_matrix_never_loses_precision_on_a_larger_card():
    """Along a row, cards with more memory hold the model at the same precision or a higher one."""
    order = ["—", "INT4", "INT8", "FP16"]
    rows = [row for context in (512, 8192) for row in run(context=context)["matrix"].values()]
    assert len(rows) == 20
    for row in rows:
        ranks = [order.index(cell) for cell in row["cells"]]
        assert all(left <= right for left, right in pairwise(ranks))


def test_a_context_beyond_the_models_own_is_said_so(capsys):
    """GPT-2 has 1,024 positions: the facts and the walk-through say that more is hypothetical."""
    facts = run(model="gpt2-small", context=2048)
    show(facts)
    assert facts["beyond_context"] is True
    assert facts["context_note"] in capsys.readouterr().out.replace("\n", " ")
    assert run(model="gpt2-small", context=1024)["context_note"] == ""


@pytest.mark.parametrize("model", ["gpt-5", ""])
def test_an_unknown_model_is_refused(model):
    """The signature refuses it, and so does `run` itself, which looks it up."""
    with pytest.raises(ValueError, match=r"^`model` can't be "):
        bind(parameters_of(run), {"model": model})
    with pytest.raises(ValueError, match="no model "):
        run(model=model)


@pytest.mark.parametrize("dtype", ["fp64", "FP16"])
def test_an_unknown_precision_is_refused(dtype):
    """The signature refuses it, with those that there are."""
    with pytest.raises(ValueError, match=rf"^`dtype` can't be '{dtype}'; allowed: fp32, fp16"):
        bind(parameters_of(run), {"dtype": dtype})


@pytest.mark.parametrize("context", [0, -512, 10**30, 1000, "2048", float("nan")])
def test_a_context_that_is_not_on_the_slider_is_refused(context):
    """The signature refuses what is no multiple of 512 from 512 to 8192, and names it."""
    with pytest.raises(ValueError, match=rf"^`context` .*{context!r}"):
        bind(parameters_of(run), {"context": context})


@pytest.mark.parametrize("parameters", EXTREMES)
def test_facts_are_the_same_twice_and_are_json(parameters):
    """Two runs write the same JSON, without NaN or infinity, and it reads back equal."""
    first, second = (json.dumps(run(**parameters), allow_nan=False) for _ in range(2))
    assert first == second
    assert json.loads(first) == run(**parameters)


@pytest.mark.parametrize("parameters", EXTREMES)
def test_walk_through_fits_88_columns_and_names_the_total(parameters, capsys):
    """No line is longer than 88 characters, and nothing prints as a Python literal."""
    show(run(**parameters))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert "In tutto: " in out
    assert not {"None", "True", "False", "nan", "inf"} & set(out.split())


@pytest.mark.parametrize("parameters", EXTREMES)
def test_figure_is_legible_and_described(parameters):
    """Texts have 24 points and lie inside, card names don't touch, the alt text has the totals."""
    facts = run(**parameters)
    texts = assert_legible(plot(facts))
    marks = sorted((box.x0, box.x1) for text, box in texts.items() if " GiB\n" in text.get_text())
    assert all(left[1] < right[0] for left, right in pairwise(marks))
    assert facts["name"] in alt(facts)
    assert alt(facts).count("GiB") >= 4


def test_card_marks_adapt_to_the_axis():
    """A small axis has no mark, a middling one consumer cards, a huge one whole servers."""
    assert card_marks(1) == {}
    assert 24 in card_marks(40)
    assert 640 in card_marks(1800)
