"""How the KV cache grows while a real LLM writes: its bytes, measured, and the multiplications that it saves, counted.

SmolLM2-135M continues a text twice: with the cache, where each step computes one token, and
without, where each step computes the whole text again. Bytes are those of the array elements in
use. Multiplications are those of matrix products, counted as they run (`smollm/multiplications.py` says
how).

Leaves out: the room reserved for tokens still to come; a cache in 16 bits or fewer, as servers have
it; several texts at once; what is really slow in generation, which is reading all weights from
memory once a token.
"""

import time
from collections import Counter
from collections.abc import Callable
from textwrap import fill
from typing import Annotated

from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens import one_line
from demos.common.words import number
from demos.smollm import tokenizer
from demos.smollm.cache import Cache
from demos.smollm.multiplications import count_weights, counted_cache
from demos.smollm.transformer import forward
from demos.smollm.weights import Shape, Weights, load

LONGEST = 80  # tokens of text: without a cache, the work grows with the square of the length
BYTES = {"fp32": 4, "fp16": 2}  # of one number; here the cache is in FP32


def bytes_in_use(cache: Cache) -> int:
    """Measure the bytes of the keys and values that the cache holds, without the room for tokens to come.

    >>> from dataclasses import replace
    >>> bytes_in_use(replace(Cache.empty(load().shape, 10), length=2))
    92160
    """
    return cache.keys[:, :, : cache.length].nbytes + cache.values[:, :, : cache.length].nbytes


def formula_bytes(shape: Shape, n_tokens: int, bytes_per_number: int) -> int:
    """Compute what the cache should take: a key and a value for each token, layer and KV head.

    Grouped-query attention: Ainslie et al. 2023, https://arxiv.org/abs/2305.13245.

    >>> formula_bytes(load().shape, 1, 4)  # 2 * 30 * 3 * 64 * 4
    46080
    """
    return 2 * shape.n_layers * shape.n_kv_heads * shape.head_dim * bytes_per_number * n_tokens


def write(weights: Weights, ids: list[int], n_tokens: int) -> list[dict]:
    """Write `n_tokens` tokens, always the likeliest, with and without the cache; give bytes and counts of each step.

    >>> [step["n_tokens"] for step in write(load(), [504, 2436], 3)]  # the text, then one more each time
    [2, 3, 4]
    """
    tally: Counter = Counter()
    counted, capacity = count_weights(weights, tally), len(ids) + n_tokens
    cache = counted_cache(weights.shape, capacity, tally)
    text, steps, new = list(ids), [], list(ids)
    for _ in range(n_tokens):
        tally.clear()
        token = int(
            forward(counted, new, cache, last=True).argmax()
        )  # only what the cache lacks: [1, V]
        step = {"n_tokens": cache.length, "kv_cache_bytes": bytes_in_use(cache)}
        step |= {
            "n_multiplications_with": tally.total(),
            "n_multiplications_attention": tally["attention"],
        }
        tally.clear()
        again = forward(
            counted, text, counted_cache(weights.shape, len(text), tally), last=True
        )  # the whole text
        step |= {
            "n_multiplications_without": tally.total(),
            "same_token": int(again.argmax()) == token,
            "id": token,
        }
        steps.append(step)
        text.append(token)
        new = [token]
    return steps


def run(
    *,
    text: str = "The old ferry keeper looked at the river and",
    n_tokens: Annotated[int, range(8, 49, 8)] = 24,
) -> dict:
    """Continue `text` by `n_tokens` tokens, even where the model would end it. ValueError on an empty or long text.

    >>> facts = run(text="Once upon", n_tokens=8)
    >>> facts["kv_bytes_per_token"], facts["kv_cache_bytes"]
    (46080, 414720)
    """
    if n_tokens not in range(8, 49, 8):
        raise ValueError(f"n_tokens {n_tokens!r} is not a multiple of 8 from 8 to 48")
    ids, weights = read_prompt(text, LONGEST), load()
    steps, shape = write(weights, ids, n_tokens), weights.shape
    last, per_token = steps[-1], formula_bytes(shape, 1, BYTES["fp32"])
    totals = {
        key: sum(step[key] for step in steps)
        for key in ("n_multiplications_with", "n_multiplications_without")
    }
    return {
        "text": text,
        "ids": ids,
        "continuation": tokenizer.decode(step["id"] for step in steps),
        "n_tokens_text": len(ids),
        "n_tokens_new": len(steps),
        "n_layers": shape.n_layers,
        "n_heads": shape.n_heads,
        "n_kv_heads": shape.n_kv_heads,
        "head_dim": shape.head_dim,
        "number_bytes": BYTES["fp32"],
        "kv_bytes_per_token": per_token,
        "kv_fp16_bytes_per_token": formula_bytes(shape, 1, BYTES["fp16"]),
        "kv_cache_bytes": last["kv_cache_bytes"],
        "measured_is_formula": all(
            step["kv_cache_bytes"] == per_token * step["n_tokens"] for step in steps
        ),
        "context": shape.context,
        "kv_full_context_bytes": per_token * shape.context,
        "weights_bytes": sum(array.nbytes for _, array in weights.arrays()),
        "same_tokens": all(step["same_token"] for step in steps),
        **{f"{key}_total": total for key, total in totals.items()},
        "total_ratio": totals["n_multiplications_without"] / totals["n_multiplications_with"],
        "last_ratio": last["n_multiplications_without"] / last["n_multiplications_with"],
        "steps": steps,
    }


