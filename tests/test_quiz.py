"""Questions: how a guess is read and graded, what `llmdeck quiz` prints, slides that open.

Written-out guesses are the oracle for reading, Chromium for what opens and which slide is shown.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from llmdeck.errors import ClaimError, ConfigError
from llmdeck.ledger import load_ledger
from llmdeck.model import Claim, Place, Verdict
from llmdeck.quiz import Question, questions, read_number
from llmdeck.render.numbers import Numbers
from tests.conftest import ROOT, Project, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUESTIONS = """
[half]
demo = "twice"
says = "la metà pesa {{ size_gb | qty(1) }}"
holds = "double == 2 * n"
asks = "Quanti GB pesa la metà di *{{ double }}*?"
answer = "size_gb"
within = 0.1
verdict = "verified"
sources = ["Autore, 2020: https://example.com/a"]

[double]
demo = "twice"
says = "il doppio è {{ double }}"
holds = "double == 2 * n"
asks = "Quant'è il doppio?"
answer = "double"
within = 0
verdict = "verified"

[silent]
demo = "twice"
says = "tace"
holds = "n > 0"
verdict = "verified"
"""
SLIDES = """
# Uno

niente

---

# Due

{{ quiz("half") }}

{{ quiz("double") }}

---

# Tre
"""


@pytest.fixture
def asking(project: Project) -> Project:
    """A project whose ledger asks two questions, built."""
    project.write("deck/claims.toml", QUESTIONS)
    project.write("deck/slides/01-uno.md.j2", SLIDES)
    words = '[words]\nright = "giusto"\nwrong = "sbagliato"\nnot_a_number = "non è un numero"'
    project.edit("deck/deck.toml", 'lang = "it"', f'lang = "it"\n{words}')
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    return project


def play(project: Project, guesses: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the quiz with these lines on stdin."""
    return subprocess.run(
        [sys.executable, "-m", "llmdeck.cli", "quiz", *arguments],
        cwd=project.root, env=os.environ | {"PYTHONPATH": str(ROOT)}, input=guesses,
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "unit", "expected"),
    [
        ("350", "GB", 350),
        (" 349,2 ", "GB", 349.2),
        ("349.2", "GB", 349.2),
        ("1.234", "", 1234),
        ("1.234,5", "", 1234.5),
        ("174.604.259.328", "", 174604259328),
        ("174 604 259 328", "", 174604259328),
        ("175 miliardi", "", 175e9),
        ("circa 175 miliardi di parametri", "", 175e9),
        ("~ 1,5 milioni", "", 1.5e6),
        ("3 mila miliardi", "", 3e12),
        ("7B", "", 7e9),
        ("1,75e11", "", 1.75e11),
        ("1,75 × 10^11", "", 1.75e11),
        ("circa 6,67 × 10⁻¹¹", "", 6.67e-11),
        ("350 GB", "GB", 350),
        ("0,35 TB", "GB", 350),
        ("1 GiB", "GB", 1.073741824),
        ("1gb", "GiB", 0.931322574615),
        ("20 percento", "%", 20),
        ("-0,5", "", -0.5),
        ("−0,5", "", -0.5),
        ("0", "", 0),
        ("boh", "", None),
        ("", "", None),
        ("1,2,3", "", None),
        ("GPT", "", None),
        ("9" * 39, "", float("9" * 39)),
    ],
)
def test_a_guess_is_read_as_people_write_it_in_italian(
    line: str, unit: str, expected: float | None
) -> None:
    """A decimal comma, groups, magnitudes, units brought to the answer's; no number is none."""
    found = read_number(line, Numbers("it"), unit)
    assert found == (expected if expected is None else pytest.approx(expected, rel=1e-9))


def test_in_english_the_point_is_the_decimal_one() -> None:
    """The same digits mean what the deck's locale says."""
    assert read_number("1.234", Numbers("en")) == 1.234
    assert read_number("1,234.5 million", Numbers("en")) == 1234.5e6


