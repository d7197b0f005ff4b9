"""Which of the deck's files have been saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

from llmdeck.config import Config
from llmdeck.report import say

QUIET_MS = 10
"""A save is taken for whole when nothing has happened for this long."""
LONGEST_MS = 20 * QUIET_MS
"""What is saved without a pause is taken for whole after this time."""
LOOK_MS = 1000
"""How often it is looked whether a watched folder is still the same one."""
AGAIN_S = 1.0
"""How long after a failure folders are watched again."""
Saved = asyncio.Queue[Collection[Path]]


class SavedFiles(DefaultFilter):
    """Every file but those that editors and interpreters leave beside it."""

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether a change counts."""
        is_hidden = Path(path).name.startswith((".", "#"))
        return super().__call__(change, path) and not is_hidden


async def changes(config: Callable[[], Config], saved: Saved) -> None:
    """Put what is saved in the deck and in its demos into the queue, as long as this runs.

    `config` gives the settings as they are. A folder that comes, goes or is replaced by another one
    (a branch that is checked out, a copy put in its place) counts as saved, and is watched anew.
    """
    told = ""
    while True:
        watched = folders(config())
        try:
            await _watch(watched, config, saved)
        except (OSError, RuntimeError) as error:  # a folder has just gone, or can't be watched
            if str(error) != told:
                told = str(error)
                say(f"warning: can't watch what is saved, looking every second: {told}")
            await asyncio.sleep(AGAIN_S)
        replaced = watched.keys() | folders(config()).keys()
        if replaced:
            saved.put_nowait(replaced)


def folders(config: Config) -> Mapping[Path, tuple[int, int]]:
    """Return the folders that a deck comes from, with what tells each from another of its name."""
    found = {}
    for folder in (config.folder, config.demos_folder):
        try:
            status = folder.stat()
        except OSError:
            continue
        found[folder] = status.st_dev, status.st_ino
    return found


async def _watch(
    watched: Mapping[Path, tuple[int, int]], config: Callable[[], Config], saved: Saved
) -> None:
    """Watch folders until they are others."""
    if not watched:
        await asyncio.sleep(AGAIN_S)
        return
    watching = awatch(
        *watched,
        watch_filter=SavedFiles(),
        step=QUIET_MS,
        debounce=LONGEST_MS,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
    )
    async for found in watching:
        if found:
            saved.put_nowait({Path(path) for _, path in found})
        if folders(config()) != watched:
            return
