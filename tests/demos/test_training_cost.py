"""The sums of a training against what the authors of eleven models published.

Oracle: table D.1 of the GPT-3 paper (3.14e23 FLOP, 3,640 PF-days), Meta's model cards (7.7 million
GPU-hours for Llama 3), table 15 of the LLaMA paper (energy in MWh), 3.8e25 FLOP for Llama 3.1 405B,
Epoch's cloud cost of Llama 2 70B; and the sums written out by hand.
"""

import json
import re
import tomllib
from math import prod
from typing import get_args

import pytest

from demos.common.training.costs import accelerators, prices, runs, tables
from demos.common.words import power_of_ten
from demos.figures.training_cost import alt, plot
from demos.training_cost import CLUSTERS, TOKENS, UTILIZATIONS, ModelName, run, show
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_apart, assert_legible

# Table 15 cuts decimals off.
MWH = {"llama1-7b": 36, "llama1-13b": 59, "llama1-33b": 233, "llama1-65b": 449}
VARIANTS = [
    {},
    {
        "model": "gpt3-175b",
        "tokens_billions": 300,
        "gpu": "v100",
        "price": "high",
        "utilization_percent": 20,
    },
    {
        "model": "llama1-7b",
        "tokens_billions": 1000,
        "gpu": "a100",
        "n_gpus": 1024,
        "utilization_percent": 60,
    },
    {
        "model": "llama3.1-405b",
        "tokens_billions": 15600,
        "gpu": "v100",
        "utilization_percent": 20,
        "n_gpus": 1024,
    },
]


def test_gpt_3_takes_the_operations_that_its_paper_prints():
    """6 × 174,604,259,328 × 300e9 rounds to 3.14e23, and is within 0.1% of 3,640 PF-days."""
    facts = run(model="gpt3-175b", tokens_billions=300)
    assert facts["train_flop"] == 6 * 174_604_259_328 * 300e9
    assert float(f"{facts['train_flop']:.2e}") == 3.14e23
    assert facts["runs"]["gpt3-175b"]["published_train_flop"] == 3.14e23
    assert facts["pflops_days"] == pytest.approx(3640, rel=0.001)
    assert facts["train_flop_it"] == "3,14\xa0×\xa010²³"


def test_llama_3_1_takes_the_operations_that_its_paper_prints():
    """6 × parameters × 15.6e12 rounds to 3.8e25."""
    row = run()["runs"]["llama3.1-405b"]
    assert float(f"{row['train_flop']:.1e}") == 3.8e25 == row["published_train_flop"]


def test_llama_3_took_7_7_million_hours():
    """1.3 and 6.4 million hours are the model card's; 5,390 MWh at 700 W; 13 days of a cluster."""
    llama = run()["llama3"]
    assert llama["gpu_hours"] == 7_700_000
    assert llama["energy_mwh"] == pytest.approx(7.7e6 * 700 / 1e6)
    assert llama["days_of_one_cluster"] == pytest.approx(7.7e6 / 24_576 / 24)
    assert llama["days_of_one_cluster"] == pytest.approx(13.055, rel=1e-4)


def test_720_million_is_a_product_of_two_round_numbers():
    """24,000 × 30,000; the cluster itself is 737.28 million, both are 1,474.56."""
    llama = run()["llama3"]
    assert llama["rounded_cluster_usd"] == 720_000_000
    assert llama["cluster_usd"] == 737_280_000
    assert llama["clusters_usd"] == 1_474_560_000
    assert llama["rent_low_usd"] == pytest.approx(25_333_000)
    assert llama["rent_high_usd"] == pytest.approx(94_633_000)


