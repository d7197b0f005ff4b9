"""How the KV cache grows while a real LLM writes: its bytes measured, the work it saves counted.

SmolLM2-135M continues a text twice: with the cache, where each step computes one token, and
without, where each step computes the whole text again. Bytes are those of the array elements in
use. Multiplications are those of matrix products, counted as they run
(`smollm/multiplications.py`): unlike a time, the count is the same on any machine.

Leaves out: the room reserved for tokens still to come; a cache in 16 bits or fewer, as servers have
it; several texts at once; the time, which reading all weights from memory takes most of.
"""

from collections import Counter
from typing import Annotated

from demos.common.standalone import run_alone
from demos.common.text import read_prompt
from demos.common.tokens.pieces import one_line
from demos.common.words import columns, number, percent, wrap, yes_or_no
from demos.smollm import tokenizer
from demos.smollm.cache import Cache
from demos.smollm.cache_size import bytes_in_use, formula_bytes, sizes
from demos.smollm.multiplications import count_weights, counted_cache
from demos.smollm.transformer import forward
from demos.smollm.weights import Weights, load

LONGEST = 80  # tokens of text: without a cache, the work grows with the square of the length
WORK = "n_multiplications"


def write(weights: Weights, ids: list[int], n_tokens: int) -> list[dict]:
    """Write `n_tokens` tokens, always the likeliest, with and without the cache; facts of each.

    >>> [step["n_tokens"] for step in write(load(), [504, 2436], 3)]  # the text, then one more
    [2, 3, 4]
    """
    tally: Counter = Counter()  # of multiplications, since it was last cleared
    counted = count_weights(weights, tally)
    cache = counted_cache(weights.shape, len(ids) + n_tokens, tally)
    text, new, steps = list(ids), list(ids), []
    for _ in range(n_tokens):
        tally.clear()
        token = likeliest(counted, new, cache)  # only what the cache lacks
        step = {"n_tokens": cache.length, "kv_cache_bytes": bytes_in_use(cache)}
        step |= {f"{WORK}_with": tally.total(), f"{WORK}_attention": tally["attention"]}
        tally.clear()
        fresh = counted_cache(weights.shape, len(text), tally)
        again = likeliest(counted, text, fresh)  # the whole text
        step |= {f"{WORK}_without": tally.total(), "same_token": again == token, "id": token}
        steps.append(step)
        new = [token]
        text += new
    return steps


def likeliest(weights: Weights, ids: list[int], cache: Cache) -> int:
    """Choose the likeliest token after what the cache holds and `ids`.

    >>> likeliest(load(), [504, 2436], Cache.empty(load().shape, 2))
    81
    """
    return int(forward(weights, ids, cache, last=True).argmax())


def savings(steps: list[dict]) -> dict:
    """Sum up the multiplications of all steps, and compare those with the cache and without.

    >>> savings([{f"{WORK}_with": 1, f"{WORK}_without": 4}])["total_ratio"]
    4.0
    """
    last = steps[-1]
    with_cache = sum(step[f"{WORK}_with"] for step in steps)
    without = sum(step[f"{WORK}_without"] for step in steps)
    return {
        f"{WORK}_with_total": with_cache,
        f"{WORK}_without_total": without,
        "total_ratio": without / with_cache,
        "last_ratio": last[f"{WORK}_without"] / last[f"{WORK}_with"],
    }


def run(
    *,
    text: str = "The old ferry keeper looked at the river and",
    n_tokens: Annotated[int, range(8, 49, 8)] = 24,
) -> dict:
    """Continue `text`, even where the model would end it. ValueError on an empty or long text.

    >>> facts = run(text="Once upon", n_tokens=8)
    >>> facts["kv_bytes_per_token"], facts["kv_cache_bytes"]
    (46080, 414720)
    """
    ids, weights = read_prompt(text, LONGEST), load()
    shape, steps = weights.shape, write(weights, ids, n_tokens)
    per_token = formula_bytes(shape, 1)
    agree = (step["kv_cache_bytes"] == per_token * step["n_tokens"] for step in steps)
    return {
        "text": text,
        "ids": ids,
        "continuation": tokenizer.decode(step["id"] for step in steps),
        "n_tokens_text": len(ids),
        "n_tokens_new": len(steps),
        **sizes(shape),
        "kv_cache_bytes": steps[-1]["kv_cache_bytes"],
        "measured_is_formula": all(agree),
        "context": shape.context,
        "kv_full_context_bytes": per_token * shape.context,
        "weights_bytes": sum(array.nbytes for _, array in weights.arrays()),
        "same_tokens": all(step["same_token"] for step in steps),
        **savings(steps),
        "steps": steps,
    }


def show(facts: dict) -> None:
    """Print the cache token by token, the formula, and the multiplications."""
    factors = [facts[key] for key in ("n_layers", "n_kv_heads", "head_dim", "number_bytes")]
    print(f"""\
LA CACHE CHE CRESCE

SmolLM2 continua, un token alla volta, il testo
{wrap(f"«{one_line(facts['text'])}»", 86, "  ", "  ")}
{wrap(f"così: «{one_line(facts['continuation'])}»", 86, "  ", "  ")}

1. La formula: 2 × strati × teste KV × dimensione della testa × byte
   2 × {" × ".join(map(str, factors))} = {number(facts["kv_bytes_per_token"])} byte per ogni token
""")
    show_steps(facts)
    show_savings(facts)


def show_steps(facts: dict) -> None:
    """Print the cache and the multiplications, token by token, and what they agree in."""
    print("""\
2. La memoria misurata, e le moltiplicazioni contate, a ogni token
    token  byte nella cache      con la cache       senza cache""")
    steps = facts["steps"]
    for step in steps[:2] + steps[8:-1:8] + steps[-1:]:  # the first says what the text costs
        counted = [step[key] for key in ("kv_cache_bytes", f"{WORK}_with", f"{WORK}_without")]
        print(f"   {step['n_tokens']:>6}{columns(map(number, counted), 18)}")
    print(f"""\
   La prima riga legge il testo: lì la cache non fa risparmiare ancora niente.
   Misura e formula coincidono: {yes_or_no(facts["measured_is_formula"])}.
   Con o senza cache, gli stessi token: {yes_or_no(facts["same_tokens"])}.""")


def show_savings(facts: dict) -> None:
    """Print what the cache saves, and what it costs."""
    last = facts["steps"][-1]
    attention = percent(last[f"{WORK}_attention"] / last[f"{WORK}_with"], 1)
    full = number(facts["kv_full_context_bytes"] / 1e6, 0)
    weights = number(facts["weights_bytes"] / 1e6, 0)
    context, n_tokens = number(facts["context"]), last["n_tokens"]
    print(f"""
3. Il risparmio
   per l’ultimo token  {number(facts["last_ratio"], 1)} volte meno moltiplicazioni
   in tutto            {number(facts["total_ratio"], 1)} volte meno
   Con la cache cresce solo l’attenzione, qui ancora {attention} del lavoro.

4. Il prezzo
   con {context} token la cache occuperebbe {full} MB; i pesi ne occupano {weights}
   (in FP16, come di solito: {number(facts["kv_fp16_bytes_per_token"])} byte per token, la metà)

5. Perché il tempo si accorcia meno del conto
   con la cache o senza, ogni token fa leggere dalla memoria tutti i pesi, {weights} MB;
   letto, un peso degli strati serve a 1 moltiplicazione con la cache, a {n_tokens} senza""")


if __name__ == "__main__":
    run_alone(run, show)
