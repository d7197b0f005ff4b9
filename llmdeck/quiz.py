"""`llmdeck quiz`: questions that the ledger's claims answer. First a guess, then what the demo computes.

A guess is read as people write one in the deck's locale: `349,2`, `350 GB`, `circa 175 miliardi`,
`1,75e11`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from babel.numbers import NumberFormatError, parse_decimal

from llmdeck import ledger
from llmdeck.config import Config
from llmdeck.errors import ClaimError, ConfigError, DeckError, raise_all
from llmdeck.model import Claim, Facts, Place, Result, Variant
from llmdeck.render import markdown
from llmdeck.render.environment import MISTAKES, DeckEnvironment, environment, view
from llmdeck.render.numbers import BYTES, UNITS, Numbers
from llmdeck.resolve import run_variants
from llmdeck.results.store import Store
from llmdeck.run.batch import Progress, Runner
from llmdeck.run.interface import find_demos

GUESS = re.compile(
    r"(?<!\w)(?P<sign>[-+]?)(?P<number>\d[\d.,'’ ]{0,40})"
    r"(?:(?:e|[x×·*] ?10 ?\^) ?(?P<power>[-+]?\d{1,2})\b)?(?P<rest>.*)",
    re.IGNORECASE,
)
FAR = 2.0
"""From this factor on a guess is told by its factor: ten times too much says more than +900%."""
PREFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12}
"""Short for a magnitude in any language: 7B, 300M."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question and its answer, as a terminal shows them."""

    claim: Claim
    asks: str
    answer: float
    """A number that remembers its unit, where it is a fact (see `numbers.with_unit`)."""
    says: str

    def right(self, guess: float) -> bool:
        """Whether a guess is as near as the claim wants it."""
        return abs(guess - self.answer) <= (self.claim.within + 1e-9) * abs(self.answer)


class Quiz:
    """The questions of a ledger, and the score so far."""

    def __init__(self, config: Config) -> None:
        self.config, self.words = config, config.words
        self.claims = ledger.load_ledger(config)
        self.numbers = Numbers(config.deck.locale or config.deck.lang)
        self.asked = self.correct = 0

    def questions(
        self, only: Sequence[str], seed: int | None, progress: Progress, runner: Runner
    ) -> list[Question]:
        """The questions in the ledger's order, or mixed by `seed`.

        Answers come from the store where it is fresh, else their demos run; nothing is written.

        Raises:
            ConfigError: where `only` names a claim that asks nothing, or no claim does.
            DeckError: where a demo fails, or a question can't be made from its facts.
        """
        chosen = self._chosen(only)
        if seed is not None:
            random.Random(seed).shuffle(chosen)  # noqa: S311  an order, not a secret
        results = self._results(
            {claim.variant for claim in chosen if claim.variant}, progress, runner
        )
        env = environment(self.config, self.numbers, self.claims)
        return [_question(env, claim, results[claim.variant]) for claim in chosen if claim.variant]

    def _chosen(self, only: Sequence[str]) -> list[Claim]:
        asking = {key: claim for key, claim in self.claims.items() if claim.asks}
        for key in only:
            if key not in asking:
                near = get_close_matches(key, asking, 1)
                hint = f"did you mean `{near[0]}`?" if near else f"these ask: {', '.join(asking)}"
                what = "asks nothing" if key in self.claims else "is not in the ledger"
                place = self.claims[key].place if key in self.claims else None
                raise ConfigError(f"claim {key} {what}", place=place, hint=hint)
        if not asking:
            place = Place(file=f"deck/{ledger.FILE}")
            raise ConfigError(
                "no claim asks anything", place=place, hint="give one the keys `asks` and `answer`"
            )
        return [claim for key, claim in asking.items() if not only or key in only]

    def _results(
        self, variants: set[Variant], progress: Progress, runner: Runner
    ) -> Mapping[Variant, Result]:
        store = Store(self.config)
        fresh = {v: store.read(v) for v in variants if store.is_fresh(v)}
        demos = find_demos(self.config)
        for variant in sorted(variants, key=str):
            if variant.demo not in demos:
                raise ConfigError(
                    f"no demo `{variant.demo}`", hint=f"there are: {', '.join(demos)}"
                )
        missing = variants - fresh.keys()
        outcomes = (
            run_variants(self.config, demos, missing, frozenset(), progress, runner)
            if missing
            else {}
        )
        raise_all([outcome for outcome in outcomes.values() if isinstance(outcome, DeckError)])
        return fresh | {
            v: outcome for v, outcome in outcomes.items() if isinstance(outcome, Result)
        }

    def ask(
        self, questions: Sequence[Question], read: Callable[[], str], write: Callable[[str], None]
    ) -> None:
        """Ask them one after the other; `read` gives a guess, or raises `EOFError`. Ctrl-C ends it as well."""
        try:
            for n, question in enumerate(questions, 1):
                write(f"\n{n}/{len(questions)}  {question.asks}")
                while (line := read()).strip() and (guess := self.read(line, question)) is None:
                    write(self.words.not_a_number)
                for shown in self._reveal(question, guess if line.strip() else None):
                    write(shown)
        except (EOFError, KeyboardInterrupt):
            write("")
        write(f"{self.correct}/{self.asked} {self.words.right}")

    def read(self, line: str, question: Question) -> float | None:
        """The number that a guess means, in the unit of the answer; None where it is none."""
        return read_number(line, self.numbers, getattr(question.answer, "unit", ""))

    def _reveal(self, question: Question, guess: float | None) -> Iterator[str]:
        """Grade a guess and show the answer, the claim, its sources and the command; without a guess, only show."""
        self.asked += 1
        shown = _with_unit(self.numbers, question.answer)
        if guess is None:
            yield f"– {shown}"
        else:
            right = question.right(guess)
            self.correct += right
            verdict = f"✓ {self.words.right}" if right else f"✗ {self.words.wrong}"
            yield f"{verdict}: {shown}{self._distance(question.answer, guess)}"
        yield f"  {question.says}"
        yield from (f"  {source}" for source in question.claim.sources)
        yield f"  {question.claim.variant and question.claim.variant.command}"

    def _distance(self, answer: float, guess: float) -> str:
        """How far a guess was: a signed share of the answer, or a factor; nothing where it is the number itself."""
        if guess == answer or answer == 0:
            return ""
        ratio = guess / answer
        if ratio >= FAR or 0 < ratio <= 1 / FAR:
            return (
                f" (× {self.numbers.num(ratio)})"
                if ratio >= FAR
                else f" (÷ {self.numbers.num(1 / ratio)})"
            )
        return f" ({'−' if ratio < 1 else '+'}{self.numbers.pct(abs(ratio - 1), 0 if abs(ratio - 1) >= 0.1 else 1)})"


