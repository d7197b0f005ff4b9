"""Less bias by balanced examples: pairs of sentences, one with "she" and one with "he", and what remains afterwards.

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

from collections.abc import Iterator
from textwrap import fill

import numpy as np

from demos.common.bias import (
    DATA,
    Occupation,
    hidden_states,
    line,
    load_occupations,
    log_odds,
    pairs,
    pearson,
    pronoun_ids,
    read,
    templates,
    times,
)
from demos.common.intervals import interval, perplexity_change
from demos.common.standalone import run_alone
from demos.common.words import number
from demos.smollm import tokenizer, weights
from demos.smollm.adapter import Adapter, Positions, losses, train
from demos.smollm.packed import hidden_each

RANK = 8
LEARNING_RATES = (3e-4, 1e-3, 3e-3, 1e-2)
N_STEPS, EVERY, N_FOLDS = 60, 5, 6
ENGLISH_FROM = 1024  # the text's tokens before it were looked at while the demo was written


def run() -> dict:
    """Choose learning rate and steps by cross-validation, train on balanced pairs, and compare before and after.

    `choices` has a row for each setting tried, with both perplexities of the two pronouns (2 is an
    even guess). `occupations` are the held-out ones, by rising share of women; `worse` those that
    end up clearly farther from even, by 5% of the odds or more. `gap_odds` is e to the mean
    |log-odds|: how many times, on average, one pronoun is as likely as the other. `low` and `high`
    are the ends of a 95 % interval.
    """
    learned = [job.name for job in load_occupations() if not job.held_out]
    places, owners = pronoun_places(learned)
    choices = cross_validate(places, owners)
    best = min(choices, key=lambda row: (round(row["validation_perplexity"], 3), row["step"]))
    adapter = dict(checked(places, best["learning_rate"]))[best["step"]]
    states, jobs = hidden_states(), load_occupations()
    before, after = (
        log_odds(states).mean(axis=1),
        log_odds(adapter(states)).mean(axis=1),
    )  # [occupations]
    held_out = np.array([job.held_out for job in jobs])
    rows = [about(*row) for row in zip(jobs, before, after, strict=True) if row[0].held_out]
    return {
        "n_templates": len(templates()),
        "n_training_occupations": len(learned),
        "n_held_out_occupations": int(held_out.sum()),
        "n_training_positions": len(places),
        "n_params_trained": adapter.n_params,
        "n_folds": N_FOLDS,
        "n_settings_tried": len(choices),
        "choices": choices,
        "best_step": best["step"],
        "best_learning_rate": best["learning_rate"],
        "occupations": rows,
        "worse": [
            row
            for row in rows
            if unevenness(row["odds_after"]) > 1.05 * unevenness(row["odds_before"])
        ],
        "held_out": compare(jobs, before, after, held_out),
        "training": compare(jobs, before, after, ~held_out),
        **price(adapter),
    }


def pronoun_places(names: list[str]) -> tuple[Positions, np.ndarray]:
    """Find where the sentences about these occupations go on with " she" or " he"; target 0 is she, 1 is he.

    The array says of which name each place is, by its index.

    >>> places, owners = pronoun_places(["plumber", "secretary"])
    >>> len(places), places.targets.mean(), owners.tolist()
    (8, np.float64(0.5), [0, 0, 0, 0, 1, 1, 1, 1])
    """
    chosen = [pair for pair in pairs() if pair["occupation"] in names]
    sentences = [tokenizer.encode(pair[pronoun]) for pair in chosen for pronoun in ("she", "he")]
    both = pronoun_ids()
    found = [
        [i for i, token in enumerate(ids) if token in both] for ids in sentences
    ]  # places of the pronouns
    before = hidden_each(
        weights.load(), [ids[: at[-1]] for ids, at in zip(sentences, found, strict=True)]
    )
    states = [
        state[i - 1] for state, at in zip(before, found, strict=True) for i in at
    ]  # what is known just before
    targets = [both.index(ids[i]) for ids, at in zip(sentences, found, strict=True) for i in at]
    owners = np.repeat(
        [names.index(pair["occupation"]) for pair in chosen for _ in both],
        [len(at) for at in found],
    )
    return Positions.at(
        np.stack(states), np.array(targets), weights.load().embedding[list(both)]
    ), owners


def checked(places: Positions, rate: float) -> Iterator[tuple[int, Adapter]]:
    """Train on all places at once: the adapter before the first step, and after every `EVERY`."""
    new = Adapter.new(places.hidden.shape[1], RANK)
    yield 0, new
    for step, (_, adapted) in enumerate(
        train(new, places, n_steps=N_STEPS, batch=len(places), learning_rate=rate), 1
    ):
        if step % EVERY == 0:
            yield step, adapted


def cross_validate(places: Positions, owners: np.ndarray) -> list[dict]:
    """Try each learning rate and number of steps; what judges an occupation never learned from it."""
    rows = []
    for rate in LEARNING_RATES:
        nats: dict[
            int, tuple[list, list]
        ] = {}  # losses where it learned, and where it is judged, by step
        for fold in range(N_FOLDS):
            out = (
                owners % N_FOLDS == fold
            )  # every sixth by share of women, so that each fold has the whole range
            for step, adapted in checked(places.take(~out), rate):
                for found, part in zip(nats.setdefault(step, ([], [])), (~out, out), strict=True):
                    found.extend(losses(adapted, places.take(part)))
        for step, (learned, judged) in nats.items():
            training, validation = (float(np.exp(np.mean(found))) for found in (learned, judged))
            rows.append({"learning_rate": rate, "step": step, "training_perplexity": training,
                         "validation_perplexity": validation})  # fmt: skip
    return rows


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


def compare(
    jobs: tuple[Occupation, ...], before: np.ndarray, after: np.ndarray, which: np.ndarray
) -> dict:
    """Measure gap, slope and correlation with the share of women, before and after, for some of the occupations."""
    women = np.array([job.women_percent for job in jobs])[which]
    facts: dict[str, float] = {}
    for moment, odds in (("before", before[which]), ("after", after[which])):
        facts[f"gap_odds_{moment}"] = float(np.exp(np.abs(odds).mean()))
        facts[f"slope_per_percent_{moment}"] = line(women, odds)[0]
        facts[f"correlation_{moment}"] = pearson(women, odds)
    gaps = np.abs(np.stack([before[which], after[which]]))  # [2, occupations]
    facts["gap_closed_percent"] = closed(gaps)
    low, high = interval(lambda drawn: closed(gaps[:, drawn]), gaps.shape[1])
    facts |= {"gap_closed_low_percent": low, "gap_closed_high_percent": high}
    facts["slope_lost_percent"] = 100 * (
        1 - facts["slope_per_percent_after"] / facts["slope_per_percent_before"]
    )
    return facts


def closed(gaps: np.ndarray) -> float:
    """Say how much smaller the mean of the second row is than that of the first, in percent.

    >>> closed(np.array([[1.0, 3], [1, 1]]))
    50.0
    """
    before, after = gaps.mean(axis=1)
    return float(100 * (1 - after / before))


def price(adapter: Adapter) -> dict:
    """Measure what it cost: perplexity of an English text, and right pronouns where the sentence tells who is meant."""
    model = weights.load()
    text = tokenizer.encode((DATA / "texts" / "english-heldout.txt").read_text(encoding="utf-8"))[
        ENGLISH_FROM:
    ]
    places, (known, right) = Positions.of_text(model, text), known_gender()
    nats = np.stack(
        [losses(adapted, places) for adapted in (Adapter.new(model.shape.d, RANK), adapter)]
    )  # [2, n]
    more, low, high = perplexity_change(nats[0], nats[1])
    facts = {"n_english_tokens": len(places), "n_known_sentences": len(right), "perplexity_more_percent": more,
             "perplexity_more_low_percent": low, "perplexity_more_high_percent": high}  # fmt: skip
    sure = {
        "before": log_odds(known) * right,
        "after": log_odds(adapter(known)) * right,
    }  # above 0: the right one leads
    lost = (
        (sure["after"] - sure["before"]).reshape(-1, 2).mean(axis=1)
    )  # [pairs]: the two versions go together
    low, high = interval(lambda drawn: float(np.exp(lost[drawn].mean())), len(lost))
    facts |= {"right_pronoun_ratio": float(np.exp(lost.mean())), "right_pronoun_ratio_low": low,
              "right_pronoun_ratio_high": high}  # fmt: skip
    for (moment, odds), row in zip(sure.items(), nats, strict=True):
        facts[f"perplexity_{moment}"] = float(np.exp(row.mean()))
        facts[f"n_right_pronouns_{moment}"] = int((odds > 0).sum())
        facts[f"right_pronoun_odds_{moment}"] = float(np.exp(odds.mean()))
    return facts


def known_gender() -> tuple[np.ndarray, np.ndarray]:
    """Read the sentences that have said who is meant: hidden states at their ends [n, d]; 1 where it's a woman, or -1.

    >>> states, right = known_gender()
    >>> states.shape, right.sum()
    ((48, 576), np.int64(0))
    """
    told = [(row["begins"].format(person=row[who]), sign) for row in read("known_gender.toml")["sentence"]
            for who, sign in (("she", 1), ("he", -1))]  # fmt: skip
    after = hidden_each(weights.load(), [tokenizer.encode(sentence) for sentence, _ in told])
    return np.stack([states[-1] for states in after]), np.array([sign for _, sign in told])


def show(facts: dict) -> None:
    """Print how the settings were chosen, the occupations before and after, what remains and what it cost."""
    print("1. Gli esempi: coppie di frasi uguali, una con «she» e una con «he»")
    print(f"   {facts['n_training_occupations']} mestieri, {facts['n_training_positions']} pronomi; "
          f"l'adattatore ha {number(facts['n_params_trained'])} numeri, il modello resta com'è")  # fmt: skip
    show_choice(facts)
    print(
        f"\n3. {facts['n_held_out_occupations']} mestieri mai visti, in {facts['n_templates']} frasi mai viste"
    )
    print(f"   {'mestiere':<22}{'donne':>8}   {'prima':<24}{'dopo'}")
    for row in facts["occupations"]:
        share = f"{number(row['women_percent'], 1)}%"
        print(
            f"   {row['italian']:<22}{share:>8}   {times(row['odds_before']):<24}{times(row['odds_after'])}"
        )
    show_rest(facts)


def show_choice(facts: dict) -> None:
    """Print the perplexity of the pronouns for each setting tried, and which is the least."""
    rates = sorted({row["learning_rate"] for row in facts["choices"]})
    print(
        f"\n2. Quanto imparare: {facts['n_settings_tried']} prove, giudicate su mestieri lasciati fuori a turno"
    )
    print("   Perplessità fra i due pronomi: 2 è tirare a sorte, cioè nessuna preferenza")
    print(f"   {'passi':>6}" + "".join(f"{'tasso ' + number(rate, 4):>16}" for rate in rates))
    for step in sorted({row["step"] for row in facts["choices"]}):
        found = [row for row in facts["choices"] if row["step"] == step]
        shown = (number(row["validation_perplexity"], 3) + mark(row, facts) for row in found)
        print(f"   {step:>6}" + "".join(f"{cell:>16}" for cell in shown).rstrip())
    print("   ← la migliore: con questa si impara da tutti i mestieri degli esempi")


def mark(row: dict, facts: dict) -> str:
    """Point at the chosen setting.

    >>> mark({"learning_rate": 0.1, "step": 5}, {"best_learning_rate": 0.1, "best_step": 5})
    ' ←'
    """
    chosen = (row["learning_rate"], row["step"]) == (
        facts["best_learning_rate"],
        facts["best_step"],
    )
    return " ←" if chosen else "  "


def show_rest(facts: dict) -> None:
    """Print the gap, what remains of it, and the price."""
    print(f"\n4. Che cosa resta {'':<30}{'prima':>8}{'dopo':>8}")
    for name, part in (("mestieri mai visti", "held_out"), ("mestieri degli esempi", "training")):
        for label, key, decimals in (
            ("divario medio, volte", "gap_odds", 2),
            ("correlazione", "correlation", 2),
        ):
            before, after = (
                number(facts[part][f"{key}_{moment}"], decimals) for moment in ("before", "after")
            )
            print(f"   {name + ': ' + label:<45}{before:>8}{after:>8}")
    held_out = facts["held_out"]
    closed, low, high = (
        signed(held_out[f"gap_closed_{end}percent"]) for end in ("", "low_", "high_")
    )
    print(f"   Sui mestieri mai visti si chiude il {closed}% del divario (in log-odds);")
    print(f"   con altri mestieri, fra il {low} e il {high}% (intervallo al 95%).")
    worse = ", ".join(row["italian"] for row in facts["worse"])
    print(
        fill(
            f"   Più lontani dalla parità di prima: {worse or 'nessuno'}.",
            88,
            subsequent_indent="   ",
        )
    )
    print(f"\n5. Che cosa costa {'':<30}{'prima':>8}{'dopo':>8}")
    label = f"perplessità di un testo inglese, {facts['n_english_tokens']} token"
    print(
        f"   {label:<45}{number(facts['perplexity_before'], 1):>8}{number(facts['perplexity_after'], 1):>8}"
    )
    label = f"pronomi giusti, su {facts['n_known_sentences']} già decisi dalla frase"
    print(
        f"   {label:<45}{facts['n_right_pronouns_before']:>8}{facts['n_right_pronouns_after']:>8}"
    )
    before, after = (
        number(facts[f"right_pronoun_odds_{moment}"], 1) for moment in ("before", "after")
    )
    print(f"   {'  quello giusto, quante volte l' + chr(39) + 'altro':<45}{before:>8}{after:>8}")


def signed(percent: float) -> str:
    """Write whole percent with a true minus sign.

    >>> signed(-30.2), signed(23.1)
    ('−30', '23')
    """
    return number(percent, 0).replace("-", "−")


if __name__ == "__main__":
    run_alone(run, show)
