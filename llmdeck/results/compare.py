"""Compare two runs of a demo: what differs beyond its tolerance, and what stays as stored."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmdeck.config import Limits


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far a float may move; everything else differs when it is another value."""

    relative: float
    """As a share of the number itself."""
    absolute: float
    """In the number's own unit."""

    @classmethod
    def of(cls, limits: Limits) -> Tolerance:
        """Return how far a demo's facts may move by its limits."""
        return cls(relative=limits.tolerance, absolute=limits.tolerance_abs)

    def allows(self, old: Any, new: Any) -> bool:
        """Whether a value is the old one, as far as can be told.

        >>> tolerance = Tolerance(relative=1e-4, absolute=0)
        >>> tolerance.allows(1.0, 1.00001), tolerance.allows(1.0, 1.01), tolerance.allows(1, True)
        (True, False, False)
        """
        numbers = [v for v in (old, new) if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) == 2 and any(isinstance(v, float) for v in numbers):
            return math.isclose(old, new, rel_tol=self.relative, abs_tol=self.absolute)
        return type(old) is type(new) and bool(old == new)


def differences(
    old: Any, new: Any, tolerance: Tolerance, path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Give path, old and new value of each fact that differs; None for one that is not there.

    >>> list(differences({"a": [1, 2]}, {"a": [1, 3], "b": 4}, Tolerance(relative=0, absolute=0)))
    [('a[1]', 2, 3), ('b', None, 4)]
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else key
            if key in old and key in new:
                yield from differences(old[key], new[key], tolerance, inner)
            else:
                yield inner, old.get(key), new.get(key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for n, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from differences(a, b, tolerance, f"{path}[{n}]")
    elif not tolerance.allows(old, new):
        yield path, old, new


def settled(old: Any, new: Any, tolerance: Tolerance) -> Any:
    """Return `new`, but with the old number wherever it moved by less than its tolerance.

    Two machines, whose sums differ in the last digits, then store the same facts.

    >>> tolerance = Tolerance(relative=1e-4, absolute=0)
    >>> settled({"a": 1.0, "b": 2.0}, {"a": 1.00001, "b": 3.0}, tolerance)
    {'a': 1.0, 'b': 3.0}
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {
            key: settled(old[key], value, tolerance) if key in old else value
            for key, value in new.items()
        }
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [settled(a, b, tolerance) for a, b in zip(old, new, strict=True)]
    return old if tolerance.allows(old, new) else new
