"""The package that is published: the toolkit alone, whole, and able to begin a deck on its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from llmdeck import __version__
from tests.conftest import ROOT

TARS = (".tar.gz",)


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command that must succeed; return what it printed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(packages: Path) -> Path:
    """The wheel."""
    return next(packages.glob("*.whl"))


def test_the_wheel_is_the_toolkit_and_nothing_else(wheel: Path) -> None:
    """Every file that git has in `llmdeck/` is there, and no file of the lecture or the tests."""
    tracked = run("git", "ls-files", "llmdeck", cwd=ROOT).splitlines()
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == set(tracked)
    assert "llmdeck/py.typed" in inside


def test_the_source_distribution_builds_the_same_wheel(packages: Path, wheel: Path) -> None:
    """What is built from the source distribution has the wheel's files, byte for byte."""
    archive = next(path for path in packages.iterdir() if path.name.endswith(TARS))
    folder = packages / "again"
    folder.mkdir()
    run("tar", "-xzf", archive, "-C", folder, cwd=folder)
    source = next(folder.iterdir())
    assert {path.name for path in source.iterdir()}.isdisjoint({"deck", "demos", "tests"})
    command = ("-m", "build", "--no-isolation", "--wheel", "--outdir", folder / "dist", source)
    run(sys.executable, *command, cwd=folder)
    again = zipfile.ZipFile(next((folder / "dist").glob("*.whl")))
    first = zipfile.ZipFile(wheel)
    for name in first.namelist():
        assert name.endswith("RECORD") or again.read(name) == first.read(name), name


def test_the_metadata_is_what_an_index_takes(packages: Path, wheel: Path) -> None:
    """Twine finds nothing; the version is the package's, also where it is cited."""
    files = [path for path in packages.iterdir() if path.is_file()]
    run(sys.executable, "-m", "twine", "check", "--strict", *files, cwd=ROOT)
    archive = zipfile.ZipFile(wheel)
    metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
    assert message_from_string(archive.read(metadata).decode())["Version"] == __version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == __version__  # type: ignore[index]


def test_another_deck_needs_none_of_the_lectures_packages(wheel: Path) -> None:
    """What every deck needs, by the wheel's own metadata, has no package that only demos use."""
    archive = zipfile.ZipFile(wheel)
    metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
    requires = message_from_string(archive.read(metadata).decode()).get_all("Requires-Dist") or []
    always = {re.split(r"[<>=~!; ]", line)[0] for line in requires if "extra ==" not in line}
    assert {"jinja2", "babel"} <= always
    assert always.isdisjoint({"numpy", "tiktoken", "matplotlib", "tokenizers", "starlette"})


def test_a_deck_is_begun_and_built_with_the_wheel_outside_the_checkout(
    wheel: Path, tmp_path: Path
) -> None:
    """`new`, `build` and `check` work with the installed files alone."""
    installed = tmp_path / "installed"
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target")
    run(sys.executable, *install, installed, wheel, cwd=tmp_path)
    command = (sys.executable, "-m", "llmdeck")
    run(*command, "new", "orbits", cwd=tmp_path, PYTHONPATH=str(installed))
    deck = tmp_path / "orbits"
    where = "import llmdeck; print(llmdeck.__file__)"
    assert str(installed) in run(sys.executable, "-c", where, cwd=deck, PYTHONPATH=str(installed))
    for arguments in (("build",), ("check",)):
        run(*command, *arguments, cwd=deck, PYTHONPATH=str(installed))
    assert "Orbits" in (deck / "build/deck.html").read_text(encoding="utf-8")
