"""A matplotlib figure that follows a control, off line: `figure()` in a partial.

Oracle: the demo's own `alt` for the values that the control shows, and what the browser draws.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.conftest import LOADED, Project, asked_for, beyond_data
from tests.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DEMO = '''
"""An ellipse."""
from typing import Annotated

from matplotlib.figure import Figure


def run(*, tenths: Annotated[int, range(0, 10)] = 2, loops: int = 1) -> dict:
    return {"eccentricity": tenths / 10, "loops": loops}


def show(facts: dict) -> None:
    print(facts["eccentricity"])


def plot(facts: dict) -> Figure:
    figure = Figure(figsize=(4, 3))
    width = 1 - facts["eccentricity"] ** 2
    figure.add_subplot().plot([0, 1, 0, -1, 0], [width, 0, -width, 0, width])
    return figure


def alt(facts: dict) -> str:
    return f'An <ellipse> of 100% & "{facts["eccentricity"]}", {facts["loops"]} times'
'''
LIVE = '# Orbit\n\n{{ live("orbit", "tenths") }}\n'


def make(project: Project, partial: str = "<div>{{ figure() }}</div>\n") -> Project:
    """A project whose one slide has a figure that a slider sets."""
    project.write("demos/orbit.py", DEMO)
    project.write("deck/partials/orbit.html.j2", partial)
    project.write("deck/slides/01-uno.md.j2", LIVE)
    project.write("deck/claims.toml", "")
    return project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, built once."""
    made = Project(tmp_path_factory.mktemp("figures"))
    made.write("deck/deck.toml", '[deck]\ntitle = "Orbits"\nlang = "en"\n')
    made.write("demos/twice.py", "def run(): return {}\n\ndef show(facts): pass\n")
    make(made)
    done = made.run("build")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def page(built: Project, browser_of_each_kind: Browser) -> Iterator[Page]:
    """The deck opened as a file, off line; a request for anything else fails the test."""
    opened = browser_of_each_kind.new_context(offline=True).new_page()
    asked: list[str] = []
    failed: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    opened.goto(built.html.as_uri())
    yield opened
    assert beyond_data(asked) == asked_for(opened, built.html.as_uri())
    assert beyond_data(opened.evaluate(LOADED)) == []
    assert failed == []
    opened.context.close()


def test_the_figure_follows_its_control_with_no_request(page: Page) -> None:
    """At each place of the slider the picture is another, is drawn, and says what `alt` says."""
    image = page.locator(".live-shown img")
    seen = set()
    for tenths in (2, 0, 9, 5):
        page.locator("input[type=range]").evaluate(
            "(e, n) => { e.value = n; e.dispatchEvent(new Event('input', {bubbles: true})) }",
            tenths,
        )
        words = f'An <ellipse> of 100% & "{tenths / 10}", 1 times'
        expect(image).to_have_attribute("alt", words)
        image.evaluate("(e) => e.decode()")
        assert image.evaluate("(e) => e.naturalWidth") > 100
        seen.add(image.get_attribute("src"))
    assert len(seen) == 4


def test_the_figures_are_stored_beside_their_grid_and_go_with_it(built: Project) -> None:
    """A second build runs nothing, and what no slide shows any more is removed."""
    folder = built.root / "deck/results/orbit"
    assert {path.suffix for path in folder.iterdir()} == {".json", ".figures"}
    built.edit("deck/slides/01-uno.md.j2", "# Orbit", "# Orbits")
    assert "0 variants computed" in built.run("build").stdout
    assert "nothing moved" in built.run("check").stdout
    built.edit("deck/slides/01-uno.md.j2", '"tenths")', '"tenths", tenths=[1, 2])')
    assert "1 variants computed" in built.run("build").stdout
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    "asked", ['figure("orbit", **parameters)', 'figure("orbit", tenths=parameters.tenths)']
)
def test_the_point_may_be_named(project: Project, asked: str) -> None:
    """The demo's name with the point's parameters is the same figure."""
    make(project, f"{{{{ {asked} }}}}\n")
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    assert "&#34;0&#46;2&#34;" in (project.root / "build/deck.md").read_text(encoding="utf-8")


def test_another_figure_is_the_same_at_every_point(project: Project) -> None:
    """One with parameters of its own is drawn once, and is in the page wherever it shows."""
    make(project, '{{ figure("orbit", tenths=7) }}\n')
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    assert "2 variants computed" in done.stdout
    assert "src=&quot;figures" not in project.html.read_text(encoding="utf-8")


