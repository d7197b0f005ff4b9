"""The lecture as it is built: each control gives what the demo gives, without server or network.

Oracle: the demos' own `run`, called here with the parameters of a point.
"""

from __future__ import annotations

import importlib
import json
import math
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from llmdeck.render.controls import Controls, one_line
from llmdeck.resolve import resolve
from llmdeck.run.answer import draw, normalise
from llmdeck.run.drawings import Drawing
from tests.conftest import LOADED, asked_for, beyond_data

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.conftest import Project


DRAFT = """
llm-are-ml-text-generators llm-capabilities llm-learn-from-data-billions llm-large-means-billions
llm-probabilistic-model llm-mostly-transformers transformer-google-2017 tokens-are-real-numbers
token-to-embedding-vector stacked-layers image-missing params-are-connection-weights
more-params-more-capacity more-params-more-overfitting gpt3-175b llama-300b large-models-hard
compression-goal quantization-most-common quantization-reduces-precision int8-instead-of-fp32
int8-no-quality-loss token-basic-unit each-word-becomes-one-token token-represents-meaning
tokens-processed token-kinds-word-char-symbol token-types-bpe-wordpiece chatgpt-uses-bpe
chatgpt-token-example finetuning-definition finetuning-benefit finetuning-code-llama2-codellama
open-source-label gemma-sizes gemma-developer llama2-sizes llama2-developer llama3-sizes
llama3-developer mistral-size mistral-developer qwen-sizes qwen-developer phi3-sizes phi3-developer
deepseek-coder-sizes deepseek-coder-developer codellama-sizes codellama-based-on-llama2
cost-determined-by-data-and-compute big-models-expensive cost-mainly-energy-and-gpus gpt4-over-100m
llama3-720m-gpus energy-not-counted llm-needs-much-memory needs-high-end-gpu
memory-holds-params-and-input vram-fp32-5gb vram-fp16-2-5gb vram-int8-1-25gb gpt3-437gb
fp16-two-bytes gpt3-350gb gpt3-in-realta bias-from-training-data bias-forms bias-mitigation-data
bias-regularization-guarantees
""".split()  # noqa: SIM905  as a list they would take two pages
"""The statements of the draft that the lecture grew from: each is said, corrected or cited."""


@pytest.fixture(scope="module")
def lives(lecture: Project) -> list[Controls]:
    """Everything that has controls, in the order of the slides."""
    return list(resolve(lecture.config, lambda *_: None).rendered.controls)


def places(number: int, live: Controls) -> list[int]:
    """The place of each control at a point."""
    found = []
    for axis in reversed(live.axes):
        number, place = divmod(number, len(axis.values))
        found.append(place)
    return found[::-1]


def by_keyboard(control: Locator, place: int) -> None:
    """Set a control with keys alone."""
    control.focus()
    kind = control.get_attribute("type")
    if kind == "checkbox":
        if control.is_checked() != bool(place):
            control.press("Space")
        return
    control.press("Home")
    for _ in range(place):
        control.press("ArrowRight" if kind == "range" else "ArrowDown")


def by_mouse(control: Locator, place: int) -> None:
    """Set a control with the mouse: on the option, or by ever nearer clicks on the slider."""
    kind = control.get_attribute("type")
    if kind == "checkbox":
        control.set_checked(bool(place))
    elif kind == "range":
        box, last = control.bounding_box(), int(control.get_attribute("max") or 0)
        assert box
        thumb = 16.0  # its middle moves between its half widths, which differ by browser
        x = box["x"] + thumb / 2 + (box["width"] - thumb) * place / max(last, 1)
        for _ in range(6):
            control.page.mouse.click(x, box["y"] + box["height"] / 2)
            missed = place - int(control.input_value())
            if not missed:
                return
            x += (box["width"] - thumb) / last * missed * 0.6
    else:
        control.select_option(index=place)


def compute(live: Controls, number: int) -> str:
    """The fragment that the demo's own answer makes, computed now."""
    parameters = live.parameters()[number]
    demo = importlib.import_module(f"demos.{live.variant.demo}")
    facts = normalise(demo.run(**parameters))
    has_figure = live.drawings[number] is not None
    drawing = Drawing(*draw(demo, facts)) if has_figure else None
    return one_line(live.render(facts, parameters, drawing))


NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SOURCE = re.compile(r'(?<=<img src=")[^"]*')
"""Where a figure lies: in the page it is data. What it shows is what its words say."""


def alike(shown: str, wanted: str) -> bool:
    """Whether two fragments differ only in last digits, which float32 and threads decide."""

    def value(number: str) -> float:
        return float(
            number.replace(".", "").replace(",", ".")
            if "," in number
            else number.replace(".", "", number.count(".") - 1)
        )

    def close(a: str, b: str) -> bool:
        step = 1 if a.isdigit() and b.isdigit() else 0.0101  # of what is rounded
        return math.isclose(value(a), value(b), rel_tol=0.02, abs_tol=step)

    shown, wanted = SOURCE.sub("", shown), SOURCE.sub("", wanted)
    numbers = zip(NUMBER.findall(shown), NUMBER.findall(wanted), strict=False)
    return NUMBER.sub("#", shown) == NUMBER.sub("#", wanted) and all(
        close(a, b) for a, b in numbers
    )


def test_fragments_are_alike_only_where_rounding_explains_the_difference() -> None:
    """One step of a rounded number is alike; another number, word or count is not."""
    assert alike("<td>0.83</td>12,5%", "<td>0.84</td>12,5%")
    assert alike("1.024 token", "1.024 token")
    for other in (
        "<td>0.86</td>12,5%",
        "<td>0.83</td>14,5%",
        "<th>0.83</th>12,5%",
        "<td>0.83</td>12,5% 1",
    ):
        assert not alike("<td>0.83</td>12,5%", other)


def parsed(page: Page, fragment: str) -> str:
    """A fragment as the browser writes it."""
    found: str = page.evaluate(
        "html => new DOMParser().parseFromString(html, 'text/html').body.innerHTML", fragment
    )
    return found


def test_each_control_gives_what_the_demo_gives(
    lecture: Project, lives: list[Controls], browser_of_each_kind: Browser
) -> None:
    """By mouse or keyboard alone, off line: the demo's HTML, no request, the same slide."""
    page = browser_of_each_kind.new_context(
        offline=True, viewport={"width": 1280, "height": 720}
    ).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lecture.html.as_uri())
    address = page.url
    assert lives, "the lecture has no controls"
    for live in lives:
        block = page.locator(f"#{live.id}")
        slide = block.evaluate("e => e.closest('section').id")
        page.goto(f"{address}#{slide}")
        controls = block.locator(".live-control :is(select, input)")
        n_points = len(live.facts)
        for number, set_to in (
            (0, by_mouse),
            (n_points // 3, by_keyboard),
            (n_points - 1, by_mouse),
        ):
            for control, place in zip(controls.all(), places(number, live), strict=True):
                set_to(control, place)
            expect(block).to_have_attribute("data-point", str(number))
            wanted = parsed(page, compute(live, number))
            assert alike(block.locator(".live-shown").inner_html(), wanted), (
                live.variant,
                live.parameters()[number],
            )
        assert page.url.endswith(f"#{slide}")
    assert beyond_data(asked) == asked_for(page, address)
    assert beyond_data(page.evaluate(LOADED)) == []
    page.context.close()


def test_the_file_is_small_enough_to_send(lecture: Project) -> None:
    """The lecture with everything in it, its controls' data too, is 6 MB at most."""
    assert lecture.html.stat().st_size <= 6_000_000


def test_every_statement_of_the_draft_is_on_a_slide_and_most_are_computed(lecture: Project) -> None:
    """All 70 ids are on a slide; at least 40 are computed and hold; the others say who and when."""
    claims = {claim["id"]: claim for claim in json.loads(lecture.run("claims", "--json").stdout)}
    assert len(set(DRAFT)) == 70
    assert [key for key in DRAFT if key not in claims or not claims[key]["slides"]] == []
    mine = [claims[key] for key in DRAFT]
    assert sum(claim["holds"] is True for claim in mine) >= 40
    assert [claim["id"] for claim in claims.values() if claim["holds"] is False] == []
    cited = [claim for claim in mine if claim["verdict"] == "cited"]
    assert all(
        re.search(r"\b(19|20)\d\d\b", source) for claim in cited for source in claim["sources"][:1]
    ), [(claim["id"], claim["sources"][:1]) for claim in cited]