@pytest.mark.parametrize(
    ("answer", "within", "guess", "right"),
    [
        (350, 0.1, 385, True),
        (350, 0.1, 386, False),
        (350, 0.1, 315, True),
        (350, 0.1, 314, False),
        (6, 0, 6, True),
        (6, 0, 7, False),
        (0, 0.1, 0, True),
        (0, 0.1, 0.1, False),
        (-2, 0.5, -1, True),
        (349.208518656, 0, 349.208519, True),
    ],
)
def test_a_guess_is_right_within_the_claims_share_of_the_answer(
    answer: float, within: float, guess: float, right: bool
) -> None:
    """The border belongs to it, on both sides; 0 wants the number, to the digits of a fact."""
    claim = Claim(id="c", says="", verdict=Verdict.VERIFIED, place=Place(file="x"), within=within)
    assert Question(claim=claim, asks="", says="", answer=answer).right(guess) is right


def test_the_quiz_grades_shows_claim_source_and_distance(asking: Project) -> None:
    """Each guess tells by how much; what is no number is asked again; an empty line only shows."""
    done = play(asking, "boh\n50\n\n")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.removeprefix("> ").strip() for line in done.stdout.splitlines() if line]
    assert lines == [
        "1/2  Quanti GB pesa la metà di 42?",
        "non è un numero",
        "✓ giusto: 52,5\u00a0GB (−4,8%)",
        "la metà pesa 52,5\u00a0GB",
        "Autore, 2020: https://example.com/a",
        "llmdeck demo twice",
        "2/2  Quant'è il doppio?",
        "– 42",
        "il doppio è 42",
        "llmdeck demo twice",
        "1/2 giusto",
    ]
    assert "✗ sbagliato: 42 (÷ 21)" in play(asking, "2\n", "--only", "double").stdout
    assert "✗ sbagliato: 42 (+2,4%)" in play(asking, "43\n", "--only", "double").stdout


def test_the_end_of_input_ends_the_quiz_with_the_score(asking: Project) -> None:
    """No traceback, exit 0, only what was answered counts; bytes that are no text are no number."""
    done = play(asking, "52,5 GB\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "1/1 giusto"
    assert play(asking, "").stdout.splitlines()[-1] == "0/0 giusto"
    raw = subprocess.run(
        [sys.executable, "-m", "llmdeck.cli", "quiz"],
        cwd=asking.root, env=os.environ | {"PYTHONPATH": str(ROOT)},
        input=b"\xff\xfe\n42", capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert (raw.returncode, raw.stderr) == (0, b"")
    assert "non è un numero" in raw.stdout.decode()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_ends_the_quiz_with_the_score(asking: Project) -> None:
    """Interrupted while it waits for a guess, it says the score and ends with 0."""
    with subprocess.Popen(
        [sys.executable, "-m", "llmdeck.cli", "quiz"],
        cwd=asking.root, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"42\n")
        process.stdin.flush()
        while b"2/2" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")
    assert rest.decode().splitlines()[-1] == "0/1 giusto"


def test_a_stale_answer_is_computed_anew_and_nothing_is_written(asking: Project) -> None:
    """An edited demo runs for the quiz; the store stays as it is, and a fresh one runs nothing."""
    assert play(asking, "").stderr == ""
    before = {path: path.read_bytes() for path in asking.root.glob("deck/results/*/*")}
    asking.edit("demos/twice.py", "2 * n", "2 * n + 1 - 1")
    asking.edit("demos/twice.py", "2.5 * n", "3 * n")
    done = play(asking, "63\n", "--only", "half")
    assert "running twice" in done.stderr
    assert "✓ giusto: 63\u00a0GB\n" in done.stdout
    assert {path: path.read_bytes() for path in asking.root.glob("deck/results/*/*")} == before


def test_only_picks_and_a_seed_mixes_the_same_way_twice(asking: Project) -> None:
    """Two seeds give the two orders there are, each always the same."""
    config = asking.config

    def order(seed: int | None, *only: str) -> list[str]:
        asked = questions(config, only, seed, lambda *_: None, lambda *_: {})
        return [question.claim.id for question in asked]

    assert order(None) == ["half", "double"]
    assert order(None, "double") == ["double"]
    orders = [order(seed) for seed in range(8)]
    assert orders == [order(seed) for seed in range(8)]
    assert {tuple(each) for each in orders} == {("half", "double"), ("double", "half")}


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ("hal", "error: claim hal is not in the ledger\n  hint: did you mean `half`?"),
        (
            "silent",
            "error: deck/claims.toml:20: claim silent asks nothing\n"
            "  hint: these ask: half, double",
        ),
    ],
)
def test_a_question_that_is_not_there_is_told(asking: Project, only: str, message: str) -> None:
    """An unknown id names its neighbour, a claim without a question those that have one."""
    done = play(asking, "", "--only", only)
    assert done.returncode == ConfigError.exit_code
    assert message in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('answer = "double"\n', "", "claim double: `asks` and `answer` go together"),
        ("within = 0\n", "within = 10\n", "claim double: `within` is a share of the answer"),
        ("within = 0\n", 'within = "0"\n', "claim double: `within` must be a number"),
        (
            'says = "tace"',
            'says = "tace"\nwithin = 0.2',
            "claim silent: `within` belongs to a claim that `asks`",
        ),
    ],
)
def test_the_ledger_refuses_half_a_question(
    asking: Project, old: str, new: str, message: str
) -> None:
    """What could not be asked or graded stops every command."""
    asking.edit("deck/claims.toml", old, new)
    with pytest.raises(ConfigError, match=message):
        load_ledger(asking.config)


