"""The documentation: it builds without a warning, and its tutorial is run word by word.

The oracles are Sphinx with its warnings as errors, and the commands that the tutorial has one type.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from jinja2 import Environment
from jsonschema import Draft4Validator

from llmdeck import schema
from llmdeck.config import Deck
from llmdeck.config.load import TABLES
from llmdeck.errors import DeckError
from llmdeck.ledger import KINDS
from llmdeck.model import Verdict
from llmdeck.render.api import FUNCTIONS
from tests.benchmarks import figures
from tests.conftest import ROOT, Project

DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
FENCE = re.compile(
    r"^```(\S+)(?: (\S+))?\n(?::caption: (\S+)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL
)
LEADS = {("a", "href"), ("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src")}
"""The attributes of HTML that name another file."""
PROGRESS = re.compile(r"^(running|done) \S+\n", re.MULTILINE)
"""What a command writes instead of the bar that a terminal has."""


@dataclass(frozen=True)
class Block:
    """A fenced block of the tutorial: what is typed, or what a file holds."""

    language: str
    file: str
    """The file that it is, or changes; nothing for a block of commands."""
    text: str


def blocks(text: str) -> Iterator[Block]:
    """Give the fenced blocks of a page, in their order."""
    for found in FENCE.finditer(text):
        name, language, file, body = found.groups()
        yield Block(language if name == "{code-block}" else name, file or "", body)


@dataclass
class Reader:
    """Somebody who does what the tutorial says, in an empty folder."""

    folder: Path
    code: int = 0
    """What the last command ended with."""
    typed: list[str] = field(default_factory=list)

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        if block.language == "console":
            for command, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.M):
                self.type(command, printed)
        elif block.language == "diff":
            self.edit(self.folder / block.file, block.text)
        elif block.file:
            (self.folder / block.file).write_text(block.text, encoding="utf-8")
        else:
            assert block.language == "shell", f"what is one to do with this? {block}"

    def type(self, command: str, expected: str) -> None:
        """Type a command, and compare what it prints; `…` stands for anything on a line."""
        self.typed.append(command)
        words = shlex.split(command)
        if words[0] == "cd":
            self.folder /= words[1]
            printed = ""
        elif words == ["echo", "$?"]:
            printed = f"{self.code}\n"
        else:
            assert words[0] == "llmdeck", command
            printed = self.run(*words[1:])
        assert matches(expected, printed), f"$ {command}\n{printed}\nshould be\n{expected}"

    def run(self, *arguments: str) -> str:
        """Run `llmdeck`, and return all that it writes but for its progress."""
        kept = {k: v for k, v in os.environ.items() if k not in ("CI", "GITHUB_ACTIONS")}
        done = subprocess.run(
            [sys.executable, "-m", "llmdeck", *arguments],
            cwd=self.folder,
            env=kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        self.code = done.returncode
        return PROGRESS.sub("", done.stdout)

    def edit(self, path: Path, diff: str) -> None:
        """Change a file as a block of lines with `-` and `+` says, which must fit once."""
        lines = [(line[:1], line[1:]) for line in diff.splitlines(keepends=True)]
        lines = [(sign, rest) if rest else (" ", "\n") for sign, rest in lines]
        before = "".join(rest for sign, rest in lines if sign != "+")
        after = "".join(rest for sign, rest in lines if sign != "-")
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{before}is not in {path}:\n{text}"
        path.write_text(text.replace(before, after), encoding="utf-8")


def matches(expected: str, printed: str) -> bool:
    r"""Whether what is printed is what the tutorial says; a line `…` stands for any lines.

    >>> matches("2 of …\n", "2 of 3\n"), matches("…\n", "1\n2\n"), matches("2\n", "23\n")
    (True, True, False)
    """
    pattern = re.escape(expected)
    pattern = re.sub(r"(?m)^…\\\n", r"(?:.*\\n)*?", pattern)
    return re.fullmatch(pattern.replace("…", ".+"), printed) is not None


def test_the_tutorial_is_true_word_by_word(tmp_path: Path) -> None:
    """Every file and edit is made, every command typed, and what is printed is what is there."""
    reader = Reader(tmp_path)
    for block in blocks(TUTORIAL.read_text(encoding="utf-8")):
        reader.follow(block)
    assert {"llmdeck new paper", "llmdeck build", "llmdeck check"} <= set(reader.typed)


def test_a_word_that_is_not_printed_is_found(tmp_path: Path) -> None:
    """The test of the tutorial fails where a command prints something else."""
    text = "```console\n$ llmdeck new paper\npaper: … folders\n…\n```\n"
    (block,) = blocks(text)
    with pytest.raises(AssertionError, match="should be"):
        Reader(tmp_path).follow(block)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as Sphinx builds it, with every warning an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", DOCS, folder],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_names_all_that_the_code_has(site: Path) -> None:
    """Every command, function, key and exit code is on its page."""
    named = {
        "commands": [f"llmdeck {name}" for name in commands()],
        "templates": [f"{name}(" for name in FUNCTIONS],
        "deck-toml": [field.name for field in fields(Deck)] + [f"[{name}" for name in TABLES],
        "ledger": [*KINDS, *Verdict],
        "exit-codes": [str(kind.exit_code) for kind in DeckError.__subclasses__()],
        "api": ["/api/demos/NAME", "/api/demos/NAME/stream", "text/event-stream"],
    }
    for page, names in named.items():
        words = text_of(site / f"reference/{page}.html")
        assert [name for name in names if name not in words] == [], page


def test_the_site_shows_a_new_deck_as_it_is_built(site: Path) -> None:
    """What the page on templates has in its frame is the deck, with a slide that has a control."""
    assert "_static/a-new-deck.html" in Page(site / "reference/templates.html").frame
    deck = (site / "_static/a-new-deck.html").read_text(encoding="utf-8")
    assert "A new deck" in deck
    assert 'data-demo="birthday"' in deck


def commands() -> list[str]:
    """The commands that `llmdeck --help` lists."""
    done = subprocess.run(
        [sys.executable, "-m", "llmdeck", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return re.findall(r"^    ([a-z]+) ", done.stdout, re.MULTILINE)


class Page(HTMLParser):
    """The text, the links and the names that links may lead to, of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.frame = ""
        self.names: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect links and names."""
        for name, value in attrs:
            if name == "id" and value:
                self.names.add(value)
            if (tag, name) in LEADS:
                self.links.append(value or "")
            if tag == "iframe" and name == "src":
                self.frame = value or ""


def text_of(path: Path) -> str:
    """The text of a page, with its spaces as one."""
    return " ".join("".join(Page(path).words).split())


def test_no_link_within_the_documentation_is_broken(site: Path) -> None:
    """Each link leads to a file of the site, and to a place in it where it names one."""
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 15
    broken = []
    for path, page in pages.items():
        for link in page.links:
            target, _, name = unquote(link).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            leads_to = (path.parent / target.partition("?")[0]).resolve() if target else path
            there = leads_to.is_file()
            if not there or (name and name not in pages[leads_to].names):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_what_the_benchmark_writes_is_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure that `make bench` measured stands on the page, with the machine and the day."""
    monkeypatch.syspath_prepend(DOCS)
    from from_code import measured

    monkeypatch.setattr(measured, "FIGURES", tmp_path)
    assert "Nothing was measured" in measured.performance()
    headers, rows = ("command", "median"), [("prose edited", "0.321")]
    figures.write(
        "a", title="Builds", about="Seconds.", headers=headers, rows=rows, folder=tmp_path
    )
    page = measured.performance()
    assert "## Builds" in page
    assert "| prose edited | 0.321 |" in page
    assert figures.machine().split(", load")[0] in page


