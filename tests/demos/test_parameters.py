"""The counts of all 33 models, to the last digit.

Oracle: COUNTS, each the sum over the tensors of a checkpoint as `tensors` lists them, which knows
nothing of the groups that the demo adds up. Others counted some of them in the weights: keras-hub
seven (see test_models), PyLLaMA LLaMA 13B, 33B and 65B
(https://github.com/juncongmoo/pyllama/blob/4cfd944/docs/quant/README.md), and the index file of
Llama 3.1 70B, of the same shape as Llama 3 70B, says 141,107,412,992 bytes in BF16.
"""

import json
from math import prod
from typing import get_args

import pytest

from demos.common.models.catalogue import FAMILY_NAMES, Model, ModelName, find_model, load_models
from demos.figures.parameters import alt, plot, rows
from demos.parameters import GROUPS, run, show
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_apart, assert_legible

COUNTS = {
    "gpt2-small": 124_439_808,
    "gpt3-175b": 174_604_259_328,
    "llama1-7b": 6_738_415_616,
    "llama1-13b": 13_015_864_320,
    "llama1-33b": 32_528_943_616,
    "llama1-65b": 65_285_660_672,
    "llama2-7b": 6_738_415_616,
    "llama2-13b": 13_015_864_320,
    "llama2-70b": 68_976_648_192,
    "llama3-8b": 8_030_261_248,
    "llama3-70b": 70_553_706_496,
    "llama3.1-405b": 405_853_388_800,
    "mistral-7b": 7_241_732_096,
    "gemma-2b": 2_506_172_416,
    "gemma-7b": 8_537_680_896,
    "qwen1.5-0.5b": 463_987_712,
    "qwen1.5-1.8b": 1_836_828_672,
    "qwen1.5-4b": 3_950_369_280,
    "qwen1.5-7b": 7_721_324_544,
    "qwen1.5-14b": 14_167_290_880,
    "qwen1.5-32b": 32_512_218_112,
    "qwen1.5-72b": 72_287_920_128,
    "qwen1.5-110b": 111_209_914_368,
    "phi3-mini": 3_821_079_552,
    "phi3-small": 7_392_272_384,
    "phi3-medium": 13_960_238_080,
    "deepseek-coder-1.3b": 1_346_471_936,
    "deepseek-coder-6.7b": 6_740_512_768,
    "deepseek-coder-33b": 33_342_991_360,
    "codellama-7b": 6_738_546_688,
    "codellama-13b": 13_016_028_160,
    "codellama-34b": 33_743_970_304,
    "codellama-70b": 68_976_910_336,
}
ALL = pytest.mark.parametrize("model", get_args(ModelName))


def layer_tensors(model: Model) -> list[tuple[int, ...]]:
    """List the shapes of the tensors of one layer."""
    d, f, out = model.hidden_size, model.ffn_size, model.heads * model.head_dim
    kv = model.kv_heads * model.head_dim
    gated = model.ffn_activation != "gelu"
    layer = [(d, out), (d, kv), (d, kv), (out, d), *2 * norm(model), (d, f), (f, d)]
    if gated:
        layer += [(d, f)]
    if model.bias != "none":
        layer += [(out,), (kv,), (kv,)]
    if model.bias == "all":
        layer += [(d,), (d,), (f,)]
    if model.bias == "all" and gated:
        layer += [(f,)]
    return layer


def norm(model: Model) -> list[tuple[int, ...]]:
    """List the shapes of one normalization."""
    return [(model.hidden_size,)] * (2 if model.norm == "layernorm" else 1)


def tensors(model: Model) -> list[tuple[int, ...]]:
    """List the shapes of the tensors in a checkpoint of `model`, as its authors' code does."""
    d = model.hidden_size
    top = [(model.vocab_size, d), *norm(model)]
    if model.learned_positions:
        top += [(model.context_length, d)]
    if not model.tied_embeddings:
        top += [(d, model.vocab_size)]
    return top + layer_tensors(model) * model.layers


def test_the_table_names_every_model():
    """The parameter's choices, the catalogue and the table hold the same 33 models."""
    assert list(COUNTS) == list(get_args(ModelName)) == [model.id for model in load_models()]
    assert len(COUNTS) == 33


