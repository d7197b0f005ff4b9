"""What marp-cli does wrong without a word is an error here.

The oracle is marp-cli itself: `plain` runs it as a user would, and a case counts as silent where it
ends with 0.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmdeck.errors import MarpError, MissingToolError, TemplateError
from llmdeck.marp import browser
from llmdeck.marp import convert as conversion
from llmdeck.marp.convert import Expected
from llmdeck.marp.install import find_node, install, installed_folder
from llmdeck.marp.process import Marp
from tests.conftest import ROOT, Project

DECK = "---\nmarp: true\nlang: it\ntheme: default\n---\n\n# Uno\n\n---\n\n# Due\n"
TWO = Expected(slides=2, theme="default", lang="it")


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    """A deck of two slides as Marp reads it."""
    path = tmp_path / "deck.md"
    path.write_text(DECK, encoding="utf-8")
    return path


def plain(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed marp-cli without anything of ours."""
    node = find_node()
    script = install(node) / "node_modules/@marp-team/marp-cli/marp-cli.js"
    return subprocess.run(
        [node.node, script, "--no-stdin", *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def convert(deck: Path, target: Path, *extra: str, expected: Expected = TWO) -> None:
    """Convert with a Marp of its own."""
    with Marp() as marp:
        conversion.convert(deck, target, expected, themes=[], extra=extra, marp=marp)


def fails(deck: Path, target: Path, *extra: str, expected: Expected = TWO) -> MarpError:
    """Convert, and return the error that must come; nothing may be left at the target."""
    with pytest.raises(MarpError) as caught:
        convert(deck, target, *extra, expected=expected)
    assert not target.exists()
    return caught.value


def test_an_unknown_theme_is_an_error(deck: Path) -> None:
    """marp-cli ends with 0 and takes its own theme; we name the one that it does not know."""
    deck.write_text(DECK.replace("default", "lezione"), encoding="utf-8")
    assert plain(deck, "-o", deck.with_suffix(".html")).returncode == 0
    error = fails(
        deck, deck.with_suffix(".html"), expected=Expected(slides=2, theme="lezione", lang="it")
    )
    assert "does not know the theme `lezione`" in error.message


def test_an_unknown_option_is_an_error(deck: Path) -> None:
    """marp-cli ends with 0 and ignores it without a word; we name it."""
    assert plain(deck, "-o", deck.with_suffix(".html"), "--no-such-option").returncode == 0
    assert (
        "has no option --no-such-option"
        in fails(deck, deck.with_suffix(".html"), "--no-such-option").printed
    )


def test_an_output_that_is_not_written_is_an_error_though_an_old_one_is_there(deck: Path) -> None:
    """Asked for its version, marp-cli ends with 0 and writes nothing.

    The file of an earlier build does not count.
    """
    target = deck.with_suffix(".html")
    convert(deck, target)
    assert plain(deck, "-o", target, "--version").returncode == 0
    assert "wrote no deck.html" in fails(deck, target, "--version").message


@pytest.mark.parametrize(
    "end",
    [
        "```python\nx = 1\n\n---\n\n# Due\n",
        "<!-- a note\n\n---\n\n# Due\n",
        "<!-- headingDivider: 2 -->\n## A\n## B\n",
    ],
)
def test_a_wrong_number_of_slides_is_an_error(deck: Path, end: str) -> None:
    """A fence or a comment left open swallows a slide, `headingDivider` makes some.

    marp-cli ends with 0.
    """
    deck.write_text(DECK.split("---\n\n# Due")[0] + end, encoding="utf-8")
    assert plain(deck, "-o", deck.with_suffix(".html")).returncode == 0
    assert "slides, the templates make 2" in fails(deck, deck.with_suffix(".html")).message


def test_a_fence_left_open_at_the_end_of_a_template_is_an_error(project: Project) -> None:
    """The next template's slides would be inside the fence: the build names its line."""
    project.edit("deck/slides/01-uno.md.j2", "# Uno", "# Uno\n\n```python")
    project.write("deck/slides/02-due.md.j2", "# Due")
    done = project.run("build")
    assert done.returncode == TemplateError.exit_code
    assert "deck/slides/01-uno.md.j2:3: ``` is open to the end of the template" in done.stderr
    assert not project.html.exists()


def test_a_missing_picture_is_an_error_that_names_slide_and_line_in_every_format(
    project: Project,
) -> None:
    """marp-cli ends with 0 without the picture; we say where it is named, and make no PDF."""
    project.write("deck/slides/02-due.md.j2", "# Due\n\n![una foto](foto.png)\n")
    source = project.write("plain.md", "![una foto](foto.png)")
    assert plain(source, "-o", source.with_suffix(".html")).returncode == 0
    done = project.run("build", "--only", "pdf")
    assert done.returncode == MarpError.exit_code
    assert "deck/slides/02-due.md.j2:3" in done.stderr
    assert "slide 2: there is no foto.png" in done.stderr
    assert not (project.root / "build/deck.pdf").exists()


def test_the_language_is_the_decks_in_any_locale(
    deck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a C locale marp-cli calls a deck without `lang` one in C.

    Ours is in Italian, or it is an error.
    """
    target, unsaid = deck.with_suffix(".html"), deck.with_name("unsaid.md")
    unsaid.write_text(DECK.replace("lang: it\n", ""), encoding="utf-8")
    assert plain(unsaid, "-o", target, LC_ALL="C", LANG="C").returncode == 0
    assert 'lang="C"' in target.read_text(encoding="utf-8")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("LANG", "C")
    assert "not in the language `it`" in fails(unsaid, target).message
    convert(deck, target)
    assert '<html lang="it">' in target.read_text(encoding="utf-8")


def test_compiled_code_is_kept_and_damage_to_it_does_no_harm(
    deck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node.js keeps compiled code beside marp-cli; where that is spoilt, the deck is the same."""
    target = deck.with_suffix(".html")
    convert(deck, target)
    expected, packages = target.read_bytes(), installed_folder() / "node_modules"
    monkeypatch.setenv("LLMDECK_CACHE", str(tmp_path / "cache"))
    installed_folder().mkdir(parents=True)
    (installed_folder() / "node_modules").symlink_to(packages)
    convert(deck, target)
    kept = [path for path in (installed_folder() / "compiled").rglob("*") if path.is_file()]
    assert kept
    for file in kept:
        good = file.read_bytes()
        file.write_bytes(good[:-100] + bytes(100))
    convert(deck, target)
    assert target.read_bytes() == expected


def test_a_browser_that_is_none_is_an_error(deck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """marp-cli takes another browser without a word.

    We say that there is none where `CHROME_PATH` leads.
    """
    nowhere = deck.with_name("no-browser")
    target = deck.with_suffix(".pdf")
    assert (
        plain(
            deck, "-o", target, "--browser-path", nowhere, CHROME_PATH=str(browser.find_browser())
        ).returncode
        == 0
    )
    for path in (nowhere, deck):  # nothing there, and no program
        monkeypatch.setenv("CHROME_PATH", str(path))
        with pytest.raises(MissingToolError) as caught:
            convert(deck, target)
        assert str(path) in caught.value.message
        assert "install" in caught.value.hint
    assert not target.exists()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for a browser is a shell script")
@pytest.mark.parametrize(("failing", "good", "all_starts"), [(2, True, 3), (9, False, 4)])
def test_a_browser_that_fails_is_tried_once_more(
    deck: Path, monkeypatch: pytest.MonkeyPatch, failing: int, good: bool, all_starts: int
) -> None:
    """marp-cli starts a browser twice before it gives up; we run it twice.

    If all fails, no PDF is left.
    """
    starts, wrapper = deck.with_name("starts"), deck.with_name("chrome")
    wrapper.write_text(
        f'#!/bin/sh\necho x >> {starts}\n[ "$(wc -l < {starts})" -le {failing} ] && exit 1\n'
        f'exec "{browser.find_browser()}" "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("CHROME_PATH", str(wrapper))
    if good:
        convert(deck, deck.with_suffix(".pdf"))
    else:
        fails(deck, deck.with_suffix(".pdf"))
    assert len(starts.read_text().split()) == all_starts


@pytest.mark.skipif(os.name == "nt", reason="process groups and shell scripts")
def test_the_time_limit_ends_the_whole_process_group(
    deck: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A Node.js that hangs and has started another process is told with what it said.

    None of the two processes is left.
    """
    node, pids = tmp_path / "bin/node", tmp_path / "pids"
    node.parent.mkdir()
    node.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo v22.0.0 && exit\necho loading >&2\n'
        f"sleep 300 &\necho $$ $! > {pids}\nwait\n"
    )
    node.chmod(0o755)
    (node.parent / "npm").symlink_to(str(shutil.which("true")))
    real, cache = installed_folder(), tmp_path / "cache"
    monkeypatch.setenv("LLMDECK_CACHE", str(cache))
    installed_folder().parent.mkdir(parents=True)
    installed_folder().symlink_to(real)
    monkeypatch.setenv("PATH", str(node.parent), prepend=os.pathsep)
    with pytest.raises(MarpError) as caught, Marp(limit_s=1) as marp:
        marp.run([str(deck)])
    assert "longer than 1 s" in caught.value.message
    assert caught.value.printed == "loading"
    ids = pids.read_text().split()
    assert len(ids) == 2
    until = time.monotonic() + 5
    while time.monotonic() < until and any(_runs(pid) for pid in ids):
        time.sleep(0.05)
    assert not any(_runs(pid) for pid in ids)


def _runs(pid: str) -> bool:
    """Whether a process is there and is no zombie."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def test_an_open_stdin_does_not_keep_the_build_waiting(project: Project) -> None:
    """marp-cli waits for the end of an open pipe; the build, started with one, ends."""
    node, script = (
        find_node().node,
        installed_folder() / "node_modules/@marp-team/marp-cli/marp-cli.js",
    )
    source = project.write("plain.md", "# Uno")
    with subprocess.Popen(
        [node, script, source, "-o", source.with_suffix(".html")],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as waiting:  # fmt: skip
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=3)
        waiting.kill()
    with subprocess.Popen(
        [sys.executable, "-m", "llmdeck.cli", "build"],
        cwd=project.root, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as building:  # fmt: skip
        assert building.wait(timeout=60) == 0
    assert project.html.exists()


def test_a_session_converts_again_as_a_new_process_would(deck: Path) -> None:
    """The second conversion gives the bytes of the first one, also after one that failed."""
    first, second = deck.with_name("first.html"), deck.with_name("second.html")
    with Marp() as marp:
        process = marp._process
        conversion.convert(deck, first, TWO, themes=[], marp=marp)
        with pytest.raises(MarpError, match="exit code 1") as caught:
            marp.run(["--no-such-option"])
        assert caught.value.printed == "marp-cli has no option --no-such-option"
        conversion.convert(deck, second, TWO, themes=[], marp=marp)
        assert marp._process is process
    assert process.poll() is not None
    assert first.read_bytes() == second.read_bytes()


def test_a_session_that_dies_is_told_with_what_it_said_and_another_is_started(
    deck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Node.js printed before it ended is in the error; the next conversion works."""
    target, broken = deck.with_suffix(".html"), tmp_path / "broken.mjs"
    broken.write_text("console.error('out of luck'); process.exit(3)")
    with Marp() as marp:
        monkeypatch.setenv("NODE_OPTIONS", f"--import {broken.as_uri()}")
        marp._process.kill()
        marp._process.wait()
        with pytest.raises(MarpError, match="exit code 3") as caught:
            marp.run([str(deck), "-o", str(target)])
        assert caught.value.printed == "out of luck"
        monkeypatch.delenv("NODE_OPTIONS")
        conversion.convert(deck, target, TWO, themes=[], marp=marp)
    with pytest.raises(MarpError, match="was ended"):
        marp.run([str(deck)])


def test_a_warning_is_an_error(deck: Path) -> None:
    """marp-cli ends with 0 where it only warns; a warning is not the next conversion's."""
    with Marp() as marp:
        with pytest.raises(MarpError, match="warns"):
            marp.run([str(deck), "-o", str(deck.with_suffix(".html")), "--theme-set", "no.css"])
        conversion.convert(deck, deck.with_suffix(".html"), TWO, themes=[], marp=marp)