def test_electricity_of_llama_3_written_out():
    """5,390 MWh: 434,434 USD at 0.0806 a kWh, 1,023,561 EUR at 0.1899; 1.7% of the cheap rent."""
    llama = run()["llama3"]
    assert llama["electricity_usd"] == pytest.approx(434_434)
    assert llama["electricity_eur"] == pytest.approx(1_023_561)
    assert llama["electricity_share_of_rent"] == pytest.approx(434_434 / 25_333_000)
    assert llama["cards_share_usd"] == pytest.approx(7_700_000 * 30_000 / (4 * 8760))
    assert llama["electricity_share_of_cards"] == pytest.approx(434_434 / 6_592_466, rel=1e-6)


@pytest.mark.parametrize(("model", "mwh"), MWH.items())
def test_energy_of_llama_is_its_papers(model, mwh):
    """Hours × 400 W × 1.1, with decimals cut off, is what table 15 prints."""
    row = run()["runs"][model]
    assert int(row["energy_mwh"]) == mwh == row["published_energy_mwh"]


def test_utilization_follows_from_hours():
    """Llama 2 70B ran at 42.8% of the A100's peak, Llama 3's at 15.6, 27.9, 34.6 of the H100's."""
    percent = {
        "llama2-70b": 42.837,
        "llama3-8b": 15.608,
        "llama3-70b": 27.856,
        "llama3.1-405b": 34.583,
    }
    rows = run()["runs"]
    found = {name: rows[name]["utilization_percent"] for name in percent}
    assert found == pytest.approx(percent, rel=1e-4)


@pytest.mark.parametrize("utilization", UTILIZATIONS)
def test_computed_and_published_hours_differ_by_the_utilizations(utilization):
    """Published over computed hours is the chosen utilization over the run's own, for each run."""
    for row in run(utilization_percent=utilization)["runs"].values():
        if row["gpu_hours"]:
            ratio = row["gpu_hours"] / row["computed_gpu_hours"]
            assert ratio == pytest.approx(utilization / row["utilization_percent"], rel=1e-12)


def test_at_40_percent_nine_runs_of_ten_are_within_a_third():
    """Only Llama 3 8B is farther: 507,268 hours computed, 1.3 million published."""
    facts = run(utilization_percent=40)
    assert facts["n_runs_with_hours"] == 10
    assert facts["n_runs_within_third"] == 9
    assert facts["worst_run"] == "llama3-8b"
    computed = facts["runs"]["llama3-8b"]["computed_gpu_hours"]
    assert computed / 1.3e6 == pytest.approx(15.608 / 40, rel=1e-3)
    assert run(utilization_percent=20)["n_runs_within_third"] == 1


def test_one_training_written_out():
    """Llama 2 70B on 2,000 billion tokens, A100, 40%, by hand; Epoch's 3.15 million USD."""
    facts = run(model="llama2-70b", tokens_billions=2000, gpu="a100", price="low", n_gpus=2048)
    hours = 6 * 68_976_648_192 * 2e12 / (312e12 * 0.4) / 3600
    assert facts["gpu_hours"] == pytest.approx(hours)
    assert facts["days"] == pytest.approx(hours / 2048 / 24)
    assert facts["energy_mwh"] == pytest.approx(hours * 0.4 / 1000)
    assert facts["rent_usd"] == pytest.approx(hours * 1.50)
    row = facts["runs"]["llama2-70b"]
    # The cloud cost in model_costs.csv of epoch-research.
    assert row["rent_low_usd"] < 3_153_948 < row["rent_high_usd"]


def test_data_do_not_count_sparsity():
    """Peaks are the dense ones (H100: 989, not 1,979)."""
    peaks = [accelerator.peak_tflops for accelerator in accelerators().values()]
    assert peaks == [125, 312, 989.4]


def test_every_row_has_a_source_and_a_date():
    """A price has a month; low is below high for each card."""
    for row in [*accelerators().values(), *prices().values(), *runs()]:
        assert row.source.startswith("https://")
    for price in prices().values():
        assert re.fullmatch(r"20\d\d-\d\d", price.date)
    for name in accelerators():
        assert prices()[name, "low"].usd_per_hour < prices()[name, "high"].usd_per_hour
    assert all(tables()["electricity"][place]["date"] for place in ("us", "eu"))


