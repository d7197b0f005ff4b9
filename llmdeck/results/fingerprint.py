"""Has anything changed since the last build? Digests of all inputs and outputs say it.

This is what makes a build with nothing to do take a tenth of a second, so it imports next to
nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from llmdeck.config import Config
from llmdeck.results.digests import Digests, files, read_json
from llmdeck.results.files import digest, write_whole

NAME = ".llmdeck.json"
MEMORY = ".digests.json"
WITHOUT_NOTES = " without notes"
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


def current(config: Config, wanted: Collection[str], now: Mapping[str, str]) -> set[str]:
    """Return which of the outputs (see `name_of`) are what a build would write.

    `now` are the inputs as they are.
    """
    noted = read_json(config.output / NAME)
    others = {name: digest(config.root / name) for name in noted.get("others", [])}
    if noted.get("inputs") != _whole({**now, **others}):
        return set()
    good = set()
    for name, wrote in noted.get("outputs", {}).items():
        if name in wanted and digest(config.output / _file(name)) == wrote:
            good.add(name)
    return good


def name_of(file: str, *, notes: bool) -> str:
    """Return what an output is noted as: without speaker notes it is another in the same file."""
    return file if notes else file + WITHOUT_NOTES


def _file(name: str) -> str:
    """Return the file of an output."""
    return name.removesuffix(WITHOUT_NOTES)


def write(
    config: Config,
    outputs: Mapping[str, Path],
    others: Mapping[str, str],
    before: Mapping[str, str],
) -> None:
    """Note a build, with the digests of what it wrote.

    Its inputs are taken as they were `before` it, and the `others` as they were read, so that an
    edit made while it ran is not lost. The store is read now: the build has only just written it.
    """
    results = config.folder / "results"
    of_results = f"{config.relative(results)}/"
    inputs = {name: value for name, value in before.items() if not name.startswith(of_results)}
    inputs |= _digests(config, results, Digests(config.output / MEMORY))
    inputs |= others
    whole = _whole(inputs)
    noted = _other_outputs(config, outputs, whole)
    for name, path in outputs.items():
        noted[name] = digest(path)
    record = {"inputs": whole, "others": sorted(others), "outputs": noted}
    write_whole(config.output / NAME, json.dumps(record, indent=1) + "\n")


def _other_outputs(config: Config, written: Collection[str], inputs: str) -> dict[str, str]:
    """Return the digests of what an earlier build made of the same inputs and is still there."""
    noted = read_json(config.output / NAME)
    if noted.get("inputs") != inputs:
        return {}
    files = {_file(name) for name in written}
    earlier: dict[str, str] = noted.get("outputs", {})
    return {name: value for name, value in earlier.items() if _file(name) not in files}
