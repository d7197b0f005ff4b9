"""What training takes: accelerators, their rent, published runs, and the sums that join them.

What the authors of models published about their training stands beside what the sums give for it.

Rows that are not confirmed in `demos/data/training.toml` are not loaded.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from demos.common.models.catalogue import DATA, find_model, load_rows, n_params
from demos.common.words import month, power_of_ten

FILE = DATA / "training.toml"
HOURS_A_YEAR = 365 * 24
FLOP_PER_PARAM_TOKEN = 6
"""A token costs a parameter 2 operations forward (multiply, add) and 4 backward: Kaplan et al.
2020, section 2.1, https://arxiv.org/abs/2001.08361, and table D.1 of Brown et al. 2020,
https://arxiv.org/abs/2005.14165."""


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """A card that models are trained on."""

    id: str
    """Short name: `h100`."""
    label: str
    """As it is written in a table."""
    name: str
    """The vendor's full name."""
    peak_tflops: float
    """10^12 operations a second at most, in 16 bits, without sparsity."""
    board_power_w: float
    """Power in watts that it may take at most."""
    source: str
    """Where both were read."""
    confirmed: bool
    """Were they read there?"""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one hour of an accelerator was rented for, at a date."""

    accelerator: str
    """Its id."""
    level: str
    """`low` or `high`: a cheap provider or a dear one."""
    usd_per_hour: float
    """US dollars an hour, on demand."""
    vendor: str
    """Who rents it out."""
    date: str
    """Year and month in which the price held."""
    source: str
    """Where it was read."""
    confirmed: bool
    """Was it read there?"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training as its authors describe it; what they do not publish is None."""

    model: str
    """The catalogue's id of the model."""
    tokens: int
    """Tokens read."""
    source: str
    """Where the numbers were read."""
    confirmed: bool
    """Were they read there?"""
    accelerator: str | None = None
    """Id of the accelerator."""
    gpu_hours: int | None = None
    """Hours of all accelerators together."""
    train_flop: float | None = None
    """Operations."""
    pflops_days: float | None = None
    """The same in days of 10^15 operations a second."""
    pue: float | None = None
    """Energy of the data centre for each unit of its machines' (power usage effectiveness)."""
    energy_mwh: float | None = None
    """Energy in MWh."""


@lru_cache
def accelerators() -> dict[str, Accelerator]:
    """Load the accelerators by id.

    >>> [f"{one.label} {one.peak_tflops}" for one in accelerators().values()]
    ['V100 125', 'A100 312', 'H100 989.4']
    """
    return {row["id"]: Accelerator(**row) for row in load_rows(FILE, "accelerator")}


@lru_cache
def prices() -> dict[tuple[str, str], Price]:
    """Load the rents by accelerator and level.

    >>> prices()["h100", "low"].usd_per_hour
    3.29
    """
    return {(row["accelerator"], row["level"]): Price(**row) for row in load_rows(FILE, "price")}


@lru_cache
def runs() -> tuple[Run, ...]:
    """Load the published runs, in the file's order.

    >>> len(runs()), runs()[0].model
    (11, 'gpt3-175b')
    """
    return tuple(Run(**row) for row in load_rows(FILE, "run"))


@lru_cache
def tables() -> dict[str, Any]:
    """Load what there is one of: electricity, Meta's clusters, an H100's price, shares of cost.

    >>> tables()["cluster"]["n_gpus"]
    24576
    """
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def train_flop(n_params: int, n_tokens: int) -> int:
    """Estimate the operations of a training: 6 for each parameter and token.

    >>> train_flop(174604259328, 300 * 10**9) / 10**23  # GPT-3: its paper prints 3.14
    3.142876667904
    """
    return FLOP_PER_PARAM_TOKEN * n_params * n_tokens


def gpu_hours(flop: float, accelerator: Accelerator, utilization_percent: float) -> float:
    """Divide operations by what one accelerator does in an hour at this share of its peak.

    >>> round(gpu_hours(3.6e18 * 989.4, accelerators()["h100"], 100), 6)
    1000.0
    """
    return flop / (accelerator.peak_tflops * 1e12 * utilization_percent / 100 * 3600)


