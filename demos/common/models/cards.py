"""Graphics cards, and which of them holds which model, by memory alone.

Rows that are not confirmed in `demos/data/gpus.toml` are not loaded.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from demos.common.models.catalogue import DATA, Model, embedding_params, load_rows, n_params
from demos.common.models.memory import GB, footprint

MATRIX_MODELS = (
    "gpt2-small",
    "gemma-2b",
    "phi3-mini",
    "mistral-7b",
    "llama3-8b",
    "llama2-13b",
    "qwen1.5-32b",
    "llama3-70b",
    "gpt3-175b",
    "llama3.1-405b",
)
MATRIX_CARDS = (
    "rtx-3060-12gb",
    "rtx-4060-ti-16gb",
    "rtx-4090",
    "rtx-5090",
    "h100-sxm",
    "h200-sxm",
)


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A graphics card or accelerator."""

    id: str
    """Short name without spaces, unique: `rtx-4090`."""
    name: str
    """The vendor's full name."""
    label: str
    """A name short enough for a table or a figure."""
    kind: str
    """`consumer` or `datacenter`."""
    memory_gib: int
    """Memory in GiB (2^30 bytes): the vendor prints the same number and writes GB."""
    memory_bandwidth_gb_s: float
    """Memory bandwidth in GB/s (10^9 bytes a second)."""
    source: str
    """Where both were read."""
    confirmed: bool
    """Were both read in `source`?"""


@lru_cache
def load_gpus() -> tuple[Gpu, ...]:
    """Load the graphics cards, least memory first.

    >>> [f"{gpu.label}: {gpu.memory_gib} GiB" for gpu in load_gpus()][:2]
    ['RTX 3060: 12 GiB', 'RTX 4070: 12 GiB']
    """
    gpus = (Gpu(**row) for row in load_rows(DATA / "gpus.toml", "gpu"))
    return tuple(sorted(gpus, key=lambda gpu: gpu.memory_gib))


def gpus_of_80_gib(memory: dict) -> dict:
    """Count the cards of 80 GiB that hold the weights, the total, and the total by rule of thumb.

    >>> gpus_of_80_gib({"weights_gib": 325.2, "total_gib": 334.5, "rule_of_thumb_gib": 406.5})
    {'n_gpus_80gib_weights': 5, 'n_gpus_80gib_total': 5, 'n_gpus_80gib_rule': 6}
    """
    return {
        "n_gpus_80gib_weights": ceil(memory["weights_gib"] / 80),
        "n_gpus_80gib_total": ceil(memory["total_gib"] / 80),
        "n_gpus_80gib_rule": ceil(memory["rule_of_thumb_gib"] / 80),
    }


def cards(model: Model, memory: dict) -> dict[str, dict]:
    """Hold a model's total against every card of the catalogue; by the card's id.

    >>> from demos.common.models.catalogue import find_model
    >>> small = find_model("llama3-8b")
    >>> card = cards(small, footprint(small, "int4", 2048))["rtx-3060-12gb"]
    >>> card["label"], card["fits"], round(card["max_tokens_per_s"])
    ('RTX 3060', True, 85)
    """
    read_gb = params_read(model) * memory["bytes_per_weight"] / GB
    return {gpu.id: card_row(gpu, memory["total_gib"], read_gb) for gpu in load_gpus()}


def params_read(model: Model) -> int:
    """Count the parameters that are read for each token: all but the table that is looked up.

    Where that table gives the logits too, it is read whole.

    >>> from demos.common.models.catalogue import find_model
    >>> params_read(find_model("llama2-7b"))  # 6,738,415,616 less 32,000 * 4,096
    6607343616
    """
    multiplied_table = model.vocab_size * model.hidden_size if model.tied_embeddings else 0
    return n_params(model) - embedding_params(model) + multiplied_table


def card_row(gpu: Gpu, total_gib: float, read_gb: float) -> dict:
    """Say whether a card holds so much, and how fast it may generate at most.

    `max_tokens_per_s` is a bound, not a forecast: generating one sequence, one token at a time,
    reads every weight for every token. It is None where the model doesn't fit.

    >>> row = card_row(load_gpus()[0], 20.0, 16.0)
    >>> row["fits"], row["n_cards_by_memory"], row["max_tokens_per_s"]
    (False, 2, None)
    """
    fits = total_gib <= gpu.memory_gib
    return {
        "name": gpu.name,
        "label": gpu.label,
        "memory_gib": gpu.memory_gib,
        "fits": fits,
        "n_cards_by_memory": ceil(total_gib / gpu.memory_gib),
        "max_tokens_per_s": gpu.memory_bandwidth_gb_s / read_gb if fits else None,
    }


def matrix_gpus() -> list[Gpu]:
    """Pick the cards of the matrix, least memory first.

    >>> [gpu.memory_gib for gpu in matrix_gpus()]
    [12, 16, 24, 32, 80, 141]
    """
    return [gpu for gpu in load_gpus() if gpu.id in MATRIX_CARDS]


def matrix_row(model: Model, context: int) -> dict:
    """Find, for each card of the matrix, the highest precision at which it holds the model.

    >>> from demos.common.models.catalogue import find_model
    >>> matrix_row(find_model("llama3-70b"), 2048)["cells"]
    ['—', '—', '—', '—', 'INT8', 'FP16']
    """
    return {
        "name": model.name,
        "params_billions": n_params(model) / 10**9,
        "beyond_context": context > model.context_length,
        "cells": [best_precision(model, context, gpu.memory_gib) for gpu in matrix_gpus()],
    }


def best_precision(model: Model, context: int, memory_gib: int) -> str:
    """Find the highest precision at which so much memory holds the model; `—` where none does.

    >>> from demos.common.models.catalogue import find_model
    >>> best_precision(find_model("llama3-70b"), 2048, 80)
    'INT8'
    """
    for dtype in ("fp16", "int8", "int4"):
        if footprint(model, dtype, context)["total_gib"] <= memory_gib:
            return dtype.upper()
    return "—"
