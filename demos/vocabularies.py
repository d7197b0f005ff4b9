"""Three ways to make a vocabulary from the same text: BPE, WordPiece, Unigram; and a real one.

All three are Hugging Face's `tokenizers` (https://github.com/huggingface/tokenizers), trained to
the same size in `demos.common.tokens.trainers`. They cut a new word so:

- BPE starts from letters and does again, in order, the merges that it learned (Sennrich et al.,
  2016).
- WordPiece takes the longest entry from the left, again and again (Schuster and Nakajima, 2012).
  The library learns its entries as BPE does, by frequency; the rule often given, frequency over the
  product of the parts', is not in it.
- Unigram has a probability for each entry, and takes the most probable cut of all (Kudo, 2018).

BERT's is the real WordPiece vocabulary of all-MiniLM-L6-v2: 30,522 entries, from English, no
capitals and no accents.

Leaves out: bytes (here a letter that the training text lacks is unknown), and what size does to a
model's quality.
"""

from typing import Literal

from tokenizers import Tokenizer

from demos.common.sentences.encoder import (
    split_words,
    wordpiece_ids,
    wordpiece_vocabulary,
    wordpieces,
)
from demos.common.standalone import run_alone
from demos.common.text import count_words, require_text
from demos.common.tokens.pieces import one_line, shorten, visible
from demos.common.tokens.trainers import TEXT, UNKNOWN, train
from demos.common.words import number, wrap

MAX_CHARACTERS = 500
NAMES = {"bpe": "BPE", "wordpiece": "WordPiece", "unigram": "Unigram", "bert": "WordPiece di BERT"}
TRAINED = tuple(NAMES)[:3]  # BERT's is there already
Size = Literal["500", "1000", "2000"]  # the text is too short for many more


def cut(text: str, tokenizer: Tokenizer) -> dict:
    """Cut a text with a trained vocabulary.

    >>> cut("La bambina", train("bpe", 1000))["pieces"]
    ['La', '·bamb', 'ina']
    """
    found = tokenizer.encode(text)
    pieces = []
    for piece, token in zip(found.tokens, found.ids, strict=True):
        pieces.append(visible(piece.encode()) if token else UNKNOWN)  # entry 0 is [UNK]
    return described(pieces, found.ids, tokenizer.get_vocab_size())


def cut_as_bert(text: str) -> dict:
    """Cut a text with BERT's vocabulary, without the [CLS] and [SEP] around it.

    >>> cut_as_bert("L'incredibile")["pieces"]
    ['l', "'", 'inc', '##red', '##ib', '##ile']
    """
    pieces = [piece for word in split_words(text) for piece in wordpieces(word)]
    return described(pieces, wordpiece_ids(text)[1:-1], len(wordpiece_vocabulary()))


def described(pieces: list[str], ids: list[int], n_vocab: int) -> dict:
    """Gather what is said of a cut.

    >>> described(["a", "[UNK]"], [3, 0], 9)
    {'pieces': ['a', '[UNK]'], 'ids': [3, 0], 'n_tokens': 2, 'n_unknown': 1, 'n_vocab': 9}
    """
    return {
        "pieces": pieces,
        "ids": ids,
        "n_tokens": len(ids),
        "n_unknown": pieces.count(UNKNOWN),
        "n_vocab": n_vocab,
    }


def entries(tokenizer: Tokenizer) -> set[str]:
    """List the entries as letters alone, without the marks for what begins a word or goes on.

    >>> sorted(entries(train("bpe", 500)))[-3:]
    ['ì', 'ò', 'ù']
    """
    bare = {entry.strip().removeprefix("##") for entry in tokenizer.get_vocab()}
    return bare - {"", UNKNOWN}


def shared(known: dict[str, set[str]]) -> dict:
    """Count the entries of each vocabulary, those that all have, and those that two have.

    >>> shared({"bpe": {"a", "b"}, "wordpiece": {"a"}, "unigram": {"a", "b"}})["n_shared_by_two"]
    {'bpe_wordpiece': 1, 'wordpiece_unigram': 1, 'bpe_unigram': 2}
    """
    by_two = {}
    for a, b in (TRAINED[:2], TRAINED[1:], TRAINED[::2]):
        by_two[f"{a}_{b}"] = len(known[a] & known[b])
    return {
        "n_distinct": {name: len(known[name]) for name in known},
        "n_shared": len(set.intersection(*known.values())),
        "n_shared_by_two": by_two,
    }


def longest(known: set[str], n: int = 5) -> list[str]:
    """Pick the longest entries.

    >>> longest({"a", "bcd", "ef"}, 2)
    ['bcd', 'ef']
    """
    return sorted(known, key=lambda entry: (-len(entry), entry))[:n]


def run(*, text: str = "Gli orologiai lavoravano.", n_vocab: Size = "1000") -> dict:
    """Train the three vocabularies, and cut `text` with them and with BERT's.

    Raises ValueError, in Italian, on empty text, on more than `MAX_CHARACTERS`, and on text that is
    not valid Unicode.

    >>> run(text="La bambina")["unigram"]["pieces"]
    ['L', 'a', '·bambin', 'a']
    """
    require_text(text if text.strip() else "", MAX_CHARACTERS)
    size = int(n_vocab)
    trained = {name: train(name, size) for name in TRAINED}
    known = {name: entries(tokenizer) for name, tokenizer in trained.items()}
    return {
        "text": text,
        "n_vocab": size,
        "n_words_training": count_words(TEXT.read_text(encoding="utf-8")),
        **{name: cut(text, tokenizer) for name, tokenizer in trained.items()},
        "bert": cut_as_bert(text),
        **shared(known),  # "la" and "·la" are two entries, and here one
        "longest": {name: longest(known[name]) for name in TRAINED},
    }


def show(facts: dict) -> None:
    """Print how each vocabulary cuts the text, and how much they share."""
    n_words, n_vocab = number(facts["n_words_training"]), number(facts["n_vocab"])
    text = wrap(f"2. La frase: «{one_line(facts['text'])}»")
    print(f"""\
1. Il testo di addestramento: {n_words} parole di prosa italiana
   Tre vocabolari di {n_vocab} voci ciascuno. Il puntino · è lo spazio; ## vuol dire che
   la parola continua.
{text}""")
    for name, label in NAMES.items():
        cut = facts[name]
        head = f"   {label} ({number(cut['n_vocab'])} voci), {cut['n_tokens']} token: "
        print(wrap(head + " | ".join(map(shorten, cut["pieces"])), then="     "))
        if cut["n_unknown"]:
            print(f"     {UNKNOWN} è ciò che il vocabolario non sa scrivere: {cut['n_unknown']}")
    show_entries(facts)


def show_entries(facts: dict) -> None:
    """Print how many entries the vocabularies share, and the longest ones."""
    counts = (f"{NAMES[name]} {number(n)}" for name, n in facts["n_distinct"].items())
    print(f"""\
3. Voci in comune, quando si tolgono i segni · e ##
   (senza, ne restano di diverse: {", ".join(counts)})
   a tutti e tre: {number(facts["n_shared"])}""")
    for pair, count in facts["n_shared_by_two"].items():
        first, second = map(NAMES.get, pair.split("_"))
        print(f"   {first} e {second}: {number(count)}")
    print("4. Le voci più lunghe")
    for name, words in facts["longest"].items():
        print(wrap(f"   {NAMES[name]}: {', '.join(words)}", then="     "))


if __name__ == "__main__":
    run_alone(run, show)
