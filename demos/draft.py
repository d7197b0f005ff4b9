"""The draft that this lecture grew from: its sentences counted by what a check of each found.

Each sentence was held against its source or computed again: right, imprecise (true only with more
said) or wrong. What the lecture says now instead is in `deck/claims.toml`, under the same id.

Leaves out: why; sentences that assert nothing (titles, questions).
"""

import tomllib
from pathlib import Path
from typing import Literal

from demos.common.standalone import run_alone
from demos.common.words import wrap

FILE = Path(__file__).parent / "data" / "draft.toml"
FOUND = {"right": "giuste", "imprecise": "imprecise", "wrong": "sbagliate", "missing": "mancanti"}
Found = Literal["all", "right", "imprecise", "wrong", "missing"]


def load_draft() -> list[dict[str, str]]:
    """Read the sentences, in the draft's order.

    >>> load_draft()[7]["id"], load_draft()[7]["verdict"]
    ('tokens-are-real-numbers', 'wrong')
    """
    return tomllib.loads(FILE.read_text(encoding="utf-8"))["sentence"]


def run(*, found: Found = "all") -> dict:
    """Count the sentences, and list those that were `found` so.

    A figure that the draft named and did not have is no sentence: `n_missing` counts it apart.

    >>> facts = run(found="wrong")
    >>> facts["n_sentences"], facts["n_wrong"], facts["sentences"][0]["id"]
    (69, 12, 'tokens-are-real-numbers')
    """
    draft = load_draft()
    counts = {name: sum(row["verdict"] == name for row in draft) for name in FOUND}
    return {
        "found": found,
        "n_sentences": len(draft) - counts["missing"],
        **{f"n_{name}": count for name, count in counts.items()},
        "n_to_correct": counts["imprecise"] + counts["wrong"],
        "sentences": [row for row in draft if found in ("all", row["verdict"])],
    }


def show(facts: dict) -> None:
    """Print the counts, then the sentences that were not right, or those that were asked for."""
    n_sentences, n_missing = facts["n_sentences"], facts["n_missing"]
    print(f"1. Le frasi della bozza: {n_sentences}; le figure che mancavano: {n_missing}")
    for name, label in FOUND.items():
        print(f"   {label:<12}{facts[f'n_{name}']:>4}")
    print("2. Con le parole della bozza")
    for row in facts["sentences"]:
        if facts["found"] == "all" and row["verdict"] == "right":
            continue
        print(wrap(f"   {FOUND[row['verdict']]}: «{row['quote']}»", then="     "))


if __name__ == "__main__":
    run_alone(run, show)
