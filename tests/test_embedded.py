"""Pages, sounds and films of the deck's own show in it, off line; what can't is an error.

Oracle: Chromium, which says what it drew, loaded and blocked.
"""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLIDE = """
# Uno

<iframe src="sim.html" title="a page"></iframe>
<video src="beep.wav" controls></video>
<audio controls><source src="beep.wav"></audio>
"""
PAGE = """<!DOCTYPE html><style>p { color: rgb(1, 2, 3) }</style><p>still</p>
<script>
  document.querySelector("p").textContent = "1 < 2 && ran"
</script>
"""


def make(project: Project) -> None:
    """A slide with a page, a film and a sound."""
    project.write("deck/slides/01-uno.md.j2", SLIDE)
    project.write("deck/claims.toml", "")
    project.write("deck/sim.html", PAGE)
    with wave.open(str(project.root / "deck/beep.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))


def test_a_page_of_the_deck_runs_in_a_frame_and_media_play(
    project: Project, chromium: Browser
) -> None:
    """Its script ran, its style holds, the media know how long they are; nothing was blocked."""
    make(project)
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    page = chromium.new_context(offline=True).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(project.html.as_uri())
    until(page, "[...document.querySelectorAll('video, audio')].every((m) => m.duration === 1)")
    (frame,) = (frame for frame in page.frames if frame.url.startswith("data:"))
    assert frame.evaluate("document.body.innerText").strip() == "1 < 2 && ran"
    assert frame.evaluate("getComputedStyle(document.querySelector('p')).color") == "rgb(1, 2, 3)"
    assert said == []
    page.context.close()


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ('"sim.html"', '"https://example.org/"', "would be loaded from the network", "a picture"),
        ('"beep.wav" c', '"https://example.org/a.mp4" c', "from the network", "put the file into"),
        ("<video src", "<object data", "no deck shows <object>", "use <img>, <video> or <iframe>"),
    ],
)
def test_what_can_not_be_embedded_says_what_can(
    project: Project, old: str, new: str, message: str, hint: str
) -> None:
    """A page of another site, a film on the network, a plug-in: with its line, and the way out."""
    make(project)
    project.edit("deck/slides/01-uno.md.j2", old, new)
    done = project.run("build")
    assert done.returncode == 7
    assert "error: deck/slides/01-uno.md.j2:" in done.stderr
    assert message in done.stderr
    assert f"hint: {hint}" in done.stderr or hint in done.stderr


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ('<script src="plot.js"></script>', "it loads plot.js: put that into the page itself"),
        ('<img src="https://example.org/a.png">', "it loads https://example.org/a.png"),
        ('<button onclick="go()">', "`onclick=` can't run: use addEventListener"),
    ],
)
def test_a_page_in_a_frame_holds_all_that_it_needs(
    project: Project, added: str, message: str
) -> None:
    """What its policy would block is told when the deck is built; links and data are fine."""
    make(project)
    project.write("deck/sim.html", f'{PAGE}<a href="https://example.org">x</a>{added}')
    done = project.run("build")
    assert done.returncode == 7
    assert f"sim.html in an <iframe>: {message}" in done.stderr
