"""Fine-tuning in seconds: an LLM that read English almost only gets a little better at Italian, then worse.

An adapter of rank 8 on the last hidden state (`demos.smollm.adapter`) learns from 1,536 tokens of
Italian. After each pass over them the demo looks at a second text, which says when to stop. A third
text, held out, is measured when all is done, and decides nothing.

How the settings were chosen: `choose` tries 4 learning rates, each with every number of passes, and
takes the least perplexity of the second text; a test does it again. Rank, batch and sizes were set
by the time there is.

From scratch means: the same text, batches and number of steps, an adapter of the same size, but
nothing learned before: each token is a random vector, and only A and B say what follows what. Its
learning rate was chosen in the same way, of 4. Since that is little, there is also a table of the
pairs of tokens in the same text, counted (Witten and Bell's smoothing, 1991,
https://doi.org/10.1109/18.87000).

Leaves out: adapters inside the layers, which do better; other orders of the batches, other texts.
The intervals say what other pieces of the same text might have given (bootstrap). The LLM is
SmolLM2-135M-Instruct with its weights at 4 bits. Texts: `data/texts`, written for this project.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from demos.common.intervals import perplexity_change
from demos.common.standalone import run_alone
from demos.common.words import number
from demos.smollm import tokenizer, weights
from demos.smollm.adapter import WINDOW, Adapter, Positions, cross_entropy, losses, train

TEXTS = Path(__file__).parent / "data" / "texts"
N_TRAINING, N_VALIDATION, N_HELD_OUT = 1536, 512, 1024  # tokens to predict
RANK, BATCH, N_STEPS = 8, 256, 48
EVERY = N_TRAINING // BATCH  # steps of one pass over the training text
RATES, SCRATCH_RATES = (5e-4, 1e-3, 2e-3, 4e-3), (3e-3, 1e-2, 3e-2, 1e-1)
LEARNING_RATE, SCRATCH_RATE = 1e-3, 1e-2  # what `choose` gives


def run() -> dict:
    """Train the adapter until the second text says stop, then measure the held-out text.

    `curve` has a row every `EVERY` steps; its `training_perplexity` is the mean over the steps
    since the row before. `low` and `high` are the ends of a 95 % interval.
    """
    model, ids = weights.load(), texts()
    curve, adapters = learn(known(ids), LEARNING_RATE)
    best, last = min(curve, key=lambda row: row["validation_perplexity"])["step"], curve[-1]["step"]
    before, after, overfitted = measure(
        ids["held_out"], [adapters[step] for step in (0, best, last)]
    )  # [n] each
    gain, rise = perplexity_change(before, after), perplexity_change(after, overfitted)
    return {
        "n_params_model": sum(array.size for _, array in model.arrays()),
        "n_params_trained": adapters[0].n_params,
        "rank": RANK,
        "n_training_tokens": N_TRAINING,
        "n_validation_tokens": N_VALIDATION,
        "n_held_out_tokens": N_HELD_OUT,
        "n_window_tokens": WINDOW,
        "n_batch_tokens": BATCH,
        "n_steps": N_STEPS,
        "n_steps_per_pass": EVERY,
        "n_rates_tried": len(RATES),
        "n_settings_tried": len(RATES) * len(curve),
        "learning_rate": LEARNING_RATE,
        "curve": curve,
        "best_step": best,
        "before_perplexity": float(np.exp(before.mean())),
        "after_perplexity": float(np.exp(after.mean())),
        "gain_percent": -gain[0],
        "gain_low_percent": -gain[2],
        "gain_high_percent": -gain[1],
        "overfitted_training_perplexity": curve[-1]["training_perplexity"],
        "overfitted_perplexity": float(np.exp(overfitted.mean())),
        "rise_percent": rise[0],
        "rise_low_percent": rise[1],
        "rise_high_percent": rise[2],
        "scratch_perplexity": from_scratch(
            ids, model.embedding.shape, best, SCRATCH_RATE, "held_out"
        ),
        "n_vocab": len(model.embedding),
        "pairs_perplexity": pairs_perplexity(
            ids["training"], ids["held_out"], len(model.embedding)
        ),
    }


def texts() -> dict[str, list[int]]:
    """Read the starts of the three texts, as ids.

    >>> {part: len(ids) for part, ids in texts().items()}
    {'training': 1537, 'validation': 513, 'held_out': 1025}
    """
    found = {}
    for part, name, n in (("training", "addestramento", N_TRAINING), ("validation", "scelta", N_VALIDATION),
                          ("held_out", "prova", N_HELD_OUT)):  # fmt: skip
        text = (TEXTS / f"italiano-{name}.txt").read_text(encoding="utf-8")
        found[part] = tokenizer.encode(text)[: n + 1]  # one more, since the first is only read
    return found


def known(ids: dict[str, list[int]]) -> dict[str, Positions]:
    """Read the two texts that learning may see."""
    return {
        part: Positions.of_text(weights.load(), ids[part]) for part in ("training", "validation")
    }


def learn(places: dict[str, Positions], rate: float) -> tuple[list[dict], dict[int, Adapter]]:
    """Train, and look at the second text before the first step and after every `EVERY`: rows of `curve`, adapters."""
    new = Adapter.new(places["training"].hidden.shape[1], RANK)
    curve: list[dict] = [
        {
            "step": 0,
            "validation_perplexity": float(np.exp(cross_entropy(new, places["validation"]))),
        }
    ]
    adapters, nats = {0: new}, []
    steps = train(new, places["training"], n_steps=N_STEPS, batch=BATCH, learning_rate=rate)
    for step, (loss, adapted) in enumerate(steps, start=1):
        nats.append(loss)
        if step % EVERY == 0:
            adapters[step] = adapted
            learned, watched = (
                float(np.mean(nats[-EVERY:])),
                cross_entropy(adapted, places["validation"]),
            )
            row = {
                "training_perplexity": float(np.exp(learned)),
                "validation_perplexity": float(np.exp(watched)),
            }
            curve.append({"step": step} | row)
    return curve, adapters


def measure(ids: Sequence[int], adapters: Sequence[Adapter]) -> np.ndarray:
    """Compute the losses of a text with each adapter: [adapters, n]. A window at a time, to save memory."""
    windows = [ids[start : start + WINDOW + 1] for start in range(0, len(ids) - 1, WINDOW)]
    found = []
    for window in windows:
        places = Positions.of_text(weights.load(), window)
        found.append([losses(adapter, places) for adapter in adapters])
    return np.concatenate(found, axis=1)


def choose() -> tuple[float, float]:
    """Find the two learning rates with the least perplexity of the second text; takes half a minute, so `run` does not.

    The held-out text is not even read by the model.
    """
    ids = texts()
    places = known(ids)
    curves = {rate: learn(places, rate)[0] for rate in RATES}
    del places
    best = {
        rate: min(curve, key=lambda row: row["validation_perplexity"])
        for rate, curve in curves.items()
    }
    rate = min(RATES, key=lambda rate: best[rate]["validation_perplexity"])
    size = weights.load().embedding.shape
    scratch = {
        other: from_scratch(ids, size, best[rate]["step"], other, "validation")
        for other in SCRATCH_RATES
    }
    return rate, min(SCRATCH_RATES, key=lambda other: scratch[other])


def from_scratch(
    ids: dict[str, list[int]], size: tuple[int, int], n_steps: int, rate: float, part: str
) -> float:
    """Train as many numbers where nothing was learned before; perplexity of the text `part` after `n_steps`.

    `size` is (V, d). Each token is a random vector; without the adapter all tokens are equally
    likely.
    """
    vectors = np.random.default_rng(0).standard_normal(size, dtype=np.float32)  # [V, d]
    states = {name: vectors[ids[name][:-1]] for name in ("training", part)}  # [T, d]
    vectors /= np.float32(np.sqrt(size[1]))  # scores as large as what the adapter puts out
    training, judged = (
        Positions(
            hidden=hidden,
            targets=np.asarray(ids[name][1:]),
            embedding=vectors,
            scores=np.broadcast_to(np.float32(0), (len(hidden), size[0])),
        )
        for name, hidden in states.items()
    )
    new = Adapter.new(size[1], RANK)
    *_, (_, trained) = train(new, training, n_steps=n_steps, batch=BATCH, learning_rate=rate)
    return float(np.exp(cross_entropy(trained, judged)))


def pairs_perplexity(training: Sequence[int], held_out: Sequence[int], n_vocab: int) -> float:
    """Count which token follows which in `training`, and give the perplexity of `held_out`.

    What a pair leaves is shared out by single tokens' counts, and what they leave evenly over the
    vocabulary.

    >>> round(pairs_perplexity([0, 1, 0, 1, 0, 1], [0, 1, 0], 2), 2)
    1.17
    """
    pairs, firsts, singles = Counter(pairwise(training)), Counter(training[:-1]), Counter(training)
    followers = Counter(first for first, _ in pairs)  # how many different tokens follow each

    def probability(first: int, second: int) -> float:
        single = (singles[second] + len(singles) / n_vocab) / (len(training) + len(singles))
        if first not in firsts:
            return single
        return (pairs[first, second] + followers[first] * single) / (
            firsts[first] + followers[first]
        )

    nats = [-np.log(probability(*pair)) for pair in pairwise(held_out)]
    return float(np.exp(np.mean(nats)))


def show(facts: dict) -> None:
    """Print what learns, the curve, and the comparison."""
    print("1. Che cosa impara")
    print(f"   il modello: {number(facts['n_params_model'])} parametri, tutti fermi")
    print(
        f"   l'adattatore: {number(facts['n_params_trained'])} numeri, due matrici attorno a {facts['rank']} colonne"
    )
    print("   logit = (h + h A B) Eᵀ: B parte da zero, quindi all'inizio non cambia niente")
    print("\n2. Tre testi italiani, in token")
    print(
        f"   per imparare: {number(facts['n_training_tokens'])}, a gruppi di {facts['n_batch_tokens']}"
    )
    print(f"   per scegliere: {number(facts['n_validation_tokens'])}, mai imparati")
    print(
        f"   di prova: {number(facts['n_held_out_tokens'])}, misurati a cose fatte: non decidono niente"
    )
    print("\n3. La perplessità: fra quanti token, in media, il modello esita. Meno è meglio")
    print(
        f"   Una riga ogni {facts['n_steps_per_pass']} passi, cioè a ogni rilettura del testo da imparare"
    )
    print(f"   {'passo':>6}{'imparato':>12}{'per scegliere':>16}")
    for row in facts["curve"]:
        learned, watched = (
            perplexity(row.get(f"{part}_perplexity")) for part in ("training", "validation")
        )
        mark = "  ← qui ci si ferma" if row["step"] == facts["best_step"] else ""
        print(f"   {row['step']:>6}{learned:>12}{watched:>16}{mark}")
    print("   Dopo, sul testo imparato migliora ancora, sull'altro peggiora: è l'overfitting.")
    print(f"   Tasso di apprendimento {number(facts['learning_rate'], 3)}: è il migliore di {facts['n_rates_tried']} "
          "sul testo per scegliere.")  # fmt: skip
    show_held_out(facts)


def show_held_out(facts: dict) -> None:
    """Print what the held-out text says, with the intervals, and how far a start from nothing comes."""
    before, after, end = (
        perplexity(facts[f"{moment}_perplexity"]) for moment in ("before", "after", "overfitted")
    )
    gain, rise = (spread(facts, name) for name in ("gain", "rise"))
    print("\n4. Sul testo di prova (fra parentesi l'intervallo al 95%)")
    print(f"   prima {before}, al passo {facts['best_step']} {after}: {gain} in meno")
    print(f"   al passo {facts['n_steps']} {end}: {rise} in più")
    print(f"   stessi passi e stesso testo, da zero: {number(facts['scratch_perplexity'], 0)}"
          f" (tirare a caso fra i token: {number(facts['n_vocab'])})")  # fmt: skip
    print(
        f"   una tabella di coppie di token, contate sullo stesso testo: {number(facts['pairs_perplexity'], 0)}"
    )


def spread(facts: dict, name: str) -> str:
    """Write a change in percent and its interval.

    >>> spread({"gain_percent": 8.0, "gain_low_percent": 5.04, "gain_high_percent": 11.0}, "gain")
    '8,0% (5,0 … 11,0)'
    """
    change, low, high = (number(facts[f"{name}_{end}percent"], 1) for end in ("", "low_", "high_"))
    return f"{change}% ({low} … {high})".replace("-", "−")


def perplexity(value: float | None) -> str:
    """Write a perplexity with one decimal, or a dash where there is none.

    >>> perplexity(112.06), perplexity(None)
    ('112,1', '—')
    """
    return "—" if value is None else number(value, 1)


if __name__ == "__main__":
    run_alone(run, show)
