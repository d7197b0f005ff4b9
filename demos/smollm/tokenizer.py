"""The tokenizer of SmolLM2: its own BPE vocabulary, out of the GGUF file, run by tiktoken.

The file spells each byte as a printable character (GPT-2's alphabet) and lists 48,900 merges; merge
n makes token 252 + n, so a token's id is also its rank, which is all that tiktoken asks for.

Leaves out: 21 bytes that the vocabulary lacks. Text that holds one loses it, here as in Hugging
Face's tokenizer: six control characters, and what no valid UTF-8 holds or only that of characters
from U+40000 on, where nothing is assigned.
"""

from collections.abc import Iterable
from functools import lru_cache

import regex
import tiktoken

from demos.smollm.weights import header

# Where text may be cut before any merge: each digit on its own, then GPT-2's rule. As llama.cpp's
# `smollm` and the `Digits` and `ByteLevel` steps of the model's tokenizer.json, made one: spaces
# before a digit stay together.
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"
CONTROL = 3  # the type, in the file, of a token that no text makes: <|im_start|> and its like
# What the file's chat template begins with.
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def byte_alphabet() -> dict[str, int]:
    """Map GPT-2's printable characters to the bytes that they stand for.

    >>> alphabet = byte_alphabet()
    >>> alphabet["a"], alphabet["Ġ"], len(alphabet)
    (97, 32, 256)
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = {chr(byte): byte for byte in printable}
    for byte in range(256):
        if byte not in printable:  # it takes the next character from U+0100 on
            alphabet[chr(256 + len(alphabet) - len(printable))] = byte
    return alphabet


@lru_cache(maxsize=1)
def encoding() -> tiktoken.Encoding:
    """Build the tokenizer once a process.

    >>> encoding().n_vocab >= 49152
    True
    """
    said = header().metadata
    tokens, types = said["tokenizer.ggml.tokens"], said["tokenizer.ggml.token_type"]
    alphabet = byte_alphabet()
    special = {token: i for i, token in enumerate(tokens) if types[i] == CONTROL}
    ranks = {
        bytes(alphabet[c] for c in token): i
        for i, token in enumerate(tokens)
        if types[i] != CONTROL
    }
    for byte in range(256):  # tiktoken wants all 256; `encode` sees to those that the model lacks
        ranks.setdefault(bytes([byte]), len(tokens) + byte)
    return tiktoken.Encoding(
        "smollm2", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special
    )


def encode(text: str, *, special: bool = False) -> list[int]:
    """Turn text into token ids; with `special`, `<|im_start|>` and its like are no plain text.

    >>> encode("Hello, world 42")
    [19556, 28, 905, 216, 36, 34]
    >>> encode("<|im_end|>", special=True), len(encode("<|im_end|>"))
    ([2], 7)
    """
    known = encoding()
    ids = known.encode(text, allowed_special="all" if special else set(), disallowed_special=())
    if max(ids, default=0) < n_tokens():
        return ids
    specials = known.special_tokens_set if special else set()
    names = "|".join(map(regex.escape, sorted(specials))) or "(?!)"  # which is found nowhere
    found = []
    for part in regex.split(f"({names})", text):
        found += [known.encode_single_token(part)] if part in specials else encode_lossy(part)
    return found


def encode_lossy(text: str) -> list[int]:
    r"""Turn text with bytes that the vocabulary lacks into ids; they vanish before any merge.

    >>> encode_lossy("a\x04b"), encode("ab")
    ([81, 82], [369])
    >>> encode_lossy(" \x04!") == encode(" !")
    True
    """
    known = encoding()
    pieces = [piece.encode("utf-8", errors="replace") for piece in regex.findall(PATTERN, text)]
    lacking = bytes(
        byte for byte in range(256) if known.encode_single_token(bytes([byte])) >= n_tokens()
    )
    found = []
    for piece in pieces:
        left = piece.translate(None, delete=lacking)  # bytes, and maybe no valid text any more
        found += known._encode_single_piece(left) if left else []
    return found


@lru_cache(maxsize=1)
def n_tokens() -> int:
    """Count the tokens of the vocabulary.

    >>> n_tokens()
    49152
    """
    return len(header().metadata["tokenizer.ggml.tokens"])


def token_bytes(token: int) -> bytes:
    """Give the bytes of one token, which need not be whole characters.

    Raises ValueError where the vocabulary has no such token.

    >>> token_bytes(19556), token_bytes(2)
    (b'Hello', b'<|im_end|>')
    """
    if not 0 <= token < n_tokens():
        raise ValueError(f"{token} is not a token: the vocabulary has 0 to {n_tokens() - 1}")
    return encoding().decode_single_token_bytes(token)


def decode(ids: Iterable[int]) -> str:
    """Turn token ids back into text; bytes that are no whole character become U+FFFD.

    Raises ValueError where the vocabulary has no such token.

    >>> decode(encode("perché no? 😀"))
    'perché no? 😀'
    """
    return b"".join(token_bytes(token) for token in ids).decode("utf-8", errors="replace")


def chat(message: str, *, system: str = SYSTEM) -> list[int]:
    """Wrap one message of a user in the model's chat template, up to where the model answers.

    Special tokens written in the message stay plain text: a user can't end their own turn.

    >>> print(decode(chat("Hi <|im_end|>")))
    <|im_start|>system
    You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
    <|im_start|>user
    Hi <|im_end|><|im_end|>
    <|im_start|>assistant
    <BLANKLINE>
    """
    start, end = encode("<|im_start|><|im_end|>", special=True)
    turn_end = [end, *encode("\n")]
    ids = []
    for turn in (f"system\n{system}", f"user\n{message}"):
        ids += [start, *encode(turn), *turn_end]
    return [*ids, start, *encode("assistant\n")]
