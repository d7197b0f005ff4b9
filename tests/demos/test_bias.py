"""The bias demo against the model's own logits, and sums written out.

Oracle: `transformer.forward` of one whole sentence, its softmax in float64; Pearson's formula
written out.
"""

import json
import math
from itertools import combinations

import numpy as np
import pytest

from demos.bias import run, show
from demos.common.bias.occupations import load_occupations, templates
from demos.common.bias.pronouns import hidden_states, log_odds
from demos.figures.bias import alt, plot
from demos.smollm import tokenizer, weights
from demos.smollm.transformer import forward
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_legible


@pytest.fixture(scope="module")
def facts():
    """The demo's facts, computed once."""
    return run()


@pytest.mark.parametrize("index", [0, 7])
def test_log_odds_are_those_of_the_models_own_probabilities(facts, index):
    """ln(p(" she") / p(" he")) from the softmax of all 49,152 logits of the sentence alone."""
    sentence = facts["chosen"]["sentences"][index]
    ids = tokenizer.encode(sentence["sentence"])
    logits = forward(weights.load(), ids, last=True)[0].astype(float)
    probabilities = np.exp(logits) / np.exp(logits).sum()
    p_she, p_he = (probabilities[tokenizer.encode(word)[0]] for word in (" she", " he"))
    assert sentence["p_she"] == pytest.approx(p_she, rel=1e-3)
    assert sentence["odds"] == pytest.approx(p_she / p_he, rel=1e-3)


def test_an_occupation_has_the_mean_of_its_sentences(facts):
    """Its odds are the geometric mean of its eight sentences'; each occupation's lie in range."""
    chosen = facts["chosen"]
    logs = [math.log(row["odds"]) for row in chosen["sentences"]]
    assert len(logs) == len(templates()) == facts["n_templates"]
    assert chosen["odds"] == pytest.approx(math.exp(sum(logs) / len(logs)), rel=1e-4)
    assert chosen["she_percent"] == pytest.approx(100 * chosen["odds"] / (1 + chosen["odds"]))
    for row in facts["occupations"]:
        assert row["lowest_odds"] <= row["odds"] <= row["highest_odds"]


def test_correlation_by_hand(facts):
    """Pearson's r from sums, and the same line that polyfit fits."""
    x = [row["women_percent"] for row in facts["occupations"]]
    y = [math.log(row["odds"]) for row in facts["occupations"]]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    sxy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    r = sxy / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))
    assert facts["correlation"] == pytest.approx(r, rel=1e-9)
    line = facts["slope_per_percent"], facts["intercept"]
    assert line == pytest.approx(tuple(np.polyfit(x, y, 1)))


def test_the_model_follows_the_share_of_women(facts):
    """In the mean and with each template alone, the more women, the likelier " she"."""
    assert 0.6 < facts["correlation_low"] < facts["correlation"] < facts["correlation_high"] < 0.95
    assert min(facts["correlation_by_template"]) == facts["lowest_correlation"] > 0.5
    assert facts["most_he"]["odds"] < 1 < facts["most_she"]["odds"]


def test_interval_is_as_wide_as_fishers(facts):
    """Near Fisher's z ± 1.96 / √(n - 3), which knows no bootstrap."""
    z, half = math.atanh(facts["correlation"]), 1.96 / math.sqrt(facts["n_occupations"] - 3)
    by_formula = (math.tanh(z - half), math.tanh(z + half))
    drawn = facts["correlation_low"], facts["correlation_high"]
    assert drawn == pytest.approx(by_formula, abs=0.06)


def test_every_occupation_of_the_data_is_asked_about(facts):
    """55 rows in the order of their shares, with states of every sentence."""
    shares = [row["women_percent"] for row in facts["occupations"]]
    names = [row["occupation"] for row in facts["occupations"]]
    assert shares == sorted(shares)
    assert names == [job.name for job in load_occupations()]
    assert log_odds(hidden_states()).shape == (55, 8)


def test_facts_are_the_same_twice_and_are_json(facts):
    """A second run writes the same JSON; nothing in it is NaN."""
    assert json.dumps(run(), allow_nan=False) == json.dumps(facts)


@pytest.mark.parametrize("bad", ["", "Nurse", "drop table", "nurse\n---"])
def test_an_unknown_occupation_is_refused(bad):
    """The error names what was given and what there is."""
    with pytest.raises(ValueError, match=r"(?s)can't be .*plumber"):
        bind(parameters_of(run), {"occupation": bad})


def test_walk_through_lists_the_sentences_and_the_limits(facts, capsys):
    """No line is longer than 88 characters; sentences and what the test can't show are there."""
    show(facts)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert all(row["sentence"] in out for row in facts["chosen"]["sentences"])
    assert "non è una causa" in out
    assert not {"None", "nan", "inf"} & set(out.split())


@pytest.mark.parametrize(
    "name", ["nurse", "plumber", "secretary", "dispatcher", "salesperson", "librarian", "broker"]
)
def test_figure_is_legible_and_described(name):
    """Texts have 24 points or more, lie inside and don't touch; the alt text names the chosen."""
    facts = run(occupation=name)
    figure = plot(facts)
    texts = assert_legible(figure)
    labels = [box.shrunk(0.9, 0.7) for text, box in texts.items() if text in figure.axes[0].texts]
    assert not any(a.overlaps(b) for a, b in combinations(labels, 2))
    assert facts["chosen"]["italian"] in alt(facts)
