"""Questions that the ledger's claims answer: first a guess, then what the demo computes.

`questions` makes them, `guess` reads a guess, `play` is `llmdeck quiz`.
"""

from llmdeck.quiz.guess import read_number
from llmdeck.quiz.play import Quiz, play
from llmdeck.quiz.questions import Question, questions

__all__ = ["Question", "Quiz", "play", "questions", "read_number"]
