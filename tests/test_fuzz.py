"""Spoiled sources: an error of ours with a place, or a deck that verifies; never anything else.

Oracles: Marp's own count of slides, and the words that each slide was given. `tests/fuzzed.py` says
how many examples there are.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmdeck.config import load
from llmdeck.errors import DeckError
from llmdeck.live.deck import LiveDeck
from llmdeck.live.page import FAILED
from llmdeck.model import Result, Variant
from llmdeck.results.store import Store
from llmdeck.run.answer import run_variant, settle_to
from llmdeck.run.failure import RejectedError
from llmdeck.run.sandbox import Echo, Inputs
from tests.conftest import Project
from tests.fuzzed import FILES, VALUES, fuzz, spoiled, spoiled_json, write_everything

MOST = {"output": 10**6, "facts": 10**6, "figure": 10**6}


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDeck]:
    """A deck that uses everything, built once and then spoiled again and again."""
    project = write_everything(Project(tmp_path_factory.mktemp("fuzz")))
    made = LiveDeck(project.config, lambda *_: None)
    assert made.update().errors == ()
    yield made
    made.close()


def is_read(file: str, text: str) -> bool:
    """Whether a file is more than a mistake in TOML, which is told before anything is looked at."""
    if not file.endswith(".toml"):
        return True
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


def judge(deck: LiveDeck, file: str) -> None:
    """Update the deck: each error is ours and has a place, or there is a page with all slides.

    `file` has been changed, and was good before; afterwards it is as it was.
    """
    errors = deck.update().errors
    if not errors and deck.wants_whole:
        errors = deck.update_whole().errors  # which counts the slides as Marp makes them
    for error in errors:
        assert FAILED not in error["message"], (file, error["message"])
        assert error["file"], (file, error["message"])
    if not errors:
        assert deck.page
        assert len(deck.page.slides) >= 1


@pytest.mark.parametrize("file", FILES)
def test_a_spoiled_source_is_an_error_with_a_place_or_a_good_deck(
    deck: LiveDeck, file: str
) -> None:
    """Templates, partial, ledger and settings, with pieces cut, put in, doubled or moved."""
    path = deck.config.root / file
    good = path.read_text(encoding="utf-8")

    @fuzz(20)
    @given(spoiled(good).filter(partial(is_read, file)))
    def spoil(text: str) -> None:
        try:
            path.write_text(text, encoding="utf-8", newline="")
            judge(deck, file)
        finally:
            path.write_text(good, encoding="utf-8")

    spoil()
    assert deck.update().errors == ()


@pytest.mark.parametrize("grid", [False, True])
def test_a_spoiled_result_is_an_error_with_a_place_or_a_good_deck(
    deck: LiveDeck, grid: bool
) -> None:
    """A stored result, and a stored grid, with any value replaced: computed again, or an error."""
    found = sorted((deck.config.results / "many").glob("*.json"))
    path = next(path for path in found if path.name.startswith("live") is grid)
    good = path.read_text(encoding="utf-8")

    @fuzz(15)
    @given(spoiled_json(good))
    def spoil(text: str) -> None:
        try:
            path.write_text(text, encoding="utf-8")
            judge(deck, path.name)
        finally:
            path.write_text(good, encoding="utf-8")

    spoil()
    assert deck.update().errors == ()


BLOCKS = (
    "# {}",
    "{}",
    "- {}",
    "> {}",
    "`{}`",
    "```\n---\n{}\n```",
    "~~~~\n```\n\n---\n{}\n~~~~",
    "<div>\n\n{}\n\n</div>",
    "<!-- nota -->\n{}",
    "| a |\n|---|\n| {} |",
    "$x$ {}",
    "$$\nx\n$$\n\n{}",
    "{{# via #}}{}",
    "{{{{ '{}' }}}}",
    "{{{{ '---' }}}} {}",
    "{{{{ '{}' | code }}}}",
    "{{% if true %}}\n{}\n{{% endif %}}\n",
    "{{% for x in [1, 2] %}}\n- {} {{{{ x }}}}\n{{% endfor %}}\n",
    "{{% if true %}}{}{{% endif %}}",
    "{{{{ '\\n---\\n' }}}} {}",
    "{{% raw %}}{{{{ }}}}{{% endraw %}} {}",
    "{{% call notes() %}}\n---\n{{% endcall %}}\n\n{}",
    "{{{{ table([{{'a': '{}'}}]) }}}}",
    "{}\n\n    ---",
    "\\*\\*\\*\n{}",
    "[{}](https://example.org)",
    "<span>{}</span>",
    "🦙 {}",
)
"""What is on a slide; each ends what it begins."""


@fuzz(25)
@given(
    blocks=st.lists(
        st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=3), min_size=1, max_size=6
    )
)
def test_slides_are_neither_merged_nor_lost(deck: LiveDeck, blocks: list[list[str]]) -> None:
    """A template of so many slides makes so many, and each has its own words and no other's."""
    words = [f"parola{number}fine" for number in range(len(blocks))]
    slides = [
        "\n\n".join(block.format(word) for block in mine)
        for mine, word in zip(blocks, words, strict=True)
    ]
    path = deck.config.slides / "03-blocchi.md.j2"
    path.write_text("\n\n---\n\n".join(slides) + "\n", encoding="utf-8")
    try:
        assert deck.update().errors == ()
        assert deck.update_whole().errors == ()
        assert deck.page
        shown = deck.page.slides[-len(words) :]
        for word, slide in zip(words, shown, strict=True):
            assert [other for other in words if other in slide] == [word]
    finally:
        path.unlink()


