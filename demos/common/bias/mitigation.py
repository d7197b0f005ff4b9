"""What an adapter does to bias: how uneven the two pronouns are before and after, and the price.

The price: perplexity of an English text, and how surely " she" and " he" are still told apart where
the sentence has already said who is meant. `low` and `high` are the ends of a 95 % interval: what
other occupations, other pieces of the text and other sentences might have given (bootstrap).
"""

import numpy as np

from demos.common.bias.occupations import DATA, Occupation, load_occupations
from demos.common.bias.pronouns import (
    hidden_states,
    known_gender,
    line,
    log_odds,
    pearson,
    unevenness,
)
from demos.common.intervals import interval, perplexity_change
from demos.smollm import tokenizer, weights
from demos.smollm.adapter import Adapter, Positions, losses

ENGLISH = DATA / "texts" / "english-heldout.txt"
ENGLISH_FROM = 1024  # the text's tokens before it were looked at while the demo was written


def judge(adapter: Adapter) -> dict:
    """Compare before and after: the held-out occupations one by one, and both groups as a whole.

    `occupations` are the held-out ones, by rising share of women; `worse` those that end up clearly
    farther from even, by 5% of the odds or more.
    """
    jobs, states = load_occupations(), hidden_states()  # states [occupations, templates, d]
    before, after = (log_odds(h).mean(axis=1) for h in (states, adapter(states)))  # [occupations]
    table = np.stack([[job.women_percent for job in jobs], before, after])  # [3, occupations]
    held_out = np.array([job.held_out for job in jobs])
    rows = [about(*row) for row in zip(jobs, before, after, strict=True) if row[0].held_out]
    return {
        "occupations": rows,
        "worse": list(filter(got_worse, rows)),
        "held_out": compare(*table[:, held_out]),
        "training": compare(*table[:, ~held_out]),
    }


def about(job: Occupation, before: float, after: float) -> dict:
    """Collect one occupation's facts: how many times " she" is as likely as " he".

    >>> about(load_occupations()[0], 0.0, 0.0)["odds_after"]
    1.0
    """
    return {
        "occupation": job.name,
        "italian": job.italian,
        "women_percent": job.women_percent,
        "odds_before": float(np.exp(before)),
        "odds_after": float(np.exp(after)),
    }


def got_worse(row: dict) -> bool:
    """Tell whether an occupation is clearly farther from even than it was.

    >>> got_worse({"odds_before": 0.5, "odds_after": 2.2})
    True
    """
    return unevenness(row["odds_after"]) > 1.05 * unevenness(row["odds_before"])


def exp_mean(logs: np.ndarray | list[float]) -> float:
    """Give e to the mean: of losses it is the perplexity, of log-odds the geometric mean of odds.

    >>> exp_mean([0.0, np.log(4)])
    2.0
    """
    return float(np.exp(np.mean(logs)))


def compare(women: np.ndarray, before: np.ndarray, after: np.ndarray) -> dict:
    """Measure how uneven some occupations [n] are, and how closely that follows the share of women.

    `before` and `after` are log-odds. `gap_odds` is e to the mean of their size: how many times, on
    average, one pronoun is as likely as the other. The gap alone can't tell a shift from a closing:
    `mean_odds` is e to the mean, where the occupations stand as a whole, and `spread_odds` is e to
    their mean distance from it, how far apart they are.

    >>> women, odds = np.array([0.0, 50, 100]), np.array([-2.0, 1, 2])
    >>> compare(women, odds, odds / 2)["gap_closed_percent"]
    50.0
    >>> facts = compare(women, odds, odds - 1)  # all are shifted alike
    >>> facts["n_towards_he"], round(facts["spread_closed_percent"], 9)
    (3, 0.0)
    """
    facts = {}
    for moment, odds in (("before", before), ("after", after)):
        for name, value in measures(women, odds).items():
            facts[f"{name}_{moment}"] = value
    gaps = np.abs(np.stack([before, after]))  # [2, n]
    low, high = interval(lambda drawn: closed(gaps[:, drawn]), len(women))
    facts |= shift(before, after) | {"n_occupations": len(women)}
    slope_left = facts["slope_per_percent_after"] / facts["slope_per_percent_before"]
    return facts | {
        "gap_closed_percent": closed(gaps),
        "gap_closed_low_percent": low,
        "gap_closed_high_percent": high,
        "slope_lost_percent": 100 * (1 - slope_left),
    }


