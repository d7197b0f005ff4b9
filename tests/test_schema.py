"""The JSON Schemas of `deck.toml` and `claims.toml`: what an editor says is what a build says.

The oracles are the `jsonschema` package and the functions that read these files.
"""

from __future__ import annotations

import itertools
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from llmdeck import schema
from llmdeck.config import Config, load
from llmdeck.errors import ConfigError
from llmdeck.ledger import load_ledger
from llmdeck.new.project import FILES, LANGUAGES
from tests.conftest import ROOT, Project

SHIPPED = FILES / "both/deck/schemas"
WRONG: dict[str, Any] = {
    "string": 3,
    "boolean": "yes",
    "number": "many",
    "integer": "many",
    "array": [3],
    "object": 3,
}
"""A value that is not of a type."""


def validator(name: str) -> Draft4Validator:
    """What judges a file by the schema that is shipped."""
    return Draft4Validator(json.loads((SHIPPED / name).read_text(encoding="utf-8")))


def valid(name: str, tables: dict[str, Any]) -> bool:
    """Whether the shipped schema takes what a file says."""
    return bool(validator(name).is_valid(tables))


def loads(project: Project, text: str) -> bool:
    """Whether a build takes this `deck.toml`."""
    project.write("deck/deck.toml", text)
    try:
        load(project.root)
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("name", schema.FILES)
def test_the_shipped_schemas_are_what_the_types_give(tmp_path: Path, name: str) -> None:
    """`llmdeck schema FOLDER` writes the files that `llmdeck new` copies, byte for byte."""
    done = Project(tmp_path).run("schema", "made")
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "made" / name).read_bytes()
    assert made == (SHIPPED / name).read_bytes(), (
        "run: llmdeck schema llmdeck/new/files/both/deck/schemas"
    )
    Draft4Validator.check_schema(json.loads(made))


@pytest.mark.parametrize("name", ["deck", "claims"])
def test_the_lecture_names_its_schema_which_is_the_shipped_one(name: str) -> None:
    """Its files begin as those do that `llmdeck new` writes, and lead to the very same schema."""
    file = ROOT / f"deck/{name}.toml"
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"#:schema schemas/{name}.json"
    path = file.parent / first.removeprefix("#:schema ")
    assert path.read_bytes() == (SHIPPED / f"{name}.json").read_bytes(), (
        "run: llmdeck schema deck/schemas"
    )


@pytest.mark.parametrize("deck", [ROOT / "deck", *(FILES / each / "deck" for each in LANGUAGES)])
@pytest.mark.parametrize("name", ["deck", "claims"])
def test_the_lecture_and_what_new_writes_are_valid(deck: Path, name: str) -> None:
    """The settings and the ledgers of the decks in this repository follow the schemas."""
    tables = tomllib.loads((deck / f"{name}.toml").read_text(encoding="utf-8"))
    errors = [error.message for error in validator(f"{name}.json").iter_errors(tables)]
    assert errors == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["deck", "claims"])
def test_what_new_writes_names_its_schema(tmp_path: Path, language: str, name: str) -> None:
    """The first line is Taplo's, and the path in it leads to the schema, from the file's folder."""
    done = Project(tmp_path).run("new", "talk", "--lang", language)
    assert done.returncode == 0, done.stderr
    file = tmp_path / f"talk/deck/{name}.toml"
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"#:schema schemas/{name}.json"
    path = file.parent / first.removeprefix("#:schema ")
    assert path.read_bytes() == (SHIPPED / f"{name}.json").read_bytes()


def keys(item: dict[str, Any], *path: str) -> list[tuple[tuple[str, ...], str]]:
    """The path and the type of each value that a schema describes; `NAME` stands for any name."""
    if item["type"] != "object":
        return [(path, item["type"])]
    found = [(path, "object")]
    for key, below in item.get("properties", {}).items():
        found += keys(below, *path, key)
    any_name = item.get("additionalProperties")
    return found + (keys(any_name, *path, "NAME") if isinstance(any_name, dict) else [])


def toml(path: tuple[str, ...], value: Any) -> str:
    """A `deck.toml` that is right but for one value."""
    title = "" if path == ("deck", "title") else 'deck.title = "x"\n'
    return f"{'.'.join(path)} = {json.dumps(value)}\n{'' if path == ('deck',) else title}"


def test_the_schema_and_the_build_refuse_the_same_values(project: Project) -> None:
    """Each key of `deck.toml` with a value of another type, and an unknown one, in each table."""
    described = keys(schema.deck())
    assert len(described) > 30
    for path, kind in described[1:]:
        for text in (toml(path, WRONG[kind]), toml((*path[:-1], "unheard_of"), "x")):
            free = "NAME" in path[-1:] or "values" in path
            if free and "unheard_of" in text:
                continue  # any name is a demo's or a parameter's
            takes = valid("deck.json", tomllib.loads(text))
            assert takes is loads(project, text), text
            assert not takes, text


def test_the_schema_and_the_build_want_the_same_tables(project: Project) -> None:
    """A deck has a title; every other key may be left out."""
    for text in ("", '[deck]\nlang = "it"\n', '[deck]\ntitle = "x"\n'):
        assert valid("deck.json", tomllib.loads(text)) is loads(project, text), text


CLAIM = {
    "says": '"x"',
    "demo": '"twice"',
    "holds": '"true"',
    "often": '"y"',
    "sources": '["z"]',
    "asks": '"?"',
    "answer": '"n"',
    "within": "0.1",
}


def takes_claim(config: Config, text: str) -> bool:
    """Whether schema and build, which must agree, take a ledger."""
    config.ledger.write_text(text, encoding="utf-8")
    try:
        load_ledger(config)
    except ConfigError as error:
        why = error.message
    else:
        why = ""
    assert valid("claims.json", tomllib.loads(text)) is (why == ""), (text, why)
    return why == ""


def test_the_schema_and_the_build_want_the_same_keys_of_a_claim(project: Project) -> None:
    """All combinations of keys with all verdicts, and with none: they are taken by both, or not."""
    config, taken = project.config, []
    for verdict, n in itertools.product(("verified", "corrected", "cited", "sure"), range(9)):
        for chosen in itertools.combinations(CLAIM, n):
            lines = [f"{key} = {CLAIM[key]}" for key in chosen]
            text = "\n".join(["[a]", f'verdict = "{verdict}"', *lines]) + "\n"
            if takes_claim(config, text):
                taken.append(verdict)
    assert set(taken) == {"verified", "corrected", "cited"}


@pytest.mark.parametrize(
    "line",
    [
        "holds = []",
        "holds = [3]",
        "holds = true",
        "with = 3",
        "says = 3",
        "within = 1",
        "within = -0.1",
        "unheard_of = 1",
        "sources = []",
    ],
)
def test_the_schema_and_the_build_refuse_the_same_claims(project: Project, line: str) -> None:
    """A value of a wrong type or size, in a claim that is right without it."""
    verdict = "cited" if line.startswith("sources") else "verified"
    right = {"says": '"x"', "demo": '"twice"', "holds": '"true"', "asks": '"?"', "answer": '"n"'}
    key = line.split(" =")[0]
    lines = [f"{name} = {value}" for name, value in right.items() if name != key]
    text = "\n".join(["[a]", f'verdict = "{verdict}"', *lines, line]) + "\n"
    assert not takes_claim(project.config, text)


def test_a_type_that_no_key_can_have_is_refused() -> None:
    """A new field of another type can't be left out of the schema unseen."""
    with pytest.raises(TypeError, match="can't be"):
        schema.of_type(complex)
