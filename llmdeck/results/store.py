"""Results on disk, which are committed with the deck: look one up, write one, say what is fresh.

`deck/results/DEMO/NAME.json` holds facts, output, alternative text and the digests of the inputs;
the figure lies beside it as `NAME.svg`, and all points of a grid in one file. Both are written
under a temporary name and renamed, so that a reader never sees half a file; the figure comes first
and its digest is in the JSON, so that a build that was killed in between leaves a stale result, not
a wrong one. Two builds at once write the same bytes.

What was computed is kept aside in the output folder until the deck is built (see `Results.save`):
a build that fails, or is killed, leaves the stored results as they were, and the next one has not
to compute again what it had computed.

What is asked of every result at once (which variant, from which inputs) is its `Head`, which a
build keeps by the digest of the file, so that only files that changed are read.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llmdeck.config import Config
from llmdeck.model import Answer, Facts, Result, State, Variant
from llmdeck.results.digests import NamedDigests
from llmdeck.results.files import LEFTOVER_S, write_whole

FORMAT = 1
GRID_FIGURES = ".figures"
"""How the file of a grid's figures ends (see `run.drawings`)."""
ASIDE = ".results"
"""The folder, in the output folder, of what was computed and is not in the store yet."""
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError)
"""What a damaged file raises while it is read."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is known of a stored result before its facts are read."""

    name: str
    """Its file, relative to the root."""
    digest: str
    """SHA-256 of its file."""
    variant: Variant
    inputs: Mapping[str, str]
    figure_digest: str | None
    """SHA-256 of its figure; None where it has none."""

    @property
    def figure(self) -> str:
        """The file of its figure, or of those of a grid, where it has one, relative to the root."""
        return self.name.removesuffix(".json") + (GRID_FIGURES if self.variant.grid else ".svg")


