"""Which of the deck's files have been saved."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

from llmdeck.config import Config

QUIET_MS = 10
"""A save is taken for whole when nothing has happened for this long."""
LONGEST_MS = 20 * QUIET_MS
"""What is saved without a pause is taken for whole after this time."""


class SavedFiles(DefaultFilter):
    """Every file but those that editors and interpreters leave beside it."""

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether a change counts."""
        is_hidden = Path(path).name.startswith((".", "#"))
        return super().__call__(change, path) and not is_hidden


async def changes(config: Config, saved: asyncio.Queue[Collection[Path]]) -> None:
    """Put what is saved in the deck and in its demos into the queue, as long as this runs."""
    folders = [folder for folder in (config.folder, config.demos_folder) if folder.is_dir()]
    watching = awatch(*folders, watch_filter=SavedFiles(), step=QUIET_MS, debounce=LONGEST_MS)
    async for found in watching:
        saved.put_nowait({Path(path) for _, path in found})
