"""Fine-tuning in seconds: an LLM that read English almost only gets a little better at Italian, then worse.

An adapter of rank 8 on the last hidden state (`demos.smollm.adapter`) learns from 2,560 tokens of Italian. After each
pass over them the demo looks at two other texts: the end of the training text, kept apart, says when to stop; the
held-out text is only measured, and nothing is chosen by it. (The learning rates were chosen on Italian that is not in
the held-out text either.)

From scratch means: the same text, batches and number of steps, an adapter of the same size, but nothing learned before:
each token is a random vector, and only A and B say what follows what. Since that is little, there is also a table of
the pairs of tokens in the same text, counted (Witten and Bell's smoothing, 1991, https://doi.org/10.1109/18.87000).

Leaves out: adapters inside the layers, which do better; other orders of the batches, other texts.
The LLM is SmolLM2-135M-Instruct with its weights at 4 bits. Texts: `data/texts`, written for this project.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demos.common.alone import alone
from demos.common.italian import number
from demos.smollm import tokenizer, weights
from demos.smollm.adapter import WINDOW, Adapter, Positions, cross_entropy, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEXTS = Path(__file__).parent / "data" / "texts"
N_TRAINING, N_VALIDATION, N_HELD_OUT = 2560, 512, 640  # tokens to predict
RANK, BATCH, N_STEPS = 8, 256, 60
EVERY = N_TRAINING // BATCH  # steps of one pass over the training text
LEARNING_RATE, SCRATCH_RATE = 2e-3, 1e-2  # of 3e-4 … 3e-3 and 3e-3 … 1e-1, on other parts of the training text


def run() -> dict:
    """Train the adapter, watch three texts, and compare with two models from scratch on the same text.

    `curve` has a row every `EVERY` steps; its `training_perplexity` is the mean over the steps since the row before.
    """
    model, ids = weights.load(), texts()
    places = {part: Positions.of_text(model, ids[part]) for part in ids}
    curve = learn(Adapter.new(model.shape.d, RANK), places, LEARNING_RATE)
    best = min(curve, key=lambda row: row["validation_perplexity"])  # the held-out text has no say
    del places
    scratch = from_scratch(ids, model.embedding.shape, best["step"])
    before, after = curve[0]["held_out_perplexity"], best["held_out_perplexity"]
    return {
        "n_params_model": sum(array.size for _, array in model.arrays()),
        "n_params_trained": Adapter.new(model.shape.d, RANK).n_params,
        "rank": RANK,
        "n_training_tokens": N_TRAINING,
        "n_validation_tokens": N_VALIDATION,
        "n_held_out_tokens": N_HELD_OUT,
        "n_window_tokens": WINDOW,
        "n_batch_tokens": BATCH,
        "n_steps": N_STEPS,
        "n_steps_per_pass": EVERY,
        "curve": curve,
        "best_step": best["step"],
        "before_perplexity": before,
        "after_perplexity": after,
        "gain_percent": 100 * (1 - after / before),
        "overfitted_training_perplexity": curve[-1]["training_perplexity"],
        "overfitted_perplexity": curve[-1]["held_out_perplexity"],
        "scratch_perplexity": scratch,
        "n_vocab": len(model.embedding),
        "pairs_perplexity": pairs_perplexity(ids["training"], ids["held_out"], len(model.embedding)),
    }


def texts() -> dict[str, list[int]]:
    """Cut the three texts, as ids: the start and the end of the training text, and the start of the held-out text.

    >>> [len(ids) for ids in texts().values()]
    [2561, 513, 641]
    """
    learned, held_out = (
        tokenizer.encode((TEXTS / name).read_text(encoding="utf-8"))
        for name in ("italiano-addestramento.txt", "italiano-prova.txt")
    )
    return {
        "training": learned[: N_TRAINING + 1],  # one more, since the first is only read
        "validation": learned[-N_VALIDATION - 1 :],
        "held_out": held_out[: N_HELD_OUT + 1],
    }


def learn(adapter: Adapter, places: dict[str, Positions], rate: float) -> list[dict]:
    """Train, and measure before the first step and after every `EVERY`: rows of `curve`."""

    def row(step: int, adapter: Adapter, losses: Sequence[float]) -> dict:
        watched = {part: cross_entropy(adapter, places[part]) for part in ("validation", "held_out")}
        mean = {"training": float(np.mean(losses))} if losses else {}
        return {"step": step} | {f"{part}_perplexity": float(np.exp(nats)) for part, nats in (mean | watched).items()}

    curve, losses = [row(0, adapter, [])], []
    steps = train(adapter, places["training"], n_steps=N_STEPS, batch=BATCH, learning_rate=rate)
    for step, (loss, adapted) in enumerate(steps, start=1):
        losses.append(loss)
        if step % EVERY == 0:
            curve.append(row(step, adapted, losses[-EVERY:]))
    return curve


def from_scratch(ids: dict[str, list[int]], size: tuple[int, int], n_steps: int) -> float:
    """Train as many numbers where nothing was learned before; perplexity of the held-out text after `n_steps`.

    `size` is (V, d). Each token is a random vector; without the adapter all tokens are equally likely.
    """
    vectors = np.random.default_rng(0).standard_normal(size, dtype=np.float32)  # [V, d]
    training, held_out = (
        Positions(
            hidden=vectors[ids[part][:-1]],
            targets=np.asarray(ids[part][1:]),
            embedding=vectors / np.float32(np.sqrt(size[1])),  # scores as large as what the adapter puts out
            scores=np.broadcast_to(np.float32(0), (len(ids[part]) - 1, size[0])),
        )
        for part in ("training", "held_out")
    )
    new = Adapter.new(size[1], RANK)
    *_, (_, trained) = train(new, training, n_steps=n_steps, batch=BATCH, learning_rate=SCRATCH_RATE)
    return float(np.exp(cross_entropy(trained, held_out)))


def pairs_perplexity(training: Sequence[int], held_out: Sequence[int], n_vocab: int) -> float:
    """Count which token follows which in `training`, and give the perplexity of `held_out`.

    What a pair leaves is shared out by single tokens' counts, and what they leave evenly over the vocabulary.

    >>> round(pairs_perplexity([0, 1, 0, 1, 0, 1], [0, 1, 0], 2), 2)
    1.17
    """
    pairs, firsts, singles = Counter(pairwise(training)), Counter(training[:-1]), Counter(training)
    followers = Counter(first for first, _ in pairs)  # how many different tokens follow each

    def probability(first: int, second: int) -> float:
        single = (singles[second] + len(singles) / n_vocab) / (len(training) + len(singles))
        if first not in firsts:
            return single
        return (pairs[first, second] + followers[first] * single) / (firsts[first] + followers[first])

    nats = [-np.log(probability(*pair)) for pair in pairwise(held_out)]
    return float(np.exp(np.mean(nats)))


def show(facts: dict) -> None:
    """Print what learns, the curve, and the comparison."""
    print("1. Che cosa impara")
    print(f"   il modello: {number(facts['n_params_model'])} parametri, tutti fermi")
    print(f"   l'adattatore: {number(facts['n_params_trained'])} numeri, due matrici attorno a {facts['rank']} colonne")
    print("   logit = (h + h A B) Eᵀ: B parte da zero, quindi all'inizio non cambia niente")
    print("\n2. I testi, in token")
    print(f"   per imparare: {number(facts['n_training_tokens'])}, a gruppi di {facts['n_batch_tokens']}")
    print(f"   per decidere quando fermarsi: {facts['n_validation_tokens']} (la fine dello stesso testo, mai imparata)")
    print(f"   per misurare: {facts['n_held_out_tokens']} di altri testi, che non decidono niente")
    print("\n3. La perplessità: fra quanti token, in media, il modello esita. Meno è meglio")
    print(f"   Una riga ogni {facts['n_steps_per_pass']} passi, cioè a ogni rilettura del testo da imparare")
    print(f"   {'passo':>6}{'imparato':>12}{'per fermarsi':>15}{'di prova':>12}")
    for row in facts["curve"]:
        parts = ("training", "validation", "held_out")
        learned, watched, held_out = (perplexity(row.get(f"{part}_perplexity")) for part in parts)
        mark = "  ← qui ci si ferma" if row["step"] == facts["best_step"] else ""
        print(f"   {row['step']:>6}{learned:>12}{watched:>15}{held_out:>12}{mark}")
    print("   Dopo, sul testo imparato migliora ancora, sugli altri peggiora: è l'overfitting.")
    print("\n4. Sul testo di prova")
    print(f"   prima {perplexity(facts['before_perplexity'])}, dopo {perplexity(facts['after_perplexity'])}: "
          f"{number(facts['gain_percent'], 1)} % in meno")  # fmt: skip
    print(f"   stessi passi e stesso testo, da zero: {number(facts['scratch_perplexity'], 0)}"
          f" (tirare a caso fra i token: {number(facts['n_vocab'])})")  # fmt: skip
    print(f"   una tabella di coppie di token, contate sullo stesso testo: {number(facts['pairs_perplexity'], 0)}")


def perplexity(value: float | None) -> str:
    """Write a perplexity with one decimal, or a dash where there is none.

    >>> perplexity(112.06), perplexity(None)
    ('112,1', '—')
    """
    return "—" if value is None else number(value, 1)


def plot(facts: dict) -> "Figure":
    """Draw the three perplexities over the steps, and where to stop."""
    from demos.common.figure import BLUE, GREY, INK, VERMILION, new_figure

    figure = new_figure(1120, 430)
    axes = figure.add_subplot()
    lines = {"held_out": ("testo di prova", VERMILION), "validation": ("testo per fermarsi", GREY),
             "training": ("testo imparato", BLUE)}  # fmt: skip
    for part, (name, colour) in lines.items():
        key = f"{part}_perplexity"
        rows = [row for row in facts["curve"] if key in row]
        middle = facts["curve"][1]["step"] / 2 if part == "training" else 0  # its value is a mean since the row before
        axes.plot([row["step"] - middle for row in rows], [row[key] for row in rows], color=colour)
        axes.annotate(name, (facts["n_steps"], rows[-1][key]), xytext=(10, 0), textcoords="offset points",
                      va="center", color=colour)  # fmt: skip
    axes.axvline(facts["best_step"], color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    axes.annotate("qui ci si ferma", (facts["best_step"], 1), xycoords=("data", "axes fraction"), xytext=(8, 0),
                  textcoords="offset points", va="top")  # fmt: skip
    axes.set_xlim(0, facts["n_steps"])
    top = 1.15 * max(row["held_out_perplexity"] for row in facts["curve"])
    axes.set_ylim(0, top)
    axes.set_yticks(range(0, int(top) + 1, 20), [number(tick) for tick in range(0, int(top) + 1, 20)])
    axes.set_xlabel("passi di addestramento")
    axes.set_ylabel("perplessità")
    return figure


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    first, last = facts["curve"][1], facts["curve"][-1]
    return (
        f"Perplessità su tre testi italiani in {facts['n_steps']} passi. Testo imparato: da "
        f"{perplexity(first['training_perplexity'])} a {perplexity(last['training_perplexity'])}. Testo di prova: "
        f"{perplexity(facts['before_perplexity'])} all'inizio, {perplexity(facts['after_perplexity'])} al passo "
        f"{facts['best_step']}, dove ci si ferma, e di nuovo {perplexity(facts['overfitted_perplexity'])} alla fine."
    )


if __name__ == "__main__":
    alone(run, show, plot)
