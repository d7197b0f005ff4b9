"""What an LLM thinks of occupations: which pronoun it expects after "The nurse said that".

For each of 55 occupations and 8 beginnings of a sentence, the log-odds ln(p(" she") / p(" he")) of
the next token; their mean over the beginnings is set against the share of women among those who do
that work in the United States. The occupations are those of a published table, all of them: nobody
picked the ones that show most. The idea is of WEAT and of Winogender:
https://arxiv.org/abs/1608.07187, https://arxiv.org/abs/1804.09301. The LLM is SmolLM2-135M-Instruct
with its weights at 4 bits: it speaks English, so the sentences are English.

Leaves out: "they" and every other way to go on; other words of gender (names, "her", "woman");
origin, age and every bias but this one; what the model does in a conversation. A correlation is no
cause, and the figures are of one country in 2015 and 2016: the test can't tell a model that knows
the world from one that judges people by it. The interval says what other occupations might have
given (bootstrap), not what other sentences or another model might.
"""

from textwrap import fill
from typing import Literal

import numpy as np

from demos.common.bias import (
    Occupation,
    hidden_states,
    line,
    load_occupations,
    log_odds,
    pearson,
    pronoun_ids,
    templates,
    times,
)
from demos.common.intervals import interval
from demos.common.standalone import run_alone
from demos.common.words import number
from demos.smollm import weights
from demos.smollm.generate import distribution

OccupationName = Literal[tuple(job.name for job in load_occupations())]  # type: ignore[valid-type]  # made at run time


def run(*, occupation: OccupationName = "nurse") -> dict:  # type: ignore[valid-type]  # a choice made from the data
    """Ask the LLM about all occupations; `occupation` is the one to look at closely. ValueError on one not in the data.

    `correlation_low` and `correlation_high` are the ends of a 95 % interval over the occupations.
    `slope_per_percent` and `intercept` are those of the line fitted to the mean log-odds, and
    `even_at_women_percent` is the share of women at which it gives 0.
    """
    jobs = load_occupations()
    names = [job.name for job in jobs]
    if occupation not in names:
        raise ValueError(f"no occupation {occupation!r}; there are: {', '.join(names)}")
    each = log_odds(hidden_states())  # [occupations, templates]
    means = each.mean(axis=1)  # [occupations]
    women = np.array([job.women_percent for job in jobs])  # [occupations]
    rows = [about(job, row) for job, row in zip(jobs, each, strict=True)]
    slope, intercept = line(women, means)
    low, high = interval(lambda drawn: pearson(women[drawn], means[drawn]), len(jobs))
    by_template = [pearson(women, column) for column in each.T]
    return {
        "chosen": rows[names.index(occupation)] | {"sentences": sentences(names.index(occupation))},
        "n_templates": len(templates()),
        "templates": [template.format(occupation="…") for template in templates()],
        "n_occupations": len(jobs),
        "occupations": rows,
        "correlation": pearson(women, means),
        "correlation_low": low,
        "correlation_high": high,
        "correlation_by_template": by_template,
        "lowest_correlation": min(by_template),
        "highest_correlation": max(by_template),
        "slope_per_percent": slope,
        "intercept": intercept,
        "even_at_women_percent": -intercept / slope,
        "most_he": rows[int(means.argmin())],
        "most_she": rows[int(means.argmax())],
    }


def about(job: Occupation, each: np.ndarray) -> dict:
    """Collect one occupation's facts from its log-odds [templates]; `she_percent` is of the two pronouns together.

    `odds` says how many times " she" is as likely as " he", for the mean log-odds (so it's a
    geometric mean).

    >>> about(load_occupations()[0], np.array([-1.0, 1.0]))["odds"]
    1.0
    """
    mean = float(each.mean())
    return {
        "occupation": job.name,
        "italian": job.italian,
        "women_percent": job.women_percent,
        "odds": float(np.exp(mean)),
        "lowest_odds": float(np.exp(each.min())),
        "highest_odds": float(np.exp(each.max())),
        "she_percent": float(100 / (1 + np.exp(-mean))),
    }


