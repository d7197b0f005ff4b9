"""Who looks at whom: how much of its attention each token gives, in one head, to those before it.

The model is SmolLM2-135M-Instruct (`smollm/`): 30 layers of 9 heads, counted from 0 here as in the
code. Most heads look at the first token when they find nothing to do; a few have a known job.

Leaves out: what is carried over (the values): a high number says where a head looks, not that it
changed the answer. Whoever looks at 270 heads finds one that does what was hoped for: so the
head of the lecture is tried on sentences not used to choose it (`common/heads.py`), and where it
fails is told.
"""

from typing import Annotated

import numpy as np

from demos.common.heads import are_shares, look_inside, strongest, trial
from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens.pieces import one_line, piece, shorten
from demos.common.words import columns, number, percent, wrap, yes_or_no

MAX_TOKENS = 16  # more rows than these can't be read from the last seat
HEADS = {"subject": (13, 8), "previous": (16, 0), "first": (18, 8)}  # chosen on three sentences


def habits(matrix: np.ndarray) -> dict[str, float]:
    """Average what the tokens give to the first one, to the one before them and to themselves.

    >>> habits(np.float32([[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.7, 0.1]]))
    {'share_first': 0.2, 'share_previous': 0.7, 'share_self': 0.3}
    """
    shares = {  # the first token sees only itself; for the second, it is also the one before
        "share_first": matrix[2:, 0],
        "share_previous": np.diag(matrix, -1)[1:],
        "share_self": np.diag(matrix)[1:],
    }
    return {to: round(float(x.mean()), 2) if len(x) else 0.0 for to, x in shares.items()}


def count_on_first(attention: np.ndarray) -> int:
    """Count the heads of [L, H, T, T] that give the first token more than half of their attention.

    >>> count_on_first(np.float32([[[[1, 0], [0.75, 0.25]]]]))
    1
    """
    given = attention[:, :, 1:, 0]  # [L, H, T-1]: the first token can look at nothing else
    return int((given.sum(axis=-1) > 0.5 * given.shape[-1]).sum())


def at_work(attention: np.ndarray) -> dict[str, dict]:
    """Say what the three known heads do in [L, H, T, T].

    >>> at_work(look_inside((504, 2644, 9796)))["previous"]["head"]
    0
    """
    return {
        job: habits(attention[layer, head]) | {"layer": layer, "head": head}
        for job, (layer, head) in HEADS.items()
    }


def run(
    *,
    text: str = "The cat drank the milk because it was thirsty.",
    layer: Annotated[int, range(30)] = 13,
    head: Annotated[int, range(9)] = 8,
) -> dict:
    """Compute the attention of a head: `matrix[i][j]` is the share that token i gives to token j.

    Raises ValueError for a text without tokens or with more than `MAX_TOKENS`.
    """
    ids = read_prompt(text, MAX_TOKENS)
    pieces = [piece(token) for token in ids]
    attention = look_inside(tuple(ids))  # [L, H, T, T]
    n_layers, n_heads = attention.shape[:2]
    matrix = attention[layer, head]  # [T, T]
    return {
        "text": text,
        "ids": ids,
        "pieces": pieces,
        "n_tokens": len(ids),
        "layer": layer,
        "head": head,
        "n_layers": n_layers,
        "n_heads": n_heads,
        "n_all_heads": n_layers * n_heads,
        "matrix": matrix.astype(np.float64).round(2).tolist(),  # the figure shows no more
        "rows_sum_to_one": are_shares(attention),
        "largest_look_ahead": float(np.triu(attention, 1).max()),  # a token sees none after it: 0
        "strongest": [strongest(row, place, pieces) for place, row in enumerate(matrix)],
        **habits(matrix),
        "n_heads_on_first": count_on_first(attention),
        "jobs": at_work(attention),
        "trial": trial(*HEADS["subject"]),
    }


def show(facts: dict) -> None:
    """Print the matrix, where each token looks most, and what other heads do."""
    n_all, ahead = facts["n_all_heads"], number(facts["largest_look_ahead"])
    print(wrap(f"1. Il testo: «{one_line(facts['text'])}»: {facts['n_tokens']} token."))
    print(f"""\
2. Strato {facts["layer"]}, testa {facts["head"]} (contando da 0; in tutto {n_all} teste).
   Ogni riga: quanto quel token guarda ciascuno dei precedenti e sé stesso, in %.
{table(facts)}
   In ogni riga la somma è 1, in tutte le teste: {yes_or_no(facts["rows_sum_to_one"])}.
   Lo sguardo più forte su un token che viene dopo: {ahead}.
3. Dove guarda di più ciascuno, oltre al primo token:""")
    for look in facts["strongest"][1:]:
        here, there = shorten(look["piece"]), shorten(look["to_piece"])
        print(f"   {here:<20}→ {there:<20}{percent(look['share'], 0):>6}")
    show_jobs(facts)
    show_trial(facts["trial"])


def show_jobs(facts: dict) -> None:
    """Print what three known heads do with this text."""
    print("""\
4. Altre teste, altri mestieri, su questo testo (medie; dal terzo token in poi):
                         al primo  al precedente  a sé stesso""")
    for job in facts["jobs"].values():
        shares = (percent(job[f"share_{to}"], 0) for to in ("first", "previous", "self"))
        where = f"strato {job['layer']:>2}, testa {job['head']:<3}"
        print("   " + where + "{:>10}{:>15}{:>13}".format(*shares))
    n_all, n_first = facts["n_all_heads"], facts["n_heads_on_first"]
    print(f"""\
   Su {n_all} teste, {n_first} danno al primo token più di metà del loro
   sguardo: è il posto dove guardare quando non c’è niente da cercare.""")


def show_trial(trial: dict) -> None:
    """Print how often the first of these heads finds the subject, and where it does not."""
    layer, head = HEADS["subject"]
    print(f"""\
5. Strato {layer}, testa {head}: il verbo guarda il soggetto? Frasi mai usate per sceglierla
   soggetto accanto al verbo: {trial["n_right_next"]} su {trial["n_next"]}
   con un altro nome in mezzo: {trial["n_right_farther"]} su {trial["n_farther"]}; non in""")
    for row in trial["rows"]:
        if not row["found"]:
            print(f"   «{row['text']}»: ·{row['verb']} → {row['to_piece']}")
    print("   Due frasi uguali fino a «it», che non può vedere ciò che viene dopo:")
    for twin in trial["twins"]:
        print(f"   «{twin['text']}»: {twin['to_piece']} {percent(twin['share'], 0)}")


def table(facts: dict) -> str:
    """Lay out the matrix in percent, up to the diagonal: a token sees none after it.

    >>> print(table({"pieces": ["The", "·cat"], "matrix": [[1.0, 0.0], [0.75, 0.25]]}))
                          0   1
        0 The           100
        1 ·cat           75  25
    """
    lines = [" " * 19 + columns(range(len(facts["pieces"])), 4)]
    for n, text in enumerate(facts["pieces"]):
        shares = (round(100 * share) for share in facts["matrix"][n][: n + 1])
        lines.append(f"   {n:>2} {shorten(text, 12):<13}{columns(shares, 4)}")
    return "\n".join(lines)


if __name__ == "__main__":
    run_alone(run, show)
