"""The ledger (`deck/claims.toml`): claims, and whether they hold; nothing else decides that.

A computed claim may be a question as well: `asks` is its text and `answer` the expression over the
facts that gives the number. `within` is how far a guess may be off and still be right. It is a key
of its own, and not what `holds` says with `close_to(…, rel=…)`: a check compares what a machine
computes and is as narrow as can be, a guess is made by a person who learns the order of magnitude.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from jinja2 import Environment, TemplateError, TemplateSyntaxError, Undefined, meta, nodes

from llmdeck.config import Config, TomlFile
from llmdeck.errors import ClaimError, ConfigError, did_you_mean
from llmdeck.model import Claim, Facts, Place, Result, Variant, Verdict

FILE = "claims.toml"
KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "demo": ((str,), "text"),
    "with": ((dict,), "a table"),
    "says": ((str,), "text"),
    "holds": ((str, list), "text, or a list of texts"),
    "verdict": ((str,), "text"),
    "often": ((str,), "text"),
    "sources": ((list,), "a list of texts"),
    "asks": ((str,), "text"),
    "answer": ((str,), "text"),
    "within": ((int, float), "a number"),
}
"""The keys of a claim, the types of their values, and how these are called."""
EXAMPLES = {
    "demo": '"vram"',
    "with": '{ model = "gpt3-175b" }',
    "says": '"GPT-3 weighs {{ weights_gb | qty }}."',
    "holds": '"weights_gb > 300"',
    "verdict": '"verified"',
    "often": '"GPT-3 weighs 100 GB"',
    "sources": '["Kepler, Astronomia nova, 1609"]',
    "asks": '"How much does GPT-3 weigh?"',
    "answer": '"weights_gb"',
    "within": "0.1",
}
"""A value of each key, as it is written."""
NOT_EMPTY = ("demo", "says", "holds", "often", "answer", "asks")
"""The keys whose text must say something."""
LONGEST = 80
"""How many characters of a value a message has."""

Part = Literal["says", "often", "asks"]
"""A part of a claim that is a template."""


def load_ledger(config: Config) -> dict[str, Claim]:
    """Return the claims by id, in the ledger's order; a deck without a ledger has none.

    Raises:
        ConfigError: not TOML, an unknown key, or a claim that lacks what its verdict needs.
    """
    path = config.folder / FILE
    if not path.is_file():
        return {}
    source = TomlFile.read(path, config.relative(path))
    claims: dict[str, Claim] = {}
    for claim, table in source.tables.items():
        _check_keys(claim, table, source)
        claims[claim] = _claim(claim, table, source)
    return claims


def _check_keys(claim: str, table: Any, source: TomlFile) -> None:
    """See that a claim is a table with known keys and values of the right types."""
    if not isinstance(table, dict):
        raise ConfigError(f"claim {claim}: must be a table", place=source.place(claim))
    for key, value in table.items():
        if _fits(key, value):
            continue
        place = source.place(claim, key)
        if key not in KINDS:
            message = f"claim {claim}: unknown key `{key}`; known: {', '.join(KINDS)}"
            raise ConfigError(message, place=place, hint=did_you_mean(key, KINDS))
        message = f"claim {claim}: `{key}` must be {KINDS[key][1]}, not {short(value)}"
        raise ConfigError(message, place=place, hint=f"write {key} = {EXAMPLES[key]}")


def _fits(key: str, value: Any) -> bool:
    """Return whether a key is known and its value is of the right type."""
    if key not in KINDS or isinstance(value, bool):
        return False
    if key in ("holds", "sources") and isinstance(value, list):
        return bool(value) and all(isinstance(each, str) and each.strip() for each in value)
    if isinstance(value, str) and key in NOT_EMPTY:
        return bool(value.strip())
    return isinstance(value, KINDS[key][0])


def _claim(key: str, table: Mapping[str, Any], source: TomlFile) -> Claim:
    """Return a claim from its table, whose keys are right."""
    place = source.place(key)
    for fault in _faults(table):
        raise ConfigError(f"claim {key}: {fault}", place=place)
    parameters = _parameters(key, table, source)
    checks = table.get("holds", ())
    variant = Variant.of(table["demo"], parameters) if "demo" in table else None
    return Claim(
        id=key,
        says=table["says"],
        verdict=Verdict(table["verdict"]),
        place=place,
        variant=variant,
        holds=(checks,) if isinstance(checks, str) else tuple(checks),
        often=table.get("often"),
        sources=tuple(table.get("sources", ())),
        asks=table.get("asks"),
        answer=table.get("answer"),
        within=float(table.get("within", Claim.within)),
        places={part: source.place(key, part) for part in table},
    )


def _parameters(key: str, table: Mapping[str, Any], source: TomlFile) -> Mapping[str, Any]:
    """Return the parameters that a claim gives its demo, each one that a demo can ask for."""
    parameters: Mapping[str, Any] = table.get("with", {})
    for name, value in parameters.items():
        _check_parameter(f"claim {key}: `{name}` in `with`", value, source.place(key, "with", name))
    return parameters


def _check_parameter(what: str, value: Any, place: Place) -> None:
    """See that a parameter is something that a demo's signature can ask for."""
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return
    shown = value if isinstance(value, float) else type(value).__name__
    raise ConfigError(
        f"{what} must be a text, a number, true or false, not {shown}",
        place=place,
        hint='write a date as text: "2026-01-31"; lists are for live(…) on a slide',
    )


