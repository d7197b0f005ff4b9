"""What fewer bits cost a whole model: the perplexity of a real LLM at 16, 8, 6, 5, 4, 3 and 2 bits.

Perplexity is how many tokens, equally likely, the model would be hesitating between: exp of the
mean of -log of the probability that it gave to each real next token. It is measured on a text
written for this project, that the model has never seen. The LLM's file is already 4-bit (Q4_1,
embeddings Q8_0): what is lost here comes on top of that. So a second model that really is FP32,
all-MiniLM-L6-v2, is quantized likewise: how far do its sentence vectors move? Last comes what
others measured on larger models.

So short a text leaves room for chance. Each ratio of perplexities is exp of a mean of paired
differences (the loss of each token, less its loss at 16 bits), and has that mean's standard error,
s / √n, and the interval of two of them.

Leaves out: better methods than rounding to the nearest (GPTQ, AWQ, K-quants), activations and cache
in fewer bits; how good the answers are; that neighbouring tokens are not quite independent (over
blocks of 16 the errors are much alike).
"""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from demos.common.intervals import perplexity_ratio, stable
from demos.common.models.catalogue import DATA
from demos.common.quantization.formulas import published
from demos.common.quantization.rounding import (
    largest,
    matrices,
    round_trip_all,
    side_by_side,
    size_bytes,
    writable_copy,
)
from demos.common.sentences.rounded import fp32_bytes, minilm_row, vectors_in_fp32
from demos.common.standalone import run_alone
from demos.common.words import number
from demos.smollm import tokenizer
from demos.smollm.reader import Q4_1, Q8_0
from demos.smollm.transformer import forward
from demos.smollm.weights import Weights, header, load

TEXT = DATA / "texts" / "english-heldout.txt"  # written for this project
N_TOKENS = 256  # predicted, each from all before it: the beginning of the text
BITS = (16, 8, 6, 5, 4, 3, 2)
SCOPES = {"row": "una scala per riga", "block32": "blocchi di 32"}
FORMATS = {Q4_1: "Q4_1", Q8_0: "Q8_0"}


def text_ids() -> list[int]:
    """Read the first tokens of the text: those to predict, and one before them.

    >>> len(text_ids())
    257
    """
    return tokenizer.encode(TEXT.read_text(encoding="utf-8"))[: N_TOKENS + 1]


def losses(weights: Weights, ids: list[int]) -> np.ndarray:
    """Give -log of the probability of each token but the first, natural logarithm: [T - 1].

    >>> losses(load(), tokenizer.encode("The capital of France is Paris")).round(1).tolist()
    [11.5, 0.3, 2.4, 0.5, 0.3]
    """
    logits = forward(weights, ids[:-1])  # [T - 1, V]: the last token predicts none
    return np.array(side_by_side(surprise, zip(logits, ids[1:], strict=True)))


def surprise(scored: tuple[np.ndarray, int]) -> float:
    """Give -log of the probability of a token, from the scores of all, [V], which are overwritten.

    >>> surprise((np.float32([0, 0]), 1)) == math.log(2)
    True
    """
    logits, token = scored
    logits -= logits.max()  # so that exp can't overflow
    chosen = float(logits[token])
    return math.log(np.exp(logits, out=logits).sum(dtype=np.float64)) - chosen


@lru_cache(maxsize=1)
def measured() -> dict:
    """Measure both models at every point; once a process, since it takes a dozen seconds."""
    ids = text_ids()
    return {
        "grid": measure_grid(load(), ids),
        "n_tokens": len(ids) - 1,
        "last_words": tokenizer.decode(ids[-8:]),
        "minilm_whole_matrix": minilm_row(8, "tensor"),
        "minilm_fp32_bytes": fp32_bytes(),
    }


def measure_grid(weights: Weights, ids: list[int]) -> dict[str, dict[str, dict]]:
    """Measure both models at every number of bits, with a scale a row and a block."""
    copy = writable_copy(weights)  # filled again at every point: the LLM itself stays as it is
    grid: dict[str, dict[str, dict]] = {scope: {} for scope in SCOPES}
    for granularity, rows in grid.items():
        peaks = side_by_side(partial(largest, granularity=granularity), matrices(weights))
        for bits in BITS:
            if bits == 16 and grid["row"]:  # 16 bits have no scales: measured once
                rows["16"] = grid["row"]["16"] | {"granularity": granularity}
                continue
            loss = losses_at(bits, weights, peaks, copy, ids)  # [N_TOKENS]
            if bits == 16:
                base = loss
            row = llm_row(weights, bits, granularity, loss, base)
            rows[str(bits)] = row | minilm_row(bits, granularity)
    return grid


