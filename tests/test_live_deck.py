"""From saves to pages, without a server: what is shown first, what is shown at last, what is kept.

Oracle for slides converted alone: the same deck converted whole, by `update_whole`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmdeck.errors import MarpError
from llmdeck.live.deck import LiveDeck
from llmdeck.live.page import Update
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


def save(deck: LiveDeck, name: str, old: str, new: str) -> Update:
    """Edit a file of the deck and update it."""
    Project(deck.config.root).edit(name, old, new)
    update = deck.update()
    assert update.errors == ()
    return update


def marp_processes() -> list[int]:
    """The Marp processes that this one has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[:2]
            command = status.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if parent == str(os.getpid()) and b"session.mjs" in command and state != "Z":
            found.append(int(status.parent.name))
    return found


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
    """After a save only that template is converted; the whole deck changes no slide of it."""
    save(deck, "deck/slides/02-due.md.j2", old, new)
    assert deck.wants_whole
    assert deck.page
    alone = deck.page
    update = deck.update_whole()
    assert not deck.wants_whole
    assert update.since == alone.build
    assert (update.slides, update.errors) == ({}, ())
    assert deck.page.slides == alone.slides


def test_the_last_slide_keeps_marps_own_script(deck: LiveDeck) -> None:
    """It stands in the last slide, and there alone."""
    save(deck, "deck/slides/03-fine.md.j2", "# Fine", "# Fine davvero")
    assert deck.wants_whole
    assert deck.page
    alone = deck.page.slides
    deck.update_whole()
    assert deck.page.slides == alone
    assert ["<script>" in slide for slide in alone] == [False, False, False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- class: invert -->",
        "<!-- footer: piede -->",
        "<!-- _paginate: skip -->",
        "[qui]: https://example.org",
        "<style>h1 { color: red }</style>",
        "$\\def\\a{1}$",
    ],
)
def test_what_reaches_beyond_its_slide_is_converted_with_the_whole(
    deck: LiveDeck, text: str
) -> None:
    """A directive for what follows, a style, a definition: the whole deck shows at once."""
    save(deck, "deck/slides/02-due.md.j2", "Prima", f"{text}\n\nPrima")
    assert not deck.wants_whole


def test_what_did_not_change_is_not_made_again(deck: LiveDeck) -> None:
    """A touched file changes nothing, what was shown before needs no Marp, a save sends its slides.

    Marp is ended first: a conversion would be an error.
    """
    first = save(deck, "deck/slides/02-due.md.j2", "Prima", "Dopo")
    assert sorted(first.slides) == [2]
    whole = deck.update_whole()
    deck.marp.close()
    (deck.config.folder / "slides/02-due.md.j2").touch()
    again = deck.update()
    assert (again.build, again.errors) == (whole.build, ())
    assert deck.page
    assert "Dopo" in deck.page.html


def test_each_input_is_read_again_when_it_has_changed(deck: LiveDeck) -> None:
    """A claim, a setting, a picture, a partial of a page, a demo: each shows after its save."""
    project = Project(deck.config.root)
    project.write("deck/parts/saluto.md", "Ciao.")
    save(deck, "deck/slides/03-fine.md.j2", "# Fine", '# Fine\n\n{% include "parts/saluto.md" %}')
    for name, old, new, shows in (
        ("deck/claims.toml", "la metà pesa", "metà fa", "metà fa"),
        ("deck/deck.toml", 'title = "Prova"', 'title = "Altra"', "Altra"),
        ("deck/parts/saluto.md", "Ciao", "Salve", "Salve"),
        ("demos/twice.py", "n: int = 21", "n: int = 22", "Il doppio è 44"),
    ):
        save(deck, name, old, new)
        assert deck.page
        assert shows in deck.page.html, name
    before = deck.page
    save(deck, "deck/figura.svg", 'r="4"', 'r="5"')
    assert deck.page.slides[2] != before.slides[2]


