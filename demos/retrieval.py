"""The passage before the question: what the LLM says of a fact that it can only have read there.

Twenty-four invented facts, asked in a chat: as they are, after the passage that says them, and
after the passage, of all 24, whose meaning is nearest to the question's: the largest cosine of
their vectors, from a small model made for that (MiniLM). That is retrieval-augmented generation
(https://arxiv.org/abs/2005.11401). Twelve passages say only what is asked, twelve say other things
too. An answer is right where a word of the right one is in it. How the facts were chosen, and in
which other ways some were asked: `data/passages.toml`.

Leaves out: passages cut out of long documents; many passages at once; telling the model to say so
where the passage has no answer; a large model, which reads much better than SmolLM2-135M-Instruct.
"""

from functools import lru_cache
from typing import Annotated

from demos.common.answers import has_word
from demos.common.passages import cosines, nearest, rank, read_facts
from demos.common.shares import share_of
from demos.common.standalone import run_alone
from demos.common.tokens.pieces import one_line
from demos.common.words import number, percent, wrap
from demos.smollm import tokenizer, weights
from demos.smollm.batch import greedy

N_FACTS, N_TOKENS = 24, 20  # of an answer
Fact = Annotated[int, range(1, N_FACTS + 1)]
WAYS = {"without": "senza brano", "own": "con il suo brano", "nearest": "con il più vicino"}
KINDS = {"all": "tutti", "alone": "il brano dice solo quello", "others": "dice anche altro"}


def prompt(question: str, passage: str = "") -> str:
    r"""Write what the user says: the passage if there is one, then the question.

    >>> prompt("How deep is Lake Ombrin?", "Lake Ombrin is 73 metres deep.")
    'Lake Ombrin is 73 metres deep.\n\nHow deep is Lake Ombrin?'
    """
    return f"{passage}\n\n{question}" if passage else question


def prompts() -> dict[str, list[str]]:
    """List what is asked in each way.

    >>> [len(asked) for asked in prompts().values()]
    [24, 24, 24]
    """
    facts, nearest = read_facts(), cosines().argmax(axis=1)  # [n]
    found = [facts[place]["passage"] for place in nearest]
    return {
        "without": [prompt(fact["question"]) for fact in facts],
        "own": [prompt(fact["question"], fact["passage"]) for fact in facts],
        "nearest": [prompt(facts[n]["question"], found[n]) for n in range(len(facts))],
    }


@lru_cache
def answers() -> list[dict]:
    """Ask each question in each way: what is answered, and is it right.

    >>> answers()[4]["own"]["is_right"], answers()[4]["without"]["is_right"]
    (True, False)
    """
    asked = prompts()
    different = sorted({text for texts in asked.values() for text in texts})
    ids = list(map(tokenizer.chat, different))
    written = greedy(weights.load(), ids, N_TOKENS)
    said = dict(zip(different, (one_line(tokenizer.decode(each)) for each in written), strict=True))
    rows = []
    for n, fact in enumerate(read_facts()):
        row = dict(fact)
        for way in WAYS:
            answer = said[asked[way][n]]
            row[way] = {"answer": answer, "is_right": has_word(answer, fact["key"])}
        rows.append(row | rank(n))
    return rows


def shares(rows: list[dict]) -> dict:
    """Count the right answers in each way: of all, of passages that say one thing, of the others.

    >>> row = {way: {"is_right": way == "own"} for way in WAYS} | {"alone": True}
    >>> found = shares([row, row | {"alone": False}])
    >>> found["own"]["alone"]["n_right"], found["without"]["all"]["n_right"]
    (1, 0)
    """
    groups = {"all": rows, "alone": [row for row in rows if row["alone"]]}
    groups["others"] = [row for row in rows if not row["alone"]]
    found: dict = {way: {} for way in WAYS}
    for way in WAYS:
        for kind, members in groups.items():
            n_right = sum(row[way]["is_right"] for row in members)
            found[way][kind] = share_of(n_right, len(members))
    return found


def run(*, fact: Fact = 5) -> dict:
    """Ask all questions in each way; `fact` is the one to look at."""
    rows, chosen = answers(), fact - 1
    return {
        "fact": fact,
        "chosen": rows[chosen] | {"nearest_passages": nearest(chosen)},
        "facts": rows,
        "n_facts": len(rows),
        "shares": shares(rows),
        "first": share_of(sum(row["place"] == 1 for row in rows), len(rows)),
    }


def show(facts: dict) -> None:
    """Print one fact asked in each way, the nearest passages, then the counts."""
    chosen = facts["chosen"]
    print(wrap(f"1. Il brano: «{chosen['passage']}»"))
    print(wrap(f"   La domanda: «{chosen['question']}»"))
    for way, name in WAYS.items():
        mark = "giusto" if chosen[way]["is_right"] else "sbagliato"
        print(wrap(f"   {name} ({mark}): {chosen[way]['answer']}", then="     "))
    print("\n2. I brani più vicini alla domanda (coseno)")
    for row in chosen["nearest_passages"]:
        print(f"   {row['about']:<24}{number(row['cosine'], 2)}")
    first = facts["first"]
    print(f"   Il brano giusto è il primo {first['n_right']} volte su {first['n']}")
    print("\n3. Risposte giuste, con l’intervallo al 95%")
    for way, name in WAYS.items():
        for kind, group in KINDS.items():
            print(f"   {name:<20}{group:<28}{described(facts['shares'][way][kind])}")


def described(share: dict) -> str:
    """Write a share with its interval.

    >>> described(share_of(7, 12))
    '7 su 12 (da 32 a 81%)'
    """
    low, high = number(100 * share["low"], 0), percent(share["high"], 0)
    return f"{share['n_right']} su {share['n']} (da {low} a {high})"


if __name__ == "__main__":
    run_alone(run, show)