def losses_at(
    bits: int, weights: Weights, peaks: list, copy: Weights, ids: list[int]
) -> np.ndarray:
    """Fill `copy` with the weights as so many bits leave them, and give its losses: [T - 1]."""
    round_trip_all(zip(matrices(weights), peaks, matrices(copy), strict=True), bits)
    return losses(copy, ids)


def llm_row(
    weights: Weights, bits: int, granularity: str, loss: np.ndarray, base: np.ndarray
) -> dict:
    """Put together what is known of the LLM at so many bits.

    `loss` is that of each token, `base` the same at 16 bits, in nats.

    >>> row = llm_row(load(), 8, "block32", np.log([2.0, 6.0]), np.log([2.0, 3.0]))
    >>> round(row["perplexity_ratio"], 3), row["bits_per_weight"], row["size_bytes"]
    (1.414, 8.5, 143025408)
    """
    arrays = [array for _, array in weights.arrays()]
    in_matrices = [array for array in arrays if array.ndim == 2]
    n_weights = sum(array.size for array in in_matrices)
    return {
        "bits": bits,
        "granularity": granularity,
        "bits_per_weight": 8 * size_bytes(in_matrices, bits, granularity) / n_weights,
        "size_bytes": size_bytes(arrays, bits, granularity),
        "perplexity": stable(math.exp(float(loss.mean()))),
        **perplexity_ratio(loss - base),
    }


def run(
    *,
    bits: Literal[*map(str, BITS)] = "4",
    granularity: Literal[*SCOPES] = "block32",
) -> dict:
    """Measure both models at every number of bits (`grid`), and put the chosen point at the top.

    Raises FileNotFoundError where a model is not installed.
    """
    facts, file = measured(), header()
    n_weights = sum(array.size for _, array in load().arrays())
    base_bytes = sum(tensor.n_bytes for tensor in file.tensors.values())
    return {
        **facts["grid"][granularity][bits],
        "n_params": n_weights,
        "base_layers": FORMATS[file.tensors["blk.0.ffn_up.weight"].kind],
        "base_embeddings": FORMATS[file.tensors["token_embd.weight"].kind],
        "base_size_bytes": base_bytes,
        "base_bits_per_weight": 8 * base_bytes / n_weights,
        "n_sentences": len(vectors_in_fp32()[0]),
        **facts,
        "published": published(),
    }


def show(facts: dict) -> None:
    """Print both models at every number of bits, and what others measured, in Italian."""
    base = f"{facts['base_layers']}; embedding {facts['base_embeddings']}"
    base_mb, minilm_mb = (
        megabytes(facts[f"{name}_bytes"]) for name in ("base_size", "minilm_fp32")
    )
    llm = table(facts, "  bit/peso        MB    perplessità      rispetto a 16 bit", llm_columns)
    minilm_head = "        MB   coseno medio   il peggiore    ordine   stessa vicina"
    whole_matrix = minilm_columns(facts["minilm_whole_matrix"])
    print(f"""\
QUANTO SI PERDE

1. SmolLM2-135M sui primi {facts["n_tokens"]} token di un testo inglese mai visto
   perplessità: fra quanti token ugualmente probabili il modello è indeciso
   ±: errore standard, dalle differenze token per token; ≈: 1 è a due errori o meno,
   perciò la differenza può essere un caso
   Attenzione: il file di partenza è già a 4 bit ({base}),
   {base_mb} MB: qui si quantizza una seconda volta.
{llm}

2. MiniLM, pubblicato in FP32: {facts["n_sentences"]} frasi, il loro vettore prima e dopo
   in FP32 il modello occupa {minilm_mb} MB
   coseno: 1 vuol dire non spostato; ordine: correlazione fra le somiglianze;
   stessa vicina: per quante frasi la più simile resta quella
{table(facts, minilm_head, minilm_columns)}

   e a 8 bit, ma con una sola scala per tutta la matrice:
              8 bit  {whole_matrix}

3. Che cosa hanno misurato altri, con i formati di llama.cpp (wikitext-2)
{published_lines(facts["published"].values())}
   Perplessità di testi e modelli diversi non si confrontano: i rapporti sì.""")


