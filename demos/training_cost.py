"""What it takes to train a model: operations, hours of accelerators, days, energy and money.

Operations are 6 × parameters × tokens. An accelerator does a share of its peak (utilization); the
hours follow, and from them, each on its own, days, energy at the card's highest power, and rent.
Beside it, what the authors of eleven models published. The utilization that follows from published
hours is an apparent one: hours that trained nothing (restarts, tries) are among them.

Leaves out: tries before the last run, staff, data, and idle machines; attention's work on long
texts (a few percent); network, processors and cooling in the energy, unless a PUE was published.
Rent includes electricity: they don't add up. Money stays in its currency, and each price has its
date.
"""

from typing import Annotated, Literal

from demos.common.models.catalogue import find_model, n_params
from demos.common.standalone import run_alone
from demos.common.training.costs import (
    accelerators,
    agreement,
    energy,
    energy_mwh,
    gpu_hours,
    llama_3,
    operations,
    prices,
    published,
    rent_of,
    runs,
    specification,
    tables,
)
from demos.common.words import month, number, power_of_ten

ModelName = Literal[*(one.model for one in runs())]
# In billions: what GPT-3, LLaMA, Llama 2, Gemma and Llama 3 read.
TOKENS = (300, 1000, 1400, 2000, 6000, 15000, 15600)
UTILIZATIONS, CLUSTERS = range(20, 61, 10), range(1024, 24577, 1024)


def run(
    *,
    model: ModelName = "llama3-70b",
    tokens_billions: Literal[*TOKENS] = 15000,
    gpu: Literal[*accelerators()] = "h100",
    price: Literal["low", "high"] = "low",
    utilization_percent: Annotated[int, UTILIZATIONS] = 40,
    n_gpus: Annotated[int, CLUSTERS] = 24576,
) -> dict:
    r"""Compute what a training takes on `n_gpus` cards that do a share of their peak.

    `price` picks a cheap provider or a dear one.

    >>> facts = run(model="gpt3-175b", tokens_billions=300)
    >>> facts["train_flop_it"], round(facts["pflops_days"])
    ('3,14\xa0×\xa010²³', 3638)
    """
    card = accelerators()[gpu]
    chosen = find_model(model)
    work = operations(n_params(chosen), tokens_billions)
    hours = gpu_hours(work["train_flop"], card, utilization_percent)
    rows = {one.model: published(one, utilization_percent) for one in runs()}
    return {
        "model": model,
        "name": chosen.name,
        **work,
        **specification(card),
        "utilization_percent": utilization_percent,
        "gpu_hours": hours,
        "n_gpus": n_gpus,
        "days": hours / n_gpus / 24,
        **rent_of(hours, prices()[gpu, price]),
        **energy(energy_mwh(hours, card)),
        "runs": rows,
        **agreement(rows),
        "llama3": llama_3(),
        **{key: value for key, value in tables()["shares"].items() if key != "source"},
    }


def show(facts: dict) -> None:
    """Print the sum line by line, then the published runs, then Llama 3's share of the cards."""
    tokens, peak = number(facts["tokens_billions"]), number(facts["peak_tflops"])
    hours, mwh = number(facts["gpu_hours"], 0), number(facts["energy_mwh"], 0)
    print(f"""\
1. Le operazioni per addestrare {facts["name"]} su {tokens} miliardi di token
   {facts["flop_per_param_token"]} × {number(facts["n_params"])} × {tokens} miliardi
   = {facts["train_flop_it"]} operazioni (FLOP)
   = {number(facts["pflops_days"], 0)} giorni di una macchina da 10^15 operazioni al secondo

2. Le ore: una {facts["gpu"]} fa al più {peak} × 10^12 operazioni al secondo;
   al {facts["utilization_percent"]}% servono {hours} ore di una scheda sola,
   cioè {number(facts["days"], 1)} giorni di {number(facts["n_gpus"])} schede

3. L’energia: {number(facts["board_power_w"])} W per scheda, {mwh} MWh in tutto""")
    show_money(facts)
    show_runs(facts)
    show_llama_3(facts["llama3"])


def show_money(facts: dict) -> None:
    """Print what the energy costs, and what the cards cost to rent."""
    usd, eur = number(facts["electricity_usd"], 0), number(facts["electricity_eur"], 0)
    per_hour, rent = number(facts["rent_per_hour_usd"], 2), number(facts["rent_usd"], 0)
    print(f"""\
   {usd} USD negli Stati Uniti (industria, {facts["electricity_us_date"]})
   {eur} EUR nell’Unione Europea (imprese, {facts["electricity_eu_date_it"]})

4. L’affitto, corrente compresa: {per_hour} USD per ora di scheda
   ({facts["rent_vendor"]}, {facts["rent_date_it"]}): {rent} USD""")


def show_runs(facts: dict) -> None:
    """Print the published hours beside the computed ones."""
    print(f"""
5. Le ore dichiarate, e il conto al {facts["utilization_percent"]}% di utilizzo
   utilizzo: il lavoro utile, diviso per ciò che tutte le ore dichiarate potevano dare
   modello         scheda    dichiarate    il conto    apparente""")
    for row in facts["runs"].values():
        print(f"   {row['name']:<16}{hours_columns(row)}")


def hours_columns(row: dict) -> str:
    r"""Write a run's hours, or its operations where its authors publish no hours.

    >>> hours_columns({"gpu_hours": None, "published_train_flop": 3e23, "train_flop_it": "3,1"})
    'dichiara 3,00\xa0×\xa010²³ operazioni: il conto ne dà 3,1'
    """
    if row["gpu_hours"] is None:
        declared = power_of_ten(row["published_train_flop"])
        return f"dichiara {declared} operazioni: il conto ne dà {row['train_flop_it']}"
    declared, computed = number(row["gpu_hours"]), number(row["computed_gpu_hours"], 0)
    percent = number(row["utilization_percent"], 1)
    return f"{row['gpu']:<8}{declared:>12}{computed:>12}{percent:>10}%"


def show_llama_3(llama: dict) -> None:
    """Print what Llama 3 took of Meta's cards, next to what the cards cost."""
    cards, card_usd = number(llama["rounded_n_gpus"]), number(llama["card_usd"])
    low, high = number(llama["rent_low_usd"], 0), number(llama["rent_high_usd"], 0)
    share, power = number(llama["cards_share_usd"], 0), number(llama["electricity_usd"], 0)
    percent = number(100 * llama["electricity_share_of_cards"], 1)
    print(f"""
6. Llama 3 (8B e 70B), e il prezzo delle schede
   {cards} H100 a {card_usd} USD l’una (stima, {month(llama["card_date"])})
   fanno {number(llama["rounded_cluster_usd"])} USD. Meta ne ha {llama["n_clusters"]} gruppi da
   {number(llama["cluster_n_gpus"])}; Llama 3 ha preso {number(llama["gpu_hours"])} ore, cioè
   {number(llama["days_of_one_cluster"], 1)} giorni di uno dei due: in affitto, da
   {low} a {high} USD.
   Se una scheda dura {llama["card_life_years"]} anni, quelle ore valgono {share} USD di schede;
   l’energia, al massimo {power} USD, è il {percent}% di tanto.""")


if __name__ == "__main__":
    run_alone(run, show)