TOML_VALUES = (
    *("1", "-1", "1.5", "inf", "nan", '""', '"x"', "true", "[]", "[1]", '["a"]', "{}", "{ a = 1 }"),
    *("1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "[[1]]", '"it"', '"_"', "10000000000"),
)
KEYS = (
    *("deck", "limits", "words", "lint", "demos", "controls", "many", "title", "lang", "locale"),
    *("time_s", "memory_gib", "tolerance", "output_mb", "page_mb", "verified", "names", "values"),
    *("n", "label", "unit", "theme", "size", "paginate", "math", "demos.many", "controls.n"),
)
LINES = st.lists(
    st.builds("[{}]".format, st.sampled_from(KEYS))
    | st.builds("{} = {}".format, st.sampled_from(KEYS), st.sampled_from(TOML_VALUES)),
    max_size=6,
)


@fuzz(150)
@given(lines=LINES)
def test_any_settings_are_read_or_refused_with_their_line(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    """Whatever stands where in `deck.toml`: settings, or an error that names the file."""
    root = tmp_path_factory.getbasetemp() / "settings"
    text = "\n".join(lines)
    try:
        tomllib.loads(text)
    except ValueError:
        assume(False)
    Project(root).write("deck/deck.toml", text)
    try:
        load(root)
    except DeckError as error:
        assert error.place, error.message
        assert error.place.file == "deck/deck.toml"


ANSWERS = st.recursive(
    VALUES
    | st.sampled_from((float("nan"), float("inf"), b"x", 1j, {1}, object(), "\ud800"))
    | st.builds(pow, st.just(10), st.just(5000)),
    lambda inner: st.tuples(inner) | st.dictionaries(st.integers() | st.text(max_size=2), inner),
    max_leaves=4,
)


@fuzz(150)
@given(facts=st.dictionaries(st.text("abn_", max_size=3), ANSWERS, max_size=3) | ANSWERS)
def test_what_a_demo_returns_is_stored_as_it_is_or_refused(
    tmp_path_factory: pytest.TempPathFactory, facts: Any
) -> None:
    """Any object: JSON that comes back from the store, or an error of ours."""
    root = tmp_path_factory.getbasetemp() / "answers"
    Project(root).write("deck/deck.toml", '[deck]\ntitle = "x"\n')

    def run() -> Any:
        return facts

    demo: Any = SimpleNamespace(run=run, show=lambda _facts: None, __name__="demos.any")
    try:
        answer = run_variant(
            demo, {"values": {}}, Inputs(root), Echo(99), settle_to(None, {}), MOST
        )
    except RejectedError as error:
        assert str(error)
        return
    json.loads(json.dumps(answer))
    variant = Variant.of("any", {})
    given_facts = answer["facts"]
    Store(load(root)).write(Result(variant=variant, facts=given_facts, output="", inputs={}))
    stored = Store(load(root)).read(variant)
    assert json.dumps(stored.facts) == json.dumps(given_facts)


def test_the_deck_of_the_fuzz_uses_every_function() -> None:
    """A function that no template of it calls would go untried; a figure would take too long."""
    from llmdeck.render.api import FUNCTIONS

    text = "".join(FILES.values())
    assert [name for name in FUNCTIONS if f"{name}(" not in text] == ["figure"]
