"""What an earlier rendering read and made, used again while all that it came from is the same.

Nothing in it has to be forgotten: each thing is kept with its inputs, and is good for these alone.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llmdeck.results.files import write_whole

if TYPE_CHECKING:
    from llmdeck.model import Claim, Variant
    from llmdeck.render.page import Page
    from llmdeck.results.store import Head

    Input = tuple[str, str | Variant]

NAME = ".rendered"
"""The file in the output folder. It is code, as Jinja's compiled templates are."""


@dataclass(frozen=True, kw_only=True)
class KeptPage:
    """A page, and each of its inputs as it was when the page was rendered."""

    page: Page
    inputs: Mapping[Input, object]


@dataclass(frozen=True, kw_only=True)
class KeptLedger:
    """The claims of a ledger with this digest."""

    digest: str = ""
    claims: Mapping[str, Claim] = field(default_factory=dict)


@dataclass(kw_only=True)
class RenderCache:
    """What earlier renderings made: one for a live deck, or one from a file for each build."""

    pages: dict[str, KeptPage] = field(default_factory=dict)
    """By the template's file."""
    holding: dict[str, tuple[object, ...]] = field(default_factory=dict)
    """What the claims that hold were judged by, by their ids."""
    ledger: KeptLedger = field(default_factory=KeptLedger)
    heads: Mapping[str, Head] = field(default_factory=dict)
    """What is known of each stored result, by the name of its file."""

    @classmethod
    def read(cls, folder: Path, version: str) -> RenderCache:
        """Return what this very version of the package left in an output folder, or nothing."""
        try:
            written_by, _, raw = (folder / NAME).read_bytes().partition(b"\n")
            if written_by.decode() == version:
                pages, holding, ledger, heads = pickle.loads(raw)  # noqa: S301  see NAME
                return cls(pages=pages, holding=holding, ledger=ledger, heads=heads)
        except Exception:  # noqa: BLE001, S110  whatever damage raises
            pass
        return cls()

    def write(self, folder: Path, version: str) -> None:
        """Leave it in an output folder for the next build by the same version of the package."""
        whole = self.pages, self.holding, self.ledger, dict(self.heads)
        raw = pickle.dumps(whole, protocol=5)
        write_whole(folder / NAME, f"{version}\n".encode() + raw)
