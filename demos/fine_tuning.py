"""Fine-tuning in seconds: an LLM that read mostly English gets better at Italian, then worse.

An adapter of rank 8 on the last hidden state (`demos.smollm.adapter`) learns from 1,536 tokens of
Italian. After each pass over them the demo looks at a second text, which says when to stop. A third
text, held out, is measured when all is done, and decides nothing.

How the settings were chosen: `choose` tries 4 learning rates, each with every number of passes, and
takes the least perplexity of the second text; a test does it again. Rank, batch and sizes were set
by the time there is.

Held against it is what the same text gives without anything learned before: a table of its pairs of
tokens, counted (`demos.common.training.baselines`). A network trained from scratch on so little
text is not tried here.

Leaves out: adapters inside the layers, which do better; other orders of the batches, other texts.
The intervals say what other pieces of the same text might have given (bootstrap). The LLM is
SmolLM2-135M-Instruct with its weights at 4 bits. Texts: `data/texts`, written for this project.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demos.common.intervals import perplexity_change
from demos.common.standalone import run_alone
from demos.common.training.baselines import pairs_perplexity, perplexity
from demos.common.words import number
from demos.smollm import tokenizer, weights
from demos.smollm.adapter import WINDOW, Adapter, Positions, losses, train

DATA = Path(__file__).parent / "data" / "texts"
FILES = {"training": "addestramento", "validation": "scelta", "held_out": "prova"}
N_TOKENS = {"training": 1536, "validation": 512, "held_out": 1024}  # to predict
RANK, BATCH, N_STEPS = 8, 256, 48
EVERY = N_TOKENS["training"] // BATCH  # steps of one pass over the training text
RATES = (5e-4, 1e-3, 2e-3, 4e-3)
LEARNING_RATE = 1e-3  # what `choose` gives


def texts() -> dict[str, list[int]]:
    """Read the starts of the three texts, as ids.

    >>> {part: len(ids) for part, ids in texts().items()}
    {'training': 1537, 'validation': 513, 'held_out': 1025}
    """
    found = {}
    for part, name in FILES.items():
        ids = tokenizer.encode((DATA / f"italiano-{name}.txt").read_text(encoding="utf-8"))
        found[part] = ids[: N_TOKENS[part] + 1]  # one more, since the first is only read
    return found


def known(ids: dict[str, list[int]]) -> dict[str, Positions]:
    """Read the two texts that learning may see."""
    parts = ("training", "validation")
    return {part: Positions.of_text(weights.load(), ids[part]) for part in parts}


def learn(places: dict[str, Positions], rate: float) -> tuple[list[dict], dict[int, Adapter]]:
    """Train, and look at the second text before the first step and after every `EVERY`.

    Gives the rows of `curve`, and by its step the adapter of each.
    """
    training, validation = places["training"], places["validation"]
    adapter = Adapter.new(training.hidden.shape[1], RANK)
    row = {"step": 0, "validation_perplexity": perplexity(adapter, validation)}
    curve, adapters, nats = [row], {0: adapter}, []
    steps = train(adapter, training, n_steps=N_STEPS, batch=BATCH, learning_rate=rate)
    for step, (loss, adapted) in enumerate(steps, start=1):
        nats.append(loss)
        if step % EVERY == 0:  # the whole training text was read once more
            row = {"step": step, "training_perplexity": float(np.exp(np.mean(nats[-EVERY:])))}
            curve.append(row | {"validation_perplexity": perplexity(adapted, validation)})
            adapters[step] = adapted
    return curve, adapters


def best_of(curve: list[dict]) -> dict:
    """Pick the row with the least perplexity of the second text: it says when to stop.

    >>> best_of([{"validation_perplexity": 9, "step": 0}, {"validation_perplexity": 7, "step": 6}])
    {'validation_perplexity': 7, 'step': 6}
    """
    return min(curve, key=lambda row: row["validation_perplexity"])


def measure(ids: Sequence[int], adapters: Sequence[Adapter]) -> np.ndarray:
    """Compute the losses of a text with each adapter, a window at a time: [adapters, n]."""
    found = []
    for start in range(0, len(ids) - 1, WINDOW):
        places = Positions.of_text(weights.load(), ids[start : start + WINDOW + 1])
        found.append([losses(adapter, places) for adapter in adapters])
    return np.concatenate(found, axis=1)


def choose() -> float:
    """Find the learning rate with the least perplexity of the second text.

    It takes half a minute, so `run` does not. The held-out text is not even read by the model.
    """
    places = known(texts())
    best = {rate: best_of(learn(places, rate)[0]) for rate in RATES}
    return min(RATES, key=lambda rate: best[rate]["validation_perplexity"])


def compare(before: np.ndarray, after: np.ndarray, overfitted: np.ndarray, seen: float) -> dict:
    """Compare a text's losses [n] before learning, where it stops, and at the end.

    `seen` is the perplexity of what was learned, at the end; `low` and `high` are the ends of a
    95 % interval.

    >>> nats = [np.full(64, np.log(perplexity)) for perplexity in (100.0, 90.0, 99.0)]
    >>> facts = compare(*nats, seen=50.0)
    >>> facts["gain_percent"], facts["rise_percent"]
    (10.0, 10.0)
    """
    fall, fall_low, fall_high = perplexity_change(before, after)
    rise, rise_low, rise_high = perplexity_change(after, overfitted)
    return {
        "before_perplexity": float(np.exp(before.mean())),
        "after_perplexity": float(np.exp(after.mean())),
        "gain_percent": -fall,
        "gain_low_percent": -fall_high,
        "gain_high_percent": -fall_low,
        "overfitted_training_perplexity": seen,
        "overfitted_perplexity": float(np.exp(overfitted.mean())),
        "rise_percent": rise,
        "rise_low_percent": rise_low,
        "rise_high_percent": rise_high,
    }


def run() -> dict:
    """Train the adapter until the second text says stop, then measure the held-out text.

    `curve` has a row every `EVERY` steps; its `training_perplexity` is the mean over the steps
    since the row before.
    """
    model, ids = weights.load(), texts()
    n_vocab = len(model.embedding)
    curve, adapters = learn(known(ids), LEARNING_RATE)
    stop = best_of(curve)["step"]
    chosen = [adapters[step] for step in (0, stop, N_STEPS)]
    nats = measure(ids["held_out"], chosen)  # [3, n]
    return {
        "n_params_model": sum(array.size for _, array in model.arrays()),
        "n_params_trained": adapters[0].n_params,
        "rank": RANK,
        "n_training_tokens": N_TOKENS["training"],
        "n_validation_tokens": N_TOKENS["validation"],
        "n_held_out_tokens": N_TOKENS["held_out"],
        "n_window_tokens": WINDOW,
        "n_batch_tokens": BATCH,
        "n_steps": N_STEPS,
        "n_steps_per_pass": EVERY,
        "n_rates_tried": len(RATES),
        "n_settings_tried": len(RATES) * len(curve),
        "learning_rate": LEARNING_RATE,
        "curve": curve,
        "best_step": stop,
        **compare(*nats, seen=curve[-1]["training_perplexity"]),
        "n_vocab": n_vocab,
        "pairs_perplexity": pairs_perplexity(ids["training"], ids["held_out"], n_vocab),
    }


def show(facts: dict) -> None:
    """Print what learns, the curve, and what the held-out text says."""
    n = {name: number(value) for name, value in facts.items() if name.startswith("n_")}
    print(f"""\
