"""Controls on a slide, in a file: each gives what the demo gives, with no request at all.

Oracle: the demo's own `run`, called here with the parameters that the controls show.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from llmdeck.resolve import Project as ProjectSources
from llmdeck.results.store import Store
from llmdeck.run.grid import MOST_POINTS
from tests.conftest import LOADED, Project, asked_for, beyond_data

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DEMO = '''
"""Adds things up."""
from typing import Annotated, Literal


def run(*, unit: Literal["gb", "gib"] = "gib",
        n: Annotated[int, range(0, 51, 10)] = 20, twice: bool = True,
        text: str = "<b>&</b>") -> dict:
    total = n * (2 if twice else 1)
    facts = {"unit": unit, "total": total, "half": total / 2}
    return facts | {"text": text, "n_characters": len(text)}


def show(facts: dict) -> None:
    print(facts["total"])
'''
PARTIAL = """
<p class="sum" data-said="{{ total }} {{ unit }}">{{ half | num(1) }} e {{ total }} {{ unit }}</p>

<p style="width: {{ half | css }}px">{{ text }}</p>
"""
SLIDES = """
# Uno

{{ live("sums", "unit", "n", "twice") }}

---

# Due

{{ live("sums", "text", unit="gb", text=["uno", "due  spazi", "<i>tre</i>"]) }}

---

# Tre
"""
CONTROLS = """
[controls.n]
label = "quanti"
unit = "pezzi"

[controls.unit]
values = { gib = "GiB <2^30>" }
"""


def make(project: Project) -> Project:
    """A project whose two slides have controls."""
    project.write("demos/sums.py", DEMO)
    project.write("deck/partials/sums.html.j2", PARTIAL)
    project.write("deck/slides/01-uno.md.j2", SLIDES)
    project.write(
        "deck/deck.toml",
        f"{(project.root / 'deck/deck.toml').read_text(encoding='utf-8')}\n{CONTROLS}",
    )
    return project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, built once."""
    made = Project(tmp_path_factory.mktemp("controls"))
    made.write("deck/deck.toml", '[deck]\ntitle = "Prova"\nlang = "it"\n')
    make(made)
    done = made.run("build")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def page(built: Project, browser_of_each_kind: Browser) -> Iterator[Page]:
    """The deck opened as a file, off line; whatever it asks for but itself fails the test."""
    opened = browser_of_each_kind.new_context(offline=True).new_page()
    asked: list[str] = []
    failed: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: failed.append(str(error)))
    opened.on(
        "console", lambda message: failed.append(message.text) if message.type == "error" else None
    )
    opened.goto(built.html.as_uri())
    yield opened
    assert beyond_data(asked) == asked_for(opened, built.html.as_uri())
    assert beyond_data(opened.evaluate(LOADED)) == []
    assert failed == []
    opened.context.close()


def expected(**values: Any) -> str:
    """What the demo says, written out as the partial does."""
    space: dict[str, Any] = {}
    exec(DEMO, space)  # noqa: S102  the demo above
    facts = space["run"](**values)
    half = f"{facts['half']:.1f}".replace(".", ",")
    return f"{half} e {facts['total']} {facts['unit']} {facts['text']}"


def shown(page: Page, number: int) -> str:
    """What stands below the controls, its runs of spaces as they are."""
    found: str = page.locator(f"#live-{number} .live-shown").evaluate(
        "e => [...e.children].map(c => c.textContent).join(' ')"
    )
    return found


def slide(page: Page) -> int:
    """The number of the slide that is shown."""
    return int(page.evaluate("Number(location.hash.slice(1) || 1)"))


def test_every_point_by_mouse_is_what_the_demo_gives(page: Page) -> None:
    """All 24 combinations, each set with the mouse's events, show the demo's own numbers."""
    unit, n, twice = (page.locator(f"#live-1-{name}") for name in ("unit", "n", "twice"))
    for place, name in enumerate(("gb", "gib")):
        unit.select_option(index=place)
        for number in range(6):
            n.evaluate(
                "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }",
                number,
            )
            for both in (True, False):
                twice.set_checked(both)
                wanted = expected(unit=name, n=10 * number, twice=both)
                page.wait_for_function(
                    "w => [...document.querySelectorAll('#live-1 .live-shown > *')]"
                    ".map(c => c.textContent).join(' ') === w",
                    arg=wanted,
                )


