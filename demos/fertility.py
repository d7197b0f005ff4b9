"""How much Italian costs: tokens of the same content in Italian and in English, cut with four real vocabularies.

Two measures. Fertility is tokens per word (what stands between white space). The cost is Italian
tokens over English tokens of the same content, which asks nothing of what a word is. Its interval
is a bootstrap: the pairs of sentences are drawn again, with replacement, `N_RESAMPLES` times, and
the middle 95% of the ratios kept (Efron, Bootstrap Methods, 1979,
https://doi.org/10.1214/aos/1176344552).

Leaves out: other translations of the same content, other kinds of text (`data/parallel.toml` has 24
pairs, written for this project), other languages, and the tokens that a chat or BERT puts around a
text. WordPiece is BERT's, which drops capitals and accents, so its pieces do not give the text
back.
"""

import tomllib
from pathlib import Path
from textwrap import fill
from typing import Annotated, Literal, get_args

import numpy as np

from demos.common.sentences import split_words, wordpieces
from demos.common.standalone import run_alone
from demos.common.tokens import visible
from demos.common.vocabularies import encoding
from demos.common.words import number
from demos.smollm import tokenizer

PAIRS = Path(__file__).parent / "data" / "parallel.toml"
N_PAIRS, N_RESAMPLES = 24, 2000
Vocabulary = Literal["cl100k_base", "o200k_base", "smollm2", "wordpiece"]
USERS = {
    "cl100k_base": "GPT-4",
    "o200k_base": "GPT-4o, GPT-5",
    "smollm2": "SmolLM2",
    "wordpiece": "BERT",
}


def run(
    *, vocabulary: Vocabulary = "o200k_base", pair: Annotated[int, range(1, N_PAIRS + 1)] = 1
) -> dict:
    """Cut all pairs with all vocabularies; `vocabulary` and `pair` choose which one is shown piece by piece.

    >>> facts = run()
    >>> facts["example"]["english"]["n_tokens"] < facts["example"]["italian"]["n_tokens"]
    True
    """
    if vocabulary not in USERS or pair not in range(1, N_PAIRS + 1):
        raise ValueError(
            f"no vocabulary {vocabulary!r} or no pair {pair!r}; pairs are 1 to {N_PAIRS}"
        )
    pairs = load_pairs()
    rows = [measure(name, pairs) for name in get_args(Vocabulary)]
    return {
        "vocabulary": vocabulary,
        "pair": pair,
        "n_pairs": len(pairs),
        "n_words_italian": count_words(pairs, "italian"),
        "n_words_english": count_words(pairs, "english"),
        "n_resamples": N_RESAMPLES,
        "by_vocabulary": {row["vocabulary"]: row for row in rows},
        "example": {
            side: example(pairs[pair - 1][side], vocabulary) for side in ("italian", "english")
        },
    }


def load_pairs() -> list[dict[str, str]]:
    """Read the pairs of sentences.

    >>> len(load_pairs()), sorted(load_pairs()[0])
    (24, ['english', 'italian', 'kind'])
    """
    return tomllib.loads(PAIRS.read_text(encoding="utf-8"))["pair"]


def count_words(pairs: list[dict[str, str]], side: str) -> int:
    """Count what stands between white space.

    >>> count_words([{"italian": "L'acqua bolle."}], "italian")
    2
    """
    return sum(len(pair[side].split()) for pair in pairs)


def cut(text: str, name: Vocabulary) -> list[str]:
    """Cut a text into pieces that are seen.

    >>> cut("Il gatto", "o200k_base"), cut("Il gatto", "wordpiece")
    (['Il', '·gat', 'to'], ['il', 'ga', '##tto'])
    """
    if name == "wordpiece":
        return [piece for word in split_words(text) for piece in wordpieces(word)]
    if name == "smollm2":
        return [visible(tokenizer.token_bytes(token)) for token in tokenizer.encode(text)]
    return [
        visible(piece)
        for piece in encoding(name).decode_tokens_bytes(encoding(name).encode_ordinary(text))
    ]


