"""Sure and right: how often the LLM is right where it is so and so sure of its answer.

For each of 80 short questions the model writes an answer, the likeliest token each time, and the
product of the tokens' probabilities says how sure it is. Answers as sure as each other go together:
in a well calibrated model, of those that it is 80 % sure of 80 % are right (the idea of
https://arxiv.org/abs/2207.05221). Before each question stand six others with their answers, the
same each time: without them the model rather goes on with "the" or "a city", and a probability of
how to say it is none of what is true. The questions were written before the model was asked any,
and none was left out (`data/facts.toml`); six more are about what does not exist.

Leaves out: answers that are right in other words; other ways to be sure (asking the model how sure
it is); languages but English. The model is SmolLM2-135M-Instruct with its weights at 4 bits: a
large model knows more, and may be better or worse calibrated.
"""

from functools import lru_cache
from typing import Literal

import numpy as np

from demos.common.intervals import significant
from demos.common.questions import after_examples, questions, read_facts
from demos.common.reliability import bins, calibration_error, error_by_luck, span
from demos.common.short_answers import Written, is_right, next_each, read_answer, write_each
from demos.common.standalone import run_alone
from demos.common.tokens.pieces import one_line, piece
from demos.common.words import columns, percent, wrap
from demos.smollm import tokenizer, weights
from demos.smollm.generate import greedy, top

Question = Literal[
    "The capital of Australia is",
    "The capital of Turkey is",
    "The capital of France is",
    "The opposite of ancient is",
    "The chemical element with the symbol W is",
    "The fastest land animal is the",
    "The composer Aldo Ferrentani was born in the city of",
]
N_TOKENS, N_CHAT_TOKENS, N_LIKELIEST = 12, 24, 5  # of an answer, of one in a chat; bars
DOUBTS = ("not know", "n't know", "not sure", "no such", "not exist", "n't exist", "fiction")
DOUBTS += ("not aware", "not familiar", "unknown", "not real", "not a real", "no information")
DOUBTS += ("unable", "cannot", "can't", "couldn't", "sorry", "imaginary")


@lru_cache
def answers() -> list[dict]:
    """Ask all questions: what is answered, how sure the model is, is it right.

    >>> len(answers()), answers()[0]["answer"], answers()[0]["is_right"]
    (80, 'Sydney', False)
    """
    asked = questions()
    written = write_each([after_examples(one["question"]) for one in asked], N_TOKENS)
    return [one | judge(each, one["right"]) for one, each in zip(asked, written, strict=True)]


def judge(written: Written, right: list[str]) -> dict:
    r"""Make the facts of an answer.

    >>> judge([(tokenizer.encode(" Sydney")[0], 0.5)], ["Canberra"])
    {'answer': 'Sydney', 'probability': 0.5, 'is_right': False}
    """
    answer, probability = read_answer(written)
    probability = significant(probability)
    return {"answer": answer, "probability": probability, "is_right": is_right(answer, right)}


@lru_cache
def invented() -> list[dict]:
    """Ask about what does not exist: in the same way, and as a question in a chat.

    >>> invented()[0]["about"], invented()[0]["answer"], invented()[0]["doubts"]
    ('un compositore', 'Milan', False)
    """
    rows = read_facts()["invented"]
    written = write_each([after_examples(row["begins"]) for row in rows], N_TOKENS)
    found = []
    for row, each in zip(rows, written, strict=True):
        ids = greedy(weights.load(), tokenizer.chat(row["asks"]), N_CHAT_TOKENS)
        in_chat = one_line(tokenizer.decode(ids))
        facts = judge(each, []) | {"in_chat": in_chat}
        said = f"{facts['answer']} {in_chat}".casefold()
        facts["doubts"] = any(doubt in said for doubt in DOUBTS)
        found.append(row | facts)
    return found