def _faults(table: Mapping[str, Any]) -> Iterator[str]:
    """Give what is wrong with a claim, first things first."""
    if "says" not in table:
        yield f"has no sentence: {_example('says')}"
    yield from _faults_of_verdict(table)
    yield from _faults_of_question(table)


def _faults_of_verdict(table: Mapping[str, Any]) -> Iterator[str]:
    """Give what a claim of its verdict lacks, or must not have."""
    verdicts = [verdict.value for verdict in Verdict]
    verdict = table.get("verdict")
    if verdict not in verdicts:
        yield f"`verdict` must be one of {', '.join(verdicts)}"
    if verdict != Verdict.CITED and not ("demo" in table and "holds" in table):
        yield f"a {verdict} claim needs `demo` and `holds`: {_example('demo')}, {_example('holds')}"
    if verdict == Verdict.CITED and not table.get("sources"):
        yield f"a cited claim needs `sources`: {_example('sources')}"
    if verdict == Verdict.CORRECTED and "often" not in table:
        yield f"a corrected claim needs what is usually said: {_example('often')}"
    if verdict != Verdict.CORRECTED and "often" in table:
        yield f"`often` belongs to a corrected claim, and this one is {verdict}"


def _example(key: str) -> str:
    return f"{key} = {EXAMPLES[key]}"


def _faults_of_question(table: Mapping[str, Any]) -> Iterator[str]:
    """Give what is wrong with the question that a claim answers, where it has one."""
    if ("asks" in table) != ("answer" in table):
        yield "`asks` and `answer` go together"
    if "asks" in table and "demo" not in table:
        yield "`asks` needs `demo`: its answer is computed"
    if "within" in table and "asks" not in table:
        yield "`within` belongs to a claim that `asks`"
    if not 0 <= table.get("within", 0) < 1:
        yield "`within` is a share of the answer: 0.1 is a tenth"


def close_to(
    value: float,
    target: float,
    rel: float = 1e-9,
    abs: float = 0.0,  # noqa: A002  Python's own name
) -> bool:
    """Return whether two numbers differ by at most `rel` of the larger one, or by `abs`."""
    return math.isclose(value, target, rel_tol=rel, abs_tol=abs)


def source_name(claim: Claim, part: str = "says") -> str:
    """Return the name under which a part of a claim is compiled as a template."""
    return f"{FILE}#{claim.id} {part}"