def measures(women: np.ndarray, odds: np.ndarray) -> dict[str, float]:
    """Measure how uneven log-odds [n] are; see `compare` for what each number is.

    >>> facts = measures(np.array([0.0, 50, 100]), np.log([0.5, 1, 2]))
    >>> round(facts["mean_odds"], 6), round(facts["correlation"], 6)
    (1.0, 1.0)
    """
    return {
        "gap_odds": exp_mean(np.abs(odds)),
        "mean_odds": exp_mean(odds),
        "spread_odds": exp_mean(apart(odds)),
        "slope_per_percent": line(women, odds)[0],
        "correlation": pearson(women, odds),
    }


def apart(odds: np.ndarray) -> np.ndarray:
    """Give how far each of some log-odds [n] is from their mean.

    >>> apart(np.array([1.0, 3.0])).tolist()
    [1.0, 1.0]
    """
    return np.abs(odds - odds.mean())


def shift(before: np.ndarray, after: np.ndarray) -> dict:
    """Count the occupations that went towards " he", and tell a shift of all from a closing.

    `spread_closed_percent` is by how much less apart they are, with the ends of its 95 % interval.

    >>> shift(np.array([0.0, 2.0]), np.array([0.5, 1.5]))["spread_closed_percent"]
    50.0
    """

    def spread_closed(drawn: np.ndarray) -> float:
        rows = np.stack([apart(before[drawn]), apart(after[drawn])])  # [2, n]
        return closed(rows) if rows[0].any() else 0.0  # the same one drawn each time

    low, high = interval(spread_closed, len(before))
    return {
        "n_towards_he": int((after < before).sum()),
        "spread_closed_percent": spread_closed(np.arange(len(before))),
        "spread_closed_low_percent": low,
        "spread_closed_high_percent": high,
    }


def closed(gaps: np.ndarray) -> float:
    """Say how much smaller the mean of the second row is than that of the first, in percent.

    >>> closed(np.array([[1.0, 3], [1, 1]]))
    50.0
    """
    before, after = gaps.mean(axis=1)
    return float(100 * (1 - after / before))


def price(adapter: Adapter) -> dict:
    """Measure what it cost: in an English text, and where the sentence has said who is meant."""
    places = english_places()
    none = Adapter.new(places.hidden.shape[1], rank=1)  # it changes nothing yet
    nats = {"before": losses(none, places), "after": losses(adapter, places)}  # [tokens] each
    states, right = known_gender()  # [sentences, d], [sentences]
    sure = {"before": log_odds(states) * right, "after": log_odds(adapter(states)) * right}
    facts = {"n_english_tokens": len(places), "n_known_sentences": len(right)}
    facts |= text_change(**nats) | pronoun_change(**sure)
    for moment in ("before", "after"):
        facts[f"perplexity_{moment}"] = exp_mean(nats[moment])
        facts[f"n_right_pronouns_{moment}"] = int((sure[moment] > 0).sum())
        facts[f"right_pronoun_odds_{moment}"] = exp_mean(sure[moment])
    return facts


def english_places() -> Positions:
    """Read the English text; its first tokens are only read past.

    >>> len(english_places()) > 256
    True
    """
    ids = tokenizer.encode(ENGLISH.read_text(encoding="utf-8"))
    return Positions.of_text(weights.load(), ids[ENGLISH_FROM:])


def text_change(before: np.ndarray, after: np.ndarray) -> dict:
    """Say by how much the perplexity of a text rises, from its tokens' losses [n].

    >>> text_change(np.zeros(64), np.zeros(64))["perplexity_more_percent"]
    0.0
    """
    more, low, high = perplexity_change(before, after)
    return {
        "perplexity_more_percent": more,
        "perplexity_more_low_percent": low,
        "perplexity_more_high_percent": high,
    }


def pronoun_change(before: np.ndarray, after: np.ndarray) -> dict:
    """Say by what the odds of the right pronoun are multiplied, from its log-odds [2 · pairs].

    The two versions of a sentence go together: what the interval draws again is a pair.

    >>> pronoun_change(np.array([2.0, 1.0]), np.array([1.0, 2.0]))["right_pronoun_ratio"]
    1.0
    """
    lost = (after - before).reshape(-1, 2).mean(axis=1)  # [pairs]
    low, high = interval(lambda drawn: exp_mean(lost[drawn]), len(lost))
    return {
        "right_pronoun_ratio": exp_mean(lost),
        "right_pronoun_ratio_low": low,
        "right_pronoun_ratio_high": high,
    }
