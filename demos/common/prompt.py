"""What the demos on the real LLM share: a prompt that is checked before the model sees it, and tokens made visible."""

from demos.common.italian import number
from demos.common.pieces import visible
from demos.smollm.tokenizer import encode, token_bytes


def read_prompt(text: str, most: int) -> list[int]:
    """Turn a text into ids, at most `most` of them. Raises ValueError, in Italian, on text that the model can't read.

    >>> read_prompt("The capital of Italy is", most=5)
    [504, 3575, 282, 7158, 314]
    >>> read_prompt("one two three", most=2)
    Traceback (most recent call last):
    ValueError: Il testo ha 3 token: qui al massimo 2.
    """
    if any(
        "\ud800" <= character <= "\udfff" for character in text
    ):  # half of a UTF-16 pair: it has no UTF-8
        raise ValueError("Il testo contiene un carattere che non è Unicode valido: toglilo.")
    if (
        len(text) > 100 * most
    ):  # no need to cut a whole book into tokens to know that it is too long
        raise ValueError(
            f"Il testo ha {number(len(text))} caratteri: sono troppi per {number(most)} token."
        )
    ids = encode(text)
    if not ids:
        raise ValueError("Il testo è vuoto: scrivi almeno un carattere che il modello conosca.")
    if len(ids) > most:
        raise ValueError(f"Il testo ha {number(len(ids))} token: qui al massimo {number(most)}.")
    return ids


def piece(token: int) -> str:
    r"""Write a token so that each of its characters is seen.

    >>> piece(7158), piece(198)
    ('·Italy', '↵')
    """
    return visible(token_bytes(token))


def significant(value: float, digits: int = 3) -> float:
    """Keep what two machines agree on: float32 sums differ in the sixth digit with the order that they are made in.

    >>> significant(0.380123), significant(18.4567)
    (0.38, 18.5)
    """
    return float(f"{value:.{digits}g}")
