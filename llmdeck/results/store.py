"""Results on disk: look one up, write one, say fresh, stale or missing. The folder is committed with the deck.

`deck/results/DEMO/NAME.json` holds facts, output, alt text and the digests of the inputs; the
figure lies beside it as `NAME.svg`, and all points of a grid in one file. Both are written under a
temporary name and renamed, so that a reader never sees half a file; the figure comes first and its
digest is in the JSON, so that a build that was killed in between leaves a stale result, not a wrong
one. Two builds at once write the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmdeck.config import Config
from llmdeck.model import Answer, Facts, Result, State, Variant
from llmdeck.results.files import LEFTOVER_S, digest, write_whole

FORMAT = 1


class Store:
    """The results of one project."""

    def __init__(self, config: Config) -> None:
        self.root = config.root
        self.folder = config.folder / "results"
        self._digests: dict[str, str] = {}

    def path(self, variant: Variant) -> Path:
        """Where a variant's result lies."""
        return self.folder / variant.demo / f"{variant.slug}.json"

    def look_up(self, variant: Variant, *, figure: bool = False) -> Answer:
        """The stored result and what it is worth; `figure` asks for one that has its figure."""
        path = self.path(variant)
        if not path.is_file():
            return Answer(state=State.MISSING, reasons=("it was never run",))
        try:
            result = self._read(path)
            if result.variant != variant:
                raise ValueError(path)
        except (ValueError, KeyError, TypeError, OSError):
            return Answer(
                state=State.MISSING,
                reasons=(f"{path.relative_to(self.root).as_posix()} is unreadable",),
            )
        return self._judge(result, figure=figure)

    def _judge(self, result: Result, *, figure: bool = False) -> Answer:
        reasons = [
            f"{name} changed" for name in changed_inputs(self.root, result.inputs, self._digests)
        ]
        if figure and result.figure is None:
            reasons.append("its figure is not there")
        state = State.STALE if reasons else State.FRESH
        return Answer(state=state, result=result, reasons=tuple(reasons))

    def answers(self) -> dict[Variant, Answer]:
        """What the store says of every variant that it has; an unreadable one is as good as missing."""
        found = {}
        for path in sorted(self.folder.glob("*/*.json")):
            with suppress(ValueError, KeyError, TypeError, OSError):
                result = self._read(path)
                if path == self.path(result.variant):
                    found[result.variant] = self._judge(result)
        return found

    def results(self) -> dict[Variant, Result]:
        """Every stored result that can be read, fresh or not."""
        return {
            variant: answer.result for variant, answer in self.answers().items() if answer.result
        }

    def write(self, result: Result) -> None:
        """Keep a result, unless just that is there already."""
        path = self.path(result.variant)
        path.parent.mkdir(parents=True, exist_ok=True)
        record: dict[str, Any] = {
            "format": FORMAT,
            "demo": result.variant.demo,
            "parameters": result.variant.parameters,
            **({"grid": result.variant.grid} if result.variant.grid else {}),
            "inputs": dict(sorted(result.inputs.items())),
            "facts": fold(result.facts) if result.variant.grid else result.facts,
            "output": result.output,
        }
        if result.figure is not None:
            write_whole(path.with_suffix(".svg"), result.figure)
            record |= {
                "alt": result.alt,
                "figure_sha256": hashlib.sha256(result.figure.encode()).hexdigest(),
            }
        write_whole(path, _lines(record) + "\n")

    def prune(self, used: Collection[Variant]) -> None:
        """Remove the results that no slide and no claim uses any more."""
        keep = {self.path(variant).with_suffix("") for variant in used}
        for path in self.folder.glob("*/*"):
            if path.suffix in (".json", ".svg") and path.with_suffix("") not in keep:
                path.unlink(missing_ok=True)
        for path in self.folder.glob("*/.*.*.*"):  # what `write_whole` writes to, before it renames
            if (
                path.suffix not in (".json", ".svg")
                and time.time() - path.stat().st_mtime > LEFTOVER_S
            ):
                path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Result:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise ValueError(path)
        variant = Variant.of(record["demo"], record["parameters"], record.get("grid", ()))
        figure = None
        if "figure_sha256" in record and path.with_suffix(".svg").is_file():
            figure = path.with_suffix(".svg").read_text(encoding="utf-8")
            if hashlib.sha256(figure.encode()).hexdigest() != record["figure_sha256"]:
                figure = None
        return Result(
            variant=variant,
            facts=unfold(record["facts"]) if variant.grid else dict(record["facts"]),
            output=str(record["output"]),
            inputs=dict(record["inputs"]),
            figure=figure,
            alt=record.get("alt"),
        )


def changed_inputs(root: Path, inputs: Mapping[str, str], known: dict[str, str]) -> list[str]:
    """Return the files (relative to `root`) that no longer have the digest recorded for them.

    `known` remembers digests over several calls: a file that ten variants read is read once.
    """
    for name in inputs:
        if name not in known:
            known[name] = digest(root / name)
    return [name for name, old in inputs.items() if known[name] != old]


def fold(facts: Facts) -> Facts:
    """The facts of a grid as they are stored: of each point but the first only what differs from the first.

    >>> fold({"axes": [], "points": [{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1}]})
    {'axes': [], 'points': [{'all': {'a': 1, 'b': 2}}, {'new': {'b': 3}}, {'all': {'a': 1}}]}
    """
    first, *others = facts["points"]
    folded: list[dict[str, Any]] = [{"all": first}]
    for point in others:
        new = {
            name: value
            for name, value in point.items()
            if name not in first or not _equal(first[name], value)
        }
        folded.append({"new": new} if first.keys() <= point.keys() else {"all": point})
    return {**facts, "points": folded}


def _equal(a: Any, b: Any) -> bool:
    return json.dumps(a) == json.dumps(b)  # for `==` 1, 1.0 and True are the same


def unfold(facts: Facts) -> Facts:
    """What `fold` was given.

    >>> unfold({"points": [{"all": {"a": 1, "b": 2}}, {"new": {"b": 3}}]})
    {'points': [{'a': 1, 'b': 2}, {'a': 1, 'b': 3}]}
    """
    first = facts["points"][0]["all"]
    return {
        **facts,
        "points": [
            point["all"] if "all" in point else first | point["new"] for point in facts["points"]
        ],
    }


def _lines(record: Mapping[str, Any]) -> str:
    """A record as JSON; of a grid each point is one line, so that a difference shows which points moved."""
    if "grid" not in record:
        return json.dumps(record, ensure_ascii=False, indent=1)
    points = [json.dumps(point, ensure_ascii=False) for point in record["facts"]["points"]]
    emptied = {**record, "facts": {**record["facts"], "points": []}}
    head, tail = json.dumps(emptied, ensure_ascii=False, indent=1).rsplit('"points": []', 1)
    return head + '"points": [\n' + ",\n".join(points) + "\n]" + tail
