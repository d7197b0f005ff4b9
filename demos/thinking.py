"""Tokens to think with: sums answered at once, and after the steps have been written down.

A model computes as much for a token as for any other. What it has written it reads again: paper to
compute on. The model is SmolLM2-135M-Instruct (`smollm/`). It goes on with two worked examples and
a new sum, by its likeliest token, up to the end of the line, in three ways: a bare result; steps
that it writes alone; steps laid out for it, where it writes only the result of each and is then
led to the next one with what it wrote, right or wrong.

Leaves out: chains of thought in the model's own words, more than two examples, training to reason;
other kinds of problems.
"""

import re
from functools import lru_cache

from demos.common.shares import compare, count_right, in_words
from demos.common.standalone import run_alone
from demos.common.sums import (
    N_STEPS,
    N_SUMS,
    Numbers,
    draw_sums,
    make_prompt,
    next_step,
    write_sum,
)
from demos.common.words import number, wrap
from demos.smollm import batch
from demos.smollm.generate import END
from demos.smollm.tokenizer import decode, encode
from demos.smollm.weights import load

KINDS = {"three": "tre numeri di una cifra", "two_digit": "due numeri di due cifre"}
WAYS = {"direct": "subito", "steps": "coi passi, da solo", "led": "coi passi, guidato"}
MOST_TOKENS = {"three": 22, "two_digit": 38}  # of a line: a right one has ended by then
LINE_END = (*END, *encode("\n"))
CUT = "…"  # after a line that had not ended by then: it has no answer


@lru_cache(maxsize=6)
def ask(kind: str, way: str) -> list[dict]:
    """Ask all sums of a kind in one way: a row for each, with the last number of its line.

    >>> len(ask("three", "direct"))
    40
    """
    sums = draw_sums(kind)
    texts = [make_prompt(numbers, kind, way) for numbers in sums]
    lines = lead(sums, texts, kind) if way == "led" else go_on(texts, MOST_TOKENS[kind], LINE_END)
    rows = []
    for numbers, line in zip(sums, lines, strict=True):
        said = read_last(line)
        row = {"sum": write_sum(numbers), "true": sum(numbers), "line": line, "said": said}
        rows.append(row | {"right": said == sum(numbers)})
    return rows


def go_on(texts: list[str], n_tokens: int, stop: tuple[int, ...]) -> list[str]:
    """Go on with texts up to one of the tokens in `stop`, or else mark where they were cut.

    >>> go_on(["1, 2, 3, 4, 5,"], 3, (28,)), go_on(["1, 2, 3, 4, 5,"], 3, ())
    (['6'], ['6,…'])
    """
    found = batch.greedy(load(), list(map(encode, texts)), n_tokens, stop=stop)
    return [decode(ids).strip() + CUT * (len(ids) == n_tokens) for ids in found]


def lead(sums: list[Numbers], texts: list[str], kind: str) -> list[str]:
    """Lay out each step, let the model write its result, and go on with that: a line for each sum.

    A result without a number counts as 0.
    """
    results: list[list[int]] = [[] for _ in sums]
    lines = list(texts)
    for _ in range(N_STEPS[kind]):
        pairs = map(next_step, sums, results)
        lines = [f"{line} {write_sum(pair)} =" for line, pair in zip(lines, pairs, strict=True)]
        for row, text in enumerate(go_on(lines, 5, (*LINE_END, *encode(",")))):
            results[row].append(read_last(text) or 0)
            lines[row] += f" {results[row][-1]},"
    return [line[len(text) + 1 : -1] for line, text in zip(lines, texts, strict=True)]


def read_last(line: str) -> int | None:
    """Find the last number of a line.

    >>> read_last("3 + 4 = 7, 7 + 5 = 12"), read_last(""), read_last("3 + 4 = 7, 7…")
    (12, None, None)
    """
    found = re.findall(r"\d+", line)
    return int(found[-1]) if found and not line.endswith(CUT) else None


def run() -> dict:
    """Ask both kinds of sums in all ways: how many are right, and how far the ways differ."""
    return {"n_sums": N_SUMS, **{kind: compare_ways(kind) for kind in KINDS}}


def compare_ways(kind: str) -> dict:
    """Count the right sums of a kind in each way, and compare with a bare result, sum by sum.

    >>> compare_ways("three")["example"]["direct"]["sum"]
    '8 + 6 + 5'
    """
    rows = {way: ask(kind, way) for way in WAYS}
    right = {way: [row["right"] for row in rows[way]] for way in WAYS}
    return {
        **{way: count_right(right[way]) for way in WAYS},
        "steps_against_direct": compare(right["direct"], right["steps"]),
        "led_against_direct": compare(right["direct"], right["led"]),
        "example": {way: rows[way][0] for way in WAYS},
        "prompt": make_prompt(draw_sums(kind)[0], kind, "steps"),
    }


def show(facts: dict) -> None:
    """Print for both kinds of sums an example in each way, and how many are right."""
    for n, (kind, name) in enumerate(KINDS.items(), start=1):
        both = facts[kind]
        print(f"{n}. {facts['n_sums']} somme di {name}, come {both['example']['direct']['sum']}.")
        for way, how in WAYS.items():
            print(f"   {how:<20}{in_words(both[way])}")
            print(wrap(f"      scrive «{both['example'][way]['line']}»"))
        for way in ("steps", "led"):
            p_value = number(both[f"{way}_against_direct"]["p_value"])
            print(f"   subito o {WAYS[way]}, somma per somma: p = {p_value} (McNemar)")


if __name__ == "__main__":
    run_alone(run, show)
