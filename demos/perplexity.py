"""What fewer bits cost a whole model: the perplexity of a real LLM at 16, 8, ... 2 bits, and what others measured.

Perplexity is how many tokens, equally likely, the model would be hesitating between: exp of the
mean of -log of the probability that it gave to each real next token. It is measured on a text
written for this project, that the model has never seen. The LLM's file is already 4-bit (Q4_1,
embeddings Q8_0): what is lost here comes on top of that. So a second model that really is FP32,
all-MiniLM-L6-v2, is quantized likewise: how far do its sentence vectors move?

So short a text leaves room for chance. Each ratio of perplexities is exp of a mean of paired
differences (the loss of each token, less its loss at 16 bits), and has that mean's standard error,
s / √n, and the interval of two of them.

Leaves out: better methods than rounding to the nearest (GPTQ, AWQ, K-quants), activations and cache
in fewer bits; how good the answers are; that neighbouring tokens are not quite independent (over
blocks of 16 the errors are much alike).
"""

import math
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from demos.common.intervals import significant
from demos.common.models import DATA, find_model, load_rows, n_params
from demos.common.quantization import (
    largest,
    matrices,
    round_trip_all,
    side_by_side,
    size_bytes,
    writable_copy,
)
from demos.common.sentences import embed, load_tensors
from demos.common.standalone import run_alone
from demos.common.words import number
from demos.smollm import tokenizer
from demos.smollm.reader import Q4_1, Q8_0
from demos.smollm.transformer import forward
from demos.smollm.weights import Weights, header, load

TEXT, SENTENCES = (
    DATA / "texts" / "english-heldout.txt",
    DATA / "sentences.txt",
)  # both written for this project
N_TOKENS = 256  # predicted, each from all before it: the beginning of the text
BITS = (16, 8, 6, 5, 4, 3, 2)
SCOPES = {"row": "una scala per riga", "block32": "blocchi di 32"}
FORMATS = {Q4_1: "Q4_1", Q8_0: "Q8_0"}


def losses(weights: Weights, ids: list[int]) -> np.ndarray:
    """Give -log of the probability of each token but the first, natural logarithm: [T - 1].

    >>> losses(load(), tokenizer.encode("The capital of France is Paris")).round(1).tolist()
    [11.5, 0.3, 2.4, 0.5, 0.3]
    """
    logits = forward(weights, ids[:-1])  # [T - 1, V]
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


def ranks(values: np.ndarray) -> np.ndarray:
    """Rank values from 0; equal ones share the mean of their ranks.

    >>> ranks(np.array([0.3, 0.1, 0.3, 0.9])).tolist()
    [1.5, 0.0, 1.5, 3.0]
    """
    below, equal = values[:, None] > values, values[:, None] == values  # [n, n]
    return below.sum(axis=1) + (equal.sum(axis=1) - 1) / 2