def sources(claims: Mapping[str, Claim]) -> dict[str, str]:
    """Return the ledger as templates; an expression is one that sets `result`."""
    found: dict[str, str] = {}
    for claim in claims.values():
        found[source_name(claim, "says")] = claim.says
        for part, text in (("often", claim.often), ("asks", claim.asks)):
            if text is not None:
                found[source_name(claim, part)] = text
        for part, expression in _expressions(claim).items():
            found[source_name(claim, part)] = f"{{% set result = ({expression}) %}}"
    return found


def _expressions(claim: Claim) -> dict[str, str]:
    """Return the parts of a claim that are expressions: `answer`, `holds 1` and so on."""
    checks = {f"holds {number}": check for number, check in enumerate(claim.holds, 1)}
    return checks | ({"answer": claim.answer} if claim.answer else {})


def names_in(environment: Environment, claim: Claim) -> set[str]:
    """Return the top-level names of the facts that a claim reads, in any of its parts."""
    expressions = ["{{ " + expression + " }}" for expression in _expressions(claim).values()]
    source = "".join([claim.says, claim.often or "", claim.asks or "", *expressions])
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError:  # that is an error of its own
        return set()
    return meta.find_undeclared_variables(tree) - set(environment.globals)


def failures(
    environment: Environment,
    claims: Iterable[Claim],
    results: Mapping[Variant, Result],
    said_on: Callable[[Claim], Sequence[str]],
) -> dict[str, ClaimError]:
    """Return the claims that don't hold, or can't be evaluated, by id.

    `said_on` gives the slides that say a claim. One without a result is not judged.
    """
    found: dict[str, ClaimError] = {}
    for claim in claims:
        if claim.variant is None or claim.variant not in results:
            continue
        facts = results[claim.variant].facts
        try:
            _see_that_it_reads(environment, claim, facts)
            if claim.answer:
                answer(environment, claim, facts)
            failing = failing_check(environment, claim, facts)
        except ClaimError as error:
            found[claim.id] = error
        else:
            if failing:
                found[claim.id] = _does_not_hold(environment, claim, failing, facts, said_on(claim))
    return found


def _see_that_it_reads(environment: Environment, claim: Claim, facts: Facts) -> None:
    """See that the parts which are templates are Jinja, also where no slide says them."""
    for part, text in (("says", claim.says), ("often", claim.often), ("asks", claim.asks)):
        if text is None:
            continue
        try:
            environment.get_template(source_name(claim, part))
        except TemplateError as error:
            raise unreadable(environment, claim, part, error, facts) from None


def failing_check(environment: Environment, claim: Claim, facts: Facts) -> str:
    """Return the first check of a claim that is not true of `facts`; nothing where all are.

    Raises:
        ClaimError: where a check can't be evaluated (a misspelt fact, a wrong expression), or gives
            something that is neither true nor false.
    """
    for number, check in enumerate(claim.holds, 1):
        part = f"holds {number}"
        value = _evaluate(environment, claim, part, facts)
        if not isinstance(value, bool):
            gives = f"its check `{check}` gives {short(value)}, not true or false"
            message = f"claim {claim.id}: {gives}"
            hint = f'say what must hold of it: holds = "{check} < 0.01"'
            raise ClaimError(message, place=claim.place_of(part), hint=hint)
        if not value:
            return check
    return ""


def answer(environment: Environment, claim: Claim, facts: Facts) -> float:
    """Return the number that a claim's question asks for.

    It has its unit where it is a fact seen by `environment.view`.

    Raises:
        ClaimError: where it can't be evaluated, or is no number.
    """
    value = _evaluate(environment, claim, "answer", facts)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        message = f"claim {claim.id}: its answer is no number: {short(value)}"
        raise ClaimError(message, place=claim.place_of("answer"))
    return value  # type: ignore[no-any-return]  # a number: it was looked at


def _evaluate(environment: Environment, claim: Claim, part: str, facts: Facts) -> Any:
    """Return the value of an expression of a claim.

    Raises:
        ClaimError: where it has none.
    """
    try:
        template = environment.get_template(source_name(claim, part))
        value = template.make_module(facts).result  # type: ignore[attr-defined]
        if isinstance(value, Undefined):
            str(value)  # raises the error that names it
        return value
    except UNREADABLE as error:
        raise unreadable(environment, claim, part, error, facts) from None


