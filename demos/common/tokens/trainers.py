"""Three trainers of Hugging Face's `tokenizers`, made to give the same vocabulary on each run.

All learn from `data/texts/italiano-addestramento.txt`, cut into words in the same way beforehand.
"""

import json
from functools import lru_cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

TEXT = Path(__file__).parents[2] / "data" / "texts" / "italiano-addestramento.txt"
UNKNOWN = "[UNK]"
# Letters, one figure, or signs: no entry is longer than that.
WORD = r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
# A word takes the space before it, or leaves it out.
WITH_SPACE = pre_tokenizers.Split(Regex(rf" ?(?:{WORD})|\s+"), "isolated")
WITHOUT_SPACE = pre_tokenizers.Split(Regex(WORD), "removed", invert=True)


@lru_cache
def train(name: str, size: int) -> Tokenizer:
    """Train the vocabulary "bpe", "wordpiece" or "unigram" with `size` entries, [UNK] among them.

    >>> train("wordpiece", 500).get_vocab_size()
    500
    """
    how = {"bpe": train_bpe, "wordpiece": train_wordpiece, "unigram": train_unigram}
    return how[name](paragraphs(), size)


def paragraphs() -> list[str]:
    """Read the training text.

    Here and not in the library: what a demo rests on is seen only where Python opens it.

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
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WITHOUT_SPACE
    known = [UNKNOWN, *letters(texts)]
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=known, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return rebuilt(tokenizer)


def letters(texts: list[str]) -> list[str]:
    """List the letters of the texts in order, and then those that go on a word, marked by ##.

    >>> letters(["la la", "al"])
    ['a', 'l', '##a', '##l']
    """
    words = [word for text in texts for word, _ in WITHOUT_SPACE.pre_tokenize_str(text)]
    inside = {letter for word in words for letter in word[1:]}
    return [*sorted(set("".join(words))), *(f"##{letter}" for letter in sorted(inside))]


def train_unigram(texts: list[str], size: int) -> Tokenizer:
    """Drop, of many entries, again and again those whose loss costs the text's probability least.

    Letters that no longer have an entry of their own get the lowest score of all, with steps of
    0.0001 in an order that changes from run to run: here they get that score alike, and the sums'
    last digits are dropped.

    >>> train_unigram(paragraphs(), 500).encode(" quella").tokens
    [' quell', 'a']
    """
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = WITH_SPACE
    how = {"special_tokens": [UNKNOWN], "unk_token": UNKNOWN, "show_progress": False}
    tokenizer.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=size, **how))
    scores = dict(parts(tokenizer)["model"]["vocab"][1:])
    lowest = min(scores.values())
    level = {}
    for piece, score in scores.items():
        level[piece] = round(score if score > lowest + 0.01 else lowest, 6)
    ordered = sorted(level.items(), key=lambda item: (-item[1], item[0]))
    tokenizer = Tokenizer(models.Unigram([(UNKNOWN, 0.0), *ordered], unk_id=0))
    tokenizer.pre_tokenizer = WITH_SPACE
    return tokenizer


def rebuilt(trained: Tokenizer) -> Tokenizer:
    """Make the tokenizer anew without special tokens: a typed "[UNK]" or "##a" is plain text.

    >>> rebuilt(train_bpe(["la la"], 6)).encode("[UNK]").tokens
    ['[UNK]', '[UNK]', '[UNK]', '[UNK]', '[UNK]']
    """
    return Tokenizer.from_str(json.dumps(parts(trained) | {"added_tokens": []}))


def parts(tokenizer: Tokenizer) -> dict:
    """Say all that a tokenizer is made of.

    >>> parts(train_bpe(["la la"], 6))["model"]["merges"]
    [['l', 'a'], [' ', 'la']]
    """
    return json.loads(tokenizer.to_str())