def moved(vectors: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Say how far sentence vectors [B, d], of length 1, moved from `base`: cosines, and Spearman's rank correlation.

    The correlation is that of the similarities of all pairs. `n_same_nearest` counts the sentences
    whose nearest other one is still the same: it is what such vectors are for.

    >>> moved(np.eye(3)[:, ::-1], np.eye(3))["cosine_mean"]
    0.3333333333333333
    """
    vectors, base = vectors.astype(np.float64), base.astype(np.float64)
    cosines, pairs = (vectors * base).sum(axis=1), np.triu_indices(len(base), 1)
    alike = [(v @ v.T).round(12) for v in (vectors, base)]  # [B, B] each
    now, before = (ranks(cosine[pairs]) for cosine in alike)  # [B (B - 1) / 2]
    spread = now.std() * before.std()
    covariance = ((now - now.mean()) * (before - before.mean())).mean()
    return {
        "cosine_mean": float(cosines.mean()),
        "cosine_worst": float(cosines.min()),
        "rank_correlation": float(covariance / spread) if spread else 0.0,
        "n_same_nearest": int(
            np.equal(*((cosine - 3 * np.eye(len(base))).argmax(axis=1) for cosine in alike)).sum()
        ),
    }


@lru_cache(maxsize=1)
def measured() -> dict:
    """Measure both models at every number of bits and granularity; once a process, since it takes a dozen seconds."""
    weights, ids = load(), tokenizer.encode(TEXT.read_text(encoding="utf-8"))[: N_TOKENS + 1]
    copy = writable_copy(weights)
    peaks = {
        scope: side_by_side(partial(largest, granularity=scope), matrices(weights))
        for scope in SCOPES
    }
    grid: dict[str, dict[str, dict]] = {scope: {} for scope in SCOPES}
    base = np.empty(0)
    for granularity, bits in ((g, b) for g in SCOPES for b in BITS):
        if bits == 16 and grid["row"]:
            same = grid["row"]["16"]  # no scales
            grid[granularity]["16"] = same | {"granularity": granularity}
            continue
        round_trip_all(
            zip(matrices(weights), peaks[granularity], matrices(copy), strict=True), bits
        )
        loss = losses(copy, ids)  # [T]
        base = loss if bits == 16 else base
        row = llm_row(weights, bits, granularity, loss, base) | minilm_row(bits, granularity)
        grid[granularity][str(bits)] = row
    return {
        "grid": grid,
        "n_tokens": len(ids) - 1,
        "last_words": tokenizer.decode(ids[-8:]),
        "minilm_whole_matrix": minilm_row(8, "tensor"),
        "minilm_fp32_bytes": sum(array.nbytes for array in load_tensors().values()),
    }


def llm_row(
    weights: Weights, bits: int, granularity: str, loss: np.ndarray, base: np.ndarray
) -> dict:
    """Put together what is known of the LLM at so many bits; `base` is the loss of each token at 16, in nats.

    >>> row = llm_row(load(), 8, "block32", np.log([2.0, 6.0]), np.log([2.0, 3.0]))
    >>> round(row["perplexity_ratio"], 3), row["bits_per_weight"], row["size_bytes"]
    (1.414, 8.5, 143025408)
    """
    arrays = [array for _, array in weights.arrays()]
    in_matrices = [array for array in arrays if array.ndim == 2]
    n_weights, matrix_bytes = (
        sum(a.size for a in in_matrices),
        size_bytes(in_matrices, bits, granularity),
    )
    return {
        "bits": bits,
        "granularity": granularity,
        "bits_per_weight": 8 * matrix_bytes / n_weights,
        "size_bytes": size_bytes(arrays, bits, granularity),
        "perplexity": stable(math.exp(float(loss.mean()))),
        **ratio_and_error(loss - base),
    }


def ratio_and_error(differences: np.ndarray) -> dict:
    """Turn differences of loss, token by token, into a ratio of perplexities and what chance may do to it.

    The standard error of their mean is s / √n (Student, 1908), that of its exp is as many times
    larger as exp is; `low` and `high` are exp(mean ∓ 2 errors), about 95%. A ratio is told from
    none where 1 lies outside them.

    >>> [round(value, 3) for value in ratio_and_error(np.log([1.0, 4.0])).values()][:4]
    [2.0, 1.386, 0.5, 8.0]
    >>> ratio_and_error(np.array([0.1, 0.2, 0.1]))["told_from_none"]
    True
    """
    mean, error = (
        float(differences.mean()),
        float(differences.std(ddof=1)) / math.sqrt(len(differences)),
    )
    return {
        "perplexity_ratio": stable(math.exp(mean)),
        "perplexity_ratio_error": stable(math.exp(mean) * error),
        "perplexity_ratio_low": stable(math.exp(mean - 2 * error)),
        "perplexity_ratio_high": stable(math.exp(mean + 2 * error)),
        "told_from_none": abs(mean) > 2 * error,
    }


def stable(value: float) -> float:
    """Keep two digits of a number beyond 1000: a ruined model magnifies float32's noise, and the rest would be that.

    >>> stable(42986644.4), stable(63.1145)
    (43000000.0, 63.1145)
    """
    return significant(value, 2) if value > 1000 else value


@lru_cache(maxsize=1)
def vectors_in_fp32() -> tuple[list[str], np.ndarray]:
    """Read the sentences, and compute their vectors with the FP32 model, once a process.

    >>> sentences, vectors = vectors_in_fp32()
    >>> len(sentences), vectors.shape
    (20, (20, 384))
    """
    sentences = SENTENCES.read_text(encoding="utf-8").splitlines()
    return sentences, embed(load_tensors(), sentences)


@lru_cache
def minilm_peaks(granularity: str) -> dict[str, np.ndarray]:
    """Find the largest weight of each group in each of MiniLM's matrices, by name; once a process.

    >>> minilm_peaks("row")["embeddings.word_embeddings.weight"].shape
    (30522, 1)
    """
    return {
        name: largest(array, granularity)
        for name, array in load_tensors().items()
        if array.ndim == 2
    }


def minilm_row(bits: int, granularity: str) -> dict:
    """Quantize MiniLM, and say how far its vectors of the sentences moved from those of the FP32 model.

    >>> minilm_row(16, "row")["cosine_worst"] > 0.999999
    True
    """
    (sentences, base), tensors = vectors_in_fp32(), load_tensors()
    rounded = {
        name: np.empty_like(array) if array.ndim == 2 else array for name, array in tensors.items()
    }
    names, peaks = zip(*minilm_peaks(granularity).items(), strict=True)
    round_trip_all(zip(map(tensors.get, names), peaks, map(rounded.get, names), strict=True), bits)
    return moved(embed(rounded, sentences), base) | {
        "minilm_size_bytes": size_bytes(tensors.values(), bits, granularity)
    }


def published() -> dict[str, dict]:
    """Give what others measured, by model and type, with perplexity over that of the same model in 16 bits.

    >>> rows = published()["llama1-7b"]["rows"]
    >>> round(rows["Q8_0"]["perplexity_ratio"], 4)
    1.0001
    """
    models: dict[str, dict] = {}
    for table in load_rows(DATA / "quantization.toml", "table"):
        weights = n_params(find_model(table["model"]))
        empty = {"model": table["name"], "n_params": weights, "sources": [], "rows": {}}
        of_model = models.setdefault(table["model"], empty)
        of_model["sources"].append(table["source"])
        of_model["rows"] |= {
            row["type"]: {"bits_per_weight": row.get("bits_per_weight", row["size_gib"] * 2**33 / weights),
             "perplexity": row["ppl"], "perplexity_ratio": row["ppl"] / table["rows"][0]["ppl"]}
            for row in table["rows"] if row["type"] not in of_model["rows"]
        }  # fmt: skip
    for of_model in models.values():
        by_bits = sorted(of_model["rows"].items(), key=lambda item: -item[1]["bits_per_weight"])
        of_model["rows"] = dict(by_bits)
    return models


def run(
    *,
    bits: Literal["16", "8", "6", "5", "4", "3", "2"] = "4",
    granularity: Literal["row", "block32"] = "block32",
) -> dict:
    """Measure both models at every number of bits (`grid`), and put the chosen point at the top.

    Raises ValueError for a value that is none of the choices, and FileNotFoundError where a model
    is not installed.
    """
    for value, choices in ((bits, tuple(map(str, BITS))), (granularity, tuple(SCOPES))):
        if value not in choices:
            raise ValueError(f"{value!r} is not one of {', '.join(choices)}")
    facts, file = measured(), header()
    n_weights = sum(array.size for _, array in load().arrays())
    return {
        **facts["grid"][granularity][bits],
        "n_params": n_weights,
        "base_layers": FORMATS[file.tensors["blk.0.ffn_up.weight"].kind],
        "base_embeddings": FORMATS[file.tensors["token_embd.weight"].kind],
        "base_size_bytes": sum(tensor.n_bytes for tensor in file.tensors.values()),
        "base_bits_per_weight": 8
        * sum(tensor.n_bytes for tensor in file.tensors.values())
        / n_weights,
        "n_sentences": len(vectors_in_fp32()[0]),
        **facts,
        "published": published(),
    }


def show(facts: dict) -> None:
    """Print both models at every number of bits, and what others measured, in Italian."""
    print("QUANTO SI PERDE\n")
    print(f"1. SmolLM2-135M sui primi {facts['n_tokens']} token di un testo inglese mai visto")
    print("   perplessità: fra quanti token ugualmente probabili il modello è indeciso")
    print("   ±: errore standard, dalle differenze token per token; ≈: 1 è a due errori o meno,")
    print("   perciò la differenza può essere un caso")
    base = f"{facts['base_layers']}; embedding {facts['base_embeddings']}"
    print(f"   Attenzione: il file di partenza è già a 4 bit ({base}),")
    size = number(facts["base_size_bytes"] / 1e6, 1)
    print(f"   {size} MB: qui si quantizza una seconda volta.")
    for scope, name in SCOPES.items():
        print(f"\n   {name:<18}  bit/peso        MB    perplessità      rispetto a 16 bit")
        for row in facts["grid"][scope].values():
            print(f"   {row['bits']:>12} bit  {llm_columns(row)}{mark(row, facts)}".rstrip())
    print(
        f"\n2. MiniLM, pubblicato in FP32: {facts['n_sentences']} frasi, il loro vettore prima e dopo"
    )
    print(f"   in FP32 il modello occupa {number(facts['minilm_fp32_bytes'] / 1e6, 1)} MB")
    print("   coseno: 1 vuol dire non spostato; ordine: correlazione fra le somiglianze;")
    print("   stessa vicina: per quante frasi la più simile resta quella")
    for scope, name in SCOPES.items():
        print(f"\n   {name:<18}        MB   coseno medio   il peggiore    ordine   stessa vicina")
        for row in facts["grid"][scope].values():
            print(f"   {row['bits']:>12} bit  {minilm_columns(row)}{mark(row, facts)}")
    print("\n   e a 8 bit, ma con una sola scala per tutta la matrice:")
    print(f"   {8:>12} bit  {minilm_columns(facts['minilm_whole_matrix'])}")
    show_published(facts["published"])


def mark(row: dict, facts: dict) -> str:
    """Mark the row of the chosen variant.

    >>> mark({"bits": 4, "granularity": "row"}, {"bits": 4, "granularity": "row"})
    ' <'
    """
    return " <" if all(row[key] == facts[key] for key in ("bits", "granularity")) else ""


def llm_columns(row: dict) -> str:
    """Write a row's numbers for the LLM.

    >>> row = {"bits": 4, "bits_per_weight": 4.5, "size_bytes": 75792384, "perplexity": 63.1, "perplexity_ratio": 1.43}
    >>> llm_columns(row | {"perplexity_ratio_error": 0.3, "told_from_none": False})
    '    4,50     75,8          63,10 ×        1,430 ± 0,300 ≈'
    """
    ratio, error = row["perplexity_ratio"], row["perplexity_ratio_error"]
    digits = 3 if ratio < 100 else 0
    return (
        f"{number(row['bits_per_weight'], 2):>8}{number(row['size_bytes'] / 1e6, 1):>9}"
        f"{number(row['perplexity'], 2 if ratio < 100 else 0):>15} × {number(ratio, digits):>12}"
        + (f" ± {number(error, 3)}" if ratio < 100 else " " * 8)
        + ("" if row["told_from_none"] or row["bits"] == 16 else " ≈")
    )


def minilm_columns(row: dict) -> str:
    """Write a row's numbers for MiniLM.

    >>> row = {"minilm_size_bytes": 12e6, "cosine_mean": 0.95, "cosine_worst": 0.94, "rank_correlation": 0.945}
    >>> minilm_columns(row | {"n_same_nearest": 19})
    '    12,0         0,9500        0,9400    0,9450              19'
    """
    return (
        f"{number(row['minilm_size_bytes'] / 1e6, 1):>8}{number(row['cosine_mean'], 4):>15}"
        f"{number(row['cosine_worst'], 4):>14}{number(row['rank_correlation'], 4):>10}{row['n_same_nearest']:>16}"
    )


def show_published(models: dict[str, dict]) -> None:
    """Print what others measured on larger models."""
    print("\n3. Che cosa hanno misurato altri, con i formati di llama.cpp (wikitext-2)")
    for of_model in models.values():
        print(f"   {of_model['model']:<12}bit/peso    perplessità      rispetto a F16")
        for name, row in of_model["rows"].items():
            bits, perplexity = number(row["bits_per_weight"], 2), number(row["perplexity"], 3)
            print(
                f"     {name:<8}{bits:>10}{perplexity:>15} × {number(row['perplexity_ratio'], 4):>15}"
            )
    print("   Perplessità di testi e modelli diversi non si confrontano: i rapporti sì.")


if __name__ == "__main__":
    run_alone(run, show)
