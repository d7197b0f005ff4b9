"""Which of the deck's files have been saved."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

from llmdeck.config import Config

QUIET_MS = 10
"""A save is taken for whole when nothing has happened for this long."""


class Sources(DefaultFilter):
    """Everything but what editors and interpreters leave beside it."""

    def __call__(self, change: Change, path: str) -> bool:
        """Whether a change counts."""
        return super().__call__(change, path) and not Path(path).name.startswith((".", "#"))


async def changes(config: Config, saved: asyncio.Queue[Collection[Path]]) -> None:
    """Put what is saved in the deck and in its demos into the queue, as long as this runs."""
    folders = [folder for folder in (config.folder, config.demos_folder) if folder.is_dir()]
    async for found in awatch(
        *folders, watch_filter=Sources(), step=QUIET_MS, debounce=20 * QUIET_MS
    ):
        saved.put_nowait({Path(path) for _, path in found})
