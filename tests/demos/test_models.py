"""Parameter counts against what authors or a library published, and the data's own rules.

Oracle: the sources named beside each number. Where a library prints all digits the computed count
must be equal; where a paper rounds, it must round to the same digits; where the figure is only a
model's name, it must be near it.
"""

from math import ceil

import pytest

from demos.common.models.cards import load_gpus
from demos.common.models.catalogue import (
    find_model,
    kv_bytes_per_token,
    load_models,
    load_rows,
    n_params,
)

# keras-hub at 71453d0, keras_hub/src/models/*/*_presets.py: "params" of each preset, counted from
# the loaded weights.
EXACT = {
    "gpt2-small": 124_439_808,
    "llama2-7b": 6_738_415_616,
    "llama3-8b": 8_030_261_248,
    "mistral-7b": 7_241_732_096,
    "gemma-2b": 2_506_172_416,
    "gemma-7b": 8_537_680_896,
    "phi3-mini": 3_821_079_552,
}

# Printed in billions, with so many decimals that the computed count must round to the same figure.
ROUNDED = {
    "gpt3-175b": "174.6",  # arXiv:2005.14165, table D.1
    "llama1-7b": "6.7",  # arXiv:2302.13971, table 2, as the next two
    "llama1-13b": "13.0",
    "llama1-33b": "32.5",
    "llama2-13b": "13",  # model card of Llama 2
    "qwen1.5-0.5b": "0.5",  # qwenlm.github.io/blog/qwen1.5, as the next ones
    "qwen1.5-1.8b": "1.8",
    "qwen1.5-4b": "4",
    "qwen1.5-14b": "14",
    "qwen1.5-72b": "72",
    "phi3-small": "7",  # Azure's description.md of Phi-3-small and Phi-3-medium
    "phi3-medium": "14",
    "deepseek-coder-1.3b": "1.3",  # README of DeepSeek-Coder, as the next two
    "deepseek-coder-6.7b": "6.7",
    "deepseek-coder-33b": "33",
    "codellama-7b": "7",  # model card of Code Llama, as the next two
    "codellama-13b": "13",
    "codellama-34b": "34",
}

# Names more than counts: the computed count, in billions, may differ by up to so many percent.
NOMINAL = {
    "llama1-65b": (65.2, 0.2),  # arXiv:2302.13971, table 2: 65.286 cut off, not rounded
    "llama2-70b": (70, 1.5),  # model card of Llama 2
    "llama3-70b": (70, 1.0),  # model card of Llama 3
    "llama3.1-405b": (405, 0.3),  # model card of Llama 3.1
    "qwen1.5-7b": (7, 10.4),  # qwenlm.github.io/blog/qwen1.5, as the next two
    "qwen1.5-32b": (32, 1.7),
    "qwen1.5-110b": (110, 1.2),
    "codellama-70b": (70, 1.5),  # model card of Code Llama
}

# multiple_of and ffn_dim_multiplier of Meta's models (llama-models at 8c88b8c, sku_list.py; LLaMA:
# llama/model.py).
FFN_RULE = {
    **dict.fromkeys(
        ("llama1-7b", "llama1-13b", "llama1-33b", "llama1-65b", "llama2-7b", "llama2-13b"),
        (256, 1.0),
    ),
    "llama2-70b": (4096, 1.3),
    "llama3-8b": (1024, 1.3),
    "llama3-70b": (4096, 1.3),
    "llama3.1-405b": (4096, 1.2),
}

MODELS = pytest.mark.parametrize("model", load_models(), ids=lambda model: model.id)


def test_every_model_has_a_published_count_to_be_held_against():
    """The three tables above name each of the 33 models once."""
    named = [*EXACT, *ROUNDED, *NOMINAL]
    assert sorted(named) == sorted(model.id for model in load_models())
    assert len(named) == 33


@pytest.mark.parametrize(("model_id", "count"), EXACT.items())
def test_counts_equal_those_that_a_library_read_from_the_weights(model_id, count):
    """The computed count equals the published one to the last digit."""
    assert n_params(find_model(model_id)) == count == find_model(model_id).published_params


@pytest.mark.parametrize(("model_id", "billions"), ROUNDED.items())
def test_counts_round_to_what_the_authors_print(model_id, billions):
    """The computed count, with as many decimals as the source has, is what the source prints."""
    decimals = len(billions.partition(".")[2])
    assert f"{n_params(find_model(model_id)) / 1e9:.{decimals}f}" == billions
    assert find_model(model_id).published_params == pytest.approx(float(billions) * 1e9)


