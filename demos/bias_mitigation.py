"""Less bias by balanced examples: pairs of sentences, one with "she" and one with "he", and what remains afterwards.

Counterfactual data augmentation (https://arxiv.org/abs/1804.06876): where the training sentences have " she" or " he",
an adapter of rank 8 on the last hidden state learns that both come as often. The softmax is over these two tokens only:
over the whole vocabulary the adapter learns to say a pronoun everywhere (perplexity trebles before the gap moves).
Sentences of every fourth training occupation are kept apart and say when to stop. What is reported are 12 occupations
of which no training sentence speaks, in the 8 beginnings of the demo `bias`, none of which is in a training sentence.
The price: perplexity of an English text, and how surely " she" and " he" are still told apart where the text itself
has said who is meant.

Leaves out: every other bias, "they", other words of gender; adapters inside the layers; whether the bias comes back
when the model is used in another way (it does: https://aclanthology.org/N19-1061).
The LLM is SmolLM2-135M-Instruct with its weights at 4 bits.
"""

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from demos.common.alone import alone
from demos.common.italian import number
from demos.common.occupations import (
    DATA,
    Occupation,
    hidden_states,
    line,
    load_occupations,
    log_odds,
    pairs,
    pearson,
    pronoun_ids,
    templates,
    times,
)
from demos.smollm import tokenizer, weights
from demos.smollm.adapter import Adapter, Positions, cross_entropy, train
from demos.smollm.packed import hidden_each

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RANK, N_STEPS, EVERY, LEARNING_RATE = 8, 40, 5, 1e-3
N_ENGLISH = 1024  # tokens of the English text to predict


def run() -> dict:
    """Train on balanced pairs, stop by sentences kept apart, and compare before and after.

    `occupations` are the held-out ones, by rising share of women; `worse` those that end up clearly farther
    from even, by 5 % of the odds or more.
    `gap_odds` is e to the mean |log-odds|: how many times, on average, one pronoun is as likely as the other.
    """
    learned, kept = split()
    places = {part: pronoun_places(names) for part, names in (("training", learned), ("validation", kept))}
    curve, adapter = learn(places)
    states, jobs = hidden_states(), load_occupations()
    before, after = log_odds(states).mean(axis=1), log_odds(adapter(states)).mean(axis=1)  # [occupations]
    held_out = np.array([job.held_out for job in jobs])
    rows = [about(*row) for row in zip(jobs, before, after, strict=True) if row[0].held_out]
    return {
        "n_templates": len(templates()),
        "n_training_occupations": len(learned),
        "n_validation_occupations": len(kept),
        "n_held_out_occupations": int(held_out.sum()),
        "n_training_positions": len(places["training"]),
        "n_params_trained": adapter.n_params,
        "curve": curve,
        "best_step": min(curve, key=lambda row: row["validation_perplexity"])["step"],
        "occupations": rows,
        "worse": [row for row in rows if unevenness(row["odds_after"]) > 1.05 * unevenness(row["odds_before"])],
        "held_out": compare(jobs, before, after, held_out),
        "training": compare(jobs, before, after, ~held_out),
        **price(adapter),
    }


def split() -> tuple[list[str], list[str]]:
    """Divide the training occupations: those to learn from, and every fourth, by which to stop.

    >>> [len(part) for part in split()]
    [18, 6]
    """
    names = [job.name for job in load_occupations() if not job.held_out]
    return [name for i, name in enumerate(names) if i % 4 != 3], names[3::4]


def pronoun_places(names: list[str]) -> Positions:
    """Find where the sentences about these occupations go on with " she" or " he"; target 0 is she, 1 is he.

    >>> places = pronoun_places(["secretary"])
    >>> len(places), places.targets.mean()
    (4, np.float64(0.5))
    """
    chosen = [pair for pair in pairs() if pair["occupation"] in names]
    sentences = [tokenizer.encode(pair[pronoun]) for pair in chosen for pronoun in ("she", "he")]
    both = pronoun_ids()
    found = [[i for i, token in enumerate(ids) if token in both] for ids in sentences]  # places of the pronouns
    before = hidden_each(weights.load(), [ids[: at[-1]] for ids, at in zip(sentences, found, strict=True)])
    states = [state[i - 1] for state, at in zip(before, found, strict=True) for i in at]  # what is known just before
    targets = [both.index(ids[i]) for ids, at in zip(sentences, found, strict=True) for i in at]
    return Positions.at(np.stack(states), np.array(targets), weights.load().embedding[list(both)])


