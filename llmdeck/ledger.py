"""The ledger (`deck/claims.toml`), whether a claim holds, and drift between two runs of a demo.

A computed claim may be a question as well: `asks` is its text and `answer` the expression over the
facts that gives the number. `within` is how far a guess may be off and still be right. It is a key
of its own, and not what `holds` says with `close_to(…, rel=…)`: a check compares what a machine
computes and is as narrow as can be, a guess is made by a person who learns the order of magnitude.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import zip_longest
from typing import Any, Literal

from jinja2 import Environment, TemplateError, meta

from llmdeck.config import Config, Limits
from llmdeck.errors import ClaimError, ConfigError
from llmdeck.model import Claim, Drift, Facts, Place, Result, Variant, Verdict
from llmdeck.results.compare import differences

FILE = "claims.toml"
KEYS: dict[str, type] = {
    "demo": str,
    "with": dict,
    "says": str,
    "holds": str,
    "verdict": str,
    "often": str,
}
KEYS |= {"sources": list, "asks": str, "answer": str, "within": float}


def load_ledger(config: Config) -> dict[str, Claim]:
    """Read the ledger, in its order; a deck without one has no claims.

    Raises:
        ConfigError: not TOML, an unknown key, or a claim that lacks what its verdict needs.
    """
    path = config.folder / FILE
    if not path.is_file():
        return {}
    file = config.relative(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        tables = tomllib.loads(text)
    except ValueError as error:  # also where it isn't UTF-8
        raise ConfigError(f"not TOML: {error}", place=Place(file=file)) from None
    lines = {
        line.strip().strip('[]"'): n
        for n, line in enumerate(text.splitlines(), 1)
        if line.startswith("[")
    }
    for key, table in tables.items():
        _check_keys(key, table, Place(file=file, line=lines.get(key, 0)), text.splitlines())
    return {
        key: _claim(key, table, Place(file=file, line=lines.get(key, 0)))
        for key, table in tables.items()
    }


def _check_keys(claim: str, table: Any, place: Place, lines: list[str]) -> None:
    """See that a claim is a table with known keys of the right types; the error names the key's own line."""
    if not isinstance(table, dict):
        raise ConfigError(f"claim {claim}: must be a table", place=place)
    for key, value in table.items():
        numbered = enumerate(lines[place.line :], place.line + 1)
        line = next(
            (n for n, line in numbered if line.split("=")[0].strip(' "') == key), place.line
        )
        near = get_close_matches(key, KEYS, 1)
        if key not in KEYS:
            raise ConfigError(
                f"claim {claim}: unknown key `{key}`; known: {', '.join(KEYS)}",
                place=replace(place, line=line),
                hint=f"did you mean `{near[0]}`?" if near else "",
            )
        wanted = (int, float) if KEYS[key] is float else KEYS[key]
        if not isinstance(value, wanted) or isinstance(value, bool):
            kind = {str: "text", dict: "a table", list: "a list", float: "a number"}[KEYS[key]]
            raise ConfigError(
                f"claim {claim}: `{key}` must be {kind}", place=replace(place, line=line)
            )


def _claim(key: str, table: Any, place: Place) -> Claim:
    def need(condition: object, message: str) -> None:
        if not condition:
            raise ConfigError(f"claim {key}: {message}", place=place)

    need("says" in table, "has no sentence (`says`)")
    verdicts = [verdict.value for verdict in Verdict]
    need(table.get("verdict") in verdicts, f"`verdict` must be one of {', '.join(verdicts)}")
    verdict = Verdict(table["verdict"])
    cited = verdict is Verdict.CITED
    need(
        cited or ("demo" in table and "holds" in table),
        f"a {verdict} claim needs `demo` and `holds`",
    )
    need(not cited or table.get("sources"), "a cited claim needs `sources`")
    need(
        (verdict is Verdict.CORRECTED) == ("often" in table),
        "`often` belongs to a corrected claim, and to no other",
    )
    need(("asks" in table) == ("answer" in table), "`asks` and `answer` go together")
    need("demo" in table or "asks" not in table, "`asks` needs `demo`: its answer is computed")
    need("asks" in table or "within" not in table, "`within` belongs to a claim that `asks`")
    need(0 <= table.get("within", 0) < 1, "`within` is a share of the answer: 0.1 is a tenth")
    return Claim(
        id=key,
        says=table["says"],
        verdict=verdict,
        place=place,
        variant=Variant.of(table["demo"], table.get("with", {})) if "demo" in table else None,
        holds=table.get("holds"),
        often=table.get("often"),
        sources=tuple(table.get("sources", ())),
        asks=table.get("asks"),
        answer=table.get("answer"),
        within=float(table.get("within", Claim.within)),
    )


