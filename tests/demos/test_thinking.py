"""The thinking demo.

Oracles: Python's own sums, `generate.greedy` one sum at a time, McNemar's binomial written out.
"""

import json
from math import comb

import pytest

from demos.common.sums import EXAMPLES, draw_sums, make_prompt, write_steps
from demos.figures.thinking import alt, plot
from demos.smollm.generate import greedy
from demos.smollm.tokenizer import decode, encode
from demos.smollm.weights import load
from demos.thinking import KINDS, LINE_END, MOST_TOKENS, WAYS, ask, read_last, run, show
from tests.demos.looks import assert_apart, assert_legible, printed_with_each_thread_count


@pytest.mark.parametrize("kind", KINDS)
def test_the_sums_are_forty_different_ones_and_no_example(kind: str) -> None:
    """Of the right size and range; the steps of each, computed by Python, are all true."""
    sums = draw_sums(kind)
    assert len(set(sums)) == len(sums) == 40
    assert not set(sums) & set(EXAMPLES[kind])
    low, high = {"three": (1, 9), "two_digit": (10, 99)}[kind]
    assert all(low <= n <= high for numbers in sums for n in numbers)
    for numbers in sums:
        steps = write_steps(numbers, kind).split(", ")
        assert all(eval(step.replace("=", "==")) for step in steps)  # noqa: S307  our own text
        assert steps[-1].endswith(f"= {sum(numbers)}")
        assert len(encode(f" {write_steps(numbers, kind)}")) < MOST_TOKENS[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["direct", "steps"])
def test_the_lines_are_those_of_one_sum_at_a_time(kind: str, way: str) -> None:
    """With the same prompt `generate` writes the same line."""
    for numbers, row in list(zip(draw_sums(kind), ask(kind, way), strict=True))[:2]:
        ids = encode(make_prompt(numbers, kind, way))
        alone = list(greedy(load(), ids, MOST_TOKENS[kind], stop=LINE_END))
        assert row["line"].rstrip("…") == decode(alone).strip()
        assert row["line"].endswith("…") == (len(alone) == MOST_TOKENS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_where_it_is_led_only_results_are_the_models(kind: str) -> None:
    """Each step adds what stands in the sum, or what the model wrote before."""
    for numbers, row in zip(draw_sums(kind), ask(kind, "led"), strict=True):
        steps = [step.split(" = ") for step in row["line"].split(", ")]
        results = [step[1] for step in steps]
        if kind == "three":
            asked = [f"{numbers[0]} + {numbers[1]}", f"{results[0]} + {numbers[2]}"]
        else:
            (a, b), (c, d) = (divmod(n, 10) for n in numbers)
            asked = [f"{a}0 + {c}0", f"{b} + {d}", f"{results[0]} + {results[1]}"]
        assert [left for left, _ in steps] == asked
        assert row["said"] == int(results[-1])


def test_the_counts_and_the_tests_are_those_of_the_rows() -> None:
    """Right sums counted again, and McNemar's p of those that changed."""
    facts = run()
    for kind in KINDS:
        right = {
            way: [read_last(row["line"]) == row["true"] for row in ask(kind, way)] for way in WAYS
        }
        for way in WAYS:
            assert facts[kind][way]["n_right"] == sum(right[way])
        pairs = list(zip(right["direct"], right["led"], strict=True))
        lost, won = pairs.count((True, False)), pairs.count((False, True))
        n = lost + won
        p_value = min(1, 2 * sum(comb(n, k) for k in range(min(lost, won) + 1)) / 2**n)
        assert facts[kind]["led_against_direct"]["p_value"] == pytest.approx(p_value, rel=0.05)


def test_what_is_shown_is_legible_and_inside(capsys: pytest.CaptureFixture[str]) -> None:
    """No text is too small, outside the figure or upon another; lines fit 88 columns."""
    facts = run()
    assert_apart(assert_legible(plot(facts)))
    assert f"{facts['three']['led']['n_right']} su 40" in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """Processes with one and two BLAS threads write the same JSON, which is that of this one."""
    code = "import json; from demos.thinking import run; print(json.dumps(run()))"
    answers = printed_with_each_thread_count(code)
    assert answers[0] == answers[1]
    assert json.loads(answers[0]) == run()
