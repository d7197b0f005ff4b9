"""What was made last, and what it was made from: with the same inputs nothing is made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """The value that was made last, and its inputs."""

    def __init__(self) -> None:
        self.value: T | None = None
        self._inputs: object = None

    def get(self, inputs: object, make: Callable[[], T]) -> T:
        """Return the value; make it anew where its inputs are others than last time.

        >>> made = Latest()
        >>> made.get("a", lambda: 1), made.get("a", lambda: 2), made.get("b", lambda: 3)
        (1, 1, 3)
        """
        if self.value is None or not self.comes_from(inputs):
            self.value = make()
            self._inputs = inputs
        return self.value

    def comes_from(self, inputs: object) -> bool:
        """Return whether the value was made from these inputs."""
        return self._inputs == inputs