1. Che cosa impara
   il modello: {n["n_params_model"]} parametri, tutti fermi
   l’adattatore: {n["n_params_trained"]} numeri, due matrici attorno a {facts["rank"]} colonne
   logit = (h + h A B) Eᵀ: B parte da zero, quindi all’inizio non cambia niente

2. Tre testi italiani, in token
   di addestramento: {n["n_training_tokens"]}, a gruppi di {n["n_batch_tokens"]}
   di convalida: {n["n_validation_tokens"]}, mai imparati: dicono quando fermarsi
   di prova: {n["n_held_out_tokens"]}, misurati a cose fatte: non decidono niente""")
    show_curve(facts)
    show_held_out(facts)


def show_curve(facts: dict) -> None:
    """Print the perplexities over the steps, and where it stops."""
    print(f"""
3. La perplessità: fra quanti token, in media, il modello esita. Meno è meglio
   Una riga ogni {facts["n_steps_per_pass"]} passi, cioè a ogni rilettura del testo di addestramento
    passo  addestramento    convalida""")
    for row in facts["curve"]:
        parts = ("training_perplexity", "validation_perplexity")
        learned, watched = (one_decimal(row.get(part)) for part in parts)
        mark = "  ← qui ci si ferma" if row["step"] == facts["best_step"] else ""
        print(f"   {row['step']:>6}{learned:>15}{watched:>13}{mark}")
    rate, n_tried = number(facts["learning_rate"], 3), facts["n_rates_tried"]
    print(f"""\
   Dopo, sul testo di addestramento migliora ancora, su quello di convalida peggiora:
   è l’overfitting.
   Tasso di apprendimento {rate}: è il migliore di {n_tried} sul testo di convalida.""")


def show_held_out(facts: dict) -> None:
    """Print what the held-out text says, with intervals, and how far counted pairs come."""
    moments = ("before", "after", "overfitted")
    before, after, end = (one_decimal(facts[f"{moment}_perplexity"]) for moment in moments)
    pairs, chance = number(facts["pairs_perplexity"], 0), number(facts["n_vocab"])
    print(f"""
4. Sul testo di prova (fra parentesi l’intervallo al 95%)
   prima {before}, al passo {facts["best_step"]} {after}: {spread(facts, "gain")} in meno
   al passo {facts["n_steps"]} {end}: {spread(facts, "rise")} in più
   senza modello, contando le coppie di token dello stesso testo: {pairs}
   (tirare a caso fra i token: {chance})""")


def spread(facts: dict, name: str) -> str:
    """Write a change in percent and its interval.

    >>> spread({"gain_percent": 8.0, "gain_low_percent": 5.04, "gain_high_percent": 11.0}, "gain")
    '8,0% (5,0 … 11,0)'
    """
    change, low, high = (number(facts[f"{name}_{end}percent"], 1) for end in ("", "low_", "high_"))
    return f"{change}% ({low} … {high})"


def one_decimal(value: float | None) -> str:
    """Write a perplexity with one decimal, or a dash where there is none.

    >>> one_decimal(112.06), one_decimal(None)
    ('112,1', '—')
    """
    return "—" if value is None else number(value, 1)


if __name__ == "__main__":
    run_alone(run, show)
