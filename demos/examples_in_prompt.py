"""Examples in the prompt: with none the LLM goes on anyhow, with some it sees what is asked of it.

A prompt is a list of lines such as "Spain -> Madrid", and last a word and an arrow without its
answer. Three tasks are not said, but shown by 0, 1, 2, 4 or 8 such lines: capitals, opposites,
Italian words in English (few-shot, https://arxiv.org/abs/2005.14165). No weight changes. The 24
words that are asked are the same each time and never among the examples, which come in one order,
each number of them going on from the smaller one (`data/examples.toml`). An answer is right where
the likeliest tokens are those of a right answer and then a new line.

Leaves out: other examples and other orders of them, which matter much
(https://arxiv.org/abs/2104.08786); saying the task in words; right answers with more behind them.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Literal

from demos.common.shares import share_of
from demos.common.short_answers import is_right
from demos.common.standalone import run_alone
from demos.common.tokens.pieces import one_line
from demos.common.words import columns, number, percent, wrap
from demos.smollm import tokenizer, weights
from demos.smollm.batch import greedy
from demos.smollm.packed import hidden_each

Task = Literal["capitals", "opposites", "translations"]
Examples = Literal["0", "1", "2", "4", "8"]
TASKS = Path(__file__).parent / "data" / "examples.toml"
COUNTS, MOST = (0, 1, 2, 4, 8), 8
N_SHOWN, N_TOKENS = 4, 10  # words that are shown with their answers; tokens of one


@lru_cache
def read_tasks() -> dict[str, dict]:
    """Read the tasks, by id.

    >>> read_tasks()["capitals"]["pairs"][0]
    ['Spain', 'Madrid']
    """
    tasks = tomllib.loads(TASKS.read_text(encoding="utf-8"))["task"]
    return {task["id"]: task for task in tasks}


def write_prompt(task: str, n_examples: int, word: str) -> str:
    r"""Write a prompt: examples with their answers, then a word without.

    >>> write_prompt("capitals", 1, "Italy")
    'Spain -> Madrid\nItaly ->'
    """
    examples = read_tasks()[task]["pairs"][:n_examples]
    lines = [f"{shown} -> {right[0]}" for shown, *right in examples]
    return "\n".join([*lines, f"{word} ->"])


def asked(task: str) -> list[list[str]]:
    """List the words that are asked, each with its right answers.

    >>> len(asked("capitals")), asked("capitals")[0]
    (24, ['France', 'Paris'])
    """
    return read_tasks()[task]["pairs"][MOST:]


@lru_cache
def right_words(task: str, n_examples: int) -> frozenset[str]:
    """Find the asked words that the model would answer right.

    One pass reads every right answer where it would stand, and sees whether each of its tokens, and
    the new line at its end, is the likeliest there: then the model would write just that.

    >>> sorted(right_words("opposites", 1))
    ['true']
    """
    tried = [(word, one) for word, *right in asked(task) for one in right]
    begins = [tokenizer.encode(write_prompt(task, n_examples, word)) for word, _ in tried]
    answers = [tokenizer.encode(f" {one}\n") for _, one in tried]
    texts = [begin + answer for begin, answer in zip(begins, answers, strict=True)]
    found, model = set(), weights.load()
    for n, states in enumerate(hidden_each(model, texts)):
        before = states[len(begins[n]) - 1 : -1]  # [A, d]: what comes before each token of it
        likeliest = (before @ model.embedding.T).argmax(axis=1)  # [A, d] @ [d, V] → [A]
        if likeliest.tolist() == answers[n]:
            found.add(tried[n][0])
    return frozenset(found)


@lru_cache
def write_answers(task: str, n_examples: int) -> list[dict]:
    """Let the model answer the first words that are asked.

    >>> write_answers("opposites", 8)[0]
    {'word': 'hot', 'right': 'cold', 'answer': 'cold', 'is_right': True}
    """
    pairs = asked(task)[:N_SHOWN]
    prompts = [tokenizer.encode(write_prompt(task, n_examples, word)) for word, *_ in pairs]
    written = greedy(weights.load(), prompts, N_TOKENS)
    rows = []
    for (word, *right), ids in zip(pairs, written, strict=True):
        line, is_ended, _ = tokenizer.decode(ids).partition("\n")
        answer = line.strip()
        row = {"word": word, "right": right[0], "answer": one_line(answer) if answer else ""}
        rows.append(row | {"is_right": bool(is_ended) and is_right(answer, right)})
    return rows


def run(*, task: Task = "capitals", n_examples: Examples = "4") -> dict:
    """Ask all tasks with each number of examples; show some answers of `task` with `n_examples`."""
    by_task = []
    for name, about in read_tasks().items():
        n_asked = len(asked(name))
        shares = [{"n_examples": n} | share_of(len(right_words(name, n)), n_asked) for n in COUNTS]
        by_task.append({"task": name, "name": about["name"], "by_examples": shares})
    n = int(n_examples)
    word = asked(task)[0][0]
    place = list(read_tasks()).index(task)
    return {
        "task": task,
        "n_examples": n,
        "prompt": write_prompt(task, n, word).split("\n"),
        "answers": write_answers(task, n),
        "chosen": by_task[place]["by_examples"][COUNTS.index(n)],
        "tasks": by_task,
        "n_asked": len(asked(task)),
        "most_examples": MOST,
    }


def show(facts: dict) -> None:
    """Print a prompt, what the model answers to it and to others, then all counts."""
    print(f"1. Il prompt, con {facts['n_examples']} esempi")
    for line in facts["prompt"]:
        print(f"   {line}")
    print("\n2. Il modello continua")
    for row in facts["answers"]:
        mark = "giusto" if row["is_right"] else f"sbagliato, era {row['right']}"
        print(wrap(f"   {row['word']} -> {row['answer'] or '(niente)'} ({mark})"))
    print(f"""
3. Risposte giuste su {facts["n_asked"]}
   {"esempi nel prompt":<26}{columns(COUNTS, 10)}""")
    for task in facts["tasks"]:
        counts = columns((one["n_right"] for one in task["by_examples"]), 10)
        print(f"   {task['name']:<26}{counts}")
    print("   con 8 esempi, intervallo al 95%:")
    for task in facts["tasks"]:
        print(f"   {task['name']:<26}{described(task['by_examples'][-1])}")


def described(share: dict) -> str:
    """Write a count with the interval of its share.

    >>> described(share_of(7, 24))
    '7 su 24 (da 15 a 49%)'
    """
    low, high = number(100 * share["low"], 0), percent(share["high"], 0)
    return f"{share['n_right']} su {share['n']} (da {low} a {high})"


if __name__ == "__main__":
    run_alone(run, show)
