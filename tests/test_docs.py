"""The documentation: it builds without a warning, and its tutorial is run word by word.

The oracles are Sphinx with its warnings as errors, and the commands that the tutorial tells to type.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
FENCE = re.compile(r"^```(\S+)(?: (\S+))?\n(?::caption: (\S+)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)
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
    """Whether what is printed is what the tutorial says; a line `…` stands for any lines.

    >>> matches("2 of …\\n", "2 of 3\\n"), matches("…\\n", "1\\n2\\n"), matches("2\\n", "23\\n")
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
