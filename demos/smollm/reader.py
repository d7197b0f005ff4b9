"""The file that a quantized LLM comes in: GGUF, its header read, its tensors made float32.

The `gguf` package reads the same file to the same bits (a test compares them), but takes five
seconds, most of them for the 150,000 strings of the vocabulary one by one; this takes half a second
for everything. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

Leaves out: big-endian files, nested arrays, and all block formats but the two that this model uses.
"""

import mmap
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

# Value types of the metadata: their number in the file, and how `struct` spells each.
SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
STRING, ARRAY = 8, 9
F32, Q4_1, Q8_0 = 0, 3, 8  # number formats of a tensor
BLOCK = 32  # weights that share a scale
# Scale, minimum, 4 bits a weight; scale, 8 bits a weight.
BLOCK_BYTES = {Q4_1: 2 + 2 + BLOCK // 2, Q8_0: 2 + BLOCK}


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """Where one tensor lies in the file."""

    shape: tuple[int, ...]
    """Rows first, as in NumPy: [out, in] of a matrix."""
    kind: int
    """Its number format: F32, Q4_1 or Q8_0."""
    offset: int
    """Bytes from the start of the file."""

    @property
    def n_bytes(self) -> int:
        """Bytes on disk.

        >>> Tensor(shape=(576, 64), kind=Q4_1, offset=0).n_bytes
        23040
        """
        n = int(np.prod(self.shape))
        return 4 * n if self.kind == F32 else n // BLOCK * BLOCK_BYTES[self.kind]


@dataclass(frozen=True, kw_only=True)
class Header:
    """Everything in a GGUF file but the numbers."""

    path: Path
    """The file."""
    metadata: dict[str, Any]
    """Hyperparameters, vocabulary and chat template, by name."""
    tensors: dict[str, Tensor]
    """Where each tensor lies, by name."""


class Cursor:
    """Reads one value after another.

    >>> cursor = Cursor(struct.pack("<I", 7) + struct.pack("<Q", 4) + b"ciao")
    >>> cursor.scalar("<I"), cursor.string()
    (7, 'ciao')
    """

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def scalar(self, spelling: str) -> Any:
        """Read one number, spelt as `struct` does."""
        (value,) = struct.unpack_from(spelling, self.data, self.at)
        self.at += struct.calcsize(spelling)
        return value

    def string(self) -> str:
        """Read a string: its length in 8 bytes, then UTF-8."""
        start = self.at + 8
        self.at = start + struct.unpack_from("<Q", self.data, self.at)[0]
        return self.data[start : self.at].decode("utf-8")

    def value(self, kind: int) -> Any:
        """Read a value of metadata: a number, a string, or a list of either."""
        if kind == STRING:
            return self.string()
        if kind != ARRAY:
            return self.scalar(SCALARS[kind])
        kind, count = self.scalar("<I"), self.scalar("<Q")
        if kind == STRING:
            return [self.string() for _ in range(count)]
        items = np.frombuffer(self.data, dtype=SCALARS[kind], count=count, offset=self.at)
        self.at += items.nbytes
        return items.tolist()


def read_header(path: Path) -> Header:
    """Read what a GGUF file says of itself; the tensors stay on disk."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        cursor = Cursor(data)
        if cursor.scalar("4s") != b"GGUF" or cursor.scalar("<I") != 3:
            raise ValueError(f"{path.name} is no GGUF file of version 3")
        n_tensors, n_values = cursor.scalar("<Q"), cursor.scalar("<Q")
        metadata = {cursor.string(): cursor.value(cursor.scalar("<I")) for _ in range(n_values)}
        found = [read_place(cursor) for _ in range(n_tensors)]
        alignment = metadata.get("general.alignment", 32)
        start = -(-cursor.at // alignment) * alignment  # the numbers begin at the next multiple
    tensors = {name: replace(tensor, offset=start + tensor.offset) for name, tensor in found}
    return Header(path=path, metadata=metadata, tensors=tensors)


def read_place(cursor: Cursor) -> tuple[str, Tensor]:
    """Read a tensor's name, and where it lies from the first tensor on.

    >>> numbers = struct.pack("<IQQIQ", 2, 64, 576, Q4_1, 0)
    >>> read_place(Cursor(struct.pack("<Q", 1) + b"w" + numbers))
    ('w', Tensor(shape=(576, 64), kind=3, offset=0))
    """
    name, n_dimensions = cursor.string(), cursor.scalar("<I")
    columns_first = [cursor.scalar("<Q") for _ in range(n_dimensions)]
    shape = tuple(reversed(columns_first))
    return name, Tensor(shape=shape, kind=cursor.scalar("<I"), offset=cursor.scalar("<Q"))


def read_tensor(header: Header, name: str, out: np.ndarray | None = None) -> np.ndarray:
    """Read a tensor as float32, a matrix as [out, in], into `out` or else a new array."""
    tensor = header.tensors[name]
    raw = np.fromfile(header.path, dtype=np.uint8, count=tensor.n_bytes, offset=tensor.offset)
    out = np.empty(tensor.shape, np.float32) if out is None else out
    if tensor.kind == F32:
        out[...] = raw.view("<f4").reshape(tensor.shape)
    else:
        size = BLOCK_BYTES[tensor.kind]
        blocks = raw.reshape(*tensor.shape[:-1], -1, size)  # [out, in / 32, bytes]
        dequantize = {Q4_1: dequantize_q4_1, Q8_0: dequantize_q8_0}[tensor.kind]
        dequantize(blocks, out.reshape(*blocks.shape[:2], BLOCK))
    return out


def dequantize_q4_1(blocks: np.ndarray, out: np.ndarray) -> None:
    """Decode blocks [rows, n, 20] into [rows, n, 32]: weight = scale × q + minimum, q from 0 to 15.

    >>> scales = np.array([0.5, -4], np.float16).tobytes()
    >>> block = np.frombuffer(scales + bytes([0xF0] * 16), np.uint8)
    >>> out = np.empty((1, 1, 32), np.float32)
    >>> dequantize_q4_1(block.reshape(1, 1, 20), out)
    >>> out[0, 0, [0, 15, 16, 31]].tolist()
    [-4.0, -4.0, 3.5, 3.5]
    """
    scales = blocks[..., :4].view("<f2").astype(np.float32)  # [rows, n, 2]: scale, minimum
    out[..., :16] = blocks[..., 4:] & 15  # the low halves of the bytes are the first 16 weights
    out[..., 16:] = blocks[..., 4:] >> 4
    out *= scales[..., :1]
    out += scales[..., 1:]


def dequantize_q8_0(blocks: np.ndarray, out: np.ndarray) -> None:
    """Decode blocks [rows, n, 34] into [rows, n, 32]: weight = scale × q, q from -128 to 127.

    >>> scale = np.array([0.25], np.float16).tobytes()
    >>> block = np.frombuffer(scale + bytes([4, 255] * 16), np.uint8)
    >>> out = np.empty((1, 1, 32), np.float32)
    >>> dequantize_q8_0(block.reshape(1, 1, 34), out)
    >>> out[0, 0, :2].tolist()
    [1.0, -0.25]
    """
    scales = blocks[..., :2].view("<f2").astype(np.float32)  # [rows, n, 1]
    np.multiply(blocks[..., 2:].view(np.int8), scales, out=out)
