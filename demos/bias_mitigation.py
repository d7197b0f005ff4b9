"""Less bias by balanced examples: pairs of sentences, one with "she" and one with "he".

Counterfactual data augmentation (https://arxiv.org/abs/1804.06876): where the training sentences
have " she" or " he", an adapter of rank 8 on the last hidden state learns that both come as often.
The softmax is over these two tokens only, so that it learns which pronoun comes, not that a pronoun
comes.

How the settings are chosen: 4 learning rates × 13 numbers of steps, and cross-validation over the
36 training occupations: six times, every sixth is left out of the training and judged. The least
perplexity decides, in `run` itself; what is equal to three decimals is equal, and then fewer steps
win. The 19 held-out occupations have no say: no training sentence names them, and they were
measured when the settings were fixed, in the 8 beginnings of the demo `bias`, which are in no
training sentence.

The price: perplexity of an English text, and how surely " she" and " he" are still told apart where
the sentence has already said who is meant (`data/known_gender.toml`).

Leaves out: every other bias, "they", other words of gender; adapters inside the layers; whether the
bias comes back when the model is used in another way (it does: https://aclanthology.org/N19-1061).
The intervals say what other occupations might have given (bootstrap), not what another model or
other sentences might. The LLM is SmolLM2-135M-Instruct with its weights at 4 bits.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from demos.common.bias.mitigation import exp_mean, judge, price
from demos.common.bias.occupations import load_occupations, pairs, templates
from demos.common.bias.pronouns import hidden_at_ends, pronoun_ids, times
from demos.common.standalone import run_alone
from demos.common.words import columns, number, wrap
from demos.smollm import tokenizer, weights
from demos.smollm.adapter import Adapter, Positions, losses, train

RANK = 8
LEARNING_RATES = (3e-4, 1e-3, 3e-3, 1e-2)
N_STEPS, EVERY, N_FOLDS = 60, 5, 6


def pronoun_places(names: list[str]) -> tuple[Positions, np.ndarray]:
    """Find where the sentences about these occupations go on with " she" (target 0) or " he" (1).

    The array says of which name each place is, by its index.

    >>> places, owners = pronoun_places(["plumber", "secretary"])
    >>> len(places), places.targets.mean(), owners.tolist()
    (8, np.float64(0.5), [0, 0, 0, 0, 1, 1, 1, 1])
    """
    beginnings, targets, owners = [], [], []
    for pair in pairs():
        if pair["occupation"] not in names:
            continue
        for target, (word, token) in enumerate(zip(("she", "he"), pronoun_ids(), strict=True)):
            ids = tokenizer.encode(pair[word])
            beginnings.append(ids[: ids.index(token)])  # all that stands before the pronoun
            targets.append(target)
            owners.append(names.index(pair["occupation"]))
    # The softmax is over two rows of the embedding: it learns which pronoun, not that one comes.
    she_he = weights.load().embedding[list(pronoun_ids())]  # [2, d]
    states = hidden_at_ends(beginnings)  # [n, d]
    return Positions.at(states, np.array(targets), she_he), np.array(owners)


def checked(places: Positions, rate: float) -> Iterator[tuple[int, Adapter]]:
    """Train on all places at once: the adapter before the first step, and after every `EVERY`."""
    adapter = Adapter.new(places.hidden.shape[1], RANK)
    yield 0, adapter
    steps = train(adapter, places, n_steps=N_STEPS, batch=len(places), learning_rate=rate)
    for step, (_, adapted) in enumerate(steps, start=1):
        if step % EVERY == 0:
            yield step, adapted


def cross_validate(places: Positions, owners: np.ndarray) -> list[dict]:
    """Try each learning rate and number of steps.

    What judges an occupation never learned from it: a fold is every sixth by share of women, so
    that each has the whole range.
    """
    rows = []
    for rate in LEARNING_RATES:
        learned, judged = defaultdict(list), defaultdict(list)  # losses by step
        for fold in range(N_FOLDS):
            out = owners % N_FOLDS == fold
            training, validation = places.take(~out), places.take(out)
            for step, adapter in checked(training, rate):
                learned[step].extend(losses(adapter, training))
                judged[step].extend(losses(adapter, validation))
        for step in learned:
            row = {"learning_rate": rate, "step": step}
            row["training_perplexity"] = exp_mean(learned[step])
            row["validation_perplexity"] = exp_mean(judged[step])
            rows.append(row)
    return rows


def best_of(choices: list[dict]) -> dict:
    """Pick the setting with the least perplexity; of what is equal to three decimals, fewer steps.

    >>> rows = [{"validation_perplexity": p, "step": n} for p, n in ((1.87004, 9), (1.87, 12))]
    >>> best_of(rows)["step"]
    9
    """
    return min(choices, key=lambda row: (round(row["validation_perplexity"], 3), row["step"]))


def run() -> dict:
    """Choose the settings by cross-validation, train on balanced pairs, compare before and after.

    `choices` has a row for each setting tried, with both perplexities of the two pronouns (2 is an
    even guess).
    """
    learned = [job.name for job in load_occupations() if not job.held_out]
    places, owners = pronoun_places(learned)
    choices = cross_validate(places, owners)
    best = best_of(choices)
    adapter = dict(checked(places, best["learning_rate"]))[best["step"]]
    return {
        "n_templates": len(templates()),
        "n_training_occupations": len(learned),
        "n_held_out_occupations": len(load_occupations()) - len(learned),
        "n_training_positions": len(places),
        "n_params_trained": adapter.n_params,
        "n_folds": N_FOLDS,
        "n_settings_tried": len(choices),
        "choices": choices,
        "best_step": best["step"],
        "best_learning_rate": best["learning_rate"],
        **judge(adapter),
        **price(adapter),
    }


def show(facts: dict) -> None:
    """Print how the settings were chosen, the occupations before and after, and what it cost."""
    n_jobs, n_places = facts["n_training_occupations"], facts["n_training_positions"]
    n_params = number(facts["n_params_trained"])
    print(f"""\
