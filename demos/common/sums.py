"""Sums to ask a model, with examples before them: bare, or with the steps that lead to the result.

Leaves out: other operations, larger numbers.
"""

import numpy as np

N_SUMS = 40  # of each kind
SEED = 0
EXAMPLES = {"three": ((2, 5, 6), (9, 1, 4)), "two_digit": ((23, 45), (61, 17))}
RANGES = {"three": (1, 10), "two_digit": (10, 100)}
N_STEPS = {"three": 2, "two_digit": 3}

Numbers = tuple[int, ...]


def draw_sums(kind: str) -> list[Numbers]:
    """Draw different sums of one kind, none of which is an example.

    >>> len(set(draw_sums("three"))), len(draw_sums("two_digit")[0])
    (40, 2)
    """
    rng = np.random.default_rng(SEED)
    size = len(EXAMPLES[kind][0])
    found: list[Numbers] = []
    while len(found) < N_SUMS:
        numbers = tuple(map(int, rng.integers(*RANGES[kind], size=size)))
        if numbers not in (*EXAMPLES[kind], *found):
            found.append(numbers)
    return found


def next_step(numbers: Numbers, results: list[int]) -> tuple[int, int]:
    """Say which two numbers to add next: one after the other, or tens, units, and both results.

    >>> next_step((2, 5, 6), []), next_step((2, 5, 6), [7]), next_step((23, 45), [60])
    ((2, 5), (7, 6), (3, 5))
    """
    if len(numbers) == 3:
        return (results[0], numbers[2]) if results else numbers[:2]
    one, other = numbers
    steps = ((one - one % 10, other - other % 10), (one % 10, other % 10))
    return steps[len(results)] if len(results) < 2 else (results[0], results[1])


def write_sum(numbers: Numbers) -> str:
    """Write a sum.

    >>> write_sum((2, 5, 6))
    '2 + 5 + 6'
    """
    return " + ".join(map(str, numbers))


def write_steps(numbers: Numbers, kind: str) -> str:
    """Write the right steps of a sum.

    >>> write_steps((2, 5, 6), "three"), write_steps((23, 45), "two_digit")
    ('2 + 5 = 7, 7 + 6 = 13', '20 + 40 = 60, 3 + 5 = 8, 60 + 8 = 68')
    """
    results: list[int] = []
    steps = []
    while len(steps) < N_STEPS[kind]:
        pair = next_step(numbers, results)
        results.append(sum(pair))
        steps.append(f"{write_sum(pair)} = {sum(pair)}")
    return ", ".join(steps)


def make_prompt(numbers: Numbers, kind: str, way: str) -> str:
    """Write two examples and the sum.

    >>> print(make_prompt((3, 4, 5), "three", "steps"))
    2 + 5 + 6: 2 + 5 = 7, 7 + 6 = 13
    9 + 1 + 4: 9 + 1 = 10, 10 + 4 = 14
    3 + 4 + 5:
    """
    sign = " =" if way == "direct" else ":"
    lines = []
    for example in EXAMPLES[kind]:
        worked = sum(example) if way == "direct" else write_steps(example, kind)
        lines.append(f"{write_sum(example)}{sign} {worked}")
    return "\n".join([*lines, f"{write_sum(numbers)}{sign}"])
