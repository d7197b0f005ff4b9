"""How ChatGPT's vocabularies cut a sentence: text → bytes → pieces → ids, and back; beside them that of SmolLM2.

A token is an entry of a vocabulary: bytes that are often found together. Its id is its place in the
list.

Leaves out: how the merges were learned, and the control tokens that a chat puts around each
message.
"""

import textwrap
import unicodedata
from functools import lru_cache
from itertools import islice

import tiktoken

from demos.common.standalone import run_alone
from demos.common.text import require_text
from demos.common.tokens import kinds, one_line, shorten, visible
from demos.common.vocabularies import VOCABULARIES, Vocabulary, encoding
from demos.common.words import number
from demos.smollm import tokenizer

MAX_CHARACTERS = 2000
MODELS = (
    "GPT-3.5",
    "GPT-4",
    "GPT-4o",
    "GPT-4.1",
    "o3",
    "GPT-5",
)  # tiktoken says which vocabulary each uses
SMOLLM = "smollm2"  # the vocabulary of the LLM that the lecture runs
NAMES = (*VOCABULARIES, SMOLLM)


def run(*, text: str = "ChatGPT è incredibile!") -> dict:
    """Encode `text` with each vocabulary.

    `n_characters` counts code points, `n_words` what stands between white space, `n_signs`
    punctuation and symbols. Raises `ValueError` on empty text, on more than `MAX_CHARACTERS`, and
    on text that is not valid Unicode.
    """
    require_text(text, MAX_CHARACTERS)
    return {
        "text": text,
        "n_characters": len(text),
        "n_bytes": len(text.encode()),
        "n_words": len(text.split()),
        "n_signs": sum(unicodedata.category(character)[0] in "PS" for character in text),
        **{name: tokenize(text, name) for name in VOCABULARIES},
        SMOLLM: tokenize_as_smollm(text),
    }


def tokenize(text: str, name: Vocabulary) -> dict:
    """Cut `text` with one vocabulary, and say of what the vocabulary is made.

    `n_vocab` is the highest id + 1 (some ids stand for nothing); `tokens_per_word` is None where
    there are no words.

    >>> tokenize("Ciao!", "o200k_base")["pieces"]
    ['C', 'iao', '!']
    """
    vocabulary = encoding(name)
    # disallowed_special=(): a typed "<|endoftext|>" is plain text, never the control token.
    ids = vocabulary.encode(text, disallowed_special=())
    pieces = vocabulary.decode_tokens_bytes(ids)
    return {
        "models": [
            model for model in MODELS if tiktoken.encoding_name_for_model(model.lower()) == name
        ],
        "n_vocab": vocabulary.n_vocab,
        **composition(name),
        **described(text, ids, pieces),
        "id_zero": visible(vocabulary.decode_single_token_bytes(0)),
        "neighbours": neighbours(name, vocabulary.encode_single_token(max(pieces, key=len))),
    }


def tokenize_as_smollm(text: str) -> dict:
    """Cut `text` with SmolLM2's vocabulary, which lacks 21 bytes: a text that holds one doesn't come back.

    >>> tokenize_as_smollm("Ciao!")["pieces"]
    ['C', 'iao', '!']
    """
    ids = tokenizer.encode(text)
    told = described(text, ids, [tokenizer.token_bytes(token) for token in ids])
    return {"models": ["SmolLM2"], "n_vocab": tokenizer.n_tokens(), **told}


def described(text: str, ids: list[int], pieces: list[bytes]) -> dict:
    """Gather what is told of a cut, whatever the vocabulary.

    >>> described("è", [9], [b" "])["round_trip"]
    False
    """
    n_words = len(text.split())
    return {
        "n_tokens": len(ids),
        "ids": ids,
        "pieces": [visible(piece) for piece in pieces],
        "bytes": [piece.hex() for piece in pieces],
        "kinds": kinds(pieces),
        "tokens_per_word": len(ids) / n_words if n_words else None,
        "round_trip": b"".join(pieces) == text.encode(),
    }


