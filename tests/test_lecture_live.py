"""The lecture as it is served: whatever is typed goes to the real demo, and comes back as text.

Oracle: the demos' own `run`, called here with what was typed.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from playwright.sync_api import expect

from llmdeck.render.controls import Controls, one_line
from llmdeck.resolve import resolve
from llmdeck.run.answer import normalise
from tests.conftest import Project, copy_lecture
from tests.served import Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

HOSTILE = [
    "<script>window.broken = 1</script>",
    "\"><img src=x onerror='window.broken = 1'>",
    "</code></script><svg onload=window.broken=1>",
    "{{ 7 * 7 }}{% raw %}<iframe src=//evil.example>",
    "`]]> --> javascript:alert(1) \u2028\u202e\x00",
]
MODELS = (
    "attention",
    "bias",
    "bias_mitigation",
    "embedding",
    "fine_tuning",
    "kv_cache",
    "next_token",
    "perplexity",
)
MODELS += ("transformer",)
"""What runs a language model: seconds a request."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The lecture, served."""
    with served(copy_lecture(tmp_path_factory.mktemp("served"))) as started:
        yield started


@pytest.fixture(scope="module")
def lives(lecture: Project) -> dict[str, Controls]:
    """What has controls, by its demo."""
    return {
        live.variant.demo: live
        for live in resolve(lecture.config, lambda *_: None).rendered.controls
    }


@pytest.fixture
def page(browser_of_each_kind: Browser) -> Iterator[Page]:
    """A page; what fails in it fails the test."""
    opened = browser_of_each_kind.new_context(viewport={"width": 1280, "height": 720}).new_page()
    opened.set_default_timeout(30_000)
    failed: list[str] = []
    opened.on("pageerror", lambda error: failed.append(str(error)))
    opened.on(
        "console", lambda message: failed.append(message.text) if message.type == "error" else None
    )
    yield opened
    assert failed == []
    opened.context.close()


def open_live(page: Page, server: Served, live: Controls) -> Locator:
    """Go to the slide of what has controls, and wait for the server's."""
    page.goto(server.url)
    block = page.locator(f"#{live.id}")
    page.goto(f"{server.url}#{block.evaluate('e => e.closest(`section`).id')}")
    expect(block).to_have_attribute("data-served", "yes", timeout=30_000)
    return block


def wanted(page: Page, live: Controls, **typed: Any) -> str:
    """The fragment of the demo's own answer to what was typed, as the browser writes it."""
    parameters = {
        **live.variant.parameters,
        **{axis.name: axis.values[axis.default] for axis in live.axes},
        **typed,
    }
    facts = normalise(importlib.import_module(f"demos.{live.variant.demo}").run(**parameters))
    fragment = one_line(live.render(facts, parameters))
    found: str = page.evaluate(
        "html => new DOMParser().parseFromString(html, 'text/html').body.innerHTML", fragment
    )
    return found


def test_a_typed_sentence_is_cut_by_the_real_tokenizers(
    page: Page, server: Served, lives: dict[str, Controls]
) -> None:
    """Typed key by key on the slide, it shows as the demo cuts it, and no key turns the page."""
    block = open_live(page, server, lives["tokenization"])
    address, text = page.url, "Perché no? Zabaione! 🦙 <b>"
    field = block.get_by_role("textbox")
    field.fill("")
    field.press_sequentially(text)
    expect(block.locator("[data-said]")).to_contain_text("Z")
    for _ in range(100):
        if block.locator(".live-shown").inner_html() == wanted(
            page, lives["tokenization"], text=text
        ):
            break
        page.wait_for_timeout(100)
    assert block.locator(".live-shown").inner_html() == wanted(
        page, lives["tokenization"], text=text
    )
    assert page.url == address