def show(facts: dict) -> None:
    """Print the cache token by token, the formula, the multiplications, and at the end times measured just now."""
    print("LA CACHE CHE CRESCE\n")
    print("SmolLM2 continua, un token alla volta, il testo")
    print(fill(f"«{one_line(facts['text'])}»", 86, initial_indent="  ", subsequent_indent="  "))
    print(
        fill(
            f"così: «{one_line(facts['continuation'])}»",
            86,
            initial_indent="  ",
            subsequent_indent="  ",
        )
    )
    shape = " × ".join(
        str(facts[key]) for key in ("n_layers", "n_kv_heads", "head_dim", "number_bytes")
    )
    print("\n1. La formula: 2 × strati × teste KV × dimensione della testa × byte")
    print(f"   2 × {shape} = {number(facts['kv_bytes_per_token'])} byte per ogni token")
    print("\n2. La memoria misurata, e le moltiplicazioni contate, a ogni token")
    print(f"   {'token':>6}{'byte nella cache':>18}{'con la cache':>18}{'senza cache':>18}")
    for step in rows(facts["steps"]):
        columns = (
            step[key]
            for key in ("kv_cache_bytes", "n_multiplications_with", "n_multiplications_without")
        )
        print(f"   {step['n_tokens']:>6}" + "".join(f"{number(column):>18}" for column in columns))
    print("   La prima riga legge il testo: lì la cache non fa risparmiare ancora niente.")
    print(f"   Misura e formula coincidono: {'sì' if facts['measured_is_formula'] else 'no'}.")
    print(f"   Con o senza cache, gli stessi token: {'sì' if facts['same_tokens'] else 'no'}.")
    print("\n3. Il risparmio")
    print(f"   per l'ultimo token  {number(facts['last_ratio'], 1)} volte meno moltiplicazioni")
    print(f"   in tutto            {number(facts['total_ratio'], 1)} volte meno")
    share = (
        100
        * facts["steps"][-1]["n_multiplications_attention"]
        / facts["steps"][-1]["n_multiplications_with"]
    )
    print(f"   Con la cache cresce solo l'attenzione, qui ancora {number(share, 1)}% del lavoro.")
    print("\n4. Il prezzo")
    full, weights = (
        number(facts[key] / 1e6, 0) for key in ("kv_full_context_bytes", "weights_bytes")
    )
    print(
        f"   con {number(facts['context'])} token la cache occuperebbe {full} MB; i pesi ne occupano {weights}"
    )
    print(
        f"   (in FP16, come di solito: {number(facts['kv_fp16_bytes_per_token'])} byte per token, la metà)"
    )
    show_times(facts)


def rows(steps: list[dict]) -> list[dict]:
    """Choose the steps to print: the first two, every eighth after them, and the last.

    >>> [step["n"] for step in rows([{"n": n} for n in range(19)])]
    [0, 1, 8, 16, 18]
    """
    return [step for i, step in enumerate(steps) if i < 2 or i % 8 == 0 or i == len(steps) - 1]


def show_times(facts: dict) -> None:
    """Print how long the last token takes here and now; no fact, since it is another on each machine and each time."""
    weights, text = load(), facts["ids"] + [step["id"] for step in facts["steps"][:-1]]
    cache = Cache.empty(weights.shape, len(text))
    forward(weights, text[:-1], cache, last=True)

    def with_cache() -> None:
        cache.length = len(text) - 1  # forget the last token again
        forward(weights, text[-1:], cache, last=True)

    times = [milliseconds(step) for step in (with_cache, lambda: forward(weights, text, last=True))]
    print("\n5. Il tempo per l'ultimo token, su questa macchina, adesso")
    print(
        f"   con la cache {number(times[0], 0)} ms, senza {number(times[1], 0)} ms: meno del risparmio nel conto,"
    )
    print("   perché anche per un solo token i pesi si leggono tutti dalla memoria")


def milliseconds(step: Callable[[], object]) -> float:
    """Time a step: the best of three.

    >>> milliseconds(lambda: None) < 1000
    True
    """
    times = []
    for _ in range(3):
        start = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - start))
    return min(times)


if __name__ == "__main__":
    run_alone(run, show)
