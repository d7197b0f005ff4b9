"""`llmdeck quiz`: ask, grade a guess, show the answer with its claim, source and command."""

from __future__ import annotations

import io
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence

from llmdeck import report
from llmdeck.config import Config
from llmdeck.quiz.guess import read_number
from llmdeck.quiz.questions import Question, questions
from llmdeck.render.numbers import Numbers
from llmdeck.run.batch import run_jobs

FAR = 2.0
"""From this factor on a guess is told by its factor: ten times too much says more than +900%."""


def play(config: Config, options: Namespace) -> int:
    """Ask the claims' questions, with guesses from stdin until they end."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    quiz = Quiz(config)
    with report.progress_bar() as progress:
        asked = questions(config, options.only, options.seed, progress, run_jobs)
    quiz.ask(asked, read=lambda: input("> "), write=lambda line: print(line, flush=True))
    return 0


class Quiz:
    """A quiz with its score so far."""

    def __init__(self, config: Config) -> None:
        self.words = config.words
        self.numbers = Numbers.of(config)
        self.answered = self.correct = 0

    def ask(
        self, asked: Sequence[Question], read: Callable[[], str], write: Callable[[str], None]
    ) -> None:
        """Ask one question after the other, then say the score.

        `read` gives a line, or raises `EOFError` to end the quiz; Ctrl-C ends it as well.
        """
        try:
            for number, question in enumerate(asked, 1):
                write(f"\n{number}/{len(asked)}  {question.asks}")
                guess = self._guess(question, read, write)
                for line in self._reveal(question, guess):
                    write(line)
        except (EOFError, KeyboardInterrupt):
            write("")
        write(f"{self.correct}/{self.answered} {self.words.right}")

    def _guess(
        self, question: Question, read: Callable[[], str], write: Callable[[str], None]
    ) -> float | None:
        """The first line that is a number, in the answer's unit; None for an empty line."""
        unit = getattr(question.answer, "unit", "")
        while line := read().strip():
            guess = read_number(line, self.numbers, unit)
            if guess is not None:
                return guess
            write(self.words.not_a_number)
        return None

    def _reveal(self, question: Question, guess: float | None) -> Iterator[str]:
        """Grade a guess, where there is one, and show the answer with all that backs it."""
        self.answered += 1
        yield self._grade(question, guess)
        yield f"  {question.says}"
        for source in question.claim.sources:
            yield f"  {source}"
        if question.claim.variant:
            yield f"  {question.claim.variant.command}"

    def _grade(self, question: Question, guess: float | None) -> str:
        answer = question.answer
        write = self.numbers.qty if getattr(answer, "unit", "") else self.numbers.num
        written = write(answer)
        if guess is None:
            return f"– {written}"
        distance = self._distance(answer, guess)
        if not question.right(guess):
            return f"✗ {self.words.wrong}: {written}{distance}"
        self.correct += 1
        return f"✓ {self.words.right}: {written}{distance}"

    def _distance(self, answer: float, guess: float) -> str:
        """How far a guess is: a signed share of the answer, or a factor where it is far."""
        if answer in (0, guess):
            return ""
        ratio = guess / answer
        if ratio >= FAR:
            return f" (× {self.numbers.num(ratio)})"
        if 0 < ratio <= 1 / FAR:
            return f" (÷ {self.numbers.num(1 / ratio)})"
        share = abs(ratio - 1)
        decimals = 0 if share >= 0.1 else 1
        sign = "−" if ratio < 1 else "+"
        return f" ({sign}{self.numbers.pct(share, decimals)})"
