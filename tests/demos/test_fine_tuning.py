"""The fine-tuning demo against perplexities written out and counts made by hand.

Oracle: `transformer.forward` and a softmax in float64 for the perplexity before; pairs counted on
paper. The demo runs once for all tests, since it takes ten seconds and more.
"""

import json
import math

import numpy as np
import pytest

from demos import fine_tuning
from demos.common.training.baselines import pairs_perplexity
from demos.figures.fine_tuning import alt, plot
from demos.fine_tuning import choose, show, texts
from demos.smollm import adapter as adapters
from demos.smollm import weights
from demos.smollm.transformer import forward
from tests.demos.looks import assert_legible


@pytest.fixture(scope="module")
def ran():
    """The facts of one run, and the targets of what each training was given."""
    given, original = [], fine_tuning.train

    def note(adapter, places, **more):
        given.append(places.targets)
        return original(adapter, places, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fine_tuning, "train", note)
        facts = fine_tuning.run()
    return facts, given


def test_only_the_training_text_is_trained_on(ran):
    """The training was given the training ids alone."""
    assert len(ran[1]) == 1
    assert all(np.array_equal(targets, texts()["training"][1:]) for targets in ran[1])


def test_the_three_texts_share_nothing():
    """No 12 tokens in a row are in two of the three texts."""
    runs = {}
    for part, text in texts().items():
        runs[part] = {tuple(text[i : i + 12]) for i in range(len(text) - 11)}
    assert not runs["training"] & runs["validation"]
    assert not (runs["training"] | runs["validation"]) & runs["held_out"]


def test_perplexity_before_is_the_models_own(ran):
    """Exp of the mean -ln p of held-out tokens from whole logits, each window of 256 on its own."""
    ids, nats = texts()["held_out"], 0.0
    for start in range(0, len(ids) - 1, adapters.WINDOW):
        window = ids[start : start + adapters.WINDOW + 1]
        logits = forward(weights.load(), window[:-1])
        for row, target in zip(logits, window[1:], strict=True):
            wide = row.astype(float)
            nats += math.log(np.exp(wide).sum()) - wide[target]
    assert ran[0]["before_perplexity"] == pytest.approx(math.exp(nats / (len(ids) - 1)), rel=1e-4)


def test_the_step_is_chosen_without_the_held_out_text(ran):
    """It stops at the second text's least perplexity; the curve knows nothing of the held-out."""
    facts, curve = ran[0], ran[0]["curve"]
    best = min(curve, key=lambda row: row["validation_perplexity"])
    assert best["step"] == facts["best_step"]
    keys = {"step", "training_perplexity", "validation_perplexity"}
    assert set().union(*curve) == keys
    steps = range(0, facts["n_steps"] + 1, facts["n_steps_per_pass"])
    assert [row["step"] for row in curve] == list(steps)


def test_the_settings_are_those_that_validation_chooses(monkeypatch):
    """Trying all rates again gives the one in the code, and the held-out text is not touched."""
    seen = texts()
    del seen["held_out"]
    monkeypatch.setattr(fine_tuning, "texts", lambda: seen)
    assert choose() == fine_tuning.LEARNING_RATE
    assert min(fine_tuning.RATES) < fine_tuning.LEARNING_RATE < max(fine_tuning.RATES)


def test_it_gets_better_then_overfits_and_counted_pairs_are_far_behind(ran):
    """On the slide: surely less perplexity after; then only what is learned improves."""
    facts, curve = ran[0], ran[0]["curve"]
    assert 2 < facts["gain_low_percent"] < facts["gain_percent"] < facts["gain_high_percent"] < 20
    before, after = facts["before_perplexity"], facts["after_perplexity"]
    assert facts["gain_percent"] == pytest.approx(100 * (1 - after / before))
    assert facts["rise_percent"] > 0
    watched = [row["validation_perplexity"] for row in curve]
    assert watched[-1] > 1.05 * min(watched)
    assert facts["overfitted_training_perplexity"] < 0.7 * curve[1]["training_perplexity"]
    assert after < facts["pairs_perplexity"] / 5 < facts["n_vocab"] / 50
    assert facts["n_params_trained"] == 2 * 8 * 576


def test_pairs_by_hand():
    """In 0 1 0 1 comes 1 after 0, twice of two: p(1|0) = (2 + 1·s) / 3, where s = (2 + 2/4) / 6."""
    single = (2 + 2 / 4) / 6
    assert pairs_perplexity([0, 1, 0, 1], [0, 1], 4) == pytest.approx(1 / ((2 + single) / 3))
    # Token 3 was never seen, so nothing is known of what follows it either.
    unseen = (0 + 2 / 4) / 6
    assert pairs_perplexity([0, 1, 0, 1], [3, 3], 4) == pytest.approx(1 / unseen)


def test_facts_are_json_and_the_walk_through_fits(ran, capsys):
    """Facts survive JSON, no NaN; no printed line is longer than 88 characters."""
    assert json.loads(json.dumps(ran[0], allow_nan=False)) == ran[0]
    show(ran[0])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert out.count("qui ci si ferma") == 1
    assert not {"None", "nan", "inf"} & set(out.split())


def test_figure_is_legible_and_described(ran):
    """Texts have 24 points or more and lie inside; the alt text says before, after and the end."""
    facts = ran[0]
    assert_legible(plot(facts))
    for moment in ("before", "after", "overfitted"):
        assert fine_tuning.one_decimal(facts[f"{moment}_perplexity"]) in alt(facts)
