"""The lecture's ledger: each computed claim holds, and fails where a fact makes it false.

Oracle: the facts of the store, spoiled one at a time by hand; each would make the sentence untrue.
"""

from __future__ import annotations

import ast
import copy
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from llmdeck import config, ledger
from llmdeck.render.environment import environment
from llmdeck.render.numbers import Numbers
from llmdeck.results.store import Store

if TYPE_CHECKING:
    from jinja2 import Environment

    from llmdeck.config import Config
    from llmdeck.model import Claim, Facts

ROOT = Path(__file__).parents[1]
LONGEST_CHECK = 120

SPOILT = """
draft-checked                  n_right                          40
draft-checked                  sentences                        []
llm-are-ml-text-generators     steps/0/id                       1
llm-are-ml-text-generators     n_new_tokens                     9
llm-probabilistic-model        n_probabilities                  5
llm-probabilistic-model        sum_of_probabilities             0.9
smollm-is-small                base_layers                      'F32'
smollm-is-small                n_params                         1300000000
next-token-in-italian          italian/likeliest/0/piece        '·la'
next-token-in-italian          english/likeliest/0/probability  0.3
llm-large-means-billions       smallest_model                   'gemma-2b'
llm-large-means-billions       catalogue/llama3.1-405b/n_params 70000000000
tokens-are-real-numbers        o200k_base/ids                   [1.5]
tokens-are-real-numbers        o200k_base/models                ['GPT-2']
token-to-embedding-vector      n_numbers                        38597376
token-to-embedding-vector      vector                           [1, 2]
stacked-layers                 n_layers                         12
stacked-layers                 n_params_attention               0
image-missing                  n_params_output                  28311552
image-missing                  shapes/probabilities             [5, 49152]
attention-head-finds-subject   trial/n_right_farther            9
attention-head-finds-subject   trial/rows/0/found               False
attention-looks-back-only      largest_look_ahead               0.1
attention-looks-back-only      trial/twins/1/share              0.3
embedding-groups-stay-together own_group_percent                40.0
embedding-groups-stay-together groups                           []
params-are-connection-weights  n_params_biases                  0
params-are-connection-weights  n_params_connections             84934656
params-are-connection-weights  tied_embeddings                  False
gpt3-175b                      n_params                         1300000000
llama-300b                     llama_sizes_billions             [65.2, 300.1]
llama-300b                     sizes_billions/llama3            [8.0, 80.0]
more-params-more-capacity      at_threshold/training_error      0.1
more-params-more-capacity      curve/5/training_error           0.9
more-params-more-overfitting   at_threshold/test_error          0.19
more-params-more-overfitting   last/test_error                  0.51
more-params-more-overfitting   more_data/test_error             0.4
large-models-hard              n_gpus_80gib_weights             4
large-models-hard              weights_gib                      75.0
compression-goal               n_same_nearest                   12
compression-goal               minilm_size_bytes                90000000
quantization-reduces-precision n_distinct_restored              587487
quantization-reduces-precision rmse                             0.0
int8-instead-of-fp32           ratio_to_fp32                    4.0
int8-instead-of-fp32           bits                             4
int8-no-quality-loss           perplexity_ratio_high            1.05
int8-no-quality-loss           minilm_whole_matrix/cosine_mean  0.999
int8-no-quality-loss           published/llama1-7b/rows/Q8_0/perplexity_ratio 1.1
four-bits-cost                 perplexity_ratio_low             0.98
four-bits-cost                 grid/block32/6/told_from_none    True
four-bits-cost                 grid/row/5/told_from_none        False
larger-models-lose-less        published/llama3-8b/rows/Q4_0/perplexity_ratio 1.01
larger-models-lose-less        published/llama1-7b/rows/Q4_0/perplexity_ratio 1.01
smollm-loses-more              perplexity_ratio_low             1.05
smollm-loses-more              base_bits_per_weight             16.0
token-basic-unit               steps/2/id                       60000
token-basic-unit               pieces                           ['The']
each-word-becomes-one-token    o200k_base/pieces                ['a', 'b', 'c', '·incredibile', '!']
tokens-processed               n_prompt_tokens                  6
tokens-processed               greedy                           '·Paris'
chatgpt-token-example          o200k_base/n_tokens              5
chatgpt-token-example          o200k_base/models                ['GPT-2']
token-represents-meaning       cl100k_base/neighbours/ids       [1, 2, 9850, 4, 5]
token-represents-meaning       cl100k_base/neighbours/pieces    ['', '·big', '·incred', '·good', '']
token-kinds-word-char-symbol   o200k_base/kinds/0               'carattere'
token-types-bpe-wordpiece      unigram/n_vocab                  999
token-types-bpe-wordpiece      n_shared_by_two/bpe_wordpiece    320
token-types-bpe-wordpiece      n_shared_by_two/bpe_unigram      768
chatgpt-uses-bpe               o200k_base/n_other               12
chatgpt-uses-bpe               cl100k_base/models               ['GPT-2']
bpe-merges                     rows/3/count                     9
bpe-merges                     n_tokens                         44
italian-costs-more             by_vocabulary/o200k_base/ratio_low 0.97
italian-costs-more             by_vocabulary/cl100k_base/used_by 'BERT'
finetuning-benefit             gain_percent                     12.0
finetuning-benefit             n_params_trained                 134515008
finetuning-italian             rise_percent                     -1.0
finetuning-italian             gain_low_percent                 -0.5
finetuning-italian             pairs_perplexity                 99.0
finetuning-code-llama2-codellama n_layers                         48
finetuning-code-llama2-codellama catalogue/llama2-7b/n_params     6738415000
open-source-label              by_family/gemma/bars             ''
open-source-label              by_family/phi3/licence           'Llama 2'
gemma-sizes                    by_family/gemma/sizes_billions/1 7.0
llama2-sizes                   by_family/llama2/sizes_billions  [6.7, 13.0]
llama3-sizes                   by_family/llama3/sizes_billions/0 7.0
mistral-size                   by_family/mistral/sizes_billions/0 8.0
qwen-sizes                     by_family/qwen1.5/sizes_billions [0.46, 4, 32, 72, 111]
phi3-sizes                     by_family/phi3/sizes_billions    [3.8, 14.0]
deepseek-coder-sizes           by_family/deepseek-coder/sizes_billions/0 1.0
codellama-based-on-llama2      catalogue/llama2-13b/n_params    13000000000
codellama-based-on-llama2      n_layers                         48
codellama-sizes                by_family/codellama/sizes_billions/2 30.0
cost-determined-by-data-and-compute flop_per_param_token             2
cost-determined-by-data-and-compute runs/gpt3-175b/train_flop        1e23
big-models-expensive           runs/llama2-70b/gpu              'H100'
big-models-expensive           runs/llama2-70b/rent_high_usd    1000000.0
cost-mainly-energy-and-gpus    energy_percent                   [2, 60]
cost-mainly-energy-and-gpus    llama3/electricity_share_of_rent 0.2
llama3-declared-hours          runs/llama3-70b/gpu_hours        1300000
llama3-declared-hours          runs/llama3-70b/utilization_percent 40.0
computed-hours-near-published  n_runs_within_third              4
computed-hours-near-published  n_runs_with_hours                11
llama3-720m-gpus               llama3/rounded_cluster_usd       700000000
llama3-720m-gpus               llama3/days_of_one_cluster       26.0
energy-not-counted             llama3/electricity_usd           4344340.0
energy-not-counted             llama3/electricity_share_of_cards 0.2
energy-not-counted             llama3/cards_share_usd           720000000.0
llm-needs-much-memory          weights_gb                       32.1
llm-needs-much-memory          cards/rtx-3060-12gb/memory_gib   24
needs-high-end-gpu             total_gib                        12.5
needs-high-end-gpu             cards/rtx-3060-12gb/max_tokens_per_s 2.0
memory-holds-params-and-input  kv_cache_gib                     1.0
memory-holds-params-and-input  input_ids_bytes                  16000000
fp16-two-bytes                 bytes_per_weight                 4.0
fp16-two-bytes                 fp16_measured_bytes              4
gpt3-350gb                     weights_gb                       437.0
gpt3-in-realta                 kv_cache_gb                      1.0
gpt3-in-realta                 beyond_context                   True
gpt3-437gb                     n_sequences_in_rule              1
gpt3-437gb                     total_gb                         437.5
vram-fp32-5gb                  plain_gb_per_billion             5.0
vram-fp16-2-5gb                above_plain_weights_percent      25.0
vram-int8-1-25gb               bytes_per_weight                 1.25
kv-cache-formula               measured_is_formula              False
kv-cache-formula               kv_bytes_per_token               23040
kv-cache-saves-work            same_tokens                      False
kv-cache-saves-work            last_ratio                       2.0
bias-pronoun-follows-share     correlation_low                  -0.1
bias-pronoun-follows-share     most_he/women_percent            90.0
bias-mitigation-data           training/gap_closed_low_percent  -3.0
bias-mitigation-data           held_out/gap_closed_low_percent  4.0
bias-mitigation-shift          held_out/n_towards_he            9
bias-mitigation-shift          held_out/mean_odds_after         1.1
bias-mitigation-shift          held_out/spread_closed_low_percent -4.0
bias-mitigation-shift          worse                            []
bias-mitigation-price          right_pronoun_odds_after         12.0
bias-mitigation-price          right_pronoun_ratio_high         1.2
letters-strawberry             asked/whole/said                 3
letters-strawberry             n_true                           2
letters-no-better-than-always-one difference/p_value            0.01
letters-no-better-than-always-one n_one_token                   39
chat-template-makes-it-answer  bare/n_empty                     12
chat-template-makes-it-answer  template/low                     0.1
thinking-led-three-numbers     three/led/n_right                6
thinking-led-three-numbers     three/led_against_direct/p_value 0.02
thinking-worse-alone           two_digit/steps/n_right          10
thinking-worse-alone           two_digit/led/n_right            11
layer-by-layer-rome-at-the-end answer                           '·the'
layer-by-layer-rome-at-the-end median                           20
from-scratch-learns            last_validation_perplexity       9.0
from-scratch-learns            first_validation_perplexity      80.0
from-scratch-starts-as-noise   written/0/known_words_percent    20.0
from-scratch-starts-as-noise   written/2/known_words_percent    2.0
gradient-descent-diverges      largest_step                     0.01
gradient-descent-diverges      sizes/4/loss_grows               False
capital-of-australia           alone/likeliest/0/piece          '·Canberra'
capital-of-australia           alone/likeliest/1/probability    0.5
examples-make-it-surer         after_examples/likeliest/0/probability 0.5
examples-make-it-surer         examples                         []
sure-is-more-often-right       bins/0/share                     0.99
sure-is-more-often-right       bins/3/low                       0.1
sure-and-wrong                 surest_wrong/0/answer            'Canberra'
sure-and-wrong                 surest_wrong/1/probability       0.5
invented-always-answered       n_invented_doubted               1
invented-always-answered       n_invented_answered              5
invented-less-sure             invented_mean_probability        0.5
invented-less-sure             surest_invented/probability      0.1
passage-before-question        shares/own/all/low               0.05
passage-before-question        shares/without/all/n_right       3
passage-is-not-enough          shares/own/all/high              0.9
passage-is-not-enough          shares/own/others/n_right        9
passage-is-found               first/low                        0.5
passage-is-found               facts                            []
examples-show-the-task         tasks/0/by_examples/4/low        0.0
examples-show-the-task         tasks/1/task                     'capitals'
examples-are-not-enough        tasks/2/by_examples/4/high       0.6
examples-are-not-enough        tasks/2/task                     'capitals'
attention-by-hand-sums         sum_of_weights                   0.9
attention-by-hand-sums         result/0                         0.5
attention-by-hand-mask         masked/0/weights                 [0.5, 0.5, 0]
attention-by-hand-mask         unmasked/2/weights               [1, 0, 0]
position-only-distance         largest_difference               0.01
position-only-distance         starts                           [0]
position-without-rotation      without_rotation/after_one       0.01
position-without-rotation      same_last                        False
position-mask-gives-away       without_both/after_all           0.01
position-mask-gives-away       without_rotation/after_all       0.01
"""
"""A claim, a fact by its path, and a value that makes the claim's sentence false."""


