"""The beginning of a demo or of a claim, written where it belongs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmdeck.config import Config
from llmdeck.errors import ConfigError, did_you_mean
from llmdeck.ledger import load_ledger
from llmdeck.model import Place, Result, Variant
from llmdeck.new.project import FILES
from llmdeck.run.batch import Job, run_job
from llmdeck.run.interface import find_demos

BEGINNINGS = FILES / "add"
DEMO_NAME = re.compile(r"[a-z][a-z0-9_]*")
CLAIM_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
NAME = re.compile(r"[^\W\d]\w*")
"""What can stand alone as a name in an expression."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """What was written, and what an author writes next."""

    place: Place
    """Where to go on."""
    use: str
    """What a template says to show it."""


def add_demo(config: Config, name: str) -> Added:
    """Write a demo that runs, and the partial that shows each of its points on a slide.

    Raises:
        ConfigError: where the name is none for a module, or there is such a demo.
    """
    if not DEMO_NAME.fullmatch(name):
        message = f"`{name}` can't name a demo, which is a Python module"
        raise ConfigError(message, hint="small letters, digits and _: llmdeck add demo dark_matter")
    module = config.demos_folder / f"{name}.py"
    partial = config.folder / "partials" / f"{name}.html.j2"
    _refuse_to_overwrite(config, module, partial)
    for source, target in (
        (BEGINNINGS / "demo.py", module),
        (BEGINNINGS / "partial.html.j2", partial),
    ):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    place = Place(file=config.relative(module), line=1)
    return Added(place=place, use=f'{{{{ live("{name}", "n") }}}}')


def add_claim(config: Config, claim: str, demo: str = "") -> Added:
    """Write a claim at the end of the ledger: over a demo's facts, or one that a source stands for.

    The demo is run, so that its facts can be named and the first number is in the sentence.

    Raises:
        ConfigError: where the id is no id or is taken, or there is no such demo.
        DemoError: where the demo fails.
    """
    if not CLAIM_ID.fullmatch(claim):
        message = f"`{claim}` can't be the id of a claim"
        raise ConfigError(message, hint="small letters, digits and -: llmdeck add claim two-alike")
    claims = load_ledger(config)
    if claim in claims:
        raise ConfigError(f"there is a claim `{claim}` already", place=claims[claim].place)
    text = _computed(demo, _facts(config, demo)) if demo else _cited()
    before = config.ledger.read_text(encoding="utf-8") if config.ledger.is_file() else ""
    before = before.rstrip("\n") + "\n\n" if before.strip() else ""
    config.ledger.write_text(f"{before}[{claim}]\n{text}", encoding="utf-8")
    line = before.count("\n") + 1
    place = Place(file=config.relative(config.ledger), line=line)
    return Added(place=place, use=f'{{{{ claim("{claim}") }}}}')


def _refuse_to_overwrite(config: Config, *paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise ConfigError(f"there is a {config.relative(path)} already")


def _facts(config: Config, name: str) -> dict[str, Any]:
    """Return what a demo gives with its defaults."""
    found = find_demos(config)
    if name not in found:
        raise ConfigError(f"no demo `{name}`", hint=did_you_mean(name, found))
    variant = Variant(name)
    outcome = run_job(config, Job(demo=found[name], variants=(variant,)))[variant]
    if not isinstance(outcome, Result):
        raise outcome
    return outcome.facts


def _computed(demo: str, facts: Mapping[str, Any]) -> str:
    """Return a claim over facts, which says one number of them and holds as it stands."""
    numbers = {name: value for name, value in facts.items() if _is_number(name, value)}
    if not numbers:
        message = f"demo {demo} gives no number by a name of its own: {', '.join(facts)}"
        raise ConfigError(message, hint="return one from `run`, such as {'total': 6}")
    name, value = next(iter(numbers.items()))
    lines = [
        f"# facts: {', '.join(facts)}",
        f'demo = "{demo}"',
        f'says = "{name} is {{{{ {name} }}}}."',
        "# What the sentence needs to be true, not the number that it has today:",
        f'holds = "{name} == {json.dumps(value)}"',
        'verdict = "verified"',
    ]
    return "\n".join(lines) + "\n"


def _is_number(name: str, value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and bool(NAME.fullmatch(name))


def _cited() -> str:
    """Return a claim that a source stands for."""
    lines = [
        'says = "What the source says."',
        'verdict = "cited"',
        "# Who says it, and where: author, title, year, page, address.",
        'sources = ["Author, Title, year, p. 1: https://example.org/"]',
    ]
    return "\n".join(lines) + "\n"
