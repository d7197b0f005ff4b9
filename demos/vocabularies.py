"""Three ways to make a vocabulary (BPE, WordPiece, Unigram), from the same text, of the same size; and a real one.

All three are Hugging Face's `tokenizers` (https://github.com/huggingface/tokenizers), trained on
`data/texts/italiano-addestramento.txt`, cut into words in the same way beforehand. They cut a new
word so:

- BPE starts from letters and does again, in order, the merges that it learned (Sennrich et al.,
2016). - WordPiece takes the longest entry from the left, again and again (Schuster and Nakajima,
2012). The library learns its
  entries as BPE does, by frequency; the rule often given, frequency over the product of the parts',
is not in it. - Unigram has a probability for each entry, and takes the most probable cut of all
(Kudo, 2018).

BERT's is the real WordPiece vocabulary of all-MiniLM-L6-v2: 30,522 entries, from English, no
capitals and no accents.

Leaves out: bytes (here a letter that the training text lacks is unknown), and what size does to a
model's quality.
"""

import json
from functools import lru_cache
from pathlib import Path
from textwrap import fill
from typing import Literal

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from demos.common.sentences import split_words, wordpiece_ids, wordpiece_vocabulary, wordpieces
from demos.common.standalone import run_alone
from demos.common.text import require_text
from demos.common.tokens import one_line, shorten, visible
from demos.common.words import number

TEXT = Path(__file__).parent / "data" / "texts" / "italiano-addestramento.txt"
UNKNOWN, MAX_CHARACTERS = "[UNK]", 500
WORD = (
    r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"  # letters, one figure, or signs: no entry is longer than that
)
WITH_SPACE = pre_tokenizers.Split(
    Regex(rf" ?(?:{WORD})|\s+"), "isolated"
)  # a word takes the space before it
WITHOUT_SPACE = pre_tokenizers.Split(Regex(WORD), "removed", invert=True)
NAMES = {"bpe": "BPE", "wordpiece": "WordPiece", "unigram": "Unigram", "bert": "WordPiece di BERT"}
TRAINED = ("bpe", "wordpiece", "unigram")
Size = Literal["500", "1000", "2000"]  # the text is too short for many more


def run(*, text: str = "Gli orologiai lavoravano.", n_vocab: Size = "1000") -> dict:
    """Train the three vocabularies, and cut `text` with them and with BERT's.

    Raises ValueError, in Italian, on empty text, on more than `MAX_CHARACTERS`, and on text that is
    not valid Unicode.

    >>> run(text="La bambina")["unigram"]["pieces"]
    ['L', 'a', '·bambin', 'a']
    """
    require_text(text if text.strip() else "", MAX_CHARACTERS)
    size = int(n_vocab)
    known = {name: entries(train(name, size)) for name in TRAINED}
    everyone = set.intersection(*known.values())
    return {
        "text": text,
        "n_vocab": size,
        "n_words_training": len(TEXT.read_text(encoding="utf-8").split()),
        **{name: cut(text, train(name, size)) for name in TRAINED},
        "bert": cut_as_bert(text),
        "n_distinct": {
            name: len(known[name]) for name in TRAINED
        },  # "la" and "·la" are two entries, and here one
        "n_shared": len(everyone),
        "n_shared_by_two": {
            f"{a}_{b}": len(known[a] & known[b])
            for a, b in (TRAINED[:2], TRAINED[1:], (TRAINED[0], TRAINED[2]))
        },
        "longest": {name: longest(known[name]) for name in TRAINED},
    }


@lru_cache
def train(name: str, size: int) -> Tokenizer:
    """Train one vocabulary of `size` entries, [UNK] among them.

    >>> train("wordpiece", 500).get_vocab_size()
    500
    """
    return {"bpe": train_bpe, "wordpiece": train_wordpiece, "unigram": train_unigram}[name](
        paragraphs(), size
    )


def paragraphs() -> list[str]:
    """Read the training text, here and not in the library: what a demo rests on is seen only where Python opens it.

    >>> paragraphs()[0]
    'La bottega degli orologi'
    """
    return [line for line in TEXT.read_text(encoding="utf-8").splitlines() if line]


