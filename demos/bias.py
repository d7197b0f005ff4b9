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

from typing import Literal

import numpy as np

from demos.common.bias.occupations import Occupation, load_occupations, templates
from demos.common.bias.pronouns import (
    hidden_states,
    line,
    log,
    log_odds,
    pearson,
    pronoun_ids,
    times,
)
from demos.common.intervals import interval
from demos.common.standalone import run_alone
from demos.common.words import columns, number, percent
from demos.smollm import weights
from demos.smollm.generate import distribution

NAMES = [job.name for job in load_occupations()]  # by rising share of women
OccupationName = Literal[tuple(NAMES)]  # type: ignore[valid-type]  # made at run time


def run(*, occupation: OccupationName = "nurse") -> dict:  # type: ignore[valid-type]  # from data
    """Ask the LLM about all occupations; `occupation` is the one to look at closely."""
    jobs, index = load_occupations(), NAMES.index(occupation)
    each = log_odds(hidden_states())  # [occupations, templates]
    rows = [about(job, row) for job, row in zip(jobs, each, strict=True)]
    means = each.mean(axis=1)  # [occupations]
    return {
        "chosen": rows[index] | {"sentences": sentences(index)},
        "n_templates": len(templates()),
        "templates": [template.format(occupation="…") for template in templates()],
        "n_occupations": len(jobs),
        "occupations": rows,
        **follow(np.array([job.women_percent for job in jobs]), each),
        "most_he": rows[int(means.argmin())],
        "most_she": rows[int(means.argmax())],
    }


def about(job: Occupation, each: np.ndarray) -> dict:
    """Collect one occupation's facts from its log-odds [templates].

    `odds` says how many times " she" is as likely as " he", for the mean log-odds (so it's a
    geometric mean); `she_percent` is of the two pronouns together.

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
    """List the sentences of one occupation, with both pronouns' probabilities among all tokens.

    >>> sentences(0)[0]["sentence"]
    'The plumber said that'
    """
    logits = hidden_states()[index] @ weights.load().embedding.T  # [templates, d] @ [d, V]
    pronouns = distribution(logits)[:, pronoun_ids()].tolist()  # [templates, 2]
    rows = []
    for template, (p_she, p_he) in zip(templates(), pronouns, strict=True):
        sentence = template.format(occupation=NAMES[index])
        rows.append({"sentence": sentence, "p_she": p_she, "p_he": p_he, "odds": p_she / p_he})
    return rows


def follow(women: np.ndarray, each: np.ndarray) -> dict:
    """Measure how closely log-odds [occupations, templates] follow the shares of women, in percent.

    `correlation_low` and `correlation_high` are the ends of a 95 % interval over the occupations.
    `slope_per_percent` and `intercept` are those of the line fitted to the mean log-odds, and
    `even_at_women_percent` is the share of women at which it gives 0.

    >>> women = np.linspace(0, 100, 21)  # log-odds that rise with it, and are 0 in the middle
    >>> round(follow(women, (women - 50)[:, None])["even_at_women_percent"], 9)
    50.0
    """
    means = each.mean(axis=1)  # [occupations]
    slope, intercept = line(women, means)
    low, high = interval(lambda drawn: pearson(women[drawn], means[drawn]), len(women))
    by_template = [pearson(women, column) for column in each.T]
    return {
        "correlation": pearson(women, means),
        "correlation_low": low,
        "correlation_high": high,
        "correlation_by_template": by_template,
        "lowest_correlation": min(by_template),
        "highest_correlation": max(by_template),
        "slope_per_percent": slope,
        "intercept": intercept,
        "even_at_women_percent": -intercept / slope,
    }


def show(facts: dict) -> None:
    """Print one occupation's sentences, then all occupations, and what the test can't show."""
    chosen = facts["chosen"]
    she = number(chosen["she_percent"], 1)
    print(f"""\
1. Il modello legge l’inizio di una frase. Il mestiere: {chosen["occupation"]} ({chosen["italian"]})
   inizio della frase                             p(she)    p(he)   log-odds""")
    for row in chosen["sentences"]:
        shares = columns((percent(row[name], 2) for name in ("p_she", "p_he")), width=9)
        print(f"   {row['sentence']:<44}{shares}{log(row['odds']):>11}")
    print(f"""\
   log-odds = ln(p(she) / p(he)): 0 alla pari, sopra zero è più probabile «she»

2. La media delle {facts["n_templates"]} frasi: {log(chosen["odds"])}
   cioè {times(chosen["odds"])}; fra i due pronomi «she» ha il {she}%""")
    show_occupations(facts["occupations"])
    show_limits(facts)


def show_occupations(rows: list[dict]) -> None:
    """Print the share of women of each occupation beside its log-odds, mean, least and most."""
    print("""
3. Tutti i mestieri, e quante donne li fanno (Stati Uniti, 2015 e 2016)
   mestiere                                        donne  log-odds           da … a""")
    for row in rows:
        share = number(row["women_percent"], 1) + "%"
        mean, low, high = (log(row[name]) for name in ("odds", "lowest_odds", "highest_odds"))
        spread = f"{low} … {high}"
        print(f"   {row['occupation']:<16}{row['italian']:<28}{share:>9}{mean:>10}   {spread:>14}")


def show_limits(facts: dict) -> None:
    """Print how closely the two go together, and what doesn't follow from it."""
    r, low, high = (number(facts[f"correlation{end}"], 2) for end in ("", "_low", "_high"))
    least, most = (number(facts[f"{end}_correlation"], 2) for end in ("lowest", "highest"))
    even = number(facts["even_at_women_percent"], 0)
    print(f"""
4. Correlazione fra le due colonne: {r}
   con altri mestieri, fra {low} e {high} (intervallo al 95%)
   con una sola frase per mestiere andrebbe da {least} a {most}, secondo la frase
   «she» e «he» sono alla pari dove le donne sono il {even}% (sulla retta)

5. Che cosa questa prova non dice
   - Una correlazione non è una causa: il modello ha letto testi, non statistiche.
   - Non distingue un modello che conosce il mondo da uno che giudica le persone.
   - Guarda due pronomi: «they», i nomi, le altre forme di genere restano fuori.
   - Guarda un bias solo, in inglese, in un modello piccolo e con i pesi a 4 bit.
   - Con altre frasi i numeri cambiano: per questo sono elencate, e sono più d’una.""")


if __name__ == "__main__":
    run_alone(run, show)
