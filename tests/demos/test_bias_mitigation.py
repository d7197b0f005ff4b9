"""The bias mitigation demo against its data and sums written out. The demo runs once for all tests.

Oracle: the model's own logits for one sentence with and without the trained adapter; the sentences'
text.
"""

import json
import math
from itertools import product

import numpy as np
import pytest

from demos import bias_mitigation
from demos.bias_mitigation import checked, pronoun_places, show
from demos.common.bias.occupations import load_occupations, pairs, templates
from demos.common.words import number
from demos.figures.bias_mitigation import alt, plot
from demos.smollm import tokenizer, weights
from demos.smollm.transformer import hidden
from tests.demos.looks import assert_legible


@pytest.fixture(scope="module")
def ran():
    """The facts of one run, and the adapter that it kept."""
    kept, original = [], bias_mitigation.price

    def keep(adapter):
        kept.append(adapter)
        return original(adapter)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bias_mitigation, "price", keep)
        facts = bias_mitigation.run()
    return facts, kept[0]


def test_no_training_sentence_knows_a_held_out_occupation_or_a_template():
    """Neither the words nor the beginnings that judge the result are in what is learned."""
    held_out = {job.name for job in load_occupations() if job.held_out}
    beginnings = [
        template.format(occupation=job.name)
        for template in templates()
        for job in load_occupations()
    ]
    assert len(held_out) == 19
    for pair in pairs():
        for sentence in (pair["she"], pair["he"]):
            assert not any(name in sentence for name in held_out)
            assert not any(beginning in sentence for beginning in beginnings)


def test_examples_are_balanced():
    """Each sentence has both versions: as many places go on with " she" as with " he"."""
    places, _ = pronoun_places([job.name for job in load_occupations()])
    targets = places.targets.tolist()
    assert targets.count(0) == targets.count(1) == 72


def test_a_place_is_what_the_model_knows_just_before_the_pronoun():
    """For the secretary: the hidden state of the sentence cut before " she"."""
    sentence = next(pair["she"] for pair in pairs() if pair["occupation"] == "secretary")
    places, _ = pronoun_places(["secretary"])
    before = tokenizer.encode(sentence.split(" she ")[0])
    alone = hidden(weights.load(), before)[-1]
    np.testing.assert_allclose(places.hidden[0], alone, rtol=1e-3, atol=2e-4)
    assert places.targets[0] == 0


def log_odds(state):
    """Give logit(she) - logit(he), in float64."""
    table = weights.load().embedding.astype(float)
    she, he = (table[tokenizer.encode(word)[0]] for word in (" she", " he"))
    return state @ she - state @ he


@pytest.mark.parametrize("index", [0, -1])
def test_odds_before_and_after_are_those_of_the_logits(ran, index):
    """The mean logit(she) - logit(he) of eight sentences, without and with A and B, in float64."""
    row, adapter = ran[0]["occupations"][index], ran[1]
    before, after = [], []
    for template in templates():
        ids = tokenizer.encode(template.format(occupation=row["occupation"]))
        state = hidden(weights.load(), ids)[-1].astype(float)
        before.append(log_odds(state))
        after.append(log_odds(state + state @ adapter.a @ adapter.b))
    assert row["odds_before"] == pytest.approx(math.exp(np.mean(before)), rel=1e-3)
    assert row["odds_after"] == pytest.approx(math.exp(np.mean(after)), rel=1e-3)


def test_gap_by_hand(ran):
    """The gap is e to the mean |ln odds| of the 19 rows, and what closed is counted in log-odds."""
    held_out, gaps = ran[0]["held_out"], {}
    for moment in ("before", "after"):
        sizes = [abs(math.log(row[f"odds_{moment}"])) for row in ran[0]["occupations"]]
        gaps[moment] = sum(sizes) / 19
        assert held_out[f"gap_odds_{moment}"] == pytest.approx(math.exp(gaps[moment]))
    closed = 100 * (1 - gaps["after"] / gaps["before"])
    assert held_out["gap_closed_percent"] == pytest.approx(closed)