def train_bpe(texts: list[str], size: int) -> Tokenizer:
    """Merge the most frequent pair until there are `size` entries.

    >>> train_bpe(["la la la"], 5).encode("la la").tokens  # [UNK], a space, a, l, la
    ['la', ' ', 'la']
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WITH_SPACE
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=[UNKNOWN], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return rebuilt(tokenizer)


def train_wordpiece(texts: list[str], size: int) -> Tokenizer:
    """Do the same with letters inside a word marked by ##, and then forget the merges.

    The library numbers those letters in an order that changes from run to run, and pairs that are
    equally frequent are merged in order of number. To name them beforehand, in order, makes each
    run the same.

    >>> train_wordpiece(["lala lala"], 8).encode("lala").tokens
    ['lala']
    """
    words = [word for text in texts for word, _ in WITHOUT_SPACE.pre_tokenize_str(text)]
    letters = [
        *sorted(set("".join(words))),
        *sorted({f"##{letter}" for word in words for letter in word[1:]}),
    ]
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WITHOUT_SPACE
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=[UNKNOWN, *letters], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return rebuilt(tokenizer)


def train_unigram(texts: list[str], size: int) -> Tokenizer:
    """Start from many entries and drop, again and again, those whose loss costs the text's probability least.

    Letters that no longer have an entry of their own get the lowest score of all, with steps of
    0.0001 in an order that changes from run to run: here they get that score alike, and the sums'
    last digits are dropped.

    >>> train_unigram(paragraphs(), 500).encode(" quella").tokens
    [' quell', 'a']
    """
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = WITH_SPACE
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=[UNKNOWN], unk_token=UNKNOWN, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    scores = dict(json.loads(tokenizer.to_str())["model"]["vocab"][1:])
    lowest = min(scores.values())
    level = {
        piece: round(score if score > lowest + 0.01 else lowest, 6)
        for piece, score in scores.items()
    }
    ordered = sorted(level.items(), key=lambda item: (-item[1], item[0]))
    tokenizer = Tokenizer(models.Unigram([(UNKNOWN, 0.0), *ordered], unk_id=0))
    tokenizer.pre_tokenizer = WITH_SPACE
    return tokenizer


def rebuilt(trained: Tokenizer) -> Tokenizer:
    """Make the tokenizer anew without special tokens: a typed "[UNK]" or "##a" is plain text.

    >>> rebuilt(train_bpe(["la la"], 6)).encode("[UNK]").tokens
    ['[UNK]', '[UNK]', '[UNK]', '[UNK]', '[UNK]']
    """
    said = json.loads(trained.to_str())
    return Tokenizer.from_str(json.dumps(said | {"added_tokens": []}))


def entries(tokenizer: Tokenizer) -> set[str]:
    """List the entries as letters alone, without the marks for what begins a word and what goes on.

    >>> sorted(entries(train_wordpiece(["lala lala"], 8)))
    ['a', 'l', 'la', 'lala']
    """
    return {entry.strip().removeprefix("##") for entry in tokenizer.get_vocab()} - {"", UNKNOWN}


def longest(known: set[str], n: int = 5) -> list[str]:
    """Pick the longest entries.

    >>> longest({"a", "bcd", "ef"}, 2)
    ['bcd', 'ef']
    """
    return sorted(known, key=lambda entry: (-len(entry), entry))[:n]


def cut(text: str, tokenizer: Tokenizer) -> dict:
    """Cut a text with a trained vocabulary.

    >>> cut("La bambina", train("bpe", 1000))["pieces"]
    ['La', '·bamb', 'ina']
    """
    found = tokenizer.encode(text)
    pairs = zip(found.tokens, found.ids, strict=True)
    pieces = [
        visible(piece.encode()) if token else UNKNOWN for piece, token in pairs
    ]  # entry 0 is [UNK]
    return described(pieces, found.ids, tokenizer.get_vocab_size())


def cut_as_bert(text: str) -> dict:
    """Cut a text with BERT's vocabulary, without the [CLS] and [SEP] around it.

    >>> cut_as_bert("L'incredibile")["pieces"]
    ['l', "'", 'inc', '##red', '##ib', '##ile']
    """
    pieces = [piece for word in split_words(text) for piece in wordpieces(word)]
    return described(pieces, wordpiece_ids(text)[1:-1], len(wordpiece_vocabulary()))


def described(pieces: list[str], ids: list[int], n_vocab: int) -> dict:
    """Gather what is told of a cut.

    >>> described(["a", "[UNK]"], [3, 0], 9)
    {'pieces': ['a', '[UNK]'], 'ids': [3, 0], 'n_tokens': 2, 'n_unknown': 1, 'n_vocab': 9}
    """
    n_unknown = pieces.count(UNKNOWN)
    return {
        "pieces": pieces,
        "ids": ids,
        "n_tokens": len(ids),
        "n_unknown": n_unknown,
        "n_vocab": n_vocab,
    }


def show(facts: dict) -> None:
    """Print how each vocabulary cuts the text, and how much they share."""
    print(
        f"1. Il testo di addestramento: {number(facts['n_words_training'])} parole di prosa italiana"
    )
    print(
        f"   Tre vocabolari di {number(facts['n_vocab'])} voci ciascuno. Il puntino · è lo spazio; ## vuol dire che"
    )
    print("   la parola continua.")
    print(fill(f"2. La frase: «{one_line(facts['text'])}»", 88, subsequent_indent="   "))
    for name, label in NAMES.items():
        told = facts[name]
        head = f"   {label} ({number(told['n_vocab'])} voci), {told['n_tokens']} token: "
        print(fill(head + " | ".join(map(shorten, told["pieces"])), 88, subsequent_indent="     "))
        if told["n_unknown"]:
            print(f"     {UNKNOWN} è ciò che il vocabolario non sa scrivere: {told['n_unknown']}")
    distinct = ", ".join(
        f"{NAMES[name]} {number(count)}" for name, count in facts["n_distinct"].items()
    )
    print("3. Voci in comune, quando si tolgono i segni · e ##")
    print(f"   (senza, ne restano di diverse: {distinct})")
    print(f"   a tutti e tre: {number(facts['n_shared'])}")
    for pair, count in facts["n_shared_by_two"].items():
        print(f"   {' e '.join(NAMES[name] for name in pair.split('_'))}: {number(count)}")
    print("4. Le voci più lunghe")
    for name, words in facts["longest"].items():
        print(fill(f"   {NAMES[name]}: {', '.join(words)}", 88, subsequent_indent="     "))


if __name__ == "__main__":
    run_alone(run, show)
