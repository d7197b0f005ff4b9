"""Short questions with one answer, six that stand before them answered, six about what isn't there.

They are in `data/facts.toml`, with how they were chosen.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parents[1] / "data" / "facts.toml"


@lru_cache
def read_facts() -> dict[str, Any]:
    """Read the questions.

    >>> sorted(read_facts())
    ['examples', 'group', 'invented']
    """
    return tomllib.loads(FACTS.read_text(encoding="utf-8"))


def after_examples(question: str) -> str:
    r"""Put the six answered questions before another.

    >>> after_examples("The capital of Italy is").splitlines()[-2:]
    ['The currency of Denmark is the krone.', 'The capital of Italy is']
    """
    return "\n".join([*read_facts()["examples"], question])


def questions() -> list[dict]:
    """List the questions that have an answer, group by group.

    >>> questions()[0]["question"], questions()[0]["right"]
    ('The capital of Australia is', ['Canberra'])
    """
    found = []
    for group in read_facts()["group"]:
        for name, right in group["answers"].items():
            question = group["asks"].replace("…", name)
            found.append({"kind": group["kind"], "question": question, "right": right})
    return found