def utilization_percent(flop: float, accelerator: Accelerator, hours: float) -> float:
    """Find the share of the peak at which these operations take these hours, in percent.

    Model FLOPs utilization: Chowdhery et al. 2022, section 4.1, https://arxiv.org/abs/2204.02311.

    >>> flop = train_flop(68976648192, 2 * 10**12)  # Llama 2 70B
    >>> round(utilization_percent(flop, accelerators()["a100"], 1720320), 1)
    42.8
    """
    return 100 * flop / (accelerator.peak_tflops * 1e12 * 3600 * hours)


def energy_mwh(hours: float, accelerator: Accelerator, pue: float = 1.0) -> float:
    """Multiply hours by the most power that the card may take, and by the PUE: an upper bound.

    >>> round(energy_mwh(1022362, accelerators()["a100"], pue=1.1), 2)  # LLaMA 65B's paper: 449
    449.84
    """
    return hours * accelerator.board_power_w * pue / 1e6


def energy(mwh: float) -> dict[str, float | str]:
    """Price an amount of energy in the United States and in Europe, each in its currency.

    >>> round(energy(5390.0)["electricity_usd"]), round(energy(5390.0)["electricity_eur"])
    (434434, 1023561)
    """
    us, eu = tables()["electricity"]["us"], tables()["electricity"]["eu"]
    return {
        "energy_mwh": mwh,
        "electricity_usd": mwh * 1000 * us["price_usd_per_kwh"],
        "electricity_us_date": us["date"],
        "electricity_eur": mwh * 1000 * eu["price_eur_per_kwh"],
        "electricity_eu_date": eu["date"],
        "electricity_eu_date_it": eu["date_it"],
    }


def published(one: Run, utilization: int) -> dict:
    """Put what a model's authors published beside what the sums give; None where they did not.

    >>> facts = published(runs()[-2], 40)  # Llama 3 70B
    >>> facts["gpu_hours"], round(facts["computed_gpu_hours"])
    (6400000, 4456849)
    >>> round(facts["utilization_percent"], 1)
    27.9
    """
    count = n_params(find_model(one.model))
    flop = train_flop(count, one.tokens)
    facts = {
        "name": find_model(one.model).name,
        "n_params": count,
        "n_tokens": one.tokens,
        "tokens_per_param": one.tokens / count,
        "train_flop": float(flop),
        "train_flop_it": power_of_ten(flop),
        "published_train_flop": one.train_flop,
        "pflops_days": flop / (1e15 * 86400),
        "published_pflops_days": one.pflops_days,
        "published_energy_mwh": one.energy_mwh,
    }
    if one.accelerator is None or one.gpu_hours is None:
        return facts | {"gpu_hours": None}
    card = accelerators()[one.accelerator]
    return facts | {
        "gpu": card.label,
        "gpu_hours": one.gpu_hours,
        "computed_gpu_hours": gpu_hours(flop, card, utilization),
        "utilization_percent": utilization_percent(flop, card, one.gpu_hours),
        "energy_mwh": energy_mwh(one.gpu_hours, card, one.pue or 1.0),
        **rents(card, one.gpu_hours),
    }


def rents(card: Accelerator, hours: int) -> dict:
    """Price so many hours of a card at a cheap provider and at a dear one.

    >>> rents(accelerators()["h100"], 1000)["rent_low_usd"]
    3290.0
    """
    low, high = prices()[card.id, "low"], prices()[card.id, "high"]
    return {
        "rent_low_usd": hours * low.usd_per_hour,
        "rent_low_date": low.date,
        "rent_high_usd": hours * high.usd_per_hour,
        "rent_high_date": high.date,
    }


def agreement(rows: dict[str, dict]) -> dict:
    """Count the runs whose computed hours are within a third of the published, name the worst.

    >>> good, bad = ({"gpu_hours": 9, "computed_gpu_hours": hours} for hours in (7.0, 5.0))
    >>> agreement({"a": good, "b": bad})
    {'n_runs_with_hours': 2, 'n_runs_within_third': 1, 'worst_run': 'b'}
    """
    errors = {}
    for model, row in rows.items():
        if row["gpu_hours"]:
            errors[model] = abs(row["computed_gpu_hours"] / row["gpu_hours"] - 1)
    return {
        "n_runs_with_hours": len(errors),
        "n_runs_within_third": sum(error < 1 / 3 for error in errors.values()),
        "worst_run": max(errors, key=errors.__getitem__),
    }