def test_any_context_length_can_be_set_by_keys(
    page: Page, server: Served, lives: dict[str, Controls]
) -> None:
    """The slider has every length of the demo, also those that the file does not carry."""
    live = lives["vram"]
    block = open_live(page, server, live)
    slider = block.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    context = next(axis for axis in live.axes if axis.name == "context")
    assert 1536 not in context.values
    assert (slider.get_attribute("aria-valuetext") or "").startswith("1.536")
    expect(block.locator(".live-said")).to_contain_text("1.536")
    assert block.locator(".live-shown").inner_html() == wanted(page, live, context=1536)


def test_the_models_text_streams_onto_the_slide(
    page: Page, server: Served, lives: dict[str, Controls]
) -> None:
    """A prompt typed on the slide: the text grows there token by token."""
    block = open_live(page, server, lives["next_token"])
    field = block.get_by_role("textbox")
    page.evaluate(
        """id => {
          window.seen = new Set()
          const shown = document.querySelector(`#${id} .live-shown`)
          new MutationObserver(() => {
            if (shown.ariaBusy !== 'true') return
            window.seen.add(shown.querySelector('[data-stream]').textContent)
          }).observe(shown, { subtree: true, childList: true, characterData: true })
        }""",
        lives["next_token"].id,
    )
    prompt = "The old lighthouse keeper said"
    field.fill(prompt)
    field.press("Enter")
    expect(block.locator(".live-said")).to_contain_text(prompt, timeout=30_000)
    seen = page.evaluate("[...window.seen]")
    final = block.locator("[data-stream]").inner_text()
    assert len([text for text in seen if text]) >= 3
    assert all(final.startswith(text) for text in seen)


class Tags(HTMLParser):
    """The tags of a fragment, and the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note them."""
        self.found |= {tag} | {f"@{name}" for name, _ in attrs}


def tags(fragment: str) -> set[str]:
    """See `Tags`."""
    parser = Tags()
    parser.feed(fragment)
    return parser.found


def test_script_in_every_text_of_every_demo_is_text(server: Served) -> None:
    """What is typed makes no tag and no attribute, in any text of any demo; nothing fails."""
    texts = 0
    for demo in [found["name"] for found in server.ask("GET", "/api/demos").json["demos"]]:
        described = server.ask("GET", f"/api/demos/{demo}").json["parameters"]["properties"]
        names = [
            name
            for name, item in described.items()
            if item["type"] == "string" and "enum" not in item
        ]
        plain = (
            (server.ask("POST", f"/api/demos/{demo}", {}).json["fragment"] or "") if names else ""
        )
        for name in names:
            texts += 1
            for hostile in [" ".join(HOSTILE)] if demo in MODELS else HOSTILE:
                answer = server.ask("POST", f"/api/demos/{demo}", {name: hostile})
                assert answer.status in (200, 422), (demo, name, hostile, answer.json)
                if answer.status == 200:
                    assert tags(answer.json["fragment"] or "") <= tags(plain) | {"br", "@class"}, (
                        demo,
                        hostile,
                    )
    assert texts >= 7


def test_script_typed_on_a_slide_is_text(
    page: Page, server: Served, lives: dict[str, Controls]
) -> None:
    """Typed on the slide it is cut into tokens that show as they are; none of it runs."""
    block = open_live(page, server, lives["tokenization"])
    for hostile in HOSTILE[:3]:
        block.get_by_role("textbox").fill(hostile)
        expect(block.locator(".live-said")).to_contain_text(hostile)
    assert block.locator("script, img, svg, iframe").count() == 0
    assert page.evaluate("window.broken") is None


def test_no_request_to_the_lectures_api_is_a_5xx(server: Served) -> None:
    """Schemathesis: every operation, good and bad values; each demo but the slow ones."""
    schema = schemathesis.openapi.from_url(f"{server.url}api/openapi.json")
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        slow = any(f"/{name}" in operation.path for name in MODELS)
        if slow and operation.method == "post":
            continue

        @settings(
            max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=operation.as_strategy())
        def one(case: Any) -> None:
            answer = case.call(timeout=60)
            assert answer.status_code < 500, answer.text

        one()
        asked += 1
    assert asked >= 25
