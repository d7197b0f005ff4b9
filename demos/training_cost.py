"""What it takes to train a model: operations, hours of accelerators, days, energy, money, one line each.

Operations are 6 × parameters × tokens. An accelerator does a share of its peak (utilization); the
hours follow, and from them days, energy at the card's highest power, and rent. Beside it, what the
authors of eleven models published.

Leaves out: tries before the last run, staff, data, and idle machines; attention's work on long
texts (a few percent); network, processors and cooling in the energy, unless a PUE was published.
Rent includes electricity: they don't add up. Money stays in its currency, and each price has its
date.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from demos.common.models import find_model, n_params
from demos.common.standalone import run_alone
from demos.common.training import (
    FLOP_PER_PARAM_TOKEN,
    accelerators,
    agreement,
    energy,
    energy_mwh,
    gpu_hours,
    llama_3,
    prices,
    published,
    runs,
    tables,
    train_flop,
)
from demos.common.words import month, number, power_of_ten

ModelName = Literal[tuple(run.model for run in runs())]  # type: ignore[valid-type]  # made at run time
GpuName = Literal["v100", "a100", "h100"]
TOKENS = (
    300,
    1000,
    1400,
    2000,
    6000,
    15000,
    15600,
)  # billions: what GPT-3, LLaMA, Llama 2, Gemma and Llama 3 read
UTILIZATIONS, CLUSTERS = range(20, 61, 10), range(1024, 24577, 1024)


def run(
    *,
    model: ModelName = "llama3-70b",  # type: ignore[valid-type]  # a choice made from the published runs
    tokens_billions: Literal[300, 1000, 1400, 2000, 6000, 15000, 15600] = 15000,
    gpu: GpuName = "h100",
    price: Literal["low", "high"] = "low",
    utilization_percent: Annotated[int, UTILIZATIONS] = 40,
    n_gpus: Annotated[int, CLUSTERS] = 24576,
) -> dict:
    r"""Compute what training `model` on so many tokens takes on `n_gpus` cards that do a share of their peak.

    `price` picks a cheap provider or a dear one. ValueError on a value that is not among the
    choices.

    >>> facts = run(model="gpt3-175b", tokens_billions=300)
    >>> facts["train_flop_it"], round(facts["pflops_days"])
    ('3,14\xa0×\xa010²³', 3638)
    """
    check(model=model, tokens_billions=tokens_billions, gpu=gpu, price=price,
          utilization_percent=utilization_percent, n_gpus=n_gpus)  # fmt: skip
    card, rent, count = accelerators()[gpu], prices()[gpu, price], n_params(find_model(model))
    flop = train_flop(count, tokens_billions * 10**9)
    hours = gpu_hours(flop, card, utilization_percent)
    rows = {one.model: published(one, utilization_percent) for one in runs()}
    return {
        "model": model,
        "name": find_model(model).name,
        "n_params": count,
        "tokens_billions": tokens_billions,
        "n_tokens": tokens_billions * 10**9,
        "tokens_per_param": tokens_billions * 10**9 / count,
        "flop_per_param_token": FLOP_PER_PARAM_TOKEN,
        "train_flop": float(flop),
        "train_flop_it": power_of_ten(flop),
        "pflops_days": flop / (1e15 * 86400),
        "gpu": card.label,
        "peak_tflops": card.peak_tflops,
        "board_power_w": card.board_power_w,
        "utilization_percent": utilization_percent,
        "gpu_hours": hours,
        "n_gpus": n_gpus,
        "days": hours / n_gpus / 24,
        "rent_per_hour_usd": rent.usd_per_hour,
        "rent_vendor": rent.vendor,
        "rent_date": rent.date,
        "rent_date_it": month(rent.date),
        "rent_usd": hours * rent.usd_per_hour,
        **energy(energy_mwh(hours, card)),
        "runs": rows,
        **agreement(rows),
        "llama3": llama_3(),
        **{key: value for key, value in tables()["shares"].items() if key != "source"},
    }


def check(**given: object) -> None:
    """Refuse what is not among the choices, naming them.

    >>> check(model="gpt3-175b", n_gpus=1000)
    Traceback (most recent call last):
    ValueError: n_gpus 1000 is not in range(1024, 24577, 1024)
    """
    choices: dict[str, Sequence] = {
        "model": tuple(one.model for one in runs()),
        "tokens_billions": TOKENS,
        "gpu": tuple(accelerators()),
        "price": ("low", "high"),
        "utilization_percent": UTILIZATIONS,
        "n_gpus": CLUSTERS,
    }
    for name, value in given.items():
        if (
            type(value) is not type(choices[name][0]) or value not in choices[name]
        ):  # 300.0 and True are no choices
            raise ValueError(f"{name} {value!r} is not in {choices[name]}")


def show(facts: dict) -> None:
    """Print the sum line by line, then the published runs, then Llama 3's share of the cards."""
    tokens = number(facts["tokens_billions"])
    print(f"1. Le operazioni per addestrare {facts['name']} su {tokens} miliardi di token")
    print(f"   {facts['flop_per_param_token']} × {number(facts['n_params'])} × {tokens} miliardi")
    print(f"   = {facts['train_flop_it']} operazioni (FLOP)")
    print(
        f"   = {number(facts['pflops_days'], 0)} giorni di una macchina da 10^15 operazioni al secondo"
    )
    print(
        f"\n2. Le ore: una {facts['gpu']} fa al più {number(facts['peak_tflops'])} × 10^12 operazioni al secondo;"
    )
    print(
        f"   al {facts['utilization_percent']}% servono {number(facts['gpu_hours'], 0)} ore di una scheda sola,"
    )
    print(f"   cioè {number(facts['days'], 1)} giorni di {number(facts['n_gpus'])} schede")
    energy_it = f"{number(facts['energy_mwh'], 0)} MWh"
    print(f"\n3. L'energia: {number(facts['board_power_w'])} W per scheda, {energy_it} in tutto")
    usd, eur = number(facts["electricity_usd"], 0), number(facts["electricity_eur"], 0)
    print(f"   {usd} USD negli Stati Uniti (industria, {facts['electricity_us_date']})")
    print(f"   {eur} EUR nell'Unione Europea (imprese, {facts['electricity_eu_date_it']})")
    print(
        f"\n4. L'affitto, corrente compresa: {number(facts['rent_per_hour_usd'], 2)} USD per ora di scheda"
    )
    print(
        f"   ({facts['rent_vendor']}, {facts['rent_date_it']}): {number(facts['rent_usd'], 0)} USD"
    )
    show_runs(facts)
    show_llama_3(facts["llama3"])


def show_runs(facts: dict) -> None:
    """Print the published hours beside the computed ones."""
    print(f"\n5. Le ore dichiarate, e il conto al {facts['utilization_percent']}% di utilizzo")
    print(f"   {'modello':<16}{'scheda':<8}{'dichiarate':>12}{'il conto':>12}{'utilizzo':>12}")
    for row in facts["runs"].values():
        if row["gpu_hours"] is None:
            print(f"   {row['name']:<16}dichiara {power_of_ten(row['published_train_flop'])} operazioni:"
                  f" il conto ne dà {row['train_flop_it']}")  # fmt: skip
            continue
        hours = f"{number(row['gpu_hours']):>12}{number(row['computed_gpu_hours'], 0):>12}"
        print(
            f"   {row['name']:<16}{row['gpu']:<8}{hours}{number(row['utilization_percent'], 1):>10}%"
        )


def show_llama_3(llama: dict) -> None:
    """Print what Llama 3 took of Meta's cards, next to what the cards cost."""
    print("\n6. Llama 3 (8B e 70B), e il prezzo delle schede")
    cards, card_usd = number(llama["rounded_n_gpus"]), number(llama["card_usd"])
    print(f"   {cards} H100 a {card_usd} USD l'una (stima, {month(llama['card_date'])})")
    print(
        f"   fanno {number(llama['rounded_cluster_usd'])} USD. Meta ne ha {llama['n_clusters']} gruppi da"
    )
    print(
        f"   {number(llama['cluster_n_gpus'])}; Llama 3 ha preso {number(llama['gpu_hours'])} ore, cioè"
    )
    print(f"   {number(llama['days_of_one_cluster'], 1)} giorni di uno dei due: in affitto, da")
    print(f"   {number(llama['rent_low_usd'], 0)} a {number(llama['rent_high_usd'], 0)} USD.")


if __name__ == "__main__":
    run_alone(run, show)