def test_nearly_all_move_to_the_same_side(ran):
    """18 of 19 go towards «he» and their mean crosses even; they get closer to each other."""
    held_out, odds = ran[0]["held_out"], {}
    for moment in ("before", "after"):
        odds[moment] = np.log([row[f"odds_{moment}"] for row in ran[0]["occupations"]])
        mean = float(np.exp(odds[moment].mean()))
        assert held_out[f"mean_odds_{moment}"] == pytest.approx(mean)
    assert held_out["n_towards_he"] == (odds["after"] < odds["before"]).sum() == 18
    assert held_out["mean_odds_after"] < 1 < held_out["mean_odds_before"]
    spreads = [np.abs(odds[m] - odds[m].mean()).mean() for m in ("before", "after")]
    nearer = 100 * (1 - spreads[1] / spreads[0])
    assert held_out["spread_closed_percent"] == pytest.approx(nearer)
    assert 0 < held_out["spread_closed_low_percent"] < nearer


def test_bias_is_reduced_where_it_was_learned_and_not_surely_elsewhere(ran):
    """On the slide: a smaller gap on the examples' occupations; on others the interval has zero."""
    facts = ran[0]
    held_out, least = facts["held_out"], facts["training"]["gap_closed_low_percent"]
    assert least > 30
    assert held_out["gap_closed_low_percent"] < 0 < held_out["gap_closed_percent"] < least
    assert held_out["correlation_after"] > 0.3
    assert facts["worse"]


def test_price_has_its_interval(ran):
    """Right pronouns are less sure, interval and all; perplexity changes no more than by chance."""
    facts = ran[0]
    ratio = facts["right_pronoun_odds_after"] / facts["right_pronoun_odds_before"]
    assert facts["right_pronoun_ratio"] == pytest.approx(ratio)
    assert facts["right_pronoun_ratio_low"] < ratio < facts["right_pronoun_ratio_high"] < 1
    assert facts["perplexity_more_low_percent"] < 0 < facts["perplexity_more_high_percent"] < 3
    more = 100 * (facts["perplexity_after"] / facts["perplexity_before"] - 1)
    assert facts["perplexity_more_percent"] == pytest.approx(more, abs=1e-4)


def chosen(facts):
    """Give the setting that was chosen."""
    return facts["best_learning_rate"], facts["best_step"]


def test_the_setting_is_the_one_that_validation_chooses(ran):
    """Of all 52 settings the least validation perplexity to three decimals, then fewest steps."""
    facts, rates = ran[0], bias_mitigation.LEARNING_RATES
    found = {(row["learning_rate"], row["step"]): row for row in facts["choices"]}
    assert set(found) == set(product(rates, range(0, 61, 5)))
    perplexities = {
        setting: round(row["validation_perplexity"], 3) for setting, row in found.items()
    }
    least = min(perplexities.values())
    winners = [setting for setting, perplexity in perplexities.items() if perplexity == least]
    assert chosen(facts) == min(winners, key=lambda setting: setting[1])
    assert min(rates) < facts["best_learning_rate"] < max(rates)


def test_an_occupation_is_judged_by_what_never_learned_from_it(ran):
    """The chosen row's perplexity, folds written out: out are every sixth by share of women."""
    facts = ran[0]
    names = [job.name for job in load_occupations() if not job.held_out]
    nats = []
    for fold in range(6):
        learned, _ = pronoun_places([name for i, name in enumerate(names) if i % 6 != fold])
        judged, _ = pronoun_places(names[fold::6])
        adapter = dict(checked(learned, facts["best_learning_rate"]))[facts["best_step"]]
        logits = adapter(judged.hidden).astype(float) @ judged.embedding.astype(float).T
        right = logits[np.arange(len(judged)), judged.targets]
        nats.extend(np.log(np.exp(logits).sum(axis=1)) - right)
    found = {(row["learning_rate"], row["step"]): row for row in facts["choices"]}
    row = found[chosen(facts)]
    assert row["validation_perplexity"] == pytest.approx(math.exp(np.mean(nats)), rel=1e-3)


def test_facts_are_json_and_the_walk_through_fits(ran, capsys):
    """Facts survive JSON, no NaN; no printed line is longer than 88 characters."""
    assert json.loads(json.dumps(ran[0], allow_nan=False)) == ran[0]
    show(ran[0])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert not {"None", "nan", "inf"} & set(out.split())


def test_figure_is_legible_and_described(ran):
    """Texts have 24 points or more and lie inside; the alt text has the gap before and after."""
    assert_legible(plot(ran[0]))
    for moment in ("before", "after"):
        gap = number(ran[0]["held_out"][f"gap_odds_{moment}"], 1)
        assert f" {gap} " in alt(ran[0])
