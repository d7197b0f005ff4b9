"""The same question bare, and in the chat template: text to go on with, or a turn to answer.

A model of language goes on with a text. What makes it answer is how the text is laid out: before
and after each turn stand tokens that no user can type, `<|im_start|>` and `<|im_end|>`, as in the
conversations that it was tuned on. The model is SmolLM2-135M-Instruct (`smollm/`); it goes on by
its likeliest token. An answer counts where it has one of the words that a right one has
(`data/questions.toml`), whatever else it says.

Leaves out: other templates, the part of the system message in it, conversations of several turns;
a model that was never tuned.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Literal

from demos.common.answers import has_word
from demos.common.shares import compare, count_right, in_words
from demos.common.standalone import run_alone
from demos.common.tokens.pieces import piece, visible
from demos.common.words import number, wrap
from demos.smollm import batch
from demos.smollm.tokenizer import chat, decode, encode
from demos.smollm.weights import load

FILE = Path(__file__).parent / "data" / "questions.toml"
Question = Literal[
    "What is the capital of France?",
    "What is the opposite of hot?",
    "Who wrote Romeo and Juliet?",
    "What do bees make?",
    "How many legs does a spider have?",
]
N_TOKENS = 32  # of each continuation, at most
WAYS = {"bare": "senza template", "template": "con il template"}
PROMPTS = {"bare": encode, "template": chat}


@lru_cache(maxsize=1)
def read_questions() -> dict[str, tuple[str, ...]]:
    """Read the questions, each with the words one of which a right answer has.

    >>> len(read_questions()), read_questions()["What do bees make?"]
    (24, ('honey',))
    """
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["question"]
    return {row["text"]: tuple(row["words"]) for row in rows}


@lru_cache(maxsize=1)
def ask_all() -> dict[str, list[dict]]:
    """Ask all questions in both ways: a row for each.

    >>> [len(rows) for rows in ask_all().values()]
    [24, 24]
    """
    return {way: ask(way) for way in WAYS}


def ask(way: str) -> list[dict]:
    """Go on with each question, laid out in one way."""
    questions = read_questions()
    prompts = [PROMPTS[way](text) for text in questions]
    found = batch.greedy(load(), prompts, N_TOKENS)
    return [
        look(ids, prompt, words)
        for ids, prompt, words in zip(found, prompts, questions.values(), strict=True)
    ]


def look(ids: list[int], prompt: list[int], words: tuple[str, ...]) -> dict:
    """Describe a continuation.

    >>> look(encode(" Honey."), encode("Bees make"), ("honey",))["answers"]
    True
    """
    text = decode(ids)
    return {
        "pieces": list(map(piece, prompt)),
        "special": [token for token, one in enumerate(prompt) if is_special(one)],
        "text": visible(text.encode()).replace("·", " "),
        "n_tokens": len(ids),
        "ends": len(ids) < N_TOKENS,
        "is_empty": not text.strip(),
        "answers": has_word(text, words),
    }


def is_special(token: int) -> bool:
    """Tell whether this is a token that no text makes.

    >>> is_special(1), is_special(504)
    (True, False)
    """
    return encode(decode([token])) != [token] and encode(decode([token]), special=True) == [token]


def count(rows: list[dict]) -> dict:
    """Count the questions that are answered, left without a word, and brought to an end.

    >>> count([{"answers": True, "is_empty": False, "ends": True}])["n_empty"]
    0
    """
    return count_right([row["answers"] for row in rows]) | {
        "n_empty": sum(row["is_empty"] for row in rows),
        "n_ended": sum(row["ends"] for row in rows),
    }


def run(*, question: Question = "What is the capital of France?") -> dict:
    """Ask all questions in both ways, and look at one of them."""
    rows = ask_all()
    place = list(read_questions()).index(question)
    answered = {way: [row["answers"] for row in rows[way]] for way in WAYS}
    return {
        "question": question,
        "words": list(read_questions()[question]),
        "n_questions": len(read_questions()),
        "most_tokens": N_TOKENS,
        "asked": {way: rows[way][place] for way in WAYS},
        **{way: count(rows[way]) for way in WAYS},
        "difference": compare(answered["bare"], answered["template"]),
    }


def show(facts: dict) -> None:
    """Print one question in both ways, token by token, then how many are answered."""
    for n, (way, name) in enumerate(WAYS.items(), start=1):
        asked = facts["asked"][way]
        print(wrap(f"{n}. {name.capitalize()}: {' | '.join(asked['pieces'])}"))
        print(wrap(f"   continua: {in_quotes(asked)}"))
    print(f"\n3. {facts['n_questions']} domande, fino a {N_TOKENS} token ciascuna. Rispondono:")
    for way, name in WAYS.items():
        counted = facts[way]
        print(f"   {name:<16}{in_words(counted)}")
        print(f"   {'':<16}{counted['n_empty']} senza una parola, {counted['n_ended']} finiscono")
    p_value = number(facts["difference"]["p_value"], 5)
    print(f"   Domanda per domanda: p = {p_value} (McNemar).")


def in_quotes(asked: dict) -> str:
    """Write a continuation.

    >>> in_quotes({"text": "Honey.", "is_empty": False}), in_quotes({"text": "", "is_empty": True})
    ('«Honey.»', 'niente: il modello dice subito di aver finito')
    """
    if asked["text"]:
        return f"«{asked['text']}»"
    return "niente: il modello dice subito di aver finito"


if __name__ == "__main__":
    run_alone(run, show)