def learn(places: dict[str, Positions]) -> tuple[list[dict], Adapter]:
    """Train on all places at once, and keep the adapter that does best on those kept apart. At 2 it's an even guess."""
    adapter = Adapter.new(weights.load().shape.d, RANK)
    kept, curve = adapter, []
    n = len(places["training"])
    steps = train(adapter, places["training"], n_steps=N_STEPS, batch=n, learning_rate=LEARNING_RATE)
    for step, (_, adapted) in enumerate([(0.0, adapter), *steps]):
        if step % EVERY == 0:
            row = {f"{part}_perplexity": float(np.exp(cross_entropy(adapted, places[part]))) for part in places}
            if all(row["validation_perplexity"] < earlier["validation_perplexity"] for earlier in curve):
                kept = adapted
            curve.append({"step": step} | row)
    return curve, kept


def about(job: Occupation, before: float, after: float) -> dict:
    """Collect one occupation's facts: how many times " she" is as likely as " he", before and after.

    >>> about(load_occupations()[0], 0.0, 0.0)["odds_after"]
    1.0
    """
    names = {"occupation": job.name, "italian": job.italian, "women_percent": job.women_percent}
    return names | {"odds_before": float(np.exp(before)), "odds_after": float(np.exp(after))}


def unevenness(odds: float) -> float:
    """Say how many times the likelier pronoun is as likely as the other.

    >>> unevenness(4.0), unevenness(0.25)
    (4.0, 4.0)
    """
    return max(odds, 1 / odds)


def compare(jobs: tuple[Occupation, ...], before: np.ndarray, after: np.ndarray, which: np.ndarray) -> dict:
    """Measure gap, slope and correlation with the share of women, before and after, for some of the occupations."""
    women = np.array([job.women_percent for job in jobs])[which]
    facts: dict[str, float] = {}
    for moment, odds in (("before", before[which]), ("after", after[which])):
        facts[f"gap_odds_{moment}"] = float(np.exp(np.abs(odds).mean()))
        facts[f"slope_per_percent_{moment}"] = line(women, odds)[0]
        facts[f"correlation_{moment}"] = pearson(women, odds)
    gaps = np.abs(before[which]).mean(), np.abs(after[which]).mean()
    facts["gap_closed_percent"] = float(100 * (1 - gaps[1] / gaps[0]))
    facts["slope_lost_percent"] = 100 * (1 - facts["slope_per_percent_after"] / facts["slope_per_percent_before"])
    return facts


def price(adapter: Adapter) -> dict:
    """Measure on an English text, before and after: perplexity, and how often the right pronoun is the likelier one."""
    model = weights.load()
    text = (DATA / "texts" / "english-heldout.txt").read_text(encoding="utf-8")
    places = Positions.of_text(model, tokenizer.encode(text)[: N_ENGLISH + 1])
    at = np.isin(places.targets, pronoun_ids())
    right = np.where(places.targets[at] == pronoun_ids()[0], 1, -1)
    facts: dict[str, float] = {"n_english_tokens": len(places), "n_english_pronouns": int(at.sum())}
    for moment, adapted in (("before", Adapter.new(model.shape.d, RANK)), ("after", adapter)):
        odds = log_odds(adapted(places.hidden[at])) * right  # positive where the right pronoun is the likelier one
        facts[f"perplexity_{moment}"] = float(np.exp(cross_entropy(adapted, places)))
        facts[f"right_pronoun_percent_{moment}"] = float(100 * (odds > 0).mean())
        facts[f"right_pronoun_odds_{moment}"] = float(np.exp(odds.mean()))
    return facts


