"""The keys of `deck.toml` and of a claim, from their JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from from_code.markdown import prose, table
from llmdeck import schema
from llmdeck.model import Verdict


def settings() -> str:
    """Return each table of `deck.toml` with its keys."""
    parts = []
    for name, item in schema.deck()["properties"].items():
        item_of_any = item.get("additionalProperties")
        if isinstance(item_of_any, dict):
            parts.append(f"## `[{name}]`\n" if "properties" not in item_of_any else "")
            parts.append(_any_name(name, item, item_of_any))
        else:
            parts.append(f"## `[{name}]`\n\n{prose(item.get('description'))}\n\n{_keys(item)}")
    return "\n".join(parts)


def _any_name(name: str, item: Mapping[str, Any], below: Mapping[str, Any]) -> str:
    """Return a table whose keys, or whose tables, an author names."""
    about = prose(item.get("description") or below.get("description"))
    if "properties" not in below:
        return f"{about}\n"
    return f"## `[{name}.NAME]`\n\n{about}\n\n{_keys(below)}"


def _keys(item: Mapping[str, Any]) -> str:
    """Return the keys that a JSON Schema describes, as a table."""
    rows = []
    for key, value in item["properties"].items():
        default = f"`{_toml(value['default'])}`" if "default" in value else ""
        if key in item.get("required", ()):
            default = "must be there"
        rows.append((f"`{key}`", _type(value), default, value.get("description", "")))
    return table(("key", "type", "default", "what it says"), rows)


def _type(value: Mapping[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "anyOf" in value:
        return " or ".join(_type(one) for one in value["anyOf"])
    if "enum" in value:
        return " or ".join(f"`{_toml(one)}`" for one in value["enum"])
    words = {"string": "text", "object": "table", "boolean": "true or false"}
    if value["type"] == "array":
        return f"list of {_type(value['items'])}s"
    return words.get(value["type"], value["type"])


def _toml(value: Any) -> str:
    """Return a plain value as TOML writes it, which is as JSON does."""
    return json.dumps(value, ensure_ascii=False)


def ledger() -> str:
    """Return the keys of a claim, what each verdict needs, and what a question needs."""
    claim = schema.claim()
    also = [
        f"`{key}` needs {' and '.join(f'`{one}`' for one in needed)}"
        for key, needed in claim["dependencies"].items()
    ]
    return f"{_keys(claim)}\n{verdicts()}\n{'; '.join(also)}.\n"


def verdicts() -> str:
    """Return what each verdict means, and which keys a claim of it has."""
    claim = schema.claim()
    rows = []
    for verdict, needs in zip(Verdict, claim["anyOf"], strict=True):
        meaning = schema.field_docs(Verdict)[verdict.name]
        keys = ", ".join(f"`{key}`" for key in needs["required"])
        rows.append((f"`{verdict.value}`", meaning, keys))
    return table(("verdict", "meaning", "needs"), rows)
