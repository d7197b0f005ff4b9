"""From saves to pages, without a server: slides converted alone are those of the whole deck, and Marp is kept.

Oracle: the same deck converted whole, which `settle` does.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmdeck.errors import MarpError
from llmdeck.live.deck import LiveDeck
from tests.conftest import Project

PAGE = """
# Due

Prima $x^2$ e `codice`, 🦙.

![bg right](figura.svg)

---

<!-- _class: lead -->
<!-- _paginate: false -->

# Tre

```python
x = 1
```

{% call notes() %}
Una nota.
{% endcall %}
"""
SCOPED = "# Quattro\n\n<style scoped>\nh1 { color: red }\n</style>\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'


@pytest.fixture
def deck(project: Project) -> Iterator[LiveDeck]:
    """Five slides in four templates, one with a style of its own, built."""
    project.write("deck/slides/02-due.md.j2", PAGE)
    project.write("deck/slides/03-fine.md.j2", "# Fine\n")
    project.write("deck/slides/01-scoped.md.j2", SCOPED)
    project.write("deck/figura.svg", SVG)
    made = LiveDeck(project.config, lambda *_: None)
    assert made.update().errors == ()
    yield made
    made.close()


def save(deck: LiveDeck, name: str, old: str, new: str) -> None:
    """Edit a file of the deck and update it."""
    Project(deck.config.root).edit(name, old, new)
    update = deck.update([deck.config.root / name])
    assert update.errors == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Prima", "Dopo"),
        ("x^2", "\\frac{1}{x^2}"),
        ("codice", "altro"),
        ("_class: lead", "_class: invert"),
        ("bg right", "bg left:40%"),
        ("x = 1", "y = 2"),
        ("Una nota", "Un'altra nota"),
        ("# Tre", "# Tre <b>e</b> mezzo"),
    ],
)
def test_slides_converted_alone_are_those_of_the_whole(deck: LiveDeck, old: str, new: str) -> None:
    """After a save only that template is converted; the whole deck, converted next, changes no slide."""
    save(deck, "deck/slides/02-due.md.j2", old, new)
    assert deck.unsettled
    assert deck.shown
    alone = deck.shown
    update = deck.settle(deck.convert_whole())
    assert update
    assert not deck.unsettled
    assert update.since == alone.build
    assert (update.slides, update.errors) == ({}, ())
    assert deck.shown.slides == alone.slides


def test_the_last_slide_keeps_marps_own_script(deck: LiveDeck) -> None:
    """It stands in the last slide, and there alone."""
    save(deck, "deck/slides/03-fine.md.j2", "# Fine", "# Fine davvero")
    assert deck.unsettled
    assert deck.shown
    alone = deck.shown.slides
    deck.settle(deck.convert_whole())
    assert deck.shown.slides == alone
    assert ["<script>" in slide for slide in alone] == [False, False, False, False, True]


@pytest.mark.parametrize(
    "text",
    ["<!-- class: invert -->", "<!-- footer: piede -->", "<!-- _paginate: skip -->", "[qui]: https://example.org",
     "<style>h1 { color: red }</style>", "$\\def\\a{1}$"],
)  # fmt: skip
def test_what_reaches_beyond_its_slide_is_converted_with_the_whole(
    deck: LiveDeck, text: str
) -> None:
    """A directive for what follows, a style, a definition: nothing is shown that the whole deck would not show."""
    save(deck, "deck/slides/02-due.md.j2", "Prima", f"{text}\n\nPrima")
    assert not deck.unsettled


def test_what_did_not_change_is_not_made_again(deck: LiveDeck) -> None:
    """Touching a file changes nothing, and a save of one template renders and inlines that one."""
    assert deck.shown
    build, pages = deck.shown.build, dict(deck._kept.pages)
    assert deck.update([deck.config.folder / "slides/02-due.md.j2"]).build == build
    save(deck, "deck/slides/02-due.md.j2", "Prima", "Dopo")
    again = deck._kept.pages
    assert [key[0] for key in again if key not in pages] == ["02-due.md.j2"]


def test_a_demo_that_failed_is_not_tried_at_each_save(deck: LiveDeck) -> None:
    """Its error stays until a demo changes; a saved slide does not run it again."""
    project = Project(deck.config.root)
    project.edit("demos/twice.py", '"double": 2 * n', '"double": 2 * n / 0')
    ran = []
    deck.progress = lambda name, event: ran.append((name, event))
    assert (
        "ZeroDivisionError"
        in deck.update([deck.config.demos_folder / "twice.py"]).errors[0]["message"]
    )
    assert ran == [("twice", "start"), ("twice", "done")]
    project.edit("deck/slides/02-due.md.j2", "Prima", "Dopo")
    assert (
        "ZeroDivisionError"
        in deck.update([deck.config.folder / "slides/02-due.md.j2"]).errors[0]["message"]
    )
    assert len(ran) == 2


def test_what_was_saved_meanwhile_is_not_undone(deck: LiveDeck) -> None:
    """A whole deck that was converted before the last save is not shown; the next one is."""
    save(deck, "deck/slides/02-due.md.j2", "Prima", "Dopo")
    old = deck.convert_whole()
    save(deck, "deck/slides/02-due.md.j2", "Dopo", "Ancora dopo")
    assert deck.settle(old) is None
    assert deck.unsettled
    update = deck.settle(deck.convert_whole())
    assert update
    assert deck.shown
    assert "Ancora dopo" in deck.shown.html


def test_a_marp_that_is_kept_is_verified_each_time(deck: LiveDeck) -> None:
    """An option that it does not know is an error, each time; the process stays and works on."""
    process = deck.marp._process
    for _ in range(2):
        with pytest.raises(MarpError, match="exit code 1"):
            deck.marp.run(["--no-such-option"])
    assert deck.marp._process is process
    assert process.poll() is None


def test_a_marp_that_died_or_hangs_is_started_again(deck: LiveDeck) -> None:
    """Killed between two conversions, the next one starts another; one that hangs is ended and told."""
    deck.marp._process.kill()
    deck.marp._process.wait()
    assert deck.marp._process.stdin
    deck.marp._process.stdin.write(b"what it died over is still in the buffer")
    save(deck, "deck/slides/01-uno.md.j2", "# Uno", "# Uno e mezzo")
    deck.marp.limit_s = 0.001
    Project(deck.config.root).edit(
        "deck/slides/01-uno.md.j2", "# Uno e mezzo", "# Uno e tre quarti"
    )
    assert (
        "took longer"
        in deck.update([deck.config.root / "deck/slides/01-uno.md.j2"]).errors[0]["message"]
    )
    deck.marp.limit_s = 60
    save(deck, "deck/slides/01-uno.md.j2", "# Uno e tre quarti", "# Due")
