"""How ChatGPT's vocabularies, and SmolLM2's, cut a sentence: text → bytes → pieces → ids, and back.

A token is an entry of a vocabulary: bytes that are often found together. Its id is its place in the
list.

Leaves out: how the merges were learned, and the control tokens that a chat puts around each
message.
"""

import unicodedata

import tiktoken

from demos.common.standalone import run_alone
from demos.common.text import count_words, require_text
from demos.common.tokens.pieces import kinds, one_line, shorten, visible
from demos.common.tokens.vocabularies import (
    VOCABULARIES,
    Vocabulary,
    composition,
    encoding,
    n_entries,
)
from demos.common.words import number, wrap, yes_or_no
from demos.smollm import tokenizer

MAX_CHARACTERS = 2000
MODELS = ("GPT-3.5", "GPT-4", "GPT-4o", "GPT-4.1", "o3", "GPT-5")  # tiktoken knows what each uses
SMOLLM = "smollm2"  # the vocabulary of the LLM that the lecture runs
NAMES = (*VOCABULARIES, SMOLLM)


def tokenize(text: str, name: Vocabulary) -> dict:
    """Cut `text` with one vocabulary, and say of what the vocabulary is made.

    `n_vocab` is the highest id + 1 (some ids stand for nothing).

    >>> tokenize("Ciao!", "o200k_base")["pieces"]
    ['C', 'iao', '!']
    """
    vocabulary = encoding(name)
    # disallowed_special=(): a typed "<|endoftext|>" is plain text, never the control token.
    ids = vocabulary.encode(text, disallowed_special=())
    pieces = vocabulary.decode_tokens_bytes(ids)
    used_by = {model: tiktoken.encoding_name_for_model(model.lower()) for model in MODELS}
    return {
        "models": [model for model in MODELS if used_by[model] == name],
        "n_vocab": vocabulary.n_vocab,
        **composition(name),
        **described(text, ids, pieces),
        "id_zero": visible(vocabulary.decode_single_token_bytes(0)),
        "neighbours": neighbours(name, vocabulary.encode_single_token(max(pieces, key=len))),
    }


def neighbours(name: Vocabulary, token_id: int) -> dict:
    """List the entries around an id: near in the list, and unrelated.

    >>> neighbours("cl100k_base", 0)
    {'ids': [0, 1, 2], 'pieces': ['!', '"', '#']}
    """
    ids = list(range(max(0, token_id - 2), min(n_entries(name), token_id + 3)))
    return {"ids": ids, "pieces": list(map(visible, encoding(name).decode_tokens_bytes(ids)))}


def tokenize_as_smollm(text: str) -> dict:
    """Cut `text` with SmolLM2's vocabulary; it lacks 21 bytes: what holds one doesn't come back.

    >>> tokenize_as_smollm("Ciao!")["pieces"]
    ['C', 'iao', '!']
    """
    ids = tokenizer.encode(text)
    pieces = [tokenizer.token_bytes(token) for token in ids]
    about = {"models": ["SmolLM2"], "n_vocab": tokenizer.n_tokens()}
    return about | described(text, ids, pieces)


def described(text: str, ids: list[int], pieces: list[bytes]) -> dict:
    """Gather what is said of a cut, whatever the vocabulary.

    `tokens_per_word` is None where there are no words.

    >>> described("è", [9], [b" "])["round_trip"]
    False
    """
    n_words = count_words(text)
    return {
        "n_tokens": len(ids),
        "ids": ids,
        "pieces": [visible(piece) for piece in pieces],
        "bytes": [piece.hex() for piece in pieces],
        "kinds": kinds(pieces),
        "tokens_per_word": len(ids) / n_words if n_words else None,
        "round_trip": b"".join(pieces) == text.encode(),
    }


def run(*, text: str = "ChatGPT è incredibile!") -> dict:
    """Encode `text` with each vocabulary.

    `n_characters` counts code points, `n_words` words (see `count_words`), `n_signs`
    punctuation and symbols. Raises `ValueError` on empty text, on more than `MAX_CHARACTERS`, and
    on text that is not valid Unicode.
    """
    require_text(text, MAX_CHARACTERS)
    return {
        "text": text,
        "n_characters": len(text),
        "n_bytes": len(text.encode()),
        "n_words": count_words(text),
        "n_signs": sum(unicodedata.category(character)[0] in "PS" for character in text),
        **{name: tokenize(text, name) for name in VOCABULARIES},
        SMOLLM: tokenize_as_smollm(text),
    }


def show(facts: dict) -> None:
    """Print the way of the text from characters to ids, and back."""
    widest = max(facts["text"], key=lambda character: len(character.encode())).encode()
    n_characters, n_words, n_signs = (facts[f"n_{n}"] for n in ("characters", "words", "signs"))
    text = wrap(f"1. Il testo: «{one_line(facts['text'])}»")
    print(f"""\
{text}
   Caratteri: {n_characters}. Parole: {n_words}. Segni: {n_signs}.
2. Il computer lo conserva in {number(facts["n_bytes"])} byte (UTF-8).
   «{visible(widest)}» ne occupa {len(widest)}: {widest.hex(" ")}.""")
    for step, name in enumerate(NAMES, start=3):
        print("\n" + wrap(f"{step}. {heading(name, facts)}"))
        show_tokens(facts[name])
        if name in VOCABULARIES:
            show_vocabulary(facts[name])


def show_tokens(cut: dict, limit: int = 24) -> None:
    """Print a row for each of the first `limit` tokens, and what they make together."""
    print("       id  tipo             byte                 pezzo")
    columns = (cut[name][:limit] for name in ("ids", "kinds", "bytes", "pieces"))
    for token_id, kind, digits, piece in zip(*columns, strict=True):
        in_pairs = shorten(bytes.fromhex(digits).hex(" "))
        print(f"   {token_id:>6}  {kind:<15}  {in_pairs:<19}  {shorten(piece, 35)}")
    if cut["n_tokens"] > limit:
        print(f"   … e altri {number(cut['n_tokens'] - limit)} token")
    if cut["tokens_per_word"] is not None:
        print(f"   Token per parola: {number(cut['tokens_per_word'], 2)}.")
    print(f"   I pezzi, rimessi in fila, ridanno il testo: {yes_or_no(cut['round_trip'])}.")


def show_vocabulary(cut: dict) -> None:
    """Print what stands in the list around one token, and what the list is made of."""
    near = zip(cut["neighbours"]["ids"], cut["neighbours"]["pieces"], strict=True)
    entries = " | ".join(f"{token_id} {shorten(piece)}" for token_id, piece in near)
    n_bytes, n_merges = cut["n_byte_entries"], number(cut["n_merges"])
    around = wrap(f"   {entries}")
    print(f"""\
   L’id è solo un posto nell’elenco. Attorno al token più lungo:
{around}
   L’elenco (è BPE): {n_bytes} byte, {n_merges} fusioni di due voci precedenti.""")


def heading(name: str, facts: dict) -> str:
    """Name a vocabulary, the models that use it, and how many tokens it makes.

    >>> heading("cl100k_base", {"cl100k_base": {"models": ["GPT-3.5", "GPT-4"], "n_tokens": 7}})
    'cl100k_base (GPT-3.5, GPT-4): 7 token'
    """
    return f"{name} ({', '.join(facts[name]['models'])}): {number(facts[name]['n_tokens'])} token"


if __name__ == "__main__":
    run_alone(run, show)
