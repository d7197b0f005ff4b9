"""What the API says of itself: JSON Schema of parameters, OpenAPI, and a page for people."""

from __future__ import annotations

import ast
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmdeck import __version__
from llmdeck.config import Config, Control
from llmdeck.model import Demo, Kind, Parameter, first_line
from llmdeck.render.controls import value_name
from llmdeck.render.numbers import Numbers
from llmdeck.run.interface import TEXT_LIMIT, from_json

TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {"type": "string"},
                "place": {"type": "string"},
                "hint": {"type": "string"},
            },
        }
    },
}
ANSWER = {
    "type": "object",
    "required": ["facts", "output", "fragment"],
    "properties": {
        "facts": {"type": "object"},
        "output": {"type": "string", "description": "what the demo prints"},
        "fragment": {
            "type": ["string", "null"],
            "description": "the facts as a slide shows them, HTML",
        },
        "figure": {
            "type": "object",
            "description": "with ?figure=true: the SVG, and the figure in words",
        },
    },
}
REFUSALS = {
    "400": "no JSON object",
    "404": "no such demo",
    "413": "the body is too large",
    "415": "no application/json",
    "422": "a value that the demo can't use, or a demo that failed or took too long",
    "503": "too many requests: come back after Retry-After seconds",
}
STREAM = "Server-sent events: `part`s as they are found, then `result` or `error`."
MOST_LISTED = 12
"""How many values the page for people names one by one."""
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}"
    "td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}"
    "pre{background:#f3f3f3;padding:.6em;overflow:auto}"
)


def first_line_of(config: Config, demo: Demo) -> str:
    """Return the first line of a demo's docstring, read without running it."""
    try:
        tree = ast.parse((config.root / demo.file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ""
    return first_line(ast.get_docstring(tree))


def schema(config: Config, described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a demo's parameters.

    `x-names` is what the values are called on a slide, `x-kind` which control they have.
    """
    numbers = Numbers.of(config)
    properties = {
        parameter.name: _property(parameter, config, numbers)
        for parameter in map(from_json, described["parameters"])
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _property(parameter: Parameter, config: Config, numbers: Numbers) -> dict[str, Any]:
    """Return the JSON Schema of one parameter."""
    control = config.controls.get(parameter.name, Control())
    item: dict[str, Any] = {
        "title": control.label or parameter.name,
        "type": TYPES[parameter.type],
        "default": parameter.default,
        "x-kind": parameter.kind.value,
    }
    if parameter.choices:
        item["enum"] = list(parameter.choices)
        item["x-names"] = [value_name(value, control, numbers) for value in parameter.choices]
    elif parameter.kind is Kind.TEXT:
        item["maxLength"] = TEXT_LIMIT
    return item


@dataclass(frozen=True, kw_only=True)
class Documented:
    """What the API's documents say of a demo."""

    about: str
    """The first line of its docstring."""
    parameters: Mapping[str, Any]
    """JSON Schema; see `schema`."""
    streams: bool
    """Whether it gives what it finds while it computes."""


def openapi(config: Config, demos: Mapping[str, Documented]) -> dict[str, Any]:
    """Return the API as OpenAPI 3.1, with the demos by their names."""
    paths: dict[str, Any] = {"/api/demos": {"get": _get("All demos")}}
    for name, demo in demos.items():
        path = f"/api/demos/{name}"
        paths[path] = {"get": _get(f"The parameters of {name}"), "post": _run(demo)}
        if demo.streams:
            paths[f"{path}/stream"] = {"post": _stream(demo)}
    info = {"title": f"The demos of {config.deck.title}", "version": __version__}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


def _get(summary: str) -> dict[str, Any]:
    answer = _content({"type": "object"}, summary)
    return {"summary": summary, "responses": {"200": answer, **_refusals()}}


def _run(demo: Documented) -> dict[str, Any]:
    figure = {"name": "figure", "in": "query", "schema": {"type": "boolean"}}
    return {
        "summary": demo.about,
        "parameters": [figure],
        "requestBody": _body(demo),
        "responses": {"200": _content(ANSWER, "the demo's answer"), **_refusals()},
    }


def _stream(demo: Documented) -> dict[str, Any]:
    events = {"text/event-stream": {"schema": {"type": "string"}}}
    answer = {"description": "events", "content": events}
    return {
        "summary": f"{demo.about} {STREAM}",
        "requestBody": _body(demo),
        "responses": {"200": answer, **_refusals()},
    }


def _body(demo: Documented) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": demo.parameters}}}


def _content(answer: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": answer}}}


def _refusals() -> dict[str, Any]:
    return {code: _content(ERROR, reason) for code, reason in REFUSALS.items()}


def human_page(config: Config, demos: Mapping[str, Documented], base: str) -> str:
    """Return the API for a person: each demo with its parameters and a command that asks it."""
    title = f"API: {_text(config.deck.title)}"
    link = '<a href="/api/openapi.json">/api/openapi.json</a>'
    sections = "".join(_section(name, demo, base) for name, demo in demos.items())
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>"
        f"<body><h1>{title}</h1><p>OpenAPI 3.1: {link}</p>{sections}</body></html>"
    )


def _section(name: str, demo: Documented, base: str) -> str:
    """Return what the page for people says of one demo."""
    properties = demo.parameters["properties"]
    rows = "".join(_row(key, item) for key, item in properties.items())
    head = "<tr><th>parameter<th>type<th>values<th>default</tr>"
    table = f"<table>{head}{rows}</table>" if rows else ""
    example = {key: item["default"] for key, item in properties.items()}
    body = json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
    command = f"curl {base}/api/demos/{name} --json '{body}'"
    about = f"<h2>{_text(name)}</h2><p>{_text(demo.about)}</p>"
    return f"{about}{table}<pre>{_text(command)}</pre>"


def _row(name: str, item: Mapping[str, Any]) -> str:
    default = json.dumps(item["default"], ensure_ascii=False)
    cells = (name, item["type"], _values(item), default)
    return "<tr>" + "".join(f"<td>{_text(cell)}" for cell in cells) + "</tr>"


def _values(item: Mapping[str, Any]) -> str:
    """Return the values that a parameter may have, in words."""
    if "maxLength" in item:
        return f"at most {item['maxLength']} characters"
    values = item.get("enum", ())
    if len(values) <= MOST_LISTED:
        return ", ".join(map(str, values))
    return f"{values[0]} to {values[-1]}, {len(values)} values"


def _text(value: str) -> str:
    return html.escape(value)
