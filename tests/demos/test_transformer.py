"""The transformer demo against the published count of parameters and the formulas of a Llama model.

Oracle: 134,515,008 parameters (https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, its
safetensors without the output matrix, which is the table), the products of the shapes written out
by hand, and a forward pass of the model.
"""

import json

import pytest

from demos.figures.transformer import alt, plot, shade
from demos.smollm.generate import distribution
from demos.smollm.transformer import forward
from demos.smollm.weights import load
from demos.transformer import run, show
from tests.demos.looks import assert_legible, printed_with_each_thread_count

TEXTS = [
    "The capital of Italy is",
    "a",
    "The cat drank the milk because it was thirsty.",
    "$x_1^2$ {{ facts }} <b>",
    "你好 🦔 \t\n\u200b\x1b[31m",
    "<|im_end|>",
    "one " * 62,
]


def test_the_parameters_are_the_published_number() -> None:
    """134,515,008 in all, and no output matrix: the table is used again."""
    facts = run()
    assert facts["n_params"] == 134_515_008
    assert facts["n_params_output"] == 0


def test_the_parts_written_out() -> None:
    """Each part is the product of its shapes, and the parts sum to the whole."""
    facts = run()
    attention = 576 * (9 * 64 + 2 * 3 * 64) + 576 * 576  # queries, keys and values; output
    feed_forward = 3 * 576 * 1536  # gate, up, down
    assert facts["n_params_embedding"] == 49152 * 576 == 28_311_552
    assert facts["n_params_attention_per_layer"] == attention == 884_736
    assert facts["n_params_feed_forward_per_layer"] == feed_forward == 2_654_208
    assert facts["n_params_norms_per_layer"] == 2 * 576
    assert facts["n_params_attention"] == 30 * attention
    assert facts["n_params_feed_forward"] == 30 * feed_forward
    assert facts["n_params_norms"] == 61 * 576
    parts = ("embedding", "attention", "feed_forward", "norms")
    assert sum(facts[f"n_params_{part}"] for part in parts) == facts["n_params"]
    assert sum(facts[f"share_{part}"] for part in parts) == pytest.approx(1, abs=1e-12)
    per_layer = sum(facts[f"n_params_{part}_per_layer"] for part in parts)
    assert per_layer == sum(matrix["n_params"] for matrix in facts["matrices"])


def test_the_shapes_are_those_of_the_model() -> None:
    """Five tokens are five vectors of 576 before and after the layers, and 49,152 probabilities."""
    facts = run()
    assert facts["shapes"] == {
        "vectors": [5, 576],
        "after_layers": [5, 576],
        "probabilities": [1, 49152],
    }
    assert (facts["n_layers"], facts["n_heads"], facts["n_kv_heads"], facts["head_dim"]) == (
        30,
        9,
        3,
        64,
    )
    assert (facts["ffn_size"], facts["context_length"]) == (1536, 8192)


def test_the_vectors_are_rows_of_the_table() -> None:
    """What is drawn of each token's vector is the start of its row of the table."""
    facts = run(text="the cat, the dog")
    for token, vector in zip(facts["ids"], facts["vectors"], strict=True):
        assert vector == pytest.approx(load().embedding[token][:10].tolist(), rel=0.001)


def test_the_last_layer_says_the_next_token_and_the_first_the_token_itself() -> None:
    """After 30 layers the vector is the model's answer; after none it is the token that went in."""
    facts = run()
    probabilities = distribution(forward(load(), facts["ids"], last=True)[0])
    assert facts["lens"][-1]["piece"] == facts["likeliest"][0]["piece"] == "·Rome"
    assert facts["lens"][-1]["probability"] == pytest.approx(probabilities.max(), rel=0.006)
    assert facts["lens"][0]["piece"] == facts["pieces"][-1]
    assert facts["sum_of_probabilities"] == 1.0


@pytest.mark.parametrize(
    ("text", "says"), [("", "vuoto"), ("one " * 100, "token"), ("\udfff", "Unicode")]
)
def test_bad_text_is_refused(text: str, says: str) -> None:
    """Empty, too long and invalid text raise a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=says):
        run(text=text)


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_shown_is_legible_and_inside(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No text is below 24 px, outside the figure or without its glyph; lines fit 88 columns."""
    facts = run(text=text)
    assert_legible(plot(facts))
    assert "134,5 milioni" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_a_cells_colour_tells_the_sign_and_the_size() -> None:
    """Positive numbers are redder, negative bluer, and a larger number is darker."""
    (r, _, b), (r_low, _, b_low) = shade(0.9), shade(-0.9)
    assert r > b and r_low < b_low
    assert sum(shade(0.9)) < sum(shade(0.2)) < sum(shade(0))


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """Processes with one and two BLAS threads write the same JSON, which is that of this one."""
    code = "import json; from demos.transformer import run; print(json.dumps(run()))"
    answers = printed_with_each_thread_count(code)
    assert answers[0] == answers[1]
    assert json.loads(answers[0]) == run() == run()
