"""Many prompts at once against one at a time.

Oracle: `generate.greedy`, and `transformer.forward` without any cache.
"""

import numpy as np
import pytest

from demos.smollm import batch, generate
from demos.smollm.tokenizer import chat, encode
from demos.smollm.transformer import forward
from demos.smollm.weights import load

TEXTS = ["The capital of Italy is", "Two", "Once upon a time there was a small dog", "3 + 4 ="]


def test_each_prompt_gets_the_logits_that_it_gets_alone() -> None:
    """Whatever their lengths, after the prompt and after one more token, to float32's noise."""
    prompts = list(map(encode, TEXTS))
    many, logits = batch.start(load(), prompts, 1)
    tokens = logits.argmax(axis=1)
    later = batch.hidden(load(), tokens[:, None], many) @ load().embedding.T
    for row, prompt in enumerate(prompts):
        np.testing.assert_allclose(logits[row], forward(load(), prompt, last=True)[0], atol=2e-3)
        longer = [*prompt, int(tokens[row])]
        np.testing.assert_allclose(later[row], forward(load(), longer, last=True)[0], atol=2e-3)


def test_what_all_begin_with_changes_nothing() -> None:
    """Prompts with the chat template in common get what they get with no shared beginning."""
    prompts = [chat("Hi"), chat("What is the opposite of hot?")]
    assert batch.count_common(prompts) > 20
    _, logits = batch.start(load(), prompts, 0)
    for row, prompt in enumerate(prompts):
        np.testing.assert_allclose(logits[row], forward(load(), prompt, last=True)[0], atol=2e-3)


@pytest.mark.parametrize("stop", [generate.END, (198,)])
def test_the_texts_are_those_of_generate(stop: tuple[int, ...]) -> None:
    """Token by token, also where one ends before the others."""
    prompts = list(map(encode, TEXTS))
    alone = [list(generate.greedy(load(), prompt, 8, stop=stop)) for prompt in prompts]
    assert batch.greedy(load(), prompts, 8, stop=stop) == alone
    assert len(set(map(len, alone))) > 1 or stop == generate.END
