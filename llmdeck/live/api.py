"""What the API says of itself: JSON Schema of a demo's parameters, the OpenAPI document, a page for people."""

from __future__ import annotations

import ast
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmdeck import __version__
from llmdeck.config import Config, Control
from llmdeck.model import Demo, Kind
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


def first_line(config: Config, demo: Demo) -> str:
    """The first line of a demo's docstring, read without running it."""
    try:
        tree = ast.parse((config.root / demo.file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ""
    return next(iter((ast.get_docstring(tree) or "").splitlines()), "")


def schema(config: Config, described: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Schema of a demo's parameters; `x-names` is what its values are called on a slide."""
    numbers = Numbers(config.deck.locale or config.deck.lang)
    properties = {}
    for parameter in map(from_json, described["parameters"]):
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
        properties[parameter.name] = item
    return {"type": "object", "additionalProperties": False, "properties": properties}


@dataclass(frozen=True, kw_only=True)
class Documented:
    """What the API's documents say of a demo."""

    about: str
    """The first line of its docstring."""
    parameters: Mapping[str, Any]
    """JSON Schema; see `schema`."""
    streams: bool
    """Whether it tells what it finds while it computes."""


def openapi(config: Config, demos: Mapping[str, Documented]) -> dict[str, Any]:
    """The API as OpenAPI 3.1, with the demos by their names."""
    paths: dict[str, Any] = {
        "/api/demos": {"get": _get("All demos", {"type": "object"})},
    }
    for name, demo in demos.items():
        body = {"required": True, "content": {"application/json": {"schema": demo.parameters}}}
        figure = {"name": "figure", "in": "query", "schema": {"type": "boolean"}}
        paths[f"/api/demos/{name}"] = {
            "get": _get(f"The parameters of {name}", {"type": "object"}),
            "post": {
                "summary": demo.about,
                "parameters": [figure],
                "requestBody": body,
                "responses": {"200": _content(ANSWER, "the demo's answer"), **_refusals()},
            },
        }
        if not demo.streams:
            continue
        paths[f"/api/demos/{name}/stream"] = {
            "post": {
                "summary": f"{demo.about} Server-sent events: `part`s as they are found, then `result` or `error`.",
                "requestBody": body,
                "responses": {
                    "200": {
                        "description": "events",
                        "content": {"text/event-stream": {"schema": {"type": "string"}}},
                    },
                    **_refusals(),
                },
            }
        }
    info = {"title": f"The demos of {config.deck.title}", "version": __version__}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


def _get(summary: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _content(answer, summary), **_refusals()}}


def _content(answer: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": answer}}}


def _refusals() -> dict[str, Any]:
    reasons = {
        "400": "no JSON object",
        "404": "no such demo",
        "413": "the body is too large",
        "415": "no application/json",
        "422": "a value that the demo can't use, or a demo that failed or took too long",
        "503": "too many requests: come back after Retry-After seconds",
    }
    return {code: _content(ERROR, reason) for code, reason in reasons.items()}


def human_page(config: Config, demos: Mapping[str, Documented], base: str) -> str:
    """The API for a person: each demo with its parameters and a command that asks it."""
    parts = []
    for name, demo in demos.items():
        properties = demo.parameters["properties"]
        rows = "".join(_row(key, item) for key, item in properties.items())
        example = {key: item["default"] for key, item in properties.items()}
        words = json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
        command = f"curl {base}/api/demos/{name} --json '{words}'"
        table = (
            f"<table><tr><th>parameter<th>type<th>values<th>default</tr>{rows}</table>"
            if rows
            else ""
        )
        parts.append(
            f"<h2>{_text(name)}</h2><p>{_text(demo.about)}</p>{table}<pre>{_text(command)}</pre>"
        )
    title = f"API: {_text(config.deck.title)}"
    style = "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    style += "table{border-collapse:collapse}td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}"
    style += "pre{background:#f3f3f3;padding:.6em;overflow:auto}"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><title>{title}</title>'
        f"<style>{style}</style></head>"
        f'<body><h1>{title}</h1><p>OpenAPI 3.1: <a href="/api/openapi.json">/api/openapi.json</a></p>'
        f"{''.join(parts)}</body></html>"
    )


def _row(name: str, item: Mapping[str, Any]) -> str:
    values = item.get("enum", ())
    shown = (
        ", ".join(map(str, values))
        if len(values) <= 12
        else f"{values[0]} to {values[-1]}, {len(values)} values"
    )
    if "maxLength" in item:
        shown = f"at most {item['maxLength']} characters"
    cells = (name, item["type"], shown, json.dumps(item["default"], ensure_ascii=False))
    return "<tr>" + "".join(f"<td>{_text(cell)}" for cell in cells) + "</tr>"


def _text(value: str) -> str:
    return html.escape(value)
