"""The draft's count against its file read line by line, and against the ledger.

Oracle: the lines of `demos/data/draft.toml`; the verdicts of `deck/claims.toml`.
"""

import re
import tomllib

import pytest

from demos.draft import FILE, FOUND, run, show
from tests.conftest import ROOT

LEDGER = tomllib.loads((ROOT / "deck/claims.toml").read_text(encoding="utf-8"))


def test_the_counts_are_those_of_the_file() -> None:
    """Each verdict is counted as often as its line stands in the file."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    facts = run()
    for name in FOUND:
        assert facts[f"n_{name}"] == lines.count(f'verdict = "{name}"')
    assert facts["n_right"] + facts["n_to_correct"] == facts["n_sentences"]
    assert facts["n_sentences"] + facts["n_missing"] == lines.count("[[sentence]]") == 70


def test_each_sentence_of_the_draft_is_in_the_ledger_and_right_ones_are_not_corrected() -> None:
    """What was imprecise or wrong is corrected or cited there; what was right is not corrected."""
    for row in run()["sentences"]:
        verdict = LEDGER[row["id"]]["verdict"]
        if row["verdict"] in ("imprecise", "wrong"):
            assert verdict in ("corrected", "cited"), row["id"]
        else:
            assert verdict != "corrected", row["id"]


def plain(text: str) -> str:
    """Give a text as it is compared: one kind of apostrophe, no capitals, no escapes."""
    return re.sub(r"[\\`]", "", text.replace("’", "'")).casefold()


def test_what_is_corrected_was_said_so_in_the_draft() -> None:
    """Each `often` is the draft's own words; … stands for words that are left out."""
    draft = plain("\n".join(row["quote"] for row in run()["sentences"]))
    for key, claim in LEDGER.items():
        for part in plain(claim.get("often", "")).split(" … "):
            assert part in draft, key


@pytest.mark.parametrize("found", ["all", "wrong", "missing"])
def test_the_walk_through_fits(found: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No printed line is longer than 88 characters, and what was asked for is all there."""
    facts = run(found=found)
    show(facts)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert out.count("«") == len([r for r in facts["sentences"] if r["verdict"] != "right"])