@pytest.fixture(scope="module")
def lecture_config() -> Config:
    """The lecture's own configuration."""
    return config.load(ROOT)


@pytest.fixture(scope="module")
def claims(lecture_config: Config) -> dict[str, Claim]:
    """The computed claims by id."""
    found = ledger.load_ledger(lecture_config)
    return {name: claim for name, claim in found.items() if claim.variant}


@pytest.fixture(scope="module")
def env(lecture_config: Config, claims: dict[str, Claim]) -> Environment:
    """What checks are evaluated in."""
    return environment(lecture_config, Numbers("it"), claims)


@pytest.fixture(scope="module")
def stored(lecture_config: Config, claims: dict[str, Claim]) -> dict[str, Facts]:
    """The stored facts by claim."""
    store = Store(lecture_config)
    return {name: store.read(c.variant).facts for name, c in claims.items() if c.variant}


def spoil(facts: Facts, path: str, value: Any) -> Facts:
    """Return facts with another value at a path, which must exist."""
    spoiled = copy.deepcopy(facts)
    *outer, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place: Any = spoiled
    for step in outer:
        place = place[step if isinstance(place, list) else str(step)]
    key = last if isinstance(place, list) else str(last)
    assert place[key] != value
    place[key] = value
    return spoiled


def rows() -> list[tuple[str, str, Any]]:
    """Return the rows of `SPOILT`."""
    split = [line.split(maxsplit=2) for line in SPOILT.strip().splitlines()]
    return [(claim, path, ast.literal_eval(value)) for claim, path, value in split]


