"""What a demo may have, what the store says of it, and the API that asks it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

from from_code.deck import new_deck
from from_code.markdown import constant_doc, fence, table
from llmdeck import schema
from llmdeck.config import Config
from llmdeck.live.api import Documented, openapi
from llmdeck.live.api import schema as schema_of_parameters
from llmdeck.model import Kind, State
from llmdeck.render import controls
from llmdeck.run import child, grid, interface
from llmdeck.run.interface import parameters_of, to_json


def kinds() -> str:
    """Return the kinds of parameters, by what the signature of `run` says."""
    docs = schema.field_docs(Kind)
    rows = [(f"`{kind.value}`", docs[kind.name]) for kind in Kind]
    return table(("kind", "how it is set, and written"), rows)


def limits() -> str:
    """Return what is limited, apart from what `deck.toml` sets, and where it is said."""
    limited = ((grid, "MOST_POINTS"), (controls, "MOST_BYTES"), (interface, "TEXT_LIMIT"))
    rows = [(f"{getattr(module, name):,}", constant_doc(module, name)) for module, name in limited]
    return table(("at most", "of what"), rows)


def stream() -> str:
    """Return what the demo's process says of `stream`."""
    text = inspect.getdoc(child) or ""
    return text[text.index("`stream(") :] + "\n"


def states() -> str:
    """Return what the store can say of a variant."""
    docs = schema.field_docs(State)
    return table(("state", "meaning"), [(state.value, docs[state.name]) for state in State])


def http_api() -> str:
    """Return each path of the API, from the OpenAPI document of a deck with one demo, NAME."""
    with new_deck() as config:
        document = openapi(config, {"NAME": _documented(config)})
    parts = []
    for path, methods in document["paths"].items():
        for method, item in methods.items():
            parts.append(f"## `{method.upper()} {path}`\n\n{item['summary']}\n")
            parts.append(_request(item))
            parts.append(_answers(item["responses"]))
    return "\n".join(parts)


def _documented(config: Config) -> Documented:
    """Return what the API says of the demo of a new deck, as if it had a `stream`."""
    names: dict[str, Any] = {}
    exec((config.demos_folder / "birthday.py").read_text(encoding="utf-8"), names)  # noqa: S102
    described = {"parameters": [to_json(one) for one in parameters_of(names["run"])]}
    parameters = schema_of_parameters(config, described)
    return Documented(about="What NAME computes.", parameters=parameters, streams=True)


def _request(item: Mapping[str, Any]) -> str:
    """Return what a request may have: the query, and an example of the body's schema."""
    asked = [f"`?{one['name']}=` ({one['schema']['type']})" for one in item.get("parameters", ())]
    text = f"In the address: {', '.join(asked)}.\n\n" if asked else ""
    if "requestBody" in item:
        ((kind, content),) = item["requestBody"]["content"].items()
        body = json.dumps(content["schema"], indent=2, ensure_ascii=False)
        text += f"The body is `{kind}`, as the signature of `run` says. A new deck's demo has:\n\n"
        text += fence(_shorten(body), "json")
    return text


def _shorten(text: str) -> str:
    """Return JSON with the lists of plain values on one line."""
    return re.sub(r"\[\s*([^\[\]{}]*?)\s*\]", lambda m: f"[{' '.join(m[1].split())}]", text)


def _answers(responses: Mapping[str, Any]) -> str:
    rows = []
    for code, answer in responses.items():
        ((kind, content),) = answer["content"].items()
        names = ", ".join(f"`{name}`" for name in content["schema"].get("properties", ()))
        rows.append((code, answer["description"], f"`{kind}`{': ' if names else ''}{names}"))
    return table(("status", "what it means", "body"), rows)