@ALL
def test_every_count_is_exact(model):
    """The count is the table's and the sum over the tensors, to the last digit."""
    by_tensors = sum(map(prod, tensors(find_model(model))))
    assert run(model=model)["n_params"] == COUNTS[model] == by_tensors


@ALL
def test_groups_add_up_and_each_product_gives_its_group(model):
    """Six groups sum to the count, their shares to 1; the printed products give their groups."""
    facts = run(model=model)
    assert sum(facts[f"n_params_{group}"] for group in GROUPS) == facts["n_params"]
    assert sum(facts["shares"].values()) == pytest.approx(1, abs=1e-12)
    for group, product in facts["work"].items():
        written = product.partition(":")[0].replace(".", "").replace("×", "*")
        value = eval(written, {"__builtins__": {}})  # noqa: S307  # digits that the demo wrote
        assert value == facts[f"n_params_{group}"]


def test_llama_3_70b_fills_its_files():
    """Two bytes a parameter are the total_size of the checkpoint's model.safetensors.index.json."""
    assert 2 * run(model="llama3-70b")["n_params"] == 141_107_412_992


def test_gpt_3_is_the_papers():
    """Brown et al. 2020, table D.1, prints 174,600 million; the demo's count is 0.002% off."""
    facts = run(model="gpt3-175b")
    assert facts["n_params"] // 10**8 == 1746
    assert facts["published_difference"] == pytest.approx(-2.44e-5, rel=0.01)


def test_weights_of_connections_are_two_thirds_of_gpt_2():
    """GPT-2 small: 84,934,656 in matrices; the rest is embeddings, biases and normalizations."""
    facts = run(model="gpt2-small")
    parts = [facts[f"n_params_{group}"] for group in ("embeddings", "matrices", "biases", "norms")]
    assert parts == [39_383_808, 84_934_656, 82_944, 38_400]


def test_no_llama_is_near_300_billion():
    """The largest of each generation is 65.3, 69.0, 70.6 and 405.9 billion."""
    sizes = run()["sizes_billions"]
    largest = [round(sizes[family][-1], 1) for family in ("llama1", "llama2", "llama3", "llama3.1")]
    assert largest == [65.3, 69.0, 70.6, 405.9]
    assert not any(270 < size < 330 for family in sizes.values() for size in family)


def test_every_family_has_a_name_and_a_row():
    """Each family is named, and the rows hold all 33 models, the largest family first."""
    facts = run()
    assert set(FAMILY_NAMES) == set(facts["sizes_billions"])
    assert sum(len(counts) for _, counts in rows(facts)) == 33
    assert rows(facts)[0][0] == "llama3.1"


@pytest.mark.parametrize(
    "bad", ["", "gpt-5", "GPT3-175B", "../models.toml", "llama3-8b\n", None, 7]
)
def test_an_unknown_model_is_refused(bad):
    """What is not a model's id raises an error that names the ids; the signature refuses it too."""
    with pytest.raises(ValueError, match=r"^`model` "):
        bind(parameters_of(run), {"model": bad})
    with pytest.raises(ValueError, match=r"no model .*; there are: gpt2-small, gpt3-175b"):
        run(model=bad)


@ALL
def test_facts_are_json_and_the_same_twice_and_print_in_88_columns(model, capsys):
    """Two runs write the same JSON; the walk-through fits, and prints the count in Italian."""
    first, second = (json.dumps(run(model=model), allow_nan=False) for _ in range(2))
    assert first == second
    show(json.loads(first))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert f"{COUNTS[model]:,}".replace(",", ".") in out
    assert not {"None", "True", "False", "nan"} & set(out.split())


@pytest.mark.parametrize(
    "model", ["gpt3-175b", "gpt2-small", "llama3.1-405b", "deepseek-coder-1.3b", "qwen1.5-0.5b"]
)
def test_figure_is_legible_and_described(model):
    """Texts have 24 points or more, lie inside, don't overlap; the alt text names all families."""
    facts = run(model=model)
    assert_apart(assert_legible(plot(facts)))
    assert all(name in alt(facts) for name in [*FAMILY_NAMES.values(), facts["name"]])