def meta_clusters() -> dict:
    """Price the clusters on which Meta trained Llama 3: one, one in round numbers, and all.

    >>> meta_clusters()["rounded_cluster_usd"]
    720000000
    """
    cluster, purchase = tables()["cluster"], tables()["purchase"]
    card_usd = purchase["h100_usd"]
    cluster_usd = cluster["n_gpus"] * card_usd
    return {
        "cluster_n_gpus": cluster["n_gpus"],
        "n_clusters": cluster["n_clusters"],
        "rounded_n_gpus": cluster["rounded_n_gpus"],
        "card_usd": card_usd,
        "card_date": purchase["date"],
        "rounded_cluster_usd": cluster["rounded_n_gpus"] * card_usd,
        "cluster_usd": cluster_usd,
        "clusters_usd": cluster["n_clusters"] * cluster_usd,
    }


def operations(n_params: int, tokens_billions: int) -> dict:
    """Count the operations of a training.

    >>> operations(175 * 10**9, 300)["train_flop"]
    3.15e+23
    """
    n_tokens = tokens_billions * 10**9
    flop = train_flop(n_params, n_tokens)
    return {
        "n_params": n_params,
        "tokens_billions": tokens_billions,
        "n_tokens": n_tokens,
        "tokens_per_param": n_tokens / n_params,
        "flop_per_param_token": FLOP_PER_PARAM_TOKEN,
        "train_flop": float(flop),
        "train_flop_it": power_of_ten(flop),
        "pflops_days": flop / (1e15 * 86400),
    }


def specification(card: Accelerator) -> dict:
    """Say what a card does at most, and what it draws at most.

    >>> specification(accelerators()["a100"])["peak_tflops"]
    312
    """
    return {
        "gpu": card.label,
        "peak_tflops": card.peak_tflops,
        "board_power_w": card.board_power_w,
    }


def rent_of(hours: float, price: Price) -> dict:
    """Price so many hours of a card.

    >>> facts = rent_of(1000, prices()["h100", "low"])
    >>> facts["rent_usd"], facts["rent_vendor"]
    (3290.0, 'Lambda')
    """
    return {
        "rent_per_hour_usd": price.usd_per_hour,
        "rent_vendor": price.vendor,
        "rent_date": price.date,
        "rent_date_it": month(price.date),
        "rent_usd": hours * price.usd_per_hour,
    }


def llama_3() -> dict:
    """Sum up Llama 3 (8B and 70B): its share of Meta's cards, their price and rent, its energy.

    `cards_share_usd` is what the cards' hours cost, the price spread evenly over their life: to it,
    and not to the price of all cards, the energy of the same hours can be compared.

    >>> facts = llama_3()
    >>> facts["gpu_hours"], round(facts["days_of_one_cluster"]), round(facts["energy_mwh"])
    (7700000, 13, 5390)
    >>> round(facts["cards_share_usd"] / 1e6, 2)  # 7.7e6 h * 30000 USD / (4 * 8760 h)
    6.59
    """
    hours = sum(one.gpu_hours or 0 for one in runs() if one.model in ("llama3-8b", "llama3-70b"))
    years, card = tables()["purchase"]["life_years"], accelerators()["h100"]
    power, rent, clusters = energy(energy_mwh(hours, card)), rents(card, hours), meta_clusters()
    wear_usd = hours * clusters["card_usd"] / (years * HOURS_A_YEAR)
    return {
        "gpu_hours": hours,
        **clusters,
        "days_of_one_cluster": hours / clusters["cluster_n_gpus"] / 24,
        **rent,
        **power,
        "electricity_share_of_rent": power["electricity_usd"] / rent["rent_low_usd"],
        "card_life_years": years,
        "cards_share_usd": wear_usd,
        "electricity_share_of_cards": power["electricity_usd"] / wear_usd,
    }
