"""How many times a letter occurs in a word, asked of a model that reads tokens and no letters.

Each word here is one token: to the model `strawberry` is one number, and which letters stand in it,
it can only have learned from what texts say of it. Spelled out, s-t-r-a-w…, each letter is a token
of its own. The model (SmolLM2-135M-Instruct, `smollm/`) is asked both ways, in its chat template,
and its answer is begun for it (`The letter "r" occurs`), as it begins by itself; the first number
in what it adds is what it said.

Leaves out: other wordings of the question, examples in the prompt, larger models; whether a model
that was trained to spell would do better.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Literal

from demos.common.answers import read_number
from demos.common.shares import compare, count_right, in_words
from demos.common.standalone import run_alone
from demos.common.tokens.pieces import piece, visible
from demos.common.words import columns, number, wrap
from demos.smollm import batch
from demos.smollm.tokenizer import chat, decode, encode
from demos.smollm.weights import load

FILE = Path(__file__).parent / "data" / "letters.toml"
Word = Literal["strawberry", "banana", "tomorrow", "letter", "window", "garden"]
QUESTION = "How many times does the letter {letter} occur in the word {word}?"
BEGUN = 'The letter "{letter}" occurs'
N_TOKENS = 5  # of the answer, after its beginning
WAYS = {"whole": "un token solo", "spelled": "lettera per lettera"}


@lru_cache(maxsize=1)
def read_words() -> tuple[tuple[str, str], ...]:
    """Read the words, each with the letter to count.

    >>> len(read_words()), read_words()[0]
    (40, ('garden', 'd'))
    """
    groups = tomllib.loads(FILE.read_text(encoding="utf-8"))
    lines = [line for group in groups.values() for line in group]
    return tuple((word, letter) for word, letter in map(str.split, lines))


def spell(word: str) -> str:
    """Write a word letter by letter.

    >>> spell("apple")
    'a-p-p-l-e'
    """
    return "-".join(word)


def make_prompt(word: str, letter: str) -> list[int]:
    """Ask in the chat template, and begin the answer.

    >>> for line in decode(make_prompt("apple", "p")).splitlines()[-3:]:
    ...     print(line)
    How many times does the letter p occur in the word apple?<|im_end|>
    <|im_start|>assistant
    The letter "p" occurs
    """
    question = QUESTION.format(letter=letter, word=word)
    return chat(question) + encode(BEGUN.format(letter=letter))


@lru_cache(maxsize=1)
def ask_all() -> dict[str, list[dict]]:
    """Ask about all words, in both ways: for each, what the model said.

    >>> [len(rows) for rows in ask_all().values()]
    [40, 40]
    """
    both = {"whole": str, "spelled": spell}
    return {way: ask([write(word) for word, _ in read_words()]) for way, write in both.items()}


def ask(written: list[str]) -> list[dict]:
    """Ask about the words, written as they are here: rows with what was said and what is true."""
    letters = [letter for _, letter in read_words()]
    prompts = list(map(make_prompt, written, letters))
    answers = map(decode, batch.greedy(load(), prompts, N_TOKENS))
    rows = []
    for (word, letter), form, answer in zip(read_words(), written, answers, strict=True):
        said, true = read_number(answer), word.count(letter)
        row = {"word": word, "letter": letter, "said": said, "true": true, "right": said == true}
        ids = encode(f" {form}")
        row |= {"ids": ids, "pieces": list(map(piece, ids)), "answer": visible(answer.encode())}
        rows.append(row)
    return rows


def count(rows: list[dict]) -> dict:
    """Count the answers of one way: those right, and what is said for each true number.

    >>> count([{"true": 1, "said": 2, "right": False}])["said_by_true"]["1"]
    {'1': 0, '2': 1, '3': 0, 'other': 0}
    """
    table = {n: dict.fromkeys(("1", "2", "3", "other"), 0) for n in ("1", "2", "3")}
    for row in rows:
        said = str(row["said"])
        table[str(row["true"])][said if said in ("1", "2", "3") else "other"] += 1
    return count_right([row["right"] for row in rows]) | {"said_by_true": table}


def run(*, word: Word = "strawberry") -> dict:
    """Count what the model says of all words, in both ways, and look at one word."""
    rows = ask_all()
    place = [known for known, _ in read_words()].index(word)
    asked = {way: rows[way][place] for way in WAYS}
    letter = asked["whole"]["letter"]
    return {
        "word": word,
        "letter": letter,
        "n_true": asked["whole"]["true"],
        "question": QUESTION.format(letter=letter, word=word),
        "asked": asked,
        "n_words": len(rows["whole"]),
        "n_one_token": sum(len(row["pieces"]) == 1 for row in rows["whole"]),
        **{way: count(rows[way]) for way in WAYS},
        **compare_ways(rows),
    }


def compare_ways(rows: dict[str, list[dict]]) -> dict:
    """Compare both ways, word by word, with each other and with saying always «1».

    >>> compare_ways(ask_all())["always_one"]["n_right"]
    16
    """
    always_one = [row["true"] == 1 for row in rows["whole"]]
    right = {way: [row["right"] for row in rows[way]] for way in WAYS}
    return {
        "always_one": count_right(always_one),
        "difference": compare(right["whole"], right["spelled"]),
        "against_always_one": {way: compare(always_one, right[way]) for way in WAYS},
    }


def show(facts: dict) -> None:
    """Print the word in both ways with the answers, then what was said of all words."""
    print(f"1. Quante «{facts['letter']}» in «{facts['word']}»? Sono {facts['n_true']}.")
    print(f"   Domanda: «{facts['question']}»")
    for way, name in WAYS.items():
        asked = facts["asked"][way]
        tokens = " | ".join(asked["pieces"])
        print(wrap(f"   {name}: {tokens}. Risposta: «…{asked['answer']}»"))
    print(f"\n2. Lo stesso con {facts['n_words']} parole, tutte di un token. Giuste:")
    for name, way in (*zip(WAYS.values(), WAYS, strict=True), ("dire sempre «1»", "always_one")):
        print(f"   {name:<22}{in_words(facts[way])}")
    show_said(facts)
    p_value = number(facts["difference"]["p_value"], 2)
    print(f"\n4. Fra i due modi, parola per parola: p = {p_value} (McNemar).")


def show_said(facts: dict) -> None:
    """Print how often each number was said, for each true one."""
    print("\n3. Che cosa dice (colonne: 1, 2, 3, altro) per ogni numero vero:")
    for way, name in WAYS.items():
        for true, said in facts[way]["said_by_true"].items():
            print(f"   {name:<22}{true}{columns(said.values(), 5)}")


if __name__ == "__main__":
    run_alone(run, show)