def test_an_error_stays_until_it_is_mended(deck: LiveDeck) -> None:
    """A broken save right after a good one: the whole deck is not converted over its error."""
    save(deck, "deck/slides/02-due.md.j2", "Prima", "Dopo")
    assert deck.wants_whole
    project = Project(deck.config.root)
    project.edit("deck/slides/01-uno.md.j2", "f.double", "f.duble")
    assert "duble" in deck.update().errors[0]["message"]
    assert not deck.wants_whole
    save(deck, "deck/slides/01-uno.md.j2", "f.duble", "f.double")
    assert deck.errors == ()


def test_a_demo_that_failed_is_not_tried_at_each_save(deck: LiveDeck) -> None:
    """Its error stays until a demo changes; a saved slide does not run it again."""
    project = Project(deck.config.root)
    project.edit("demos/twice.py", '"double": 2 * n', '"double": 2 * n / 0')
    ran = []
    deck.progress = lambda name, event: ran.append((name, event))
    assert "ZeroDivisionError" in deck.update().errors[0]["message"]
    assert ran == [("twice", "start"), ("twice", "done")]
    project.edit("deck/slides/02-due.md.j2", "Prima", "Dopo")
    assert "ZeroDivisionError" in deck.update().errors[0]["message"]
    assert len(ran) == 2


def test_what_was_saved_last_is_what_the_whole_deck_shows(deck: LiveDeck) -> None:
    """Two saves before the whole deck is converted: it has the second one, and nothing is left."""
    save(deck, "deck/slides/02-due.md.j2", "Prima", "Dopo")
    save(deck, "deck/slides/02-due.md.j2", "Dopo", "Ancora dopo")
    assert deck.wants_whole
    deck.update_whole()
    assert deck.page
    assert "Ancora dopo" in deck.page.html
    assert not deck.wants_whole


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_marp_that_is_kept_is_verified_each_time(deck: LiveDeck) -> None:
    """An option that it does not know is an error, each time; the process stays and works on."""
    processes = marp_processes()
    assert len(processes) == 1
    for _ in range(2):
        with pytest.raises(MarpError, match="exit code 1"):
            deck.marp.run(["--no-such-option"])
    save(deck, "deck/slides/01-uno.md.j2", "# Uno", "# Uno e mezzo")
    assert marp_processes() == processes


@pytest.mark.skipif(sys.platform == "win32", reason="it sends signals")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_marp_that_died_or_hangs_is_started_again(deck: LiveDeck) -> None:
    """Killed between two saves, the next one starts another; one that hangs is ended and told."""
    os.kill(marp_processes()[0], signal.SIGKILL)
    save(deck, "deck/slides/01-uno.md.j2", "# Uno", "# Uno e mezzo")
    os.kill(marp_processes()[0], signal.SIGSTOP)
    deck.marp.limit_s = 0.5
    project = Project(deck.config.root)
    project.edit("deck/slides/01-uno.md.j2", "# Uno e mezzo", "# Uno e tre quarti")
    assert "took longer" in deck.update().errors[0]["message"]
    deck.marp.limit_s = 60
    save(deck, "deck/slides/01-uno.md.j2", "# Uno e tre quarti", "# Due")


def test_what_was_saved_before_is_forgotten(deck: LiveDeck) -> None:
    """Sixteen versions of a long template leave no more in memory than the last ones.

    The oracle is Python's own account; with one character of four bytes, each has 1 MB.
    """
    import tracemalloc

    from llmdeck.live.app import collect_garbage

    path = deck.config.folder / "slides/03-fine.md.j2"
    tracemalloc.start(1)
    sizes = []
    for number in range(16):
        path.write_text(f"# Fine {number}\n\n🦙 " + "parola " * 35_000, encoding="utf-8")
        assert deck.update().errors == ()
        collect_garbage()
        sizes.append(tracemalloc.get_traced_memory()[0] / 1e6)
    tracemalloc.stop()
    assert sizes[-1] - sizes[5] < 3, sizes
