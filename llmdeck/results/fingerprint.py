"""Has anything changed since the last build? Digests of all inputs and outputs say it.

This is what makes a build with nothing to do take a tenth of a second, so it imports next to
nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from llmdeck.config import Config
from llmdeck.results.digests import Digests, files, read_json
from llmdeck.results.files import digest, write_whole

NAME = ".llmdeck.json"
MEMORY = ".digests.json"
PACKAGE = Path(__file__).parent.parent


def inputs(config: Config) -> dict[str, str]:
    """Return the SHA-256 of what a build reads, as far as it is known before.

    That is the deck and the demos, by the names of their files, and this package as a whole.
    """
    digests = Digests(config.output / MEMORY)
    known = _digests(config, config.folder, digests)
    known |= _digests(config, config.demos_folder, digests)
    known["llmdeck"] = _whole(_digests(config, PACKAGE, digests))
    digests.save()
    return known


def _digests(config: Config, folder: Path, digests: Digests) -> dict[str, str]:
    """Return the digests of a folder's files, named as the configuration names them."""
    start, beginning = len(str(folder)), config.relative(folder)
    found: dict[str, str] = {}
    for path, stat in files(folder):
        rest = path[start:].replace(os.sep, "/")
        found[beginning + rest] = digests.of(path, stat)
    return found


def _whole(named: Mapping[str, str]) -> str:
    """Return one digest for several named ones."""
    listed = json.dumps(named, sort_keys=True)
    return hashlib.sha256(listed.encode()).hexdigest()


def current(config: Config, wanted: Iterable[str], now: Mapping[str, str]) -> set[str]:
    """Return which of the outputs (see `name_of`) are what a build would write.

    `now` are the inputs as they are.
    """
    noted = read_json(config.output / NAME)
    others = {name: digest(config.root / name) for name in noted.get("others", [])}
    if noted.get("inputs") != _whole({**now, **others}):
        return set()
    outputs: Mapping[str, str] = noted.get("outputs", {})
    return {
        name
        for name in wanted
        if name in outputs and digest(config.output / name.split()[0]) == outputs[name]
    }


def name_of(file: str, *, notes: bool) -> str:
    """Return what an output is noted as: without speaker notes it is another in the same file."""
    return file + ("" if notes else " without notes")


def write(
    config: Config,
    outputs: Mapping[str, Path],
    others: Mapping[str, str],
    before: Mapping[str, str],
) -> None:
    """Note a build, with the digests of what it wrote.

    Its inputs are taken as they were `before` it, and the `others` as they were read, so that an
    edit made while it ran is not lost. The store is read now, as the build has only just written it.
    """
    results = config.folder / "results"
    of_results = f"{config.relative(results)}/"
    kept = {name: value for name, value in before.items() if not name.startswith(of_results)}
    stored = _digests(config, results, Digests(config.output / MEMORY))
    inputs = _whole({**kept, **stored, **others})
    record = {
        "inputs": inputs,
        "others": sorted(others),
        "outputs": _earlier(config, outputs, inputs)
        | {name: digest(path) for name, path in outputs.items()},
    }
    write_whole(config.output / NAME, json.dumps(record, indent=1) + "\n")


def _earlier(config: Config, outputs: Mapping[str, Path], inputs: str) -> dict[str, str]:
    """Return the digests of other outputs that an earlier build made of the same inputs."""
    noted = read_json(config.output / NAME)
    if noted.get("inputs") != inputs:
        return {}
    written = {name.split()[0] for name in outputs}
    noted_outputs: Mapping[str, str] = noted.get("outputs", {})
    return {name: value for name, value in noted_outputs.items() if name.split()[0] not in written}
