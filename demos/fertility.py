"""How much Italian costs: tokens of the same content in two languages, in four real vocabularies.

Two measures. Fertility is tokens per word: a space or an apostrophe ends one. The cost is Italian
tokens over English tokens of the same content, which asks nothing of what a word is. Its interval
is a bootstrap: the pairs of sentences are drawn again, with replacement, `N_RESAMPLES` times, and
the middle 95% of the ratios kept (Efron, Bootstrap Methods, 1979,
https://doi.org/10.1214/aos/1176344552).

Leaves out: other translations of the same content, other kinds of text (`data/parallel.toml` has 24
pairs, written for this project), other languages, and the tokens that a chat or BERT puts around a
text. WordPiece is BERT's, without capitals and accents: its pieces do not give the text back.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np

from demos.common.sentences.encoder import split_words, wordpieces
from demos.common.standalone import run_alone
from demos.common.text import count_words
from demos.common.tokens.pieces import visible
from demos.common.tokens.vocabularies import encoding
from demos.common.words import columns, interval_in_words, number, wrap
from demos.smollm import tokenizer

PAIRS = Path(__file__).parent / "data" / "parallel.toml"
N_PAIRS, N_RESAMPLES = 24, 2000
Pair = Annotated[int, range(1, N_PAIRS + 1)]
Vocabulary = Literal["cl100k_base", "o200k_base", "smollm2", "wordpiece"]
USERS = dict(zip(get_args(Vocabulary), ("GPT-4", "GPT-4o, GPT-5", "SmolLM2", "BERT"), strict=True))
LANGUAGES = {"italian": "italiano", "english": "inglese"}


def load_pairs() -> list[dict[str, str]]:
    """Read the pairs of sentences.

    >>> len(load_pairs()), sorted(load_pairs()[0])
    (24, ['english', 'italian', 'kind'])
    """
    return tomllib.loads(PAIRS.read_text(encoding="utf-8"))["pair"]


def cut(text: str, name: Vocabulary) -> list[str]:
    """Cut a text into pieces that are seen.

    >>> cut("Il gatto", "o200k_base"), cut("Il gatto", "wordpiece")
    (['Il', '·gat', 'to'], ['il', 'ga', '##tto'])
    """
    if name == "wordpiece":
        return [piece for word in split_words(text) for piece in wordpieces(word)]
    if name == "smollm2":
        return [visible(tokenizer.token_bytes(token)) for token in tokenizer.encode(text)]
    ids = encoding(name).encode_ordinary(text)
    return list(map(visible, encoding(name).decode_tokens_bytes(ids)))


def all_words(pairs: list[dict[str, str]], side: str) -> int:
    """Count the words of one side.

    >>> all_words([{"italian": "L'acqua bolle."}], "italian")
    3
    """
    return sum(count_words(pair[side]) for pair in pairs)


def measure(name: Vocabulary, pairs: list[dict[str, str]]) -> dict:
    """Count one vocabulary's tokens on both sides.

    >>> pairs = [{"italian": "Buon fine settimana!", "english": "Good weekend!"}]
    >>> row = measure("o200k_base", pairs)
    >>> row["n_tokens_italian"], row["n_tokens_english"], row["tokens_per_word_english"]
    (5, 3, 1.5)
    """
    italian, english = (
        np.array([len(cut(pair[side], name)) for pair in pairs]) for side in LANGUAGES
    )  # [pairs], [pairs]
    low, high = interval(italian, english)
    return {
        "vocabulary": name,
        "used_by": USERS[name],
        "n_tokens_italian": int(italian.sum()),
        "n_tokens_english": int(english.sum()),
        "tokens_per_word_italian": float(italian.sum() / all_words(pairs, "italian")),
        "tokens_per_word_english": float(english.sum() / all_words(pairs, "english")),
        "ratio": float(italian.sum() / english.sum()),
        "ratio_low": low,
        "ratio_high": high,
        "n_pairs_italian_longer": int((italian > english).sum()),
    }


def interval(italian: np.ndarray, english: np.ndarray) -> tuple[float, float]:
    """Draw the pairs again and again, with replacement: the ends of the middle 95% of the ratios.

    >>> interval(np.array([2, 4, 6]), np.array([1, 2, 3]))  # each pair has the same ratio
    (2.0, 2.0)
    """
    generator, n = np.random.default_rng(0), len(italian)
    drawn = generator.integers(n, size=(N_RESAMPLES, n))  # [resample, pair]
    ratios = italian[drawn].sum(axis=1) / english[drawn].sum(axis=1)  # [resample]
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(low), float(high)


def example(text: str, name: Vocabulary) -> dict:
    """Cut one sentence, to be shown.

    >>> example("Buon fine settimana!", "o200k_base")["pieces"]
    ['Bu', 'on', '·fine', '·settimana', '!']
    """
    found = cut(text, name)
    return {"text": text, "pieces": found, "n_tokens": len(found), "n_words": count_words(text)}


def run(*, vocabulary: Vocabulary = "o200k_base", pair: Pair = 1) -> dict:
    """Cut all pairs with all vocabularies; show one `pair` cut by one `vocabulary`."""
    pairs = load_pairs()
    chosen = pairs[pair - 1]
    return {
        "vocabulary": vocabulary,
        "pair": pair,
        "n_pairs": len(pairs),
        "n_words_italian": all_words(pairs, "italian"),
        "n_words_english": all_words(pairs, "english"),
        "n_resamples": N_RESAMPLES,
        "by_vocabulary": {name: measure(name, pairs) for name in USERS},
        "example": {side: example(chosen[side], vocabulary) for side in LANGUAGES},
    }


def show(facts: dict) -> None:
    """Print one pair piece by piece, then the sums."""
    name = facts["vocabulary"]
    print(f"1. La stessa frase nelle due lingue, con {name} ({USERS[name]})")
    for side, label in LANGUAGES.items():
        cut = facts["example"][side]
        head = f"   {label}: {cut['n_words']} parole, {cut['n_tokens']} token"
        print(wrap(f"{head}: {' | '.join(cut['pieces'])}", then="     "))
    italian, english = facts["n_words_italian"], facts["n_words_english"]
    print(f"""\
2. Tutte le {facts["n_pairs"]} coppie: {italian} parole in italiano, {english} in inglese
   (una parola finisce a uno spazio o a un apostrofo)
   vocabolario  lo usa                token    token per parola
                                   it    en          it      en""")
    show_sums(facts["by_vocabulary"])


def show_sums(rows: dict[str, dict]) -> None:
    """Print what all pairs cost together with each vocabulary."""
    for name, row in rows.items():
        counts = columns((row[f"n_tokens_{side}"] for side in LANGUAGES), 6)
        per_word = (number(row[f"tokens_per_word_{side}"], 2) for side in LANGUAGES)
        print(f"   {name:<13}{row['used_by']:<15}{counts}    {columns(per_word, 8)}")
    print("3. Lo stesso contenuto: token in italiano per ogni token in inglese")
    for name, row in rows.items():
        between = interval_in_words(row["ratio_low"], row["ratio_high"])
        print(f"   {name:<13}{number(row['ratio'], 2)}, fra {between} (intervallo al 95%)")


if __name__ == "__main__":
    run_alone(run, show)
