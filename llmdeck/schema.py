"""JSON Schemas of `deck.toml` and `claims.toml`, made from the types that read these files.

An editor completes and checks with them where a file begins with `#:schema schemas/deck.json`. They
are written in draft 4, which is all that Taplo, the language server of TOML, reads:
https://taplo.tamasfe.dev/configuration/developing-schemas.html
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from llmdeck.config import Config
from llmdeck.ledger import KINDS
from llmdeck.model import Claim, Verdict

Schema = dict[str, Any]
DRAFT = "http://json-schema.org/draft-04/schema#"
PLAIN: Mapping[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "object",
}
"""What JSON Schema calls a type that a field or a key may have."""
OF_CLAIM = {
    "demo": "The demo behind the claim: its facts are the names in `says`, `holds`, `answer`.",
    "with": "The demo's parameters; it has its defaults for those that are left out.",
}
"""What the keys of a claim say that are no fields of `Claim`: they make its variant."""


def deck() -> Schema:
    """Return the schema of `deck.toml`: a table for each field of `Config`."""
    tables = table(Config, without="root")  # which is where the file is, not what it says
    return {"$schema": DRAFT, "title": "deck/deck.toml: a deck's settings", **tables}


def claims() -> Schema:
    """Return the schema of `claims.toml`: each table is a claim."""
    title = "deck/claims.toml: the ledger, one table a claim"
    return {"$schema": DRAFT, "title": title, "type": "object", "additionalProperties": claim()}


FILES = {"deck.json": deck, "claims.json": claims}
"""What makes each file that `write` writes."""


def write(folder: Path) -> list[Path]:
    """Write the schemas in a folder, which is made where it is missing, and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, make in FILES.items():
        text = json.dumps(make(), indent=2, ensure_ascii=False)
        path = folder / name
        path.write_text(f"{text}\n", encoding="utf-8")
        written.append(path)
    return written


def field_docs(kind: type) -> dict[str, str]:
    """Return the docstrings under the fields of a class, or under the members of an enumeration.

    >>> field_docs(Verdict)["CITED"]
    "It can't be computed here: a source stands for it."
    """
    source = textwrap.dedent(inspect.getsource(kind))
    (definition,) = ast.parse(source).body
    if not isinstance(definition, ast.ClassDef):
        raise TypeError(f"{kind} is no class")
    return dict(_field_docs(definition))


def _field_docs(definition: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Give each field of a class that has a docstring, with it."""
    for statement, after in pairwise(definition.body):
        if isinstance(statement, ast.AnnAssign):
            target = statement.target
        elif isinstance(statement, ast.Assign):
            target = statement.targets[0]  # type: ignore[assignment]  # any target
        else:
            continue
        if isinstance(target, ast.Name) and isinstance(after, ast.Expr):
            text = ast.literal_eval(after.value)
            yield target.id, inspect.cleandoc(text)


def table(kind: type, without: str = "") -> Schema:
    """Return the schema of a table from the dataclass that it becomes, `without` one field."""
    types, docs = get_type_hints(kind), field_docs(kind)
    properties: dict[str, Schema] = {}
    required = []
    for field in fields(kind):
        if field.name == without:
            continue
        item = of_type(types[field.name])
        if docs.get(field.name):
            item["description"] = docs[field.name]
        properties[field.name] = item
        default = _default(field)
        if default is MISSING:
            required.append(field.name)
        elif isinstance(default, str | int | float | list):
            item["default"] = default
    made: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    made["description"] = inspect.getdoc(kind)
    if required:
        made["required"] = required
    return made


def _default(field: Field[Any]) -> Any:
    """Return what a field has where it is left out; `MISSING` where it must be there."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def of_type(kind: Any) -> Schema:
    """Return the schema of a value of a type.

    Raises:
        TypeError: where TOML has no such type, so that a new field is not left unchecked.

    >>> of_type(list[str])
    {'type': 'array', 'items': {'type': 'string'}}
    """
    if kind in PLAIN:
        return {"type": PLAIN[kind]}
    if is_dataclass(kind):
        return table(kind)  # type: ignore[arg-type]  # a class: an instance has no types of fields
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (list, tuple):
        return {"type": "array", "items": of_type(inner[0])}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": of_type(inner[1])}
    if origin in (Union, UnionType):
        kinds = [of_type(one) for one in inner if one is not NoneType]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    raise TypeError(f"a field of deck.toml can't be {kind}")


def claim() -> Schema:
    """Return the schema of a claim: its keys, and what each verdict and a question need.

    The same that `ledger.load_ledger` says in words where a claim is wrong.
    """
    docs = field_docs(Claim) | OF_CLAIM
    properties = {key: _key(key, kinds) for key, (kinds, _) in KINDS.items()}
    for key, item in properties.items():
        if docs.get(key):
            item["description"] = docs[key]
    meanings = list(field_docs(Verdict).values())
    verdicts = [verdict.value for verdict in Verdict]
    properties["verdict"] |= {"enum": verdicts, "x-taplo": {"docs": {"enumValues": meanings}}}
    properties["within"] |= {"minimum": 0, "maximum": 1, "exclusiveMaximum": True}
    properties["within"]["default"] = Claim.within
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": ["says", "verdict"],
        "anyOf": [_needs(verdict) for verdict in Verdict],
        "dependencies": {"asks": ["answer", "demo"], "answer": ["asks"], "within": ["asks"]},
    }


def _key(key: str, kinds: tuple[type, ...]) -> Schema:
    """Return the schema of a key of a claim from the types that it may have."""
    if float in kinds:
        return {"type": "number"}
    choices = [_list(key) if kind is list else {"type": PLAIN[kind]} for kind in kinds]
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _list(key: str) -> Schema:
    """Return the schema of a list of texts, of which `holds` has at least one."""
    texts: Schema = {"type": "array", "items": {"type": "string"}}
    return {**texts, "minItems": 1} if key == "holds" else texts


def _needs(verdict: Verdict) -> Schema:
    """Return what a claim of a verdict has, and what it must not have."""
    is_verdict = {"verdict": {"enum": [verdict.value]}}
    if verdict is Verdict.CORRECTED:
        return {"properties": is_verdict, "required": ["demo", "holds", "often"]}
    without = {"not": {"required": ["often"]}}
    if verdict is Verdict.CITED:
        sources = {"sources": {"minItems": 1}}
        return {"properties": is_verdict | sources, "required": ["sources"], **without}
    return {"properties": is_verdict, "required": ["demo", "holds"], **without}
