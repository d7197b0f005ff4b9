"""What the authors of models published about their training, beside what the sums give for it."""

from demos.common.catalogue import find_model, n_params
from demos.common.training import (
    Run,
    accelerators,
    energy_mwh,
    gpu_hours,
    power_of_ten,
    prices,
    runs,
    tables,
    train_flop,
    utilization_percent,
)


def energy(mwh: float) -> dict[str, float | str]:
    """Price an amount of energy in the United States and in Europe: two currencies, never added or converted.

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
    """Put what a model's authors published beside what the sums give for it; None where nothing was published.

    >>> facts = published(runs()[-2], 40)  # Llama 3 70B
    >>> facts["gpu_hours"], round(facts["computed_gpu_hours"]), round(facts["utilization_percent"], 1)
    (6400000, 4456849, 27.9)
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
    low, high = prices()[card.id, "low"], prices()[card.id, "high"]
    return facts | {
        "gpu": card.label,
        "gpu_hours": one.gpu_hours,
        "computed_gpu_hours": gpu_hours(flop, card, utilization),
        "utilization_percent": utilization_percent(flop, card, one.gpu_hours),
        "energy_mwh": energy_mwh(one.gpu_hours, card, one.pue or 1.0),
        "rent_low_usd": one.gpu_hours * low.usd_per_hour,
        "rent_low_date": low.date,
        "rent_high_usd": one.gpu_hours * high.usd_per_hour,
        "rent_high_date": high.date,
    }


def agreement(rows: dict[str, dict]) -> dict:
    """Count the runs whose computed hours are off by less than a third of the published ones, and name the worst.

    >>> agreement({"a": {"gpu_hours": 9, "computed_gpu_hours": 7.0}, "b": {"gpu_hours": 9, "computed_gpu_hours": 5.0}})
    {'n_runs_with_hours': 2, 'n_runs_within_third': 1, 'worst_run': 'b'}
    """
    known = {key: row for key, row in rows.items() if row["gpu_hours"]}
    errors = {
        key: abs(row["computed_gpu_hours"] / row["gpu_hours"] - 1) for key, row in known.items()
    }
    return {
        "n_runs_with_hours": len(errors),
        "n_runs_within_third": sum(error < 1 / 3 for error in errors.values()),
        "worst_run": max(errors, key=errors.__getitem__),
    }


def llama_3() -> dict:
    """Sum up Llama 3 (8B and 70B): its share of Meta's cards, what they would be bought and rented for, its energy.

    >>> facts = llama_3()
    >>> facts["gpu_hours"], round(facts["days_of_one_cluster"]), round(facts["energy_mwh"])
    (7700000, 13, 5390)
    """
    hours = sum(one.gpu_hours or 0 for one in runs() if one.model in ("llama3-8b", "llama3-70b"))
    cluster, card_usd = tables()["cluster"], tables()["purchase"]["h100_usd"]
    power = energy(energy_mwh(hours, accelerators()["h100"]))
    rounded_usd, low, high = (
        cluster["rounded_n_gpus"] * card_usd,
        prices()["h100", "low"],
        prices()["h100", "high"],
    )
    return {
        "gpu_hours": hours,
        "cluster_n_gpus": cluster["n_gpus"],
        "n_clusters": cluster["n_clusters"],
        "rounded_n_gpus": cluster["rounded_n_gpus"],
        "card_usd": card_usd,
        "card_date": tables()["purchase"]["date"],
        "rounded_cluster_usd": rounded_usd,
        "cluster_usd": cluster["n_gpus"] * card_usd,
        "clusters_usd": cluster["n_clusters"] * cluster["n_gpus"] * card_usd,
        "days_of_one_cluster": hours / cluster["n_gpus"] / 24,
        "rent_low_usd": hours * low.usd_per_hour,
        "rent_low_date": low.date,
        "rent_high_usd": hours * high.usd_per_hour,
        "rent_high_date": high.date,
        **power,
        "electricity_share_of_rent": power["electricity_usd"] / (hours * low.usd_per_hour),
        "electricity_share_of_cluster": power["electricity_usd"] / rounded_usd,
    }