def test_a_figure_that_nothing_computes_is_an_error(project: Project) -> None:
    """A partial that asks for another variant at each point says which, and what to do."""
    make(project, '{{ figure("orbit", tenths=parameters.tenths, loops=3) }}\n')
    done = project.run("build")
    assert done.returncode == 4
    assert "deck/partials/orbit.html.j2: at tenths=0 it needs orbit loops=3 tenths=0" in done.stderr
    assert "hint: a partial has the facts and the figure() of its own point" in done.stderr


def test_figures_beyond_the_limit_are_an_error_that_says_what_to_thin_out(
    project: Project,
) -> None:
    """Ten figures of 300 kB of noise are more than a deck's controls may add."""
    make(project)
    project.edit("deck/deck.toml", 'lang = "it"\n', 'lang = "it"\n\n[limits]\nfigure_mb = 20\n')
    project.edit("demos/orbit.py", "\nfrom mat", "import random\n\nfrom mat")
    noisy = 'many = random.Random(facts["loops"]).choices(range(10**6), k=30000)'
    project.edit("demos/orbit.py", "figure = Figure", f"{noisy}\n    figure = Figure")
    project.edit("demos/orbit.py", "[0, 1, 0, -1, 0], [width, 0, -width, 0, width]", "many, '.'")
    project.edit("demos/orbit.py", '"loops": loops', '"loops": tenths')
    done = project.run("build")
    assert done.returncode == 4, done.stdout
    assert "deck/slides/01-uno.md.j2:3: the controls add" in done.stderr
    assert "thin out `tenths` (10 values), or make its figures smaller" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def alt", "def words", "has no `alt`, which says it in words: def alt(facts): return"),
        ("def plot", "def draw", "has no `plot`: def plot(facts): … return figure"),
        ("return figure", "pass", "plot must return a matplotlib figure, not NoneType: end"),
        ("return f'An", "return 3, f'An", "alt must return the figure in words, not (3, "),
    ],
)
def test_what_a_demo_lacks_for_a_figure_is_told_with_its_line(
    project: Project, old: str, new: str, message: str
) -> None:
    """`plot` without `alt` and the reverse, a `plot` that returns nothing, an `alt` of no text."""
    make(project)
    project.edit("demos/orbit.py", old, new)
    done = project.run("build")
    assert done.returncode == 5
    assert message in done.stderr
    assert "error: demos/orbit.py:" in done.stderr


def test_pictures_of_the_deck_are_in_every_fragment(project: Project) -> None:
    """A partial may show a file of the deck; one that isn't there is an error of the partial."""
    make(project, '<img src="star.svg" alt="a star"><p>{{ eccentricity }}</p>\n')
    done = project.run("build")
    assert done.returncode == 4
    assert "error: deck/partials/orbit.html.j2: there is no star.svg" in done.stderr
    project.write("deck/star.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>\n')
    assert project.run("build").returncode == 0
    (packed,) = (project.root / "build/.live").glob("orbit-*")
    fragments = json.loads(zlib.decompress(base64.b64decode(packed.read_text("ascii"))))
    assert len(fragments) == 10
    assert all('src="data:image/svg+xml;base64,' in fragment for fragment in fragments)


def test_figure_without_a_name_belongs_in_a_partial(project: Project) -> None:
    """On a slide the message says how it is written there."""
    project.write("deck/slides/01-uno.md.j2", "{{ figure() }}\n")
    done = project.run("build")
    assert 'uno.md.j2:1: figure: which demo\'s? figure("NAME")' in done.stderr


def test_a_served_deck_draws_any_value(project: Project) -> None:
    """A value that no grid has is drawn by the demo itself; the figure alone where it is asked."""
    make(project)
    project.edit("deck/slides/01-uno.md.j2", '"tenths")', '"tenths", tenths=[1, 2])')
    with served(project) as server:
        answer = server.ask("POST", "/api/demos/orbit", {"tenths": 9}).json
        assert "data:image/svg+xml,%3C" in answer["fragment"]
        assert "&#34;0&#46;9&#34;" in answer["fragment"]
        assert "figure" not in answer
        asked = server.ask("POST", "/api/demos/orbit?figure=true", {"tenths": 9}).json
        assert asked["figure"]["svg"].endswith("</svg>\n")