def test_the_problem_matchers_find_file_line_and_message(project: Project) -> None:
    """VS Code's task reads what a build and a check write."""
    tasks = json.loads((DOCS / "how-to/vscode/tasks.json").read_text(encoding="utf-8"))["tasks"]
    build, check = (re.compile(task["problemMatcher"]["pattern"]["regexp"], re.M) for task in tasks)
    assert project.run("build").returncode == 0
    project.edit("demos/twice.py", "2.5 * n", "2.75 * n")
    moved = check.findall(project.run("check").stdout)
    assert [(file, line) for file, line, _ in moved] == [("deck/slides/01-uno.md.j2", "4")]
    project.edit("deck/claims.toml", "double ==", "double !=")
    for pattern, command in ((build, "build"), (check, "check")):
        (found,) = pattern.findall(project.run(command).stderr)
        assert found[:2] == ("deck/claims.toml", "1")
        assert found[2].startswith("claim half does not hold")


def test_the_snippets_are_what_llmdeck_reads() -> None:
    """With their placeholders filled, templates are Jinja, and claims follow the schema."""
    file = DOCS / "how-to/vscode/llmdeck.code-snippets"
    claims = Draft4Validator(schema.claims())
    for snippet in json.loads(file.read_text(encoding="utf-8")).values():
        body = snippet["body"]
        text = body if isinstance(body, str) else "\n".join(body)
        text = re.sub(r"\$\{\d+:((?:\\\}|[^}])*)\}", r"\1", text).replace("$0", "")
        text = text.replace("\\}", "}").replace("id", "an-id")
        if snippet["scope"] == "toml":
            assert list(claims.iter_errors(tomllib.loads(text))) == []
        else:
            Environment(autoescape=True).parse(text)


def test_what_the_readme_points_to_is_there() -> None:
    """Each page of the documentation that the README names exists."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = re.findall(r"\]\((docs/[^)#]+)", readme)
    assert len(pages) > 5
    assert [page for page in pages if not (ROOT / page).is_file()] == []


OUR_OWN = {"live-said"}
"""What only screen readers have."""


def test_the_classes_that_a_theme_may_style_are_those_that_are_written() -> None:
    """The author's table names each class that rendering writes, and no other."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "llmdeck/render").glob("*.py"))
    sources += (ROOT / "llmdeck/runtime/register.js").read_text("utf-8")
    written = set(re.findall(r"(?:class=\"?|className = ')([a-z-]+)", sources)) - OUR_OWN
    page = (DOCS / "how-to/author.md").read_text(encoding="utf-8")
    table = page.split("| class |")[1].split("\n\n")[0]
    named = set(re.findall(r"`([a-z-]+)`", re.sub(r"\|[^|]*\|$", "", table, flags=re.M)))
    assert named - {verdict.value for verdict in Verdict} == written - {"cited"}


def test_the_table_of_faults_names_tests_that_there_are() -> None:
    """Each file that `docs/reliability.md` says holds something is one of the tests."""
    named = re.findall(r"`(test_\w+\.py)`", (DOCS / "reliability.md").read_text(encoding="utf-8"))
    assert len(named) > 15
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []
