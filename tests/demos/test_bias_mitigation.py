"""The bias mitigation demo against its data and sums written out. The demo runs once for all tests.

Oracle: the model's own logits for one sentence with and without the trained adapter; the sentences' text.
"""

import json
import math

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from demos import bias_mitigation
from demos.bias_mitigation import alt, plot, pronoun_places, show, split
from demos.common.occupations import load_occupations, pairs, templates
from demos.smollm import tokenizer, weights
from demos.smollm.transformer import hidden


@pytest.fixture(scope="module")
def ran():
    """The facts of one run, and the adapter that it kept."""
    kept, original = [], bias_mitigation.price
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bias_mitigation, "price", lambda adapter: kept.append(adapter) or original(adapter))
        facts = bias_mitigation.run()
    return facts, kept[0]


def test_no_training_sentence_knows_a_held_out_occupation_or_a_template():
    """Neither the words nor the beginnings by which the result is judged are in the sentences that are learned."""
    learned, kept = split()
    held_out = {job.name for job in load_occupations() if job.held_out}
    sentences = [pair[word] for pair in pairs() for word in ("she", "he")]
    assert not (set(learned) | set(kept)) & held_out
    assert not set(learned) & set(kept)
    assert not any(name in sentence for name in held_out for sentence in sentences)
    beginnings = [template.format(occupation=job.name) for template in templates() for job in load_occupations()]
    assert not any(beginning in sentence for beginning in beginnings for sentence in sentences)


def test_examples_are_balanced():
    """Each sentence stands there in both versions: as many places go on with " she" as with " he"."""
    for names in split():
        targets = pronoun_places(names).targets.tolist()
        assert targets.count(0) == targets.count(1) > 0


def test_a_place_is_what_the_model_knows_just_before_the_pronoun():
    """For the secretary: the hidden state of the sentence cut before " she"."""
    sentence = next(pair["she"] for pair in pairs() if pair["occupation"] == "secretary")
    places = pronoun_places(["secretary"])
    before = tokenizer.encode(sentence.split(" she ")[0])
    np.testing.assert_allclose(places.hidden[0], hidden(weights.load(), before)[-1], rtol=1e-3, atol=2e-4)
    assert places.targets[0] == 0


@pytest.mark.parametrize("index", [0, -1])
def test_odds_before_and_after_are_those_of_the_logits(ran, index):
    """Eight sentences of one occupation: the mean of logit(she) - logit(he), without and with A and B, in float64."""
    row = ran[0]["occupations"][index]
    she, he = (tokenizer.encode(word)[0] for word in (" she", " he"))
    table, means = weights.load().embedding.astype(float), {"before": 0.0, "after": 0.0}
    for template in templates():
        ids = tokenizer.encode(template.format(occupation=row["occupation"]))
        state = hidden(weights.load(), ids)[-1].astype(float)
        changed = state + state @ ran[1].a @ ran[1].b
        for moment, h in (("before", state), ("after", changed)):
            means[moment] += (h @ table[she] - h @ table[he]) / len(templates())
    assert row["odds_before"] == pytest.approx(math.exp(means["before"]), rel=1e-3)
    assert row["odds_after"] == pytest.approx(math.exp(means["after"]), rel=1e-3)


def test_gap_by_hand(ran):
    """The gap is e to the mean |ln odds| of the twelve rows, and what closed is counted in log-odds."""
    gaps = {}
    for moment in ("before", "after"):
        gaps[moment] = sum(abs(math.log(row[f"odds_{moment}"])) for row in ran[0]["occupations"]) / 12
        assert ran[0]["held_out"][f"gap_odds_{moment}"] == pytest.approx(math.exp(gaps[moment]))
    assert ran[0]["held_out"]["gap_closed_percent"] == pytest.approx(100 * (1 - gaps["after"] / gaps["before"]))


def test_bias_is_reduced_and_not_removed_and_has_a_price(ran):
    """The sentences on the slide: a smaller gap, a correlation that stays, some worse, a little more perplexity."""
    facts = ran[0]
    held_out = facts["held_out"]
    assert 20 < held_out["gap_closed_percent"] < 60
    assert held_out["correlation_after"] > 0.85
    assert facts["worse"]
    assert 1.002 < facts["perplexity_after"] / facts["perplexity_before"] < 1.03
    assert facts["right_pronoun_odds_after"] < facts["right_pronoun_odds_before"]


def test_stop_is_chosen_on_sentences_kept_apart(ran):
    """The step is that of the least perplexity of the validation part."""
    best = min(ran[0]["curve"], key=lambda row: row["validation_perplexity"])
    assert best["step"] == ran[0]["best_step"] > 0


def test_facts_are_json_and_the_walk_through_fits(ran, capsys):
    """Facts survive JSON, no NaN; no printed line is longer than 88 characters."""
    assert json.loads(json.dumps(ran[0], allow_nan=False)) == ran[0]
    show(ran[0])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert not {"None", "nan", "inf"} & set(out.split())


def test_figure_is_legible_and_described(ran):
    """Texts have 18 points or more and lie inside the figure; the alt text has the gap before and after."""
    figure = plot(ran[0])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts]
    width, height = figure.bbox.size
    assert min(text.get_fontsize() for text in texts) >= 18
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)
    gaps = (bias_mitigation.number(ran[0]["held_out"][f"gap_odds_{moment}"], 1) for moment in ("before", "after"))
    assert all(f" {gap} " in alt(ran[0]) for gap in gaps)
