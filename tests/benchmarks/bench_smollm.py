"""`make bench`: SmolLM2 in NumPy against this machine's matrix products, its memory and PyTorch.

Everything is measured in one run, on two threads, in turn, round after round. The figure is the
best of the rounds: a machine that does something else at the same time only ever makes a round
slower (the median says by how much). Load time and peak memory are those of a fresh process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from demos.smollm import weights
from demos.smollm.cache import Cache
from demos.smollm.prefill import prefill
from demos.smollm.transformer import PIECE, forward
from tests.benchmarks import figures

ROOT = Path(__file__).parent.parent.parent
THREADS = "2"
ROUNDS = 12
LIMIT_S = 180  # a machine that is busy gets fewer rounds
PROMPT = 512  # tokens
NEW = 16  # tokens generated in a round
IDS = np.random.default_rng(0).integers(17, 49152, PROMPT).tolist()
FRESH = """
import resource, sys, time
start = time.perf_counter()
from demos.smollm import generate, tokenizer, weights
imported = time.perf_counter()
model = weights.load()
loaded = time.perf_counter()
tokenizer.encode("ciao")
list(generate.greedy(model, range(100, 612), 16, stop=()))
unit = 1 if sys.platform == "darwin" else 1024
print(loaded - imported, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)
"""


def seconds(work: Callable[[], object]) -> float:
    """Run once and return the wall-clock seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def products(model: weights.Weights) -> Callable[[], None]:
    """Make the matrix products of one prefill alone: the same shapes and weights, no results."""
    shape, layers = model.shape, model.layers
    x, inner = np.ones((PROMPT, shape.d), np.float32), np.ones((PROMPT, shape.ffn), np.float32)
    widths = {len(w) for w in vars(layers[0]).values()}
    out = {n: np.empty((PROMPT, n), np.float32) for n in widths}
    look = attention_products(shape)

    def multiply() -> None:
        for layer in layers:
            for w in (layer.qkv, layer.output, layer.gate_up):
                np.matmul(x, w.T, out=out[len(w)])
            np.matmul(inner, layer.down.T, out=out[len(layer.down)])
            look()
        x[-1:] @ model.embedding.T

    return multiply


def attention_products(shape: weights.Shape) -> Callable[[], None]:
    """Make the products of one layer's attention: queries and keys, then shares and values."""
    n_kv, width = shape.n_kv_heads, shape.head_dim
    keys = np.ones((n_kv, PROMPT, width), np.float32)
    works = []
    for first in range(0, PROMPT, PIECE):
        n, upto = min(PIECE, PROMPT - first), min(first + PIECE, PROMPT)
        queries = np.ones((n_kv, shape.group * n, width), np.float32)
        scores = np.ones((n_kv, shape.group * n, upto), np.float32)
        works.append((queries, keys[:, :upto], scores))

    def multiply() -> None:
        for queries, seen, scores in works:
            np.matmul(queries, seen.swapaxes(1, 2), out=scores)
            np.matmul(scores, seen, out=queries)
            queries.fill(1)
            scores.fill(1)

    return multiply


def generation(model: weights.Weights) -> Callable[[], None]:
    """Generate `NEW` tokens after a short prompt, without the prompt's own time."""
    cache = Cache.empty(model.shape, 64 + NEW)
    forward(model, IDS[:64], cache, last=True)

    def step() -> None:
        cache.length = 64
        for token in IDS[:NEW]:
            forward(model, [token], cache, last=True)

    return step


def reading(model: weights.Weights) -> Callable[[], None]:
    """Read every weight `NEW` times, with little arithmetic: a matrix-vector product each."""
    matrices = [array for _, array in model.arrays() if array.ndim == 2]
    vectors = {array.shape[1]: np.ones(array.shape[1], np.float32) for array in matrices}

    def read() -> None:
        for _ in range(NEW):
            for array in matrices:
                array @ vectors[array.shape[1]]

    return read


def torch_prefill() -> Callable[[], object] | None:
    """Let PyTorch do the same prefill, in float32, on the same file, where it is installed."""
    try:
        import torch
        from transformers import AutoModelForCausalLM
    except ImportError:
        return None
    torch.set_num_threads(int(THREADS))
    path = weights.model_file()
    model = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32
    ).eval()
    ids = torch.tensor([IDS])

    def run() -> object:
        with torch.inference_mode():
            return model(ids, logits_to_keep=1).logits

    return run


def measure() -> None:
    """Time everything in turn and print the ratios."""
    model = weights.load()
    work: dict[str, Callable[[], object]] = {
        "prefill": lambda: prefill(model, IDS, Cache.empty(model.shape, PROMPT)),
        "its matrix products": products(model),
        "generation": generation(model),
        "reading the weights": reading(model),
    }
    if pytorch := torch_prefill():
        work["prefill by PyTorch"] = pytorch
    times: dict[str, list[float]] = {name: [] for name in work}
    start = time.perf_counter()
    for round_ in range(ROUNDS + 1):
        if round_ > 1 and time.perf_counter() - start > LIMIT_S:
            break
        for name, do in work.items():
            time.sleep(0.1)  # until the other library's threads have stopped waiting for work
            took = seconds(do)
            if round_:  # the first warms up
                times[name].append(took)
    report(times, sum(array.nbytes for _, array in model.arrays()))


def report(times: dict[str, list[float]], size: int) -> None:
    """Print the best seconds of each work, the ratios of them, and what reads `size` bytes."""
    best = {name: min(values) for name, values in times.items()}
    print(f"SmolLM2, {PROMPT} tokens of prompt, {NEW} generated, {THREADS} threads: seconds")
    print(f"best of {len(times['prefill'])} rounds (and median)")
    for name, value in best.items():
        print(f"  {name:<20} {value:.3f}  ({np.median(times[name]):.3f})")
    bandwidth = size * NEW / best["reading the weights"] / 1e9
    print(f"  {bandwidth:.1f} GB/s of memory bandwidth, {NEW / best['generation']:.1f} tokens/s")
    products = best["prefill"] / best["its matrix products"]
    print(f"prefill: {products:.2f} × its matrix products (at most 1.5 ×)")
    share = best["reading the weights"] / best["generation"]
    print(f"generation: {share:.0%} of the bandwidth (at least 60 %)")
    if pytorch := best.get("prefill by PyTorch"):
        print(f"prefill: {best['prefill'] / pytorch:.2f} × PyTorch's (at most 1 ×)")
    else:
        print("prefill against PyTorch: not here; `make test-oracle` installs PyTorch,")
        print("then `make bench` compares")
    figures.write(
        "smollm",
        title="The lecture's language model, in NumPy",
        about=f"Seconds for {PROMPT} tokens of prompt and {NEW} generated, {THREADS} threads.",
        headers=("work", "best", "median"),
        rows=[(name, f"{best[name]:.3f}", f"{np.median(times[name]):.3f}") for name in times],
    )


def main() -> None:
    """Measure in fresh processes that have two threads."""
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": THREADS,
        "OMP_NUM_THREADS": THREADS,
        "HF_HUB_OFFLINE": "1",
    }
    if sys.argv[1:] == ["--measure"]:
        measure()
        return
    fresh = [
        subprocess.run(
            (sys.executable, "-c", FRESH),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(3)
    ]
    again = (sys.executable, "-m", "tests.benchmarks.bench_smollm", "--measure")
    subprocess.run(again, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=True)
    print(f"loading: {min(float(s) for s, _ in fresh):.2f} s (at most 1.5 s)")
    print(f"peak memory: {max(float(mb) for _, mb in fresh):.0f} MB (at most 700 MB)")


if __name__ == "__main__":
    main()
