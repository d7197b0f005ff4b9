"""`llmdeck new` and `llmdeck add`: what they write works at once, and nothing is overwritten."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest

from llmdeck.config.tables import Words
from llmdeck.new.project import FILES, LANGUAGES
from tests.conftest import ROOT, Project, copy_lecture


def new_deck(folder: Path, *arguments: str) -> Project:
    """A deck that `llmdeck new` wrote in a folder called `dark-matter`."""
    done = Project(folder).run("new", "dark-matter", *arguments)
    assert done.returncode == 0, done.stderr
    assert "cd dark-matter && make live" in done.stdout
    return Project(folder / "dark-matter")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_deck_builds_checks_and_lints_clean_at_once(tmp_path: Path, language: str) -> None:
    """A stranger's first commands succeed, in each language, and all three verdicts are there."""
    deck = new_deck(tmp_path, "--lang", language)
    for command in ("build", "check", "lint"):
        done = deck.run(command)
        assert done.returncode == 0, done.stdout + done.stderr
    html = deck.html.read_text(encoding="utf-8")
    assert f'lang="{language}"' in html
    assert "Dark matter" in html
    claims = json.loads(deck.run("claims", "--json").stdout)
    verdicts = {claim["verdict"] for claim in claims}
    assert verdicts == {"verified", "corrected", "cited"}
    assert all(claim["holds"] is not False for claim in claims)


def test_the_languages_compute_the_same() -> None:
    """The demos of the languages differ in what is read, in no function that computes."""
    computing = []
    for language in LANGUAGES:
        source = (FILES / language / "demos/birthday.py").read_text(encoding="utf-8")
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        computing.append([ast.dump(node) for node in functions if node.name != "show"])
    assert all(each == computing[0] for each in computing)


def test_an_italian_deck_translates_every_word_of_the_toolkit(tmp_path: Path) -> None:
    """`[words]` names each word that the toolkit writes itself, so none is left in English."""
    words = new_deck(tmp_path, "--lang", "it").config.words
    english = vars(Words())
    same = [name for name, word in vars(words).items() if word == english[name]]
    assert same == ["false"]  # it is "no" in both


def test_a_number_that_moves_in_a_new_deck_is_named_with_its_slide(tmp_path: Path) -> None:
    """The claim that a changed demo breaks stops the build with its id and its line."""
    deck = new_deck(tmp_path)
    deck.edit("demos/birthday.py", "DAYS = 365", "DAYS = 36")
    done = deck.run("build")
    assert done.returncode == 6
    assert "yours" in done.stderr
    assert "deck/slides/02-birthdays.md.j2" in done.stderr


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    """A file that is there stays, and the message says what to do instead."""
    (tmp_path / "dark-matter").mkdir()
    (tmp_path / "dark-matter/notes.txt").write_text("mine")
    done = Project(tmp_path).run("new", "dark-matter")
    assert done.returncode == 3
    assert "not empty" in done.stderr
    assert [path.name for path in (tmp_path / "dark-matter").iterdir()] == ["notes.txt"]


def test_another_deck_can_be_begun_with(tmp_path: Path) -> None:
    """`--from` copies a deck with its stored results and without what it built."""
    lecture = copy_lecture(tmp_path / "lecture")
    (lecture.root / "build").mkdir()
    (lecture.root / "build/deck.html").write_text("old")
    deck = new_deck(tmp_path, "--from", "lecture")
    assert not (deck.root / "build").exists()
    done = deck.run("build")
    assert "0 variants computed" in done.stdout


def test_what_add_writes_is_a_demo_with_a_control_and_a_claim_that_holds(tmp_path: Path) -> None:
    """The beginning of a demo, a claim over it and a cited one build as they are written."""
    deck = new_deck(tmp_path)
    said = [
        deck.run("add", "demo", "halo_mass").stdout,
        deck.run("add", "claim", "mass", "--demo", "halo_mass").stdout,
        deck.run("add", "claim", "seen").stdout,
    ]
    uses = [text.split("on a slide: ")[1].strip() for text in said]
    assert uses == ['{{ live("halo_mass", "n") }}', '{{ claim("mass") }}', '{{ claim("seen") }}']
    deck.write("deck/slides/04-more.md.j2", "# More\n\n" + "\n\n".join(uses) + "\n")
    done = deck.run("build")
    assert done.returncode == 0, done.stderr
    claims = {claim["id"]: claim for claim in json.loads(deck.run("claims", "--json").stdout)}
    assert claims["mass"]["holds"] is True
    place = said[1].split(": written")[0]
    file, line = place.split(":")
    assert (deck.root / file).read_text(encoding="utf-8").splitlines()[int(line) - 1] == "[mass]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("demo", "birthday"), "there is a demos/birthday.py already"),
        (("demo", "dark-matter"), "can't name a demo"),
        (("claim", "yours"), "there is a claim `yours` already"),
        (("claim", "Two Alike"), "can't be the id of a claim"),
        (("claim", "mass", "--demo", "birthdy"), "did you mean `birthday`?"),
    ],
)
def test_add_overwrites_nothing_and_says_what_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """A name that is taken or can't be one ends with exit code 3, and no file changes."""
    deck = new_deck(tmp_path)
    before = {path: path.read_bytes() for path in deck.root.rglob("*") if path.is_file()}
    done = deck.run("add", *arguments)
    assert done.returncode == 3
    assert message in done.stderr
    assert before == {path: path.read_bytes() for path in before}


def test_the_makefile_of_a_new_deck_has_the_targets_that_its_readme_names() -> None:
    """What the README tells to type is a target of the Makefile."""
    makefile = (FILES / "both/Makefile").read_text(encoding="utf-8")
    targets = {line.split(":")[0] for line in makefile.splitlines() if line[:1].isalpha()}
    for language in LANGUAGES:
        readme = (FILES / language / "README.md").read_text(encoding="utf-8")
        named = {line.split()[1] for line in readme.splitlines() if line.startswith("    make")}
        assert named <= {name for target in targets for name in target.split()}


def test_the_package_has_every_file_of_a_new_deck() -> None:
    """No file that `new` copies is one that git, and so the package's build, leaves out."""
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--ignored", "--exclude-standard", str(FILES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [name for name in listed.splitlines() if not name.endswith(".pyc")] == []