def test_currencies_are_never_mixed():
    """A fact in euros comes from a price in euros, one in dollars from a price in dollars."""
    for facts in (run(), run()["llama3"]):
        assert facts["electricity_usd"] / facts["energy_mwh"] == pytest.approx(80.6)
        assert facts["electricity_eur"] / facts["energy_mwh"] == pytest.approx(189.9)


def test_controls_make_a_small_grid():
    """Model, tokens, card and price together have fewer than 500 points."""
    choices = {parameter.name: parameter.choices for parameter in parameters_of(run)}
    assert prod(len(choices[name]) for name in ("model", "tokens_billions", "gpu", "price")) < 500
    assert choices["tokens_billions"] == TOKENS
    assert choices["n_gpus"] == tuple(CLUSTERS)
    assert set(get_args(ModelName)) == {one.model for one in runs()}


@pytest.mark.parametrize(
    "bad",
    [
        {"model": "gpt4"},
        {"model": "gemma-2b"},
        {"tokens_billions": 0},
        {"tokens_billions": -300},
        {"tokens_billions": 300.0},
        {"tokens_billions": True},
        {"gpu": "H100"},
        {"gpu": ""},
        {"price": 2.49},
        {"utilization_percent": 0},
        {"utilization_percent": 100},
        {"utilization_percent": float("nan")},
        {"n_gpus": 0},
        {"n_gpus": 10**30},
        {"n_gpus": "1024"},
    ],
)
def test_what_is_not_a_choice_is_refused(bad):
    """The signature refuses each with an error that names the parameter and the value."""
    ((name, value),) = bad.items()
    with pytest.raises(ValueError, match=re.escape(f"`{name}`") + ".*" + re.escape(repr(value))):
        bind(parameters_of(run), bad)


@pytest.mark.parametrize("parameters", VARIANTS)
def test_facts_are_json_and_the_same_twice_and_print_in_88_columns(parameters, capsys):
    """Two runs write the same JSON without NaN, and the walk-through made from it fits."""
    first, second = (json.dumps(run(**parameters), allow_nan=False) for _ in range(2))
    assert first == second
    show(json.loads(first))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert run(**parameters)["train_flop_it"] in out
    assert not {"None", "True", "False", "nan", "inf"} & set(out.split())


@pytest.mark.parametrize("parameters", VARIANTS)
def test_figure_is_legible_and_described(parameters):
    """Texts have 24 points or more, lie inside, don't overlap; the alt text has each run."""
    facts = run(**parameters)
    assert_apart(assert_legible(plot(facts)))
    assert alt(facts).count("utilizzo apparente") == 10


@pytest.mark.parametrize(
    ("value", "written"),
    [(3.14e23, "3,14 × 10²³"), (1e10, "1,00 × 10¹⁰"), (9.999e9, "1,00 × 10¹⁰")],
)
def test_powers_of_ten_round_and_carry(value, written):
    """Three digits, and 9.999 becomes 1.00 of the next power."""
    assert power_of_ten(value).replace("\xa0", " ") == written


def test_an_unconfirmed_run_would_not_be_shown(tmp_path, monkeypatch):
    """With a row's `confirmed` false the row is gone from what is loaded."""
    from demos.common.training import costs as training

    text = training.FILE.read_text("utf-8")
    place = text.index('model = "llama1-7b"')
    file = tmp_path / "training.toml"
    file.write_text(
        text[:place] + text[place:].replace("confirmed = true", "confirmed = false", 1), "utf-8"
    )
    monkeypatch.setattr(training, "FILE", file)
    assert "llama1-7b" not in [one.model for one in runs.__wrapped__()]
    assert len(tomllib.loads(file.read_text("utf-8"))["run"]) == 11