def test_by_keyboard_alone_and_the_slide_stays(page: Page) -> None:
    """Tab reaches each control, arrows and space set it, the slide stays; Escape frees the keys."""
    page.keyboard.press("Tab")
    for _ in range(12):  # past Marp's own buttons
        if page.evaluate("document.activeElement.id") == "live-1-unit":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")  # gib → gb
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # 20 → 40
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # twice → once
    expect(page.locator("#live-1")).to_have_attribute("data-point", "8")
    assert shown(page, 1) == expected(unit="gb", n=40, twice=False)
    for key in ("ArrowRight", "ArrowDown", "PageDown", "Enter", "End"):
        page.keyboard.press(key)
    assert slide(page) == 1
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert slide(page) == 2


def test_the_change_is_announced_and_each_control_is_labelled(page: Page) -> None:
    """A live region says new values once they rest; labels, slider and group are named."""
    slider = page.get_by_label("quanti")
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "40 pezzi"
    assert page.locator('output[for="live-1-n"]').text_content() == "40 pezzi"
    said = page.locator("#live-1 [role=status]")
    expect(said).to_have_text("unit: GiB <2^30>, quanti: 40 pezzi, twice: ✓, 80 gib")
    assert page.get_by_label("unit").first.locator("option").all_text_contents() == [
        "gb",
        "GiB <2^30>",
    ]


def test_text_from_a_list_shows_as_itself(page: Page) -> None:
    """Markup and runs of spaces in a demo's answer are text, after a swap too."""
    page.goto(page.url.split("#")[0] + "#2")
    for place, text in enumerate(("uno", "due  spazi", "<i>tre</i>")):
        page.locator("#live-2-text").select_option(index=place)
        expect(page.locator("#live-2")).to_have_attribute("data-point", str(place))
        assert shown(page, 2) == expected(unit="gb", text=text)


def test_without_scripts_the_default_shows_and_no_control(
    built: Project, chromium: Browser
) -> None:
    """A browser that runs no script shows the default point, and no control."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(built.html.as_uri())
    assert not page.locator("#live-1 form").is_visible()
    assert page.locator("#live-1 .sum").inner_text() == "20,0 e 40 gib"
    context.close()


def test_a_build_with_nothing_new_computes_no_point(built: Project) -> None:
    """The grid is one result of the store: fresh, one file, of each point what differs."""
    edited = built.run("build", "--rerun")
    assert "2 variants computed" in edited.stdout
    assert "up to date" in built.run("build").stdout
    variants = [v for v in Store(built.config).results() if v.grid]
    assert sorted(len(Store(built.config).results()[v].facts["points"]) for v in variants) == [
        3,
        24,
    ]
    for variant in variants:
        stored = json.loads(Store(built.config).path(variant).read_text(encoding="utf-8"))
        assert [list(point) for point in stored["facts"]["points"]][:2] == [["all"], ["new"]]


def test_check_names_the_slide_whose_points_moved(project: Project) -> None:
    """A stored point that is no longer what the demo gives is drift, told with its slide."""
    make(project)
    assert project.run("build").returncode == 0
    stored = next(Path(project.root / "deck/results/sums").glob("live_unit*.json"))
    text = stored.read_text(encoding="utf-8")
    assert '"total": 80' in text
    stored.write_text(text.replace('"total": 80', '"total": 81', 1), encoding="utf-8")
    done = project.run("check")
    assert done.returncode == 1
    assert "01-uno.md.j2:3" in done.stdout
    assert "81" in done.stdout


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('live("sums")', "live: name a parameter of sums that the controls set"),
        (
            'live("sums", "unti")',
            "no parameter `unti`; did you mean `unit`?",
        ),
        ('live("sums", "text")', "`text` is free: list what its control offers"),
        (
            'live("sums", "n", n=20)',
            "`n` is one of the controls: give a list of values, or leave it out, not 20",
        ),
        ('live("sums", n=[])', "the values of `n` must be at least one, each once, not []"),
        ('live("sums", n=[10, 15])', "`n` can't be 15; allowed: 0 to 50 in steps of 10"),
        (
            'live("vast", "n", "m")',
            f"600 of `n` × 2 of `m` make 1200 points; {MOST_POINTS} at most: thin out `n`",
        ),
        ('live("twice", n=[1, 2])', "live: there is no deck/partials/twice.html.j2"),
    ],
)
def test_a_mistake_in_live_is_told_with_its_line(project: Project, call: str, message: str) -> None:
    """A wrong parameter, a list that is none, too many points: an error with its place."""
    make(project)
    many = "from typing import Annotated\n"
    many += "def run(*, n: Annotated[int, range(600)] = 0, m: bool = True): return {}\n"
    project.write("demos/vast.py", f"{many}def show(facts): pass\n")
    project.write("deck/slides/02-due.md.j2", f"# Due\n\n{{{{ {call} }}}}\n")
    done = project.run("build")
    assert done.returncode in (4, 5)
    assert message in done.stderr
    assert "deck/slides/02-due.md.j2:3" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_in_a_partial_is_told_with_its_line(project: Project) -> None:
    """A misspelt fact in a partial is an error at the partial's own line."""
    make(project).write("deck/partials/sums.html.j2", "<p>\n{{ totale }}</p>\n")
    done = project.run("build")
    assert done.returncode == 4
    assert "deck/partials/sums.html.j2:2: " in done.stderr