BUILT_IN = "the README lists ours; Jinja's: https://jinja.palletsprojects.com/templates/#filters"
UNREADABLE = (
    TemplateError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RuntimeError,
    MemoryError,
)
"""What a mistake in an expression raises."""


def unreadable(
    environment: Environment, claim: Claim, part: str, error: Exception, facts: Facts
) -> ClaimError:
    """Return the error for a part of a claim that can't be evaluated, and how to write it."""
    message, hint = _mistake(environment, claim, error, facts)
    what = f"`{part}`"
    if part == "answer":
        what = "answer can't be evaluated"
    elif part.startswith("holds"):
        what = f"check can't be evaluated: `{_expressions(claim)[part]}`"
    return ClaimError(
        f"claim {claim.id}: its {what}: {message}",
        place=claim.place_of(part),
        hint=hint or f"facts of {claim.variant}: {', '.join(sorted(facts)) or 'none'}",
    )


def _mistake(
    environment: Environment, claim: Claim, error: Exception, facts: Facts
) -> tuple[str, str]:
    """Return what is wrong in an expression, and what to write; no hint where the facts say it."""
    message = str(error.message if isinstance(error, TemplateError) else error)
    undefined = re.fullmatch(r"'(\w+)' is undefined", message)
    if undefined:
        near = did_you_mean(undefined[1], sorted(facts))
        return f"{claim.variant or 'a cited claim'} has no fact `{undefined[1]}`; {near}", ""
    if "got '='" in message:
        return "`=` sets a value", "compare with two: `==`"
    unknown = re.match(r"No (test|filter) named '(\w+)'", message)
    if unknown:
        known = environment.tests if unknown[1] == "test" else environment.filters
        near = did_you_mean(unknown[2], sorted(known))
        return f"no {unknown[1]} `{unknown[2]}`", BUILT_IN if near.startswith("there") else near
    return message or type(error).__name__, ""


def _does_not_hold(
    environment: Environment, claim: Claim, check: str, facts: Facts, said_on: Sequence[str]
) -> ClaimError:
    """Return the error for a check that is not true, with the values that it looked at."""
    tree = environment.parse("{{ " + check + " }}")
    values = dict(_values_in(tree, facts))
    listed = ", ".join(f"{path} = {short(value)}" for path, value in values.items())
    return ClaimError(
        f"claim {claim.id} does not hold: {check} ({listed})",
        place=claim.place,
        used=said_on,
        hint=f"see the demo's facts: llmdeck demo {claim.variant and claim.variant.demo} --json",
    )


def _values_in(node: nodes.Node, facts: Facts) -> Iterator[tuple[str, Any]]:
    """Give the facts in an expression, as it writes them (`rows[0].gb`), with their values."""
    known = _fact(node, facts)
    if known:
        yield known
        return
    for child in node.iter_child_nodes():
        yield from _values_in(child, facts)


def _fact(node: nodes.Node, facts: Facts) -> tuple[str, Any] | None:
    """Return a fact's path and value, where a node is one: a name, and what is looked up in it."""
    if isinstance(node, nodes.Name):
        return (node.name, facts[node.name]) if node.name in facts else None
    if isinstance(node, nodes.Getattr):
        step: Any = node.attr
        written = f".{step}"
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        step = node.arg.value
        written = f"[{step!r}]"
    else:
        return None
    base = _fact(node.node, facts)
    try:
        return (base[0] + written, base[1][step]) if base else None
    except (LookupError, TypeError):
        return None


def short(value: Any) -> str:
    """Return a value as a message shows it; of a long list or table, only how long it is.

    >>> short("uno"), short(list(range(100)))
    ("'uno'", 'a list of 100')
    """
    shown = repr(value)
    if len(shown) <= LONGEST:
        return shown
    if isinstance(value, list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    return f"{shown[: LONGEST - 3]}..."