class Store:
    """The results of one project."""

    def __init__(
        self,
        config: Config,
        digests: NamedDigests | None = None,
        known: Mapping[str, Head] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Look at a project's results.

        `digests` are those of its files, as far as they are known, and `known` the heads of
        earlier ones, by the name of their file. `folder` is another one than the project's own.
        """
        self.root = config.root
        self.folder = folder or config.results
        self.digests = NamedDigests(config.root) if digests is None else digests
        self._known = {} if known is None else known
        self._prefix = config.relative(self.folder)

    def path(self, variant: Variant) -> Path:
        """Return where a variant's result lies."""
        return self.root / self.name(variant)

    def name(self, variant: Variant) -> str:
        """Return the name of a variant's result: its path relative to the root."""
        return f"{self._prefix}/{variant.demo}/{variant.slug}.json"

    @cached_property
    def heads_by_name(self) -> dict[str, Head]:
        """What is known of every result that can be read, by the name of its file."""
        found: dict[str, Head] = {}
        for path in sorted(self.folder.glob("*/*.json")):
            name = f"{self._prefix}/{path.parent.name}/{path.name}"
            head = self._known.get(name)
            if head is None or head.digest != self.digests[name]:
                head = self._read_head(path, name)
            if head:
                found[name] = head
        return found

    @cached_property
    def heads(self) -> dict[Variant, Head]:
        """What is known of every result that can be read; any other is as good as missing."""
        return {head.variant: head for head in self.heads_by_name.values()}

    def _read_head(self, path: Path, name: str) -> Head | None:
        """Return the head of a file; None where it can't be read, or is another variant's."""
        with suppress(*UNREADABLE):
            record = json.loads(path.read_text(encoding="utf-8"))
            head = _head(record, name, self.digests[name])
            return head if self.name(head.variant) == name else None
        return None

    def results(self, aside: Store | None = None) -> Results:
        """Return every stored result that can be read, fresh or not.

        What `aside` has that is fresh takes the place of what is stored.
        """
        return Results(self, aside)

    def fresh_results(self) -> dict[Variant, Result]:
        """Return the results that came from the inputs as they are, read."""
        found = {}
        for variant in self.heads:
            with suppress(*UNREADABLE):  # it goes while it is read: a build that ends now stored it
                if self.is_fresh(variant):
                    found[variant] = self.read(variant)
        return found

    def look_up(self, variant: Variant, *, figure: bool = False) -> Answer:
        """Return what the store says of a variant; `figure` asks for a result with its figure."""
        if variant in self.heads:
            return self._judge(variant, figure=figure)
        exists = self.path(variant).is_file()
        reason = f"{self.name(variant)} is unreadable" if exists else "it was never run"
        return Answer(state=State.MISSING, reasons=(reason,))

    def is_fresh(self, variant: Variant) -> bool:
        """Return whether a result came from the inputs as they are."""
        return variant in self.heads and not self._changed(self.heads[variant])

    def answers(self) -> dict[Variant, Answer]:
        """Return what the store says of every variant that it has."""
        return {variant: self._judge(variant) for variant in self.heads}

    def _judge(self, variant: Variant, *, figure: bool = False) -> Answer:
        head = self.heads[variant]
        reasons = [f"{name} changed" for name in self._changed(head)]
        if figure and not self.has_figure(variant):
            reasons.append("its figure is not there")
        state = State.STALE if reasons else State.FRESH
        return Answer(state=state, reasons=tuple(reasons))

    def _changed(self, head: Head) -> list[str]:
        """Return the inputs that no longer have the digest recorded for them."""
        return [name for name, old in head.inputs.items() if self.digests[name] != old]

    def has_figure(self, variant: Variant) -> bool:
        """Return whether a result's figure lies beside it, whole."""
        head = self.heads[variant]
        return head.figure_digest is not None and self.digests[head.figure] == head.figure_digest

    def read(self, variant: Variant) -> Result:
        """Return a stored result.

        Raises:
            KeyError: where there is none.
        """
        head, path = self.heads[variant], self.path(variant)
        record = json.loads(path.read_text(encoding="utf-8"))
        figure = None
        if self.has_figure(variant):
            figure = (self.root / head.figure).read_text(encoding="utf-8")
        return Result(
            variant=variant,
            facts=unfold(record["facts"]) if variant.grid else dict(record["facts"]),
            output=str(record["output"]),
            inputs=head.inputs,
            figure=figure,
            alt=record.get("alt"),
        )

    def write(self, result: Result) -> None:
        """Keep a result, unless just that is there already."""
        path, name = self.path(result.variant), self.name(result.variant)
        record = _record(result)
        if result.figure is not None:
            suffix = GRID_FIGURES if result.variant.grid else ".svg"
            write_whole(path.with_name(f"{path.stem}{suffix}"), result.figure)
        write_whole(path, _lines(record) + "\n")
        self.digests.forget(name)
        head = _head(record, name, self.digests[name])
        self.digests.forget(head.figure)
        self.heads_by_name[name] = self.heads[result.variant] = head

    def prune(self, used: Collection[Variant]) -> None:
        """Remove the results that no slide and no claim uses any more."""
        heads = [self.heads[variant] for variant in used if variant in self.heads]
        keep = {name for head in heads for name in (head.name, head.figure)}
        for path in self.folder.glob("*/*"):
            name = f"{self._prefix}/{path.parent.name}/{path.name}"
            if name.endswith((".json", ".svg", GRID_FIGURES)) and name not in keep:
                path.unlink(missing_ok=True)
                self.heads_by_name.pop(name, None)
        for path in self.folder.glob("*/.*.*.*"):  # what `write_whole` writes to, then renames
            old = time.time() - path.stat().st_mtime > LEFTOVER_S
            if path.suffix not in (".json", ".svg", GRID_FIGURES) and old:
                path.unlink(missing_ok=True)


class Results(MutableMapping[Variant, Result]):
    """The results of a store, read when they are asked for; others can be put in their place."""

    def __init__(self, store: Store, aside: Store | None = None) -> None:
        self.store, self.aside = store, aside
        self._read: dict[Variant, Result] = {}
        self._unsaved: set[Variant] = set()
        """The variants whose result is another than the stored one."""
        self._saved: dict[Variant, str] = {}
        """The digests of those of them that are kept aside."""
        self._gone: set[Variant] = set()
        if aside:
            for variant, result in aside.fresh_results().items():
                self[variant] = result
                self._saved[variant] = aside.heads[variant].digest

    def __contains__(self, variant: object) -> bool:
        stored = variant in self.store.heads and variant not in self._gone
        return variant in self._read or stored

    def __getitem__(self, variant: Variant) -> Result:
        if variant not in self._read:
            if variant in self._gone:
                raise KeyError(variant)
            self._read[variant] = self.store.read(variant)
        return self._read[variant]

    def __setitem__(self, variant: Variant, result: Result) -> None:
        self._gone.discard(variant)
        self._unsaved.add(variant)
        self._saved.pop(variant, None)
        self._read[variant] = result

    def __delitem__(self, variant: Variant) -> None:
        if variant not in self:
            raise KeyError(variant)
        self._read.pop(variant, None)
        self._saved.pop(variant, None)
        self._gone.add(variant)

    def save(self, result: Result) -> None:
        """Put a computed result in its place, and keep it aside until `publish` is called."""
        variant = result.variant
        self[variant] = result
        if self.aside:
            self.aside.write(result)
            self._saved[variant] = self.aside.heads[variant].digest

    @property
    def computed(self) -> dict[Variant, Result]:
        """The results that are kept aside, and not in the store yet."""
        return {variant: self._read[variant] for variant in self._saved}

    def publish(self) -> None:
        """Put into the store what was kept aside, now that the deck was built with it."""
        for variant, result in self.computed.items():
            self.store.write(result)
            self._unsaved.discard(variant)
        self._saved.clear()
        if self.aside:
            self.aside.prune(())

    def __iter__(self) -> Iterator[Variant]:
        return iter([v for v in dict.fromkeys([*self.store.heads, *self._read]) if v in self])

    def __len__(self) -> int:
        return len(list(iter(self)))

    @property
    def outdated(self) -> set[Variant]:
        """The variants whose last good facts stand for those that could not be computed."""
        return {variant for variant, result in self._read.items() if result.outdated}

    def digest(self, variant: Variant) -> str:
        """Return the digest of a saved result; nothing where there is none, or another is used."""
        if variant in self._saved:
            return self._saved[variant]
        if variant not in self.store.heads or variant in self._unsaved | self._gone:
            return ""
        return self.store.heads[variant].digest


def _record(result: Result) -> dict[str, Any]:
    """Return a result as it is stored."""
    variant = result.variant
    record: dict[str, Any] = {
        "format": FORMAT,
        "demo": variant.demo,
        "parameters": variant.parameters,
        **({"grid": variant.grid} if variant.grid else {}),
        "inputs": dict(sorted(result.inputs.items())),
        "facts": fold(result.facts) if variant.grid else result.facts,
        "output": result.output,
    }
    if result.figure is not None:
        digest = hashlib.sha256(result.figure.encode()).hexdigest()
        record |= {"alt": result.alt, "figure_sha256": digest}
    return record


def _head(record: Mapping[str, Any], name: str, digest: str) -> Head:
    """Return the head of a record.

    Raises:
        ValueError, KeyError, TypeError: where it is none.
    """
    if record["format"] != FORMAT:
        raise ValueError(record["format"])
    variant = Variant.of(record["demo"], record["parameters"], record.get("grid", ()))
    facts, inputs, alt = record["facts"], record["inputs"], record.get("alt")
    if not (isinstance(facts, dict) and isinstance(record["output"], str)):
        raise ValueError("facts are an object, output is text")
    if not (isinstance(inputs, dict) and isinstance(alt, str | None)):
        raise ValueError("inputs are an object, words are text")
    if variant.grid:
        _check_grid(variant, facts)
    return Head(
        name=name,
        digest=digest,
        variant=variant,
        inputs=inputs,
        figure_digest=record.get("figure_sha256"),
    )


def _check_grid(variant: Variant, facts: Mapping[str, Any]) -> None:
    """See that stored facts are those of a grid: its axes, and a point for each combination.

    Raises:
        ValueError, KeyError, TypeError: where they are not.
    """
    axes, points = facts["axes"], facts["points"]
    names = tuple(axis["name"] for axis in axes)
    if names != variant.grid:
        raise ValueError("other axes")
    for axis in axes:
        kinds = ("choice", "slider", "switch")
        if axis["kind"] not in kinds or not isinstance(axis["values"], list):
            raise ValueError("an axis that is none")
        axis["values"][axis["default"]]  # there is such a value
    n_points = math.prod(len(axis["values"]) for axis in axes)
    whole = [point["all"] if "all" in point else point["new"] for point in points]
    if len(whole) != n_points or "all" not in points[0]:
        raise ValueError("not a point for each combination")
    if not all(isinstance(point, dict) for point in whole):
        raise ValueError("points are objects")


def fold(facts: Facts) -> Facts:
    """Return the facts of a grid as they are stored: of each point what differs from the first.

    >>> fold({"axes": [], "points": [{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1}]})
    {'axes': [], 'points': [{'all': {'a': 1, 'b': 2}}, {'new': {'b': 3}}, {'all': {'a': 1}}]}
    """
    first, *others = facts["points"]
    folded: list[dict[str, Any]] = [{"all": first}]
    for point in others:
        if first.keys() <= point.keys():
            folded.append({"new": _differing(first, point)})
        else:
            folded.append({"all": point})
    return {**facts, "points": folded}


def _differing(first: Facts, point: Facts) -> Facts:
    """Return the facts of a point that the first one lacks, or has with another value."""
    return {
        name: value
        for name, value in point.items()
        if name not in first or not _equal(first[name], value)
    }


def _equal(a: Any, b: Any) -> bool:
    return json.dumps(a) == json.dumps(b)  # for `==` 1, 1.0 and True are the same


def unfold(facts: Facts) -> Facts:
    """Return what `fold` was given.

    >>> unfold({"points": [{"all": {"a": 1, "b": 2}}, {"new": {"b": 3}}]})
    {'points': [{'a': 1, 'b': 2}, {'a': 1, 'b': 3}]}
    """
    first = facts["points"][0]["all"]
    points = [point["all"] if "all" in point else first | point["new"] for point in facts["points"]]
    return {**facts, "points": points}


def _lines(record: Mapping[str, Any]) -> str:
    """Return a record as JSON; a grid's point is one line, so that a diff shows which moved."""
    if "grid" not in record:
        return json.dumps(record, ensure_ascii=False, indent=1)
    points = [json.dumps(point, ensure_ascii=False) for point in record["facts"]["points"]]
    emptied = {**record, "facts": {**record["facts"], "points": []}}
    head, tail = json.dumps(emptied, ensure_ascii=False, indent=1).rsplit('"points": []', 1)
    return head + '"points": [\n' + ",\n".join(points) + "\n]" + tail