def _question(env: DeckEnvironment, claim: Claim, result: Result) -> Question:
    facts: Facts = view(result.facts, "", f"demo {result.variant.demo}")
    try:
        asks, says = (
            markdown.plain(env.get_template(ledger.source_name(claim, part)).render(facts))
            for part in ("asks", "says")
        )
    except MISTAKES as error:
        raise ClaimError(f"claim {claim.id}: {error}", place=claim.place) from None
    return Question(claim=claim, asks=asks, answer=ledger.answer(env, claim, facts), says=says)


def _with_unit(numbers: Numbers, value: float) -> str:
    return numbers.qty(value) if getattr(value, "unit", "") else numbers.num(value)


def read_number(line: str, numbers: Numbers, unit: str = "") -> float | None:
    r"""The number that a line means, brought to `unit` where both are sizes in bytes; None where there is none.

    >>> it = Numbers("it")
    >>> read_number("circa 175 miliardi di parametri", it), read_number("0,35 TB", it, "GB"), read_number("boh", it)
    (175000000000.0, 350.0, None)
    """
    match = GUESS.search(line.replace("\u00a0", " ").replace("\u202f", " ").replace("−", "-"))
    if match is None:
        return None
    value = _decimal(re.sub(r"['’ ]", "", match["number"]).rstrip(".,"), numbers)
    if value is None:
        return None
    value *= 10.0 ** int(match["power"] or 0) * (-1 if match["sign"] == "-" else 1)
    for word in re.findall(r"[^\W\d_]+|%|\S", match["rest"]):
        scale = numbers.magnitudes.get(word.casefold()) or PREFIXES.get(word)
        given = UNITS.get(word.casefold(), "")
        if scale is None:
            return value * BYTES[given] / BYTES[unit] if given in BYTES and unit in BYTES else value
        value *= scale
    return value


def _decimal(text: str, numbers: Numbers) -> float | None:
    """Digits as the locale groups them; where they are not, a point or a comma that can only be the decimal one."""
    try:
        return float(parse_decimal(text, locale=numbers.locale, strict=True))
    except NumberFormatError:
        return float(text.replace(",", ".")) if re.fullmatch(r"\d+[.,]\d+", text) else None