def test_every_computed_claim_holds_of_the_stored_facts(
    env: Environment, claims: dict[str, Claim], stored: dict[str, Facts]
) -> None:
    """No check of the ledger fails on what the store has."""
    failing = {name: ledger.failing_check(env, c, stored[name]) for name, c in claims.items()}
    assert {name: check for name, check in failing.items() if check} == {}


@pytest.mark.parametrize(("name", "path", "value"), rows())
def test_a_fact_that_makes_a_sentence_false_fails_its_claim(
    env: Environment,
    claims: dict[str, Claim],
    stored: dict[str, Facts],
    name: str,
    path: str,
    value: Any,
) -> None:
    """The check that fails reads the spoiled fact."""
    failing = ledger.failing_check(env, claims[name], spoil(stored[name], path, value))
    assert failing
    assert path.split("/")[0] in re.findall(r"\w+", failing)


def test_every_computed_claim_is_spoiled_once(claims: dict[str, Claim]) -> None:
    """No claim of the ledger is left out of the table."""
    assert {name for name, _, _ in rows()} == set(claims)


def test_a_check_is_one_short_idea(claims: dict[str, Claim]) -> None:
    """No check joins several with `and`, none is long, none looks a row up by searching."""
    checks = [check for claim in claims.values() for check in claim.holds]
    assert [check for check in checks if len(check) > LONGEST_CHECK] == []
    assert [check for check in checks if " and " in check] == []
    assert [check for check in checks if re.search(r"selectattr.*\| *first", check)] == []
