"""`deck.toml`: defaults, limits of single demos, and errors that name the line.

Written-out files are the oracle.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from llmdeck.config import TomlFile, find_root, load
from llmdeck.errors import ConfigError
from tests.conftest import Project


def test_a_demos_own_limits_win_over_the_general_ones(project: Project) -> None:
    """What `[demos.NAME]` leaves out comes from `[limits]`."""
    project.write(
        "deck/deck.toml",
        '[deck]\ntitle = "x"\n[limits]\ntime_s = 5\nmemory_gib = 1.0\n[demos.a]\ntime_s = 9\n',
    )
    config = project.config
    assert (config.limits_of("a").time_s, config.limits_of("a").memory_gib) == (9, 1.0)
    assert config.limits_of("b").time_s == 5


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('[deck]\ntitle = "x"\nlangg = "it"\n', "unknown key `langg`", 3),
        ('[deck]\ntitle = "x"\n[limit]\n', "unknown key `limit`", 3),
        (
            '[deck]\ntitle = "x"\npaginate = "yes"\n',
            "`paginate` in \\[deck\\] must be true or false, not 'yes'",
            3,
        ),
        (
            '[deck]\ntitle = "x"\n[limits]\ntime_s = true\n',
            "`time_s` in \\[limits\\] must be a number",
            4,
        ),
        (
            '[deck]\ntitle = "x"\n[lint]\nnames = ["a", 3]\n',
            "`names` in \\[lint\\] must be a list of texts",
            4,
        ),
        (
            '[deck]\ntitle = "x"\n[controls.b]\nlabel = "y"\n[controls.a]\nlabel = 3\n',
            "`label` in \\[controls.a\\] must be text",
            6,
        ),
        (
            '[deck]\ntitle = "x"\n[lint]\nnames = [\n  "a",\n]\nnamez = []\n',
            "unknown key `namez` in \\[lint\\]",
            7,
        ),
        ('[deck]\ntitle = "x"\n[demos]\na = 3\n', "\\[demos.a\\] must be a table", 4),
        ('demos = 3\n[deck]\ntitle = "x"\n', "\\[demos\\] must be a table", 1),
        ('[deck]\nlang = "it"\n', "title", 1),
        ("[deck\n", "not TOML", 1),
    ],
)
def test_a_mistake_in_deck_toml_is_told_with_its_line(
    project: Project, text: str, message: str, line: int
) -> None:
    """An unknown key, a wrong type, a missing title and broken TOML name the file and the line."""
    project.write("deck/deck.toml", text)
    with pytest.raises(ConfigError, match=message) as caught:
        load(project.root)
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.line) == ("deck/deck.toml", line)


def test_an_unknown_key_names_the_nearest_known_one(project: Project) -> None:
    """The hint of a misspelt key is the key that was meant."""
    project.write("deck/deck.toml", '[deck]\ntitle = "x"\nauthr = "y"\n')
    with pytest.raises(ConfigError) as caught:
        load(project.root)
    assert caught.value.hint == "did you mean `author`?"


def test_an_unknown_locale_is_an_error(project: Project) -> None:
    """A locale that Babel doesn't know stops the build with a clear message."""
    project.write("deck/deck.toml", '[deck]\ntitle = "x"\nlocale = "xx_YY"\n')
    done = project.run("build")
    assert done.returncode == 3
    assert "unknown locale `xx_YY`" in done.stderr


def test_the_project_is_found_from_any_folder_below_it(project: Project) -> None:
    """A command works in every folder of the project, and says so where there is none."""
    below = project.root / "deck/slides"
    assert find_root(below) == project.root
    with pytest.raises(ConfigError, match=r"no deck/deck\.toml"):
        find_root(project.root.parent)


def test_a_key_stands_on_its_own_line_however_toml_writes_it(tmp_path: Path) -> None:
    """Dotted and quoted names, texts and lists over several lines that look like keys or tables."""
    path = tmp_path / "a.toml"
    path.write_text(
        """
a.b = 1
"x y".z = [ # ] no end
  ["label = 3"],
  ["q"]
]
[c]  # [d]
label = '''
[no]
label = "it's"'''
u = { v = 1 }
[[list]]
'k' = 'a"b # ['
[ "a.b" . c ]
label = 1
""",
        encoding="utf-8",
    )
    place = TomlFile.read(path, "a.toml").place
    lines = {
        ("a",): 2,
        ("a", "b"): 2,
        ("x y", "z"): 3,
        ("c",): 7,
        ("c", "label"): 8,
        ("c", "u"): 11,
        ("c", "u", "v"): 11,
        ("list", "k"): 13,
        ("a.b", "c"): 14,
        ("a.b", "c", "label"): 15,
        ("no", "label"): 0,
    }
    assert {key: place(*key).line for key in lines} == lines
