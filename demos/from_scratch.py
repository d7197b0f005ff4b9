"""A language model trained from nothing, here and now: random numbers learn to write Italian.

The tokens are single characters. The model (`demos.common.training.network`) looks at the 6 before,
each a row of a table of vectors that is learned too, and through one hidden layer gives each
character a probability to come next. The loss is the mean of -ln p of the character that came; the
gradients are written by hand, and the numbers move against them with Adam. Perplexity is e to the
loss: among how many equally likely characters one would hesitate as much.

How the settings were chosen: a few tries, looking at the validation text, and by the time there is.
So that text is not unseen in the strict sense; `data/texts/italiano-prova.txt` is not read here.

Held against it is what counting gives on the same two texts (`demos.common.training.counted`).

Leaves out: attention, layers, longer tokens, and stopping by the validation text.
"""

from math import exp
from pathlib import Path

from demos.common.intervals import significant
from demos.common.standalone import run_alone
from demos.common.training.counted import counted_perplexity
from demos.common.training.network import (
    BATCH,
    LEARNING_RATE,
    N_BACK,
    N_STEPS,
    mean_loss,
    new_params,
    train,
    windows,
    write,
)
from demos.common.training.written import look
from demos.common.words import number, wrap

DATA = Path(__file__).parent / "data" / "texts"
FILES = {"training": "addestramento", "validation": "scelta"}
MEASURED = (*range(0, 100, 10), *range(100, N_STEPS + 1, 50))  # steps
WRITES = (0, 100, 1000)  # steps after which it writes
START, N_WRITTEN = "C'era una volta ", 2000
N_COUNTED = 3  # characters back that are counted, for comparison


def texts() -> dict[str, str]:
    """Read the two texts.

    >>> {part: len(text) for part, text in texts().items()}
    {'training': 54179, 'validation': 7129}
    """
    paths = {part: DATA / f"italiano-{name}.txt" for part, name in FILES.items()}
    return {part: path.read_text(encoding="utf-8") for part, path in paths.items()}


def learn(ids: dict[str, list[int]], start: list[int], n_vocab: int) -> tuple[list[dict], dict]:
    """Train; give the rows of the curve, and by its step what the model writes."""
    parts = {part: windows(of_part) for part, of_part in ids.items()}
    n = len(parts["validation"][1])
    seen, targets = parts["training"]
    watched = {"training": (seen[:n], targets[:n]), "validation": parts["validation"]}
    curve, written = [], {}
    for step, params in enumerate(train(new_params(n_vocab), seen, targets)):
        if step in MEASURED:
            losses = {part: mean_loss(params, *places) for part, places in watched.items()}
            curve.append({"step": step} | {f"{part}_loss": nats for part, nats in losses.items()})
        if step in WRITES:
            written[step] = write(params, start, N_WRITTEN)
    return curve, written


def ends(curve: list[dict]) -> dict:
    """Turn the losses before the first step and after the last into perplexities.

    >>> row = {"training_loss": 0.0, "validation_loss": 1.0}
    >>> ends([row, row])["first_validation_perplexity"]
    2.718
    """
    return {
        f"{moment}_{part}_perplexity": significant(exp(row[f"{part}_loss"]), 4)
        for moment, row in (("first", curve[0]), ("last", curve[-1]))
        for part in FILES
    }


def counted(ids: dict[str, list[int]], n_vocab: int, n_back: int) -> float:
    """Count the training text, and give the perplexity of the validation text."""
    both = (ids["training"], ids["validation"])
    return significant(counted_perplexity(*both, n_vocab, n_back), 4)


def run() -> dict:
    """Train for `N_STEPS`, measure both texts on the way, and count the same text for comparison.

    Both losses of `curve` are means over as many characters as the validation text has.
    """
    both = texts()
    alphabet = sorted(set("".join(both.values())))
    place = {character: n for n, character in enumerate(alphabet)}
    ids = {part: [place[character] for character in text] for part, text in both.items()}
    curve, written = learn(ids, [place[character] for character in START], len(alphabet))
    said = {step: "".join(alphabet[token] for token in tokens) for step, tokens in written.items()}
    return {
        "n_params": sum(values.size for values in new_params(len(alphabet)).values()),
        "n_vocab": len(alphabet),
        "n_characters_back": N_BACK,
        "n_training_tokens": len(ids["training"]),
        "n_validation_tokens": len(ids["validation"]),
        "n_steps": N_STEPS,
        "n_batch_tokens": BATCH,
        "learning_rate": LEARNING_RATE,
        "curve": curve,
        **ends(curve),
        "start": START,
        "written": [look(step, text, both["training"]) for step, text in said.items()],
        "uniform_perplexity": float(len(alphabet)),
        "pairs_perplexity": counted(ids, len(alphabet), 1),
        "counted_perplexity": counted(ids, len(alphabet), N_COUNTED),
        "n_counted_back": N_COUNTED,
    }


def show(facts: dict) -> None:
    """Print what learns, the curve, what it writes, and what counting gives."""
    n = {name: number(value) for name, value in facts.items() if name.startswith("n_")}
    print(f"""\
1. Che cosa impara
   {n["n_params"]} numeri, all’inizio tirati a sorte; ogni token è un carattere: sono {n["n_vocab"]}
   vede {n["n_characters_back"]} caratteri, dà una probabilità a quello che segue
   caratteri di addestramento: {n["n_training_tokens"]}; di convalida: {n["n_validation_tokens"]}
   ogni passo: {n["n_batch_tokens"]} posti a caso, il gradiente, un passo contro di esso

2. La perdita (media di −ln p del carattere che viene) e la perplessità (e alla perdita)
    passo  addestramento    convalida  perplessità""")
    for row in facts["curve"]:
        if row["step"] in (0, 10, 30) or row["step"] % 100 == 0:
            learned, watched = row["training_loss"], row["validation_loss"]
            cells = (number(learned, 3), number(watched, 3), number(exp(watched), 1))
            print(f"   {row['step']:>6}" + "{:>15}{:>13}{:>13}".format(*cells))
    show_written(facts)
    show_counted(facts)


def show_written(facts: dict) -> None:
    """Print what the model writes after some steps."""
    print(f"\n3. Che cosa scrive dopo «{facts['start']}», un carattere alla volta, a sorte")
    for row in facts["written"]:
        found = f"parole già nel testo: {row['n_known_words']} su {row['n_words']}"
        print(f"   passo {number(row['step'])}; {found}")
        print(wrap(row["text"], first="   "))


def show_counted(facts: dict) -> None:
    """Print the perplexities of the validation text without any network."""
    found = ("last_validation", "uniform", "pairs", "counted")
    last, uniform, pairs, more = (number(facts[f"{name}_perplexity"], 1) for name in found)
    print(f"""
4. Sul testo di convalida, la perplessità
   tirando a caso fra i caratteri: {uniform}
   contando quale carattere segue ciascuno: {pairs}
   la rete, dopo {number(facts["n_steps"])} passi: {last}
   contando che cosa segue {facts["n_counted_back"]} caratteri: {more}
   Con così poco testo contare basta: la rete è qui per mostrare come si impara.""")


if __name__ == "__main__":
    run_alone(run, show)
