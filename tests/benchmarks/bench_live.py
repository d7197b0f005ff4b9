"""`make bench`: how long a presenter waits for the lecture: opened, saved, asked, streamed.

Each figure is the median of `ROUNDS`, taken as a user would see it: a save counts until Chromium
shows the text, the built file until its slide, with its fonts, is painted. The lecture is copied
first; nothing in the checkout changes. The deck of 1,000 slides is the lecture's own templates
again and again, but for their controls, whose data would be too much for one file.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from llmdeck.marp import browser
from tests.benchmarks import figures
from tests.conftest import Project, copy_lecture
from tests.served import Served, served

ROUNDS = 20
MANY = 1000
PAUSE_S = {"save": 2.0, f"save, {MANY} slides": 5.0}
"""Between two saves: the whole deck is converted meanwhile, so that each save finds it at rest."""
SHOWS = """word => {
  const slides = document.querySelectorAll('section')
  const has = slide => slide?.textContent.includes(word)
  if (!(window.place >= 0)) window.place = [...slides].findIndex(has)
  return Boolean(has(slides[window.place]))
}"""
"""Whether a slide has a word; which one is found once, so that the search costs nothing later."""
PAINTED = """async () => {
  await document.fonts.ready
  await new Promise(painted => requestAnimationFrame(() => setTimeout(painted)))
  return document.querySelector('.bespoke-marp-active section').getBoundingClientRect().width
}"""
"""The width of the slide that shows, as soon as it has been painted with its fonts."""
LIMITS_MS = {
    "open the file": 1000,
    "save": 200,
    f"save, {MANY} slides": 700,
    "tokenization": 30,
    "first token": 250,
}
PROMPT = (
    "Once upon a time there was a small village by the sea, and the people who lived there were"
)
"""20 tokens; the number behind it makes each prompt another one."""
LIVE = re.compile(r"\{\{ live\(.*?\) \}\}")


def lengthen(project: Project, n_slides: int) -> None:
    """Repeat the lecture's `n_slides` slides until there are `MANY`."""
    templates = sorted((project.root / "deck/slides").glob("*.md.j2"))
    for round_ in range(1, -(-MANY // n_slides)):
        for path in templates:
            text = LIVE.sub("", path.read_text(encoding="utf-8"))
            (path.parent / f"{round_ + 20}-{path.name}").write_text(text, encoding="utf-8")


def openings(project: Project, page: Page) -> Iterator[float]:
    """Open the built file and wait until its first slide shows, again and again."""
    for number in range(ROUNDS + 2):
        page.goto("about:blank")
        start = time.perf_counter()
        page.goto(project.html.as_uri(), wait_until="commit")
        page.locator(".bespoke-marp-active").first.wait_for()
        if page.evaluate(PAINTED) < 100:
            raise SystemExit("the file shows no slide")
        if number > 1:
            yield time.perf_counter() - start


def saves(server: Served, page: Page, pause_s: float) -> Iterator[float]:
    """Save a slide and wait until the browser shows it, again and again."""
    template = sorted((server.project.root / "deck/slides").glob("*.md.j2"))[4]
    text = template.read_text(encoding="utf-8")
    page.goto(server.url, timeout=300_000)
    for number in range(ROUNDS + 2):
        word = f"parola{number}."
        start = time.perf_counter()
        template.write_text(text.replace("\n\n", f"\n\n{word}\n\n", 1), encoding="utf-8")
        page.wait_for_function(SHOWS, arg=word, timeout=60_000)
        if number > 1:  # the first ones find everything cold
            yield time.perf_counter() - start
        time.sleep(pause_s)
    template.write_text(text, encoding="utf-8")


def requests(server: Served, path: str, body: Callable[[int], dict[str, str]]) -> Iterator[float]:
    """Ask a demo and wait for the first bytes of the answer's body, again and again."""
    for number in range(ROUNDS + 2):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        start = time.perf_counter()
        connection.request(
            "POST", path, json.dumps(body(number)), {"content-type": "application/json"}
        )
        answer = connection.getresponse()
        if answer.status != 200 or not answer.read1(1):
            raise SystemExit(f"{path}: {answer.status} {answer.read().decode()}")
        if number > 1:
            yield time.perf_counter() - start
        answer.close()
        connection.close()
        time.sleep(0.3)


@contextmanager
def chromium() -> Iterator[Page]:
    """A page of a headless browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=browser.find_browser(), chromium_sandbox=False
        )
        yield started.new_page()
        started.close()


def measure(project: Project) -> dict[str, list[float]]:
    """All figures, in seconds."""
    seconds: dict[str, list[float]] = {}
    done = project.run("build")
    if done.returncode:
        raise SystemExit(done.stderr)
    with chromium() as page:
        seconds["open the file"] = list(openings(project, page))
    with served(project) as server, chromium() as page:
        seconds["save"] = list(saves(server, page, PAUSE_S["save"]))
        n_slides = page.locator("svg[data-marpit-svg]").count()
        seconds["tokenization"] = list(
            requests(
                server,
                "/api/demos/tokenization",
                lambda n: {"text": f"ChatGPT è incredibile, {n} volte!"},
            )
        )
        seconds["first token"] = list(
            requests(server, "/api/demos/next_token/stream", lambda n: {"text": f"{PROMPT} {n}"})
        )
    lengthen(project, n_slides)
    with served(project) as server, chromium() as page:
        name = f"save, {MANY} slides"
        seconds[name] = list(saves(server, page, PAUSE_S[name]))
    return seconds


def main() -> None:
    """Measure, print, and write the figures for the documentation."""
    with tempfile.TemporaryDirectory(prefix="llmdeck-bench-") as folder:
        seconds = measure(copy_lecture(Path(folder) / "lecture"))
    load = (
        f"; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        if hasattr(os, "getloadavg")
        else ""
    )
    print(f"live: medians of {ROUNDS}, milliseconds (smallest to largest){load}")
    rows = []
    for name, limit in LIMITS_MS.items():
        values = [1000 * value for value in seconds[name]]
        median = f"{statistics.median(values):.0f}"
        spread = f"{min(values):.0f} to {max(values):.0f}"
        print(f"  {name:<18} {median}  ({spread}), at most {limit}")
        rows.append((name, median, spread, str(limit)))
    figures.write(
        "live",
        title="What a presenter waits for",
        about=f"Milliseconds until it shows, median of {ROUNDS}; the lecture, in Chromium.",
        headers=("what", "median", "smallest to largest", "at most"),
        rows=rows,
    )


if __name__ == "__main__":
    main()