@pytest.mark.parametrize(("model_id", "nominal"), NOMINAL.items())
def test_counts_are_near_the_number_in_the_name(model_id, nominal):
    """The computed count differs from the nominal one by no more than the percentage beside it."""
    billions, percent = nominal
    assert n_params(find_model(model_id)) == pytest.approx(billions * 1e9, rel=percent / 100)
    assert find_model(model_id).published_params == billions * 1e9


def test_count_of_llama_2_7b_written_out():
    """The sum over the tensors of Llama 2 7B: two tables, 32 layers, one last normalization."""
    layer = 4 * 4096 * 4096 + 3 * 4096 * 11008 + 2 * 4096
    assert n_params(find_model("llama2-7b")) == 2 * 32000 * 4096 + 32 * layer + 4096


def test_count_of_phi_3_small_written_out():
    """The sum for Phi-3-small, the one gated, biased and tied model: 7.39 billion."""
    d, qkv, ffn = 4096, (32 + 2 * 8) * 128, 14336
    layer = d * qkv + qkv + d * d + d + d * 2 * ffn + 2 * ffn + ffn * d + d + 4 * d
    assert n_params(find_model("phi3-small")) == 100352 * d + 32 * layer + 2 * d == 7_392_272_384


def test_kv_cache_per_token_equals_published_figures():
    """OPT-13B has Llama 2 13B's shape, and 800 KB a token (arXiv:2309.06180, section 3)."""
    assert kv_bytes_per_token(find_model("llama2-13b")) == 2 * 5120 * 40 * 2 == 800 * 1024
    assert kv_bytes_per_token(find_model("llama2-7b")) == 524_288
    assert kv_bytes_per_token(find_model("llama3-8b")) == 131_072


@pytest.mark.parametrize(("model_id", "rule"), FFN_RULE.items())
def test_ffn_width_follows_metas_rule(model_id, rule):
    """The width is 2/3 of 4·d, times a multiplier, rounded up to a multiple (llama/model.py)."""
    multiple_of, multiplier = rule
    model = find_model(model_id)
    width = int(multiplier * int(2 * 4 * model.hidden_size / 3))
    assert model.ffn_size == multiple_of * ceil(width / multiple_of)


@MODELS
def test_hyper_parameters_are_consistent(model):
    """Heads share out KV heads evenly, and fill the stream's width in all but Gemma 7B."""
    assert model.heads % model.kv_heads == 0
    assert (model.heads * model.head_dim == model.hidden_size) is (model.id != "gemma-7b")
    assert model.norm in {"rmsnorm", "layernorm"}
    assert model.bias in {"none", "qkv", "all"}
    assert model.ffn_activation in {"gelu", "geglu", "swiglu", "gegelu"}


@MODELS
def test_every_model_names_its_sources(model):
    """Hyper-parameters and published count have an address each, and the row is confirmed."""
    assert "https://" in model.source
    assert model.published_source.startswith("https://")
    assert model.confirmed is True


def test_ids_are_unique_and_every_card_names_its_source():
    """No id occurs twice; every card has an address, and memory and bandwidth above zero."""
    for rows in (load_models(), load_gpus()):
        assert len({row.id for row in rows}) == len(rows)
    for gpu in load_gpus():
        assert gpu.source.startswith("https://")
        assert gpu.memory_gib > 0
        assert gpu.memory_bandwidth_gb_s > 0


def test_unconfirmed_rows_are_not_loaded(tmp_path):
    """A row with `confirmed = false` is in the file and not in what is loaded."""
    file = tmp_path / "models.toml"
    file.write_text(
        '[[model]]\nid = "sure"\nconfirmed = true\n[[model]]\nid = "hearsay"\nconfirmed = false\n',
        "utf-8",
    )
    assert [row["id"] for row in load_rows(file, "model")] == ["sure"]


@pytest.mark.parametrize(
    "name", ["", "gpt-5", "GPT3-175B", "../../etc/passwd", "llama3-8b\n", "'; DROP TABLE models"]
)
def test_an_unknown_model_is_refused_and_the_known_ones_named(name):
    """The error says which ids there are, and nothing is read by the name given."""
    with pytest.raises(ValueError, match=r"no model .*; there are: gpt2-small, gpt3-175b"):
        find_model(name)