@pytest.mark.parametrize("answer", ["duble", "double > 1", "'x'", "double / 0"])
def test_an_answer_that_is_no_number_stops_the_build(asking: Project, answer: str) -> None:
    """The build tells it with the claim's line, also where no slide asks."""
    asking.edit("deck/claims.toml", 'answer = "double"', f'answer = "{answer}"')
    done = asking.run("build")
    assert done.returncode == ClaimError.exit_code
    assert "deck/claims.toml:16: claim double: its answer" in done.stderr


def test_a_fact_that_only_the_answer_reads_is_named_when_it_moves(asking: Project) -> None:
    """`check` names the claim whose answer moved."""
    asking.edit("deck/claims.toml", 'says = "il doppio è {{ double }}"', 'says = "il doppio"')
    asking.edit("deck/claims.toml", 'answer = "double"', 'answer = "size_gb"')
    assert asking.run("build").returncode == 0
    asking.edit("demos/twice.py", "2.5 * n", "2.6 * n")
    assert "size_gb was 52.5, is now 54.6 (claim half, double)" in asking.run("check").stdout


def test_space_and_enter_open_a_question_and_arrows_turn_the_slide(
    asking: Project, chromium: Browser
) -> None:
    """The space bar opens and closes a question that has the focus, else it turns the slide."""
    page = chromium.new_page()
    page.goto(asking.html.as_uri() + "#2")
    active = "document.querySelector('svg.bespoke-marp-active section').id"
    until(page, f"{active} == '2'")
    page.locator("summary").first.focus()
    states = []
    for key in (" ", " ", "Enter"):
        page.keyboard.press(key)
        states.append(
            (page.evaluate(active), page.locator("details").first.evaluate("(d) => d.open"))
        )
    assert states == [("2", True), ("2", False), ("2", True)]
    assert page.locator("#claim-half").is_visible()
    assert not page.locator("#claim-double").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(active) == "3"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+ ")
    page.keyboard.press("Shift+ ")
    page.keyboard.press(" ")
    assert page.evaluate(active) == "2"
    page.close()


def test_printed_every_question_is_open(asking: Project, chromium: Browser) -> None:
    """On paper, where nothing can be clicked, the answers are there."""
    page = chromium.new_page()
    page.goto(asking.html.as_uri() + "#2")
    until(page, "document.querySelector('svg.bespoke-marp-active section').id == '2'")
    height = "document.querySelector('#claim-double').getBoundingClientRect().height"
    visible = (
        "document.querySelector('#claim-double').checkVisibility({contentVisibilityAuto: true})"
    )
    assert not page.evaluate(visible)
    page.emulate_media(media="print")
    until(page, visible)
    assert page.evaluate(height) > 0
    page.close()