1. Gli esempi: coppie di frasi uguali, una con «she» e una con «he»
   {n_jobs} mestieri, {n_places} pronomi; l’adattatore ha {n_params} numeri, il modello resta com’è

2. Quanto imparare: {facts["n_settings_tried"]} prove, giudicate su mestieri lasciati fuori a turno
   Perplessità fra i due pronomi: 2 è tirare a sorte, cioè nessuna preferenza
{choices_table(facts)}
   ← la migliore: con questa si impara da tutti i mestieri degli esempi

3. {facts["n_held_out_occupations"]} mestieri mai visti, in {facts["n_templates"]} frasi mai viste
   mestiere                 donne   prima                   dopo""")
    for row in facts["occupations"]:
        before, after = times(row["odds_before"]), times(row["odds_after"])
        share = number(row["women_percent"], 1) + "%"
        print(f"   {row['italian']:<22}{share:>8}   {before:<24}{after}")
    show_what_is_left(facts)
    show_price(facts)


def choices_table(facts: dict) -> str:
    """Write the perplexity of the pronouns for each setting tried, and point at the least."""
    best = facts["best_learning_rate"], facts["best_step"]
    found = {(row["learning_rate"], row["step"]): row for row in facts["choices"]}
    lines = [f"   {'passi':>6}" + columns((f"tasso {number(r, 4)}" for r in LEARNING_RATES), 16)]
    for step in range(0, N_STEPS + 1, EVERY):
        cells = []
        for rate in LEARNING_RATES:
            perplexity = number(found[rate, step]["validation_perplexity"], 3)
            cells.append(perplexity + (" ←" if (rate, step) == best else "  "))
        lines.append(f"   {step:>6}{columns(cells, 16)}".rstrip())
    return "\n".join(lines)


def show_what_is_left(facts: dict) -> None:
    """Print the gap and the correlation, before and after, and how much of the gap was closed."""
    print("\n4. Che cosa resta                                  prima    dopo")
    for name, part in (("mestieri mai visti", "held_out"), ("mestieri degli esempi", "training")):
        compare_line(f"{name}: divario medio, volte", facts[part], "gap_odds", 2)
        compare_line(f"{name}: «she» rispetto a «he», volte", facts[part], "mean_odds", 2)
        compare_line(f"{name}: correlazione", facts[part], "correlation", 2)
    closed, nearer = (less(facts["held_out"], what) for what in ("gap", "spread"))
    worse = ", ".join(row["italian"] for row in facts["worse"]) or "nessuno"
    shifted, n_jobs = (facts["held_out"][f"n_{n}"] for n in ("towards_he", "occupations"))
    print(f"""\
   Mestieri mai visti (in log-odds; fra parentesi l’intervallo al 95%):
   verso «he» si spostano {shifted} su {n_jobs}
   distanza dalla parità: il {closed} in meno
   distanza fra loro: il {nearer} in meno
{wrap(f"   Più lontani dalla parità di prima: {worse}.")}""")


def less(facts: dict, what: str) -> str:
    """Write by how much a distance became smaller, and its interval.

    >>> ends = {"closed_percent": 23.1, "closed_low_percent": -30.3, "closed_high_percent": 51.6}
    >>> less({f"gap_{end}": value for end, value in ends.items()}, "gap")
    '23% (da −30 a 52)'
    """
    middle, low, high = (
        number(facts[f"{what}_closed_{end}percent"], 0) for end in ("", "low_", "high_")
    )
    return f"{middle}% (da {low} a {high})"


def show_price(facts: dict) -> None:
    """Print what it cost, before and after."""
    print("\n5. Che cosa costa                                  prima    dopo")
    text = f"perplessità di un testo inglese, {facts['n_english_tokens']} token"
    compare_line(text, facts, "perplexity", 1)
    right = f"pronomi giusti, su {facts['n_known_sentences']} già decisi dalla frase"
    compare_line(right, facts, "n_right_pronouns")
    compare_line("  quello giusto, quante volte l’altro", facts, "right_pronoun_odds", 1)


def compare_line(label: str, facts: dict, name: str, decimals: int = 0) -> None:
    """Print one fact before and after.

    >>> compare_line("passi", {"n_before": 1, "n_after": 2}, "n")
       passi                                               1       2
    """
    cells = (number(facts[f"{name}_{moment}"], decimals) for moment in ("before", "after"))
    print(f"   {label:<45}{columns(cells, 8)}")


if __name__ == "__main__":
    run_alone(run, show)