def close_to(value: float, target: float, rel: float = 1e-9, abs: float = 0.0) -> bool:  # noqa: A002  Python's own name
    """Whether two numbers differ by at most `rel` of the larger one; the test of that name in templates and checks."""
    return math.isclose(value, target, rel_tol=rel, abs_tol=abs)


Part = Literal["says", "holds", "asks", "answer"]
"""A part of a claim that is Jinja: two are templates, `holds` and `answer` are expressions."""


def source_name(claim: Claim, part: Part = "says") -> str:
    """The name under which a part of a claim is compiled as a template."""
    return f"{FILE}#{claim.id} {part}"


def sources(claims: Mapping[str, Claim]) -> dict[str, str]:
    """The ledger as templates: sentences and questions as they are, an expression as one that sets `result`."""
    found: dict[str, str] = {}
    for claim in claims.values():
        texts: dict[Part, str | None] = {"says": claim.says, "asks": claim.asks}
        expressions: dict[Part, str | None] = {"holds": claim.holds, "answer": claim.answer}
        found |= {
            source_name(claim, part): text for part, text in texts.items() if text is not None
        }
        found |= {
            source_name(claim, part): f"{{% set result = ({e}) %}}"
            for part, e in expressions.items()
            if e
        }
    return found


def names_in(environment: Environment, claim: Claim) -> set[str]:
    """The facts that a claim reads, by top-level name: its check, its sentence, its question and the answer."""
    source = claim.says + (claim.asks or "")
    source += "".join(
        "{{ " + expression + " }}" for expression in (claim.holds, claim.answer) if expression
    )
    return meta.find_undeclared_variables(environment.parse(source)) - set(environment.globals)


def holds(environment: Environment, claim: Claim, facts: Facts) -> bool:
    """Whether a claim's check is true of `facts`.

    Raises:
        ClaimError: where the check can't be evaluated: a misspelt fact, a wrong expression.
    """
    return claim.holds is None or bool(_evaluate(environment, claim, "holds", "check", facts))


def answer(environment: Environment, claim: Claim, facts: Facts) -> float:
    """The number that a claim's question asks for; it has its unit where it is a fact seen by `environment.view`.

    Raises:
        ClaimError: where it can't be evaluated, or is no number.
    """
    value = _evaluate(environment, claim, "answer", "answer", facts)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ClaimError(
            f"claim {claim.id}: its answer is no number: {short(value)}", place=claim.place
        )
    return value


def _evaluate(environment: Environment, claim: Claim, part: Part, what: str, facts: Facts) -> Any:
    try:
        template = environment.get_template(source_name(claim, part))
        return template.make_module(facts).result  # type: ignore[attr-defined]
    except (TemplateError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        known = ", ".join(sorted(facts))
        raise ClaimError(
            f"claim {claim.id}: its {what} can't be evaluated: {error}",
            place=claim.place,
            hint=f"facts of {claim.variant}: {known}",
        ) from None


def broken(environment: Environment, claim: Claim, facts: Facts, used: list[str]) -> ClaimError:
    """The error for a claim that does not hold, with the values that it looked at."""
    names = sorted(names_in(environment, claim) & set(facts))
    values = ", ".join(f"{name} = {short(facts[name])}" for name in names)
    return ClaimError(
        f"claim {claim.id} does not hold: {claim.holds} ({values})",
        place=claim.place,
        used=used,
        hint=f"see the demo's facts: llmdeck demo {claim.variant and claim.variant.demo} --json",
    )


def short(value: Any) -> str:
    """A value as a message shows it."""
    shown = repr(value)
    return shown if len(shown) <= 120 else f"{shown[:117]}..."


def drifts(old: Result, new: Result, limits: Limits, shown: Collection[int] = ()) -> list[Drift]:
    """The facts of `new` that differ from `old`; floats by more than both tolerances of `limits`, all else at all.

    What a demo prints and its figure's words come from its facts: where the facts are the same to
    the last digit, the printed lines that are `shown` on slides and these words must be, too. A
    line that no slide shows may tell how long something took. The figure's own bytes depend on the
    version of the library that drew it.
    """
    found = list(differences(old.facts, new.facts, limits.allowed))
    if old.facts == new.facts:
        printed = zip_longest(old.output.split("\n"), new.output.split("\n"))
        found += [
            (f"output, line {n}", a, b)
            for n, (a, b) in enumerate(printed, 1)
            if a != b and n in shown
        ][:1]
        if old.alt is not None and new.alt is not None and old.alt != new.alt:
            found.append(("alt", old.alt, new.alt))
    return [Drift(variant=new.variant, path=path, old=a, new=b) for path, a, b in found]