def likeliest(prompt: str) -> dict:
    """List the tokens likeliest to come next, and what is left for the others.

    >>> likeliest("The capital of Australia is")["likeliest"][:2]
    [{'piece': '·Sydney', 'probability': 0.362}, {'piece': '·Canberra', 'probability': 0.341}]
    """
    found = top(next_each([tokenizer.encode(prompt)])[0], N_LIKELIEST)
    rows = [{"piece": piece(token), "probability": significant(p)} for token, p in found]
    return {"likeliest": rows, "others_probability": significant(1 - sum(p for _, p in found))}


def run(*, question: Question = "The capital of Australia is") -> dict:
    """Ask everything; `question` is the one whose likeliest tokens are listed."""
    rows, none = answers(), invented()
    sure = np.array([row["probability"] for row in rows])
    right = np.array([row["is_right"] for row in rows])
    wrong = [row for row in rows if not row["is_right"]]
    return {
        "question": question,
        "alone": likeliest(question),
        "after_examples": likeliest(after_examples(question)),
        "examples": read_facts()["examples"],
        "n_examples": len(read_facts()["examples"]),
        "answers": rows,
        "n_questions": len(rows),
        "n_right": int(right.sum()),
        "mean_probability": significant(float(sure.mean())),
        "bins": bins(rows),
        "calibration_error": significant(calibration_error(sure, right)),
        "error_by_luck": significant(error_by_luck(sure), 2),
        "surest_wrong": sorted(wrong, key=lambda row: -row["probability"])[:2],
        "invented": none,
        "n_invented": len(none),
        "invented_mean_probability": significant(float(np.mean([r["probability"] for r in none]))),
        "n_invented_answered": sum(row["answer"] != "" for row in none),
        "n_invented_doubted": sum(row["doubts"] for row in none),
        "surest_invented": max(none, key=lambda row: row["probability"]),
    }


def show(facts: dict) -> None:
    """Print a question's likeliest tokens, the bins, the surest mistakes, what does not exist."""
    print(f"1. «{facts['question']}»: i token più probabili")
    for name, title in (("alone", "da sola"), ("after_examples", "dopo sei esempi")):
        rows = facts[name]["likeliest"]
        pairs = ", ".join(f"{row['piece']} {percent(row['probability'])}" for row in rows)
        print(wrap(f"   {title}: {pairs}"))
    print(f"""
2. {facts["n_questions"]} domande dopo sei esempi: {facts["n_right"]} risposte giuste
   sicuro           risposte  in media   giuste   quota   intervallo al 95%""")
    for one in facts["bins"]:
        print(f"   {span(one['low'], one['high']):<17}{bin_cells(one)}")
    print(f"""\
   errore di calibrazione {percent(facts["calibration_error"])}; di un modello perfetto, con
   altrettante domande, sarebbe in media {percent(facts["error_by_luck"])}

3. Gli sbagli di cui è più sicuro""")
    for row in facts["surest_wrong"]:
        print(wrap(f"   {row['question']} {row['answer']}: {percent(row['probability'])}"))
    print("\n4. Di questi non esiste nessuno")
    for row in facts["invented"]:
        print(wrap(f"   {row['begins']} {row['answer']}: {percent(row['probability'])}"))
        print(wrap(f"     in chat: {row['in_chat']}", then="     "))
    n = facts["n_invented_doubted"]
    print(f"""\
   Dice di non saperlo: {n} volte su {facts["n_invented"]}
   In media è sicuro al {percent(facts["invented_mean_probability"])}; sulle domande di prima, al
   {percent(facts["mean_probability"])}""")


def bin_cells(one: dict) -> str:
    """Write the numbers of a bin side by side."""
    shares = (percent(one[name], 0) for name in ("mean_probability", "share"))
    mean, share = shares
    ends = span(one["low"], one["high"])
    return columns([one["n"], mean, one["n_right"], share], 9) + f"   {ends}"


if __name__ == "__main__":
    run_alone(run, show)
