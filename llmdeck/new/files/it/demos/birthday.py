"""Quanto è probabile che due persone di un gruppo compiano gli anni lo stesso giorno.

Lascia fuori: il 29 febbraio, i gemelli, e che le nascite non sono distribuite in modo uniforme.
"""

from typing import Annotated

DAYS = 365
MOST_PEOPLE = 80


def shared(people: int) -> float:
    """Return the probability that at least two of so many people share a birthday."""
    all_differ = 1.0
    for already_there in range(people):
        all_differ *= (DAYS - already_there) / DAYS
    return 1 - all_differ


def yours(people: int) -> float:
    """Return the probability that at least one of so many people has your birthday."""
    return 1 - ((DAYS - 1) / DAYS) ** people


def first_above_half(probability) -> int:
    """Return the smallest group for which a probability of the group is above one half."""
    people = 1
    while probability(people) <= 0.5:
        people += 1
    return people


def run(*, people: Annotated[int, range(2, MOST_PEOPLE + 1, 3)] = 23) -> dict:
    """Return the probabilities for a group, and where each passes one half."""
    two_alike_at = first_above_half(shared)
    return {
        "people": people,
        "probability": shared(people),
        "pairs": people * (people - 1) // 2,
        "two_alike_at": two_alike_at,
        "one_less": shared(two_alike_at - 1),
        "yours_at": first_above_half(yours),
        "half_of_the_days": DAYS // 2 + 1,
        "curve": [shared(n) for n in range(1, MOST_PEOPLE + 1)],
    }


def show(facts: dict) -> None:
    """Print how the probability comes about."""
    percent = f"{100 * facts['probability']:.1f}".replace(".", ",")
    print(f"{facts['people']} persone, {facts['pairs']} coppie di persone")
    print(f"due compiono gli anni lo stesso giorno: {percent}%")
    print()
    print(f"più di una volta su due da {facts['two_alike_at']} persone")
    print(f"qualcuno ha il tuo giorno: più di una volta su due da {facts['yours_at']} persone")


if __name__ == "__main__":
    show(run())
