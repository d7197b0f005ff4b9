"""What a claim lacks or must not have, by its verdict, and how to write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmdeck.model import Verdict

EXAMPLES = {
    "demo": '"vram"',
    "with": '{ model = "gpt3-175b" }',
    "says": '"GPT-3 weighs {{ weights_gb | qty }}."',
    "holds": '"weights_gb > 300"',
    "verdict": '"verified"',
    "often": '"GPT-3 weighs 100 GB"',
    "sources": '["Kepler, Astronomia nova, 1609"]',
    "asks": '"How much does GPT-3 weigh?"',
    "answer": '"weights_gb"',
    "within": "0.1",
}
"""A value of each key, as it is written."""


def faults(table: Mapping[str, Any]) -> Iterator[str]:
    """Give what is wrong with a claim, first things first."""
    if "says" not in table:
        yield f"has no sentence: {_example('says')}"
    yield from _faults_of_verdict(table)
    yield from _faults_of_question(table)


def _faults_of_verdict(table: Mapping[str, Any]) -> Iterator[str]:
    """Give what a claim of its verdict lacks, or must not have."""
    verdicts = [verdict.value for verdict in Verdict]
    verdict = table.get("verdict")
    if verdict not in verdicts:
        yield f"`verdict` must be one of {', '.join(verdicts)}"
    if verdict != Verdict.CITED and not ("demo" in table and "holds" in table):
        yield f"a {verdict} claim needs `demo` and `holds`: {_example('demo')}, {_example('holds')}"
    if verdict == Verdict.CITED and not table.get("sources"):
        yield f"a cited claim needs `sources`: {_example('sources')}"
    if verdict == Verdict.CORRECTED and "often" not in table:
        yield f"a corrected claim needs what is usually said: {_example('often')}"
    if verdict != Verdict.CORRECTED and "often" in table:
        yield f"`often` belongs to a corrected claim, and this one is {verdict}"


def _example(key: str) -> str:
    return f"{key} = {EXAMPLES[key]}"


def _faults_of_question(table: Mapping[str, Any]) -> Iterator[str]:
    """Give what is wrong with the question that a claim answers, where it has one."""
    if ("asks" in table) != ("answer" in table):
        yield "`asks` and `answer` go together"
    if "asks" in table and "demo" not in table:
        yield "`asks` needs `demo`: its answer is computed"
    if "within" in table and "asks" not in table:
        yield "`within` belongs to a claim that `asks`"
    if not 0 <= table.get("within", 0) < 1:
        yield "`within` is a share of the answer: 0.1 is a tenth"