def test_controls_that_would_make_the_file_too_large_are_refused(project: Project) -> None:
    """Above 2 MB the author is told how large they are and what to thin out; the old deck stays."""
    make(project)
    noise = "import hashlib\ndef run(*, n: Annotated[int, range(400)] = 0):\n"
    noise += "    digests = [hashlib.sha256(f'{n} {i}'.encode()).hexdigest() for i in range(200)]\n"
    noise += "    return {'noise': ''.join(digests)}\n"
    project.write("demos/noise.py", f"from typing import Annotated\n{noise}def show(facts): pass\n")
    project.write("deck/partials/noise.html.j2", "<p>{{ noise }}</p>\n")
    project.write("deck/slides/02-due.md.j2", '# Due\n\n{{ live("noise", "n") }}\n')
    done = project.run("build")
    assert done.returncode == 4
    assert "deck/slides/02-due.md.j2:3: the controls add" in done.stderr
    assert "thin out `n` (400 values)" in done.stderr
    assert not project.html.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda facts: facts.update(axes=[]),
        lambda facts: facts.update(points=[]),
        lambda facts: facts.update(points={"a": 1}),
        lambda facts: facts["points"].pop(),
        lambda facts: facts["points"].__setitem__(3, {"new": 7}),
        lambda facts: facts["points"].__setitem__(3, {}),
        lambda facts: facts["points"].__setitem__(3, None),
        lambda facts: facts["axes"][0].pop("values"),
        lambda facts: facts["axes"][0].update(values="ab"),
        lambda facts: facts["axes"][0].update(kind="dial"),
        lambda facts: facts["axes"][0].update(default=99),
        lambda facts: facts["axes"][0].update(default="a"),
        lambda facts: facts["axes"][0].update(name="other"),
        lambda facts: facts["axes"].reverse(),
    ],
)
def test_a_damaged_grid_is_as_good_as_missing(
    built: Project, tmp_path: Path, damage: Callable[[dict[str, Any]], object]
) -> None:
    """Valid JSON that is no grid is computed again, and never shown."""
    project = Project(tmp_path / "project")
    shutil.copytree(built.root, project.root, ignore=shutil.ignore_patterns("build"))
    config = project.config
    (path,) = (config.results / "sums").glob("live_unit_n_twice-*.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    damage(record["facts"])
    path.write_text(json.dumps(record), encoding="utf-8")
    rendered = ProjectSources.read(config).render()
    assert rendered.errors == ()
    assert [variant.grid for variant in rendered.pending] == [("unit", "n", "twice")]
