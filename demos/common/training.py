"""What training takes: accelerators, their rent, published runs, and the sums that join them.

Rows that are not confirmed in `demos/data/training.toml` are not loaded.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from demos.common.catalogue import DATA, load_rows

FILE = DATA / "training.toml"
FLOP_PER_PARAM_TOKEN = 6
"""A token costs a parameter 2 operations forward (multiply, add) and 4 backward: Kaplan et al.
2020, section 2.1, https://arxiv.org/abs/2001.08361, and table D.1 of Brown et al. 2020,
https://arxiv.org/abs/2005.14165."""


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """A card that models are trained on."""

    id: str
    """Short name: `h100`."""
    label: str
    """As it is written in a table."""
    name: str
    """The vendor's full name."""
    peak_tflops: float
    """10^12 operations a second at most, in 16 bits, without sparsity."""
    board_power_w: float
    """Power in watts that it may take at most."""
    source: str
    """Where both were read."""
    confirmed: bool
    """Were they read there?"""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one hour of an accelerator was rented for, at a date."""

    accelerator: str
    """Its id."""
    level: str
    """`low` or `high`: a cheap provider or a dear one."""
    usd_per_hour: float
    """US dollars an hour, on demand."""
    vendor: str
    """Who rents it out."""
    date: str
    """Year and month in which the price held."""
    source: str
    """Where it was read."""
    confirmed: bool
    """Was it read there?"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training as its authors describe it; what they do not publish is None."""

    model: str
    """The catalogue's id of the model."""
    tokens: int
    """Tokens read."""
    source: str
    """Where the numbers were read."""
    confirmed: bool
    """Were they read there?"""
    accelerator: str | None = None
    """Id of the accelerator."""
    gpu_hours: int | None = None
    """Hours of all accelerators together."""
    train_flop: float | None = None
    """Operations."""
    pflops_days: float | None = None
    """The same in days of 10^15 operations a second."""
    pue: float | None = None
    """Energy of the data centre for each unit that its machines take (power usage effectiveness)."""
    energy_mwh: float | None = None
    """Energy in MWh."""


@lru_cache
def accelerators() -> dict[str, Accelerator]:
    """Load the accelerators by id.

    >>> [f"{one.label} {one.peak_tflops}" for one in accelerators().values()]
    ['V100 125', 'A100 312', 'H100 989.4']
    """
    return {row["id"]: Accelerator(**row) for row in load_rows(FILE, "accelerator")}


@lru_cache
def prices() -> dict[tuple[str, str], Price]:
    """Load the rents by accelerator and level.

    >>> prices()["h100", "low"].usd_per_hour
    3.29
    """
    return {(row["accelerator"], row["level"]): Price(**row) for row in load_rows(FILE, "price")}


@lru_cache
def runs() -> tuple[Run, ...]:
    """Load the published runs, in the file's order.

    >>> len(runs()), runs()[0].model
    (11, 'gpt3-175b')
    """
    return tuple(Run(**row) for row in load_rows(FILE, "run"))


@lru_cache
def tables() -> dict[str, Any]:
    """Load what there is one of: electricity, Meta's clusters, the price of an H100, the shares of the cost.

    >>> tables()["cluster"]["n_gpus"]
    24576
    """
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def train_flop(n_params: int, n_tokens: int) -> int:
    """Estimate the operations of a training: 6 for each parameter and token.

    >>> train_flop(174604259328, 300 * 10**9) / 10**23  # GPT-3: its paper prints 3.14
    3.142876667904
    """
    return FLOP_PER_PARAM_TOKEN * n_params * n_tokens


def gpu_hours(flop: float, accelerator: Accelerator, utilization_percent: float) -> float:
    """Divide operations by what one accelerator does in an hour at this share of its peak.

    >>> round(gpu_hours(3.6e18 * 989.4, accelerators()["h100"], 100), 6)
    1000.0
    """
    return flop / (accelerator.peak_tflops * 1e12 * utilization_percent / 100 * 3600)


def utilization_percent(flop: float, accelerator: Accelerator, hours: float) -> float:
    """Find the share of the peak at which these operations take these hours, in percent (model FLOPs utilization).

    Chowdhery et al. 2022, section 4.1, https://arxiv.org/abs/2204.02311.

    >>> round(utilization_percent(train_flop(68976648192, 2 * 10**12), accelerators()["a100"], 1720320), 1)
    42.8
    """
    return 100 * flop / (accelerator.peak_tflops * 1e12 * 3600 * hours)


def energy_mwh(hours: float, accelerator: Accelerator, pue: float = 1.0) -> float:
    """Multiply hours by the most power that the card may take, and by the PUE: from above for the cards.

    >>> round(energy_mwh(1022362, accelerators()["a100"], pue=1.1), 2)  # LLaMA 65B: its paper prints 449
    449.84
    """
    return hours * accelerator.board_power_w * pue / 1e6


def power_of_ten(value: float) -> str:
    r"""Write a large number as digits times a power of ten, in Italian, with spaces that no line breaks at.

    >>> power_of_ten(3.1428766e23)
    '3,14\xa0×\xa010²³'
    """
    digits, _, exponent = f"{value:.2e}".partition("e+")
    raised = str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits.replace('.', ',')}\xa0×\xa010{raised}"