def measure(name: Vocabulary, pairs: list[dict[str, str]]) -> dict:
    """Count one vocabulary's tokens on both sides.

    >>> row = measure("o200k_base", [{"italian": "Buon fine settimana!", "english": "Good weekend!"}])
    >>> row["n_tokens_italian"], row["n_tokens_english"], row["tokens_per_word_english"]
    (5, 3, 1.5)
    """
    italian, english = (
        np.array([len(cut(pair[side], name)) for pair in pairs]) for side in ("italian", "english")
    )
    low, high = interval(italian, english)
    return {
        "vocabulary": name,
        "used_by": USERS[name],
        "n_tokens_italian": int(italian.sum()),
        "n_tokens_english": int(english.sum()),
        "tokens_per_word_italian": float(italian.sum() / count_words(pairs, "italian")),
        "tokens_per_word_english": float(english.sum() / count_words(pairs, "english")),
        "ratio": float(italian.sum() / english.sum()),
        "ratio_low": low,
        "ratio_high": high,
        "n_pairs_italian_longer": int((italian > english).sum()),
    }


def interval(italian: np.ndarray, english: np.ndarray) -> tuple[float, float]:
    """Draw the pairs again and again, and give the ends of the middle 95% of the ratios.

    >>> interval(np.array([2, 4, 6]), np.array([1, 2, 3]))  # each pair has the same ratio
    (2.0, 2.0)
    """
    drawn = np.random.default_rng(0).integers(
        len(italian), size=(N_RESAMPLES, len(italian))
    )  # [resample, pair]
    low, high = np.quantile(italian[drawn].sum(axis=1) / english[drawn].sum(axis=1), (0.025, 0.975))
    return float(low), float(high)


def example(text: str, name: Vocabulary) -> dict:
    """Cut one sentence, to be shown.

    >>> example("Buon fine settimana!", "o200k_base")["pieces"]
    ['Bu', 'on', '·fine', '·settimana', '!']
    """
    found = cut(text, name)
    return {"text": text, "pieces": found, "n_tokens": len(found), "n_words": len(text.split())}


def show(facts: dict) -> None:
    """Print one pair piece by piece, then the sums."""
    name = facts["vocabulary"]
    print(f"1. La stessa frase nelle due lingue, con {name} ({USERS[name]})")
    for side, label in (("italian", "italiano"), ("english", "inglese")):
        told = facts["example"][side]
        head = f"   {label}: {told['n_words']} parole, {told['n_tokens']} token"
        print(fill(f"{head}: {' | '.join(told['pieces'])}", 88, subsequent_indent="     "))
    print(f"2. Tutte le {facts['n_pairs']} coppie: {facts['n_words_italian']} parole in italiano, "
          f"{facts['n_words_english']} in inglese")  # fmt: skip
    print("   (una parola è ciò che sta fra due spazi)")
    print(f"   {'vocabolario':<13}{'lo usa':<15}{'token':>12}{'token per parola':>20}")
    print(f"   {'':<28}{'it':>6}{'en':>6}{'it':>12}{'en':>8}")
    for row in facts["by_vocabulary"].values():
        counts = f"{row['n_tokens_italian']:>6}{row['n_tokens_english']:>6}"
        per_word = f"{number(row['tokens_per_word_italian'], 2):>12}{number(row['tokens_per_word_english'], 2):>8}"
        print(f"   {row['vocabulary']:<13}{row['used_by']:<15}{counts}{per_word}")
    print("3. Lo stesso contenuto: token in italiano per ogni token in inglese")
    for row in facts["by_vocabulary"].values():
        print(
            f"   {row['vocabulary']:<13}{number(row['ratio'], 2)}, fra {span(row)} (intervallo al 95%)"
        )


def span(row: dict) -> str:
    """Write an interval.

    >>> span({"ratio_low": 1.3, "ratio_high": 1.456})
    '1,30 e 1,46'
    """
    return f"{number(row['ratio_low'], 2)} e {number(row['ratio_high'], 2)}"


if __name__ == "__main__":
    run_alone(run, show)
