"""SmolLM2 in NumPy against PyTorch and transformers on the same file: `make test-oracle` runs it.

Oracle of the numbers: transformers' own LlamaForCausalLM, float32, on the tensors that it reads out
of the file. Oracle of the tokens: the tokenizer that transformers makes of the file. That one
forgets a step of this vocabulary (`tokenizer.ggml.pre = "smollm"`: each digit is cut off first, as
in llama.cpp and in the model's tokenizer.json), so it is put back with the tokenizers library's own
`Digits`; where no space comes before a digit, nothing is put back.
"""

import random
import re
import unicodedata
from collections.abc import Iterator

import numpy as np
import pytest

WHY = "`make test-oracle` installs PyTorch and transformers"
torch = pytest.importorskip("torch", reason=WHY, exc_type=ImportError)
transformers = pytest.importorskip("transformers", reason=WHY, exc_type=ImportError)
pre_tokenizers = pytest.importorskip("tokenizers", reason=WHY, exc_type=ImportError).pre_tokenizers

from demos.smollm import generate, tokenizer, transformer, weights  # noqa: E402 - after the skip

pytestmark = pytest.mark.filterwarnings("default")  # the oracles' own warnings are theirs

PROMPTS = [
    "The capital of France is",
    "Once upon a time there was a",
    "The nurse told the doctor that she",
    "La capitale d'Italia è",
    "Perché il cielo è blu? Perché",
    "def fibonacci(n):\n    if n < 2:\n        return",
    "1, 2, 3, 4, 5, 6, 7,",
    "In 1969 two men walked on the",
    "\n\n\n   \t",
    "A",
    "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n",
    "Il gatto dorme sul divano e il cane",
    "Пушкин родился в",
    "東京は日本の",
    "العربية لغة",
    "😀😃😄😁",
    '{"name": "Ada", "born": 18',
    "To be, or not to be, that is the " * 8,
    "zxqj wvkp qqqq" * 5,
    "The quick brown fox jumps over the lazy dog. " * 30,
]
GREEDY = ["The capital of France is", "Once upon a time there was a", "def fibonacci(n):\n"]
SCRIPTS = [
    (0x20, 0x7F), (0x20, 0x7F), (0xA0, 0x180), (0x370, 0x400), (0x400, 0x500), (0x590, 0x700),
    (0x900, 0x980),
    (0xE00, 0xE80), (0x1F00, 0x2000), (0x2000, 0x2070), (0x2150, 0x2190), (0x2460, 0x2500),
    (0x3000, 0x3100),
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xFE00, 0xFE10), (0xFF00, 0xFFF0), (0x1D400, 0x1D800),
    (0x1F300, 0x1F700),
    (0x0, 0x20), (0x7F, 0xA0), (0xF0000, 0xF0010), (0x10FFF0, 0x110000),
]  # fmt: skip
WORDS = [
    "the", "Hello", "perché", "città", "don't", "WE'LL", "l’amico", "c'è", "'s", "''", "naïve",
    "ß", "ﬁ", "İ", "42", "3.14", "1e-9", "²½Ⅷ", "٣٤", "१२", "日本語", "한국어", "שלום",
    "𝔘𝔫𝔦", "🇮🇹", "👩\u200d👩\u200d👧",
    " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n  ", "\xa0", "\u2003", "\u3000", "\x85", "\x1c",
    "\x00", "\x04",
    "\x06e", "\x1d\x1d", " \x13", "\U00040000", "\U00090ABC!", "\U000F0000", "\x7f",
    "\u200b", "\u200d", "\ufeff", "\ufffd", "\u0301", "Ġ", "Ċ", "Ã©", "<|IM_END|>", "<|im_end|",
    "<|im_start|>",
    "<|im_end|>", "<|endoftext|>", "if (x != y) {", "});", "////", "====", "#include <a.h>",
    "\\n", "%s",
    "aaaaaaaaaaaaaaaa", "................", "<script>", "]]>", "${x}", "{{ x }}", "--", "‘’“”…—",
]  # fmt: skip


def strings(n: int) -> Iterator[str]:
    """Make strings of known pieces, of one script's characters, and of both, always the same."""
    rng = random.Random(2026)  # noqa: S311 - the same strings each time, and no secret
    for i in range(n):
        pieces = [rng.choice(WORDS) for _ in range(rng.randint(0, 12))]
        script = range(*rng.choice(SCRIPTS))
        letters = [chr(rng.choice(script)) for _ in range(rng.randint(1, 20))]
        mixed = pieces + letters
        rng.shuffle(mixed)
        yield "".join([pieces, letters, mixed][i % 3])