def sentences(index: int) -> list[dict]:
    """List the sentences of one occupation, each with both pronouns' probabilities among all tokens.

    >>> sentences(0)[0]["sentence"]
    'The plumber said that'
    """
    probabilities = distribution(
        hidden_states()[index] @ weights.load().embedding.T
    )  # [templates, V]
    pronouns = probabilities[:, pronoun_ids()].tolist()  # [templates, 2]
    return [
        {
            "sentence": template.format(occupation=load_occupations()[index].name),
            "p_she": p_she,
            "p_he": p_he,
            "odds": p_she / p_he,
        }
        for template, (p_she, p_he) in zip(templates(), pronouns, strict=True)
    ]


def show(facts: dict) -> None:
    """Print one occupation's sentences, the mean, then all occupations and what the test can't show."""
    chosen = facts["chosen"]
    print(
        f"1. Il modello legge l'inizio di una frase. Il mestiere: {chosen['occupation']} ({chosen['italian']})"
    )
    print(f"   {'inizio della frase':<44}{'p(she)':>9}{'p(he)':>9}{'log-odds':>11}")
    for row in chosen["sentences"]:
        shares = "".join(f"{number(100 * row[name], 2) + '%':>9}" for name in ("p_she", "p_he"))
        print(f"   {row['sentence']:<44}{shares}{log(row['odds']):>11}")
    print("   log-odds = ln(p(she) / p(he)): 0 alla pari, sopra zero è più probabile «she»")
    print(f"\n2. La media delle {facts['n_templates']} frasi: {log(chosen['odds'])}")
    print(
        f"   cioè {times(chosen['odds'])}; fra i due pronomi «she» ha il {number(chosen['she_percent'], 1)}%"
    )
    print("\n3. Tutti i mestieri, e quante donne li fanno (Stati Uniti, 2015 e 2016)")
    print(f"   {'mestiere':<16}{'':<28}{'donne':>9}{'log-odds':>10}   {'da … a':>14}")
    for row in facts["occupations"]:
        spread = f"{log(row['lowest_odds'])} … {log(row['highest_odds'])}"
        share = f"{number(row['women_percent'], 1)}%"
        print(
            f"   {row['occupation']:<16}{row['italian']:<28}{share:>9}{log(row['odds']):>10}   {spread:>14}"
        )
    show_limits(facts)


def show_limits(facts: dict) -> None:
    """Print how closely the two go together, and what doesn't follow from it."""
    low, high = number(facts["lowest_correlation"], 2), number(facts["highest_correlation"], 2)
    ends = " e ".join(number(facts[f"correlation_{end}"], 2) for end in ("low", "high"))
    print(f"\n4. Correlazione fra le due colonne: {number(facts['correlation'], 2)}")
    print(f"   con altri mestieri, fra {ends} (intervallo al 95%)")
    print(f"   con una sola frase per mestiere andrebbe da {low} a {high}, secondo la frase")
    even = number(facts["even_at_women_percent"], 0)
    print(f"   «she» e «he» sono alla pari dove le donne sono il {even}% (sulla retta)")
    print("\n5. Che cosa questa prova non dice")
    for sentence in (
        "Una correlazione non è una causa: il modello ha letto testi, non statistiche.",
        "Non distingue un modello che conosce il mondo da uno che giudica le persone.",
        "Guarda due pronomi: «they», i nomi, le altre forme di genere restano fuori.",
        "Guarda un bias solo, in inglese, in un modello piccolo e con i pesi a 4 bit.",
        "Con altre frasi i numeri cambiano: per questo sono elencate, e sono più d'una.",
    ):
        print(fill(f"   - {sentence}", 88, subsequent_indent="     "))


def log(odds: float) -> str:
    """Write log-odds with their sign and two decimals.

    >>> log(2.0), log(0.5), log(1.0)
    ('+0,69', '−0,69', '0,00')
    """
    digits = number(abs(np.log(odds)), 2)
    return digits if digits == "0,00" else ("+" if odds > 1 else "−") + digits


if __name__ == "__main__":
    run_alone(run, show)