@lru_cache
def composition(name: Vocabulary) -> dict[str, int]:
    """Count what a vocabulary is made of: in byte-level BPE each entry is one byte, or two earlier entries merged.

    `n_other` counts what is neither: byte-level BPE has none. Source: section 2.2 of
    https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf

    >>> composition("cl100k_base")
    {'n_byte_entries': 256, 'n_merges': 100000, 'n_other': 0, 'n_special': 5}
    """
    vocabulary, earlier = encoding(name), set()
    n_byte_entries = n_merges = 0
    for token_id in range(
        len(vocabulary.token_byte_values())
    ):  # ids are in the order in which entries were learned
        entry = vocabulary.decode_single_token_bytes(token_id)
        n_byte_entries += len(entry) == 1
        n_merges += any(
            entry[:cut] in earlier and entry[cut:] in earlier for cut in range(1, len(entry))
        )
        earlier.add(entry)
    n_other = len(earlier) - n_byte_entries - n_merges
    n_special = len(vocabulary.special_tokens_set)
    return {
        "n_byte_entries": n_byte_entries,
        "n_merges": n_merges,
        "n_other": n_other,
        "n_special": n_special,
    }


@lru_cache
def n_entries(name: Vocabulary) -> int:
    """Count a vocabulary's entries but for its special tokens: tiktoken lists them all to say it, so it is asked once.

    >>> n_entries("cl100k_base")
    100256
    """
    return len(encoding(name).token_byte_values())


def neighbours(name: Vocabulary, token_id: int) -> dict:
    """List the entries around an id: near in the list, and unrelated.

    >>> neighbours("cl100k_base", 0)
    {'ids': [0, 1, 2], 'pieces': ['!', '"', '#']}
    """
    vocabulary = encoding(name)
    ids = list(range(max(0, token_id - 2), min(n_entries(name), token_id + 3)))
    return {
        "ids": ids,
        "pieces": [visible(vocabulary.decode_single_token_bytes(near)) for near in ids],
    }


def show(facts: dict) -> None:
    """Print the way of the text from characters to ids, and back."""
    say(f"1. Il testo: «{one_line(facts['text'])}»")
    say(
        f"   Caratteri: {facts['n_characters']}. Parole: {facts['n_words']}. Segni: {facts['n_signs']}."
    )
    say(f"2. Il computer lo conserva in {number(facts['n_bytes'])} byte (UTF-8).")
    widest = max(facts["text"], key=lambda character: len(character.encode())).encode()
    say(f"   «{visible(widest)}» ne occupa {len(widest)}: {widest.hex(' ')}.")
    for step, name in enumerate(NAMES, start=3):
        print()
        say(f"{step}. {heading(name, facts)}")
        show_tokens(facts[name])
        if name in VOCABULARIES:
            show_vocabulary(facts[name])


def show_tokens(cut: dict, limit: int = 24) -> None:
    """Print a row for each of the first `limit` tokens, and what they make together."""
    print(f"   {'id':>6}  {'tipo':<15}  {'byte':<19}  pezzo")
    columns = zip(cut["ids"], cut["kinds"], cut["bytes"], cut["pieces"], strict=True)
    for token_id, kind, digits, piece in islice(columns, limit):
        print(
            f"   {token_id:>6}  {kind:<15}  {shorten(bytes.fromhex(digits).hex(' ')):<19}  {shorten(piece, 35)}"
        )
    if cut["n_tokens"] > limit:
        print(f"   … e altri {number(cut['n_tokens'] - limit)} token")
    if cut["tokens_per_word"] is not None:
        say(f"   Token per parola: {number(cut['tokens_per_word'], 2)}.")
    say(f"   I pezzi, rimessi in fila, ridanno il testo: {'sì' if cut['round_trip'] else 'no'}.")


def show_vocabulary(cut: dict) -> None:
    """Print what stands in the list around one token, and what the list is made of."""
    near = zip(cut["neighbours"]["ids"], cut["neighbours"]["pieces"], strict=True)
    say("   L'id è solo un posto nell'elenco. Attorno al token più lungo:")
    say("   " + " | ".join(f"{token_id} {shorten(piece)}" for token_id, piece in near))
    say(
        f"   L'elenco (è BPE): {cut['n_byte_entries']} byte, {number(cut['n_merges'])} fusioni di due voci precedenti."
    )


def say(line: str) -> None:
    """Print a line of the walk-through, folded at 88 columns.

    >>> say("   " + "parola " * 13)
       parola parola parola parola parola parola parola parola parola parola parola parola
       parola
    """
    print(textwrap.fill(line, 88, subsequent_indent="   "))


def heading(name: str, facts: dict) -> str:
    """Name a vocabulary, the models that use it, and how many tokens it makes.

    >>> heading("cl100k_base", {"cl100k_base": {"models": ["GPT-3.5", "GPT-4"], "n_tokens": 7}})
    'cl100k_base (GPT-3.5, GPT-4): 7 token'
    """
    return f"{name} ({', '.join(facts[name]['models'])}): {number(facts[name]['n_tokens'])} token"


if __name__ == "__main__":
    run_alone(run, show)