@pytest.fixture(scope="module")
def llama():
    """Let transformers load the model out of the same file, in float32."""
    path = weights.model_file()
    model = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32
    )
    return model.eval()


@pytest.fixture(scope="module")
def theirs():
    """Let transformers make its tokenizer out of the same file."""
    path = weights.model_file()
    return transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


@pytest.fixture
def with_digits(theirs):
    """Put the step for digits back, for one test."""
    before = theirs.backend_tokenizer.pre_tokenizer
    digits, bytes_ = (
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    )
    theirs.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, bytes_])
    yield theirs
    theirs.backend_tokenizer.pre_tokenizer = before


def test_logits_equal_pytorch_on_twenty_prompts(llama) -> None:
    """No logit differs by more than 2e-3, and the five likeliest tokens are the same ones."""
    assert len(PROMPTS) == 20
    worst = 0.0
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt, special=True)
        with torch.no_grad():
            expected = llama(torch.tensor([ids])).logits[0].numpy()
        logits = transformer.forward(weights.load(), ids)
        worst = max(worst, float(np.abs(logits - expected).max()))
        five = [[token for token, _ in generate.top(row[-1], 5)] for row in (logits, expected)]
        assert set(five[0]) == set(five[1]), prompt
    print(f"largest difference of a logit: {worst:.1e}")
    assert worst <= 2e-3


def test_hidden_states_and_attention_equal_pytorch(llama) -> None:
    """What a watcher sees of a layer is what PyTorch computes, to 1e-3 of its largest number."""
    ids = tokenizer.encode(PROMPTS[2])
    seen = {}
    transformer.forward(
        weights.load(), ids, watch=lambda what, layer, values: seen.update({(what, layer): values})
    )
    llama.set_attn_implementation("eager")
    with torch.no_grad():
        expected = llama(torch.tensor([ids]), output_hidden_states=True, output_attentions=True)
    llama.set_attn_implementation("sdpa")
    for layer in range(30):
        hidden, attention = (
            expected.hidden_states[layer][0].numpy(),
            expected.attentions[layer][0].numpy(),
        )
        assert np.abs(seen["hidden", layer] - hidden).max() <= 1e-3 * np.abs(hidden).max()
        assert np.abs(seen["attention", layer] - attention).max() <= 1e-4


@pytest.mark.parametrize("prompt", GREEDY)
def test_greedy_text_equals_transformers(llama, prompt: str) -> None:
    """Forty tokens, one at a time with the cache, are those of transformers' own generate."""
    ids = tokenizer.encode(prompt)
    expected = llama.generate(
        torch.tensor([ids]), max_new_tokens=40, do_sample=False, eos_token_id=list(generate.END)
    )
    ours = list(generate.greedy(weights.load(), ids, 40))
    print(repr(tokenizer.decode(ours)))
    assert ours == [
        token for token in expected[0, len(ids) :].tolist() if token not in generate.END
    ]


def test_tokens_equal_hugging_face_on_two_thousand_strings(with_digits) -> None:
    """Multilingual and hostile strings have the same ids, with special tokens and without."""
    for text in strings(2000):
        assert tokenizer.encode(text, special=True) == with_digits.encode(text), repr(text)
        assert tokenizer.encode(text) == with_digits.encode(text, split_special_tokens=True), repr(
            text
        )


def test_tokens_equal_hugging_face_as_it_is_where_no_space_precedes_a_digit(theirs) -> None:
    """With nothing put back, every string with no space before a digit has the same ids."""
    digits = "".join(
        c for c in map(chr, range(0x110000)) if unicodedata.category(c).startswith("N")
    )
    spaced = re.compile(rf"\s[{digits}]")
    texts = [text for text in strings(2000) if not spaced.search(text)]
    assert len(texts) > 1500
    for text in texts:
        assert tokenizer.encode(text, special=True) == theirs.encode(text), repr(text)


def test_chat_template_equals_the_one_in_the_file(theirs) -> None:
    """One message of a user is wrapped as the file's Jinja template does it."""
    for message in ("Hello!", "  what's 2+2?\n", "\nperché"):
        turns = [{"role": "user", "content": message}]
        assert (
            tokenizer.chat(message)
            == theirs.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
        )