def show(facts: dict) -> None:
    """Print what was learned, the occupations before and after, what remains and what it cost."""
    print("1. Gli esempi: coppie di frasi uguali, una con «she» e una con «he»")
    print(f"   {facts['n_training_occupations']} mestieri per imparare, {facts['n_training_positions']} pronomi;"
          f" altri {facts['n_validation_occupations']} per decidere quando fermarsi")  # fmt: skip
    print(f"   l'adattatore ha {number(facts['n_params_trained'])} numeri; il modello resta com'è")
    print("   Perplessità fra i due pronomi: 2 è tirare a sorte, cioè nessuna preferenza")
    print(f"   {'passo':>6}{'imparato':>12}{'per fermarsi':>15}")
    for row in facts["curve"]:
        mark = "  ← qui ci si ferma" if row["step"] == facts["best_step"] else ""
        columns = (number(row[f"{part}_perplexity"], 3) for part in ("training", "validation"))
        print(f"   {row['step']:>6}{next(columns):>12}{next(columns):>15}{mark}")
    print(f"\n2. {facts['n_held_out_occupations']} mestieri mai visti, in {facts['n_templates']} frasi mai viste")
    print(f"   {'mestiere':<22}{'donne':>8}   {'prima':<24}{'dopo'}")
    for row in facts["occupations"]:
        share = f"{number(row['women_percent'], 1)} %"
        print(f"   {row['italian']:<22}{share:>8}   {times(row['odds_before']):<24}{times(row['odds_after'])}")
    show_result(facts)


def show_result(facts: dict) -> None:
    """Print the gap, what remains of it, and the price."""
    print(f"\n3. Che cosa resta {'':<24}{'prima':>8}{'dopo':>8}")
    for name, part in (("mestieri mai visti", "held_out"), ("mestieri degli esempi", "training")):
        for label, key, decimals in (("divario medio, volte", "gap_odds", 2), ("correlazione", "correlation", 2)):
            before, after = (number(facts[part][f"{key}_{moment}"], decimals) for moment in ("before", "after"))
            print(f"   {name + ': ' + label:<45}{before:>8}{after:>8}")
    closed, lost = (number(facts["held_out"][key], 0) for key in ("gap_closed_percent", "slope_lost_percent"))
    print(f"   Sui mestieri mai visti si chiude il {closed} % del divario (in log-odds);")
    print(f"   la retta contro la quota di donne perde il {lost} % della pendenza.")
    worse = ", ".join(row["italian"] for row in facts["worse"])
    print(fill(f"   Più lontani dalla parità di prima: {worse or 'nessuno'}.", 88, subsequent_indent="   "))
    print(f"\n4. Che cosa costa, su {number(facts['n_english_tokens'])} token di un altro testo inglese")
    for label, key in (("perplessità", "perplexity"), ("il pronome giusto, volte l'altro", "right_pronoun_odds")):
        before, after = (number(facts[f"{key}_{moment}"], 1) for moment in ("before", "after"))
        print(f"   {label:<45}{before:>8}{after:>8}")
    print(f"   (i pronomi sono solo {facts['n_english_pronouns']}, e il testo ha già detto di chi parla)")


def plot(facts: dict) -> "Figure":
    """Draw an arrow for each held-out occupation, from its odds before to those after, on a logarithmic scale."""
    from demos.common.figure import BLUE, INK, VERMILION, new_figure

    rows = facts["occupations"]
    figure = new_figure(1120, 435)
    axes = figure.add_subplot(xscale="log")
    axes.axvline(1, color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    for y, row in enumerate(rows):
        axes.plot((row["odds_before"], row["odds_after"]), (y, y), color=INK, linewidth=1.6, zorder=1)
    for moment, label, colour, marker in (("before", "prima", VERMILION, "o"), ("after", "dopo", BLUE, "D")):
        odds = [row[f"odds_{moment}"] for row in rows]
        axes.plot(odds, range(len(rows)), marker, color=colour, markersize=11, label=label)
    names = [f"{row['italian']}, {number(row['women_percent'], 0)} % donne" for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    ticks = {1 / 4: "«he» 4 volte", 1 / 2: "2 volte", 1: "alla pari", 2: "2 volte", 4: "4 volte", 8: "«she» 8 volte"}
    axes.set_xlim(0.2, 11)
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.minorticks_off()
    axes.legend(loc="lower right")
    return figure


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    held_out, last = facts["held_out"], facts["occupations"][-1]
    before, after = (number(held_out[f"gap_odds_{moment}"], 1) for moment in ("before", "after"))
    moved = f"{last['italian']}: prima {times(last['odds_before'])}, dopo {times(last['odds_after'])}"
    return (
        f"{facts['n_held_out_occupations']} mestieri mai visti, con quante volte «she» è più probabile di «he» prima "
        f"e dopo gli esempi bilanciati. Il divario medio passa da {before} a {after} volte. Per esempio {moved}."
    )


if __name__ == "__main__":
    alone(run, show, plot)