def table(facts: dict, head: str, columns: Callable[[dict], str]) -> str:
    """Write a line a number of bits, by granularity, with a mark at the chosen one.

    >>> grid = {scope: {"4": {"bits": 4}} for scope in SCOPES}
    >>> facts = {"grid": grid, "bits": 4, "granularity": "row"}
    >>> print(table(facts, "   byte", lambda row: str(row["bits"] * 8)))
    <BLANKLINE>
       una scala per riga   byte
                  4 bit  32 <
    <BLANKLINE>
       blocchi di 32        byte
                  4 bit  32
    """
    lines = []
    for scope, name in SCOPES.items():
        lines += ["", f"   {name:<18}{head}"]
        for row in facts["grid"][scope].values():
            chosen = row["bits"] == facts["bits"] and scope == facts["granularity"]
            line = f"   {row['bits']:>12} bit  {columns(row)}{' <' if chosen else ''}"
            lines.append(line.rstrip())
    return "\n".join(lines)


def llm_columns(row: dict) -> str:
    """Write a row's numbers for the LLM.

    >>> row = {"bits": 4, "bits_per_weight": 4.5, "size_bytes": 75792384, "perplexity": 63.1}
    >>> row |= {"perplexity_ratio": 1.43, "perplexity_ratio_error": 0.3, "told_from_none": False}
    >>> llm_columns(row)
    '    4,50     75,8          63,10 ×        1,430 ± 0,300 ≈'
    """
    ratio, error = row["perplexity_ratio"], row["perplexity_ratio_error"]
    ruined = ratio >= 100  # then decimals and errors say nothing
    size = f"{number(row['bits_per_weight'], 2):>8}{megabytes(row['size_bytes']):>9}"
    perplexity = number(row["perplexity"], 0 if ruined else 2)
    error_it = " " * 8 if ruined else f" ± {number(error, 3)}"
    by_chance = "" if row["told_from_none"] or row["bits"] == 16 else " ≈"
    ratio_it = number(ratio, 0 if ruined else 3)
    return f"{size}{perplexity:>15} × {ratio_it:>12}{error_it}{by_chance}"


def minilm_columns(row: dict) -> str:
    """Write a row's numbers for MiniLM.

    >>> row = {"minilm_size_bytes": 12e6, "cosine_mean": 0.95, "cosine_worst": 0.94}
    >>> minilm_columns(row | {"rank_correlation": 0.945, "n_same_nearest": 19})
    '    12,0         0,9500        0,9400    0,9450              19'
    """
    keys = ("cosine_mean", "cosine_worst", "rank_correlation")
    mean, worst, correlation = (number(row[key], 4) for key in keys)
    size = megabytes(row["minilm_size_bytes"])
    return f"{size:>8}{mean:>15}{worst:>14}{correlation:>10}{row['n_same_nearest']:>16}"


FORMAT_NAMES = {"F16": "FP16"}  # llama.cpp's own name, and the one used everywhere here


def published_lines(models: Iterable[dict]) -> str:
    """Write what others measured, a line a type.

    >>> row = {"bits_per_weight": 4.5, "perplexity": 6, "perplexity_ratio": 1.2}
    >>> print(published_lines([{"model": "LLaMA 7B", "rows": {"Q4_0": row}}]))
       LLaMA 7B    bit/peso    perplessità      rispetto a FP16
         Q4_0          4,50          6,000 ×          1,2000
    """
    lines = []
    for model in models:
        lines.append(f"   {model['model']:<12}bit/peso    perplessità      rispetto a FP16")
        for name, row in model["rows"].items():
            bits, perplexity = number(row["bits_per_weight"], 2), number(row["perplexity"], 3)
            ratio = number(row["perplexity_ratio"], 4)
            lines.append(
                f"     {FORMAT_NAMES.get(name, name):<8}{bits:>10}{perplexity:>15} × {ratio:>15}"
            )
    return "\n".join(lines)


def megabytes(n_bytes: int) -> str:
    """Write a size in Italian, in MB (10^6 bytes).

    >>> megabytes(143025408)
    '143,0'
    """
    return number(n_bytes / 1e6, 1)


if __name__ == "__main__":
    run_alone(run, show)
