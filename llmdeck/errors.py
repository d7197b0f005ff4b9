"""All that can go wrong for a user, each with an exit code, a place, and what repairs it.

`cli.main` is the one place that catches `DeckError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmdeck.model import Place


class DeckError(Exception):
    """A user's mistake or a tool's failure, shown without a traceback."""

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        used: Sequence[str] = (),
        hint: str = "",
        printed: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        """Where to look first."""
        self.used = tuple(used)
        """The slides (file, line and number) that the failure takes with it."""
        self.hint = hint
        """What repairs it: a command or an edit."""
        self.printed = printed
        """What the failing program had printed, its last lines."""


class ConfigError(DeckError):
    """`deck.toml` or the ledger can't be read, or says something unknown."""

    exit_code = 3


class TemplateError(DeckError):
    """A template can't be rendered."""

    exit_code = 4


class DemoError(DeckError):
    """A demo failed, hung, ate too much memory, or returned or printed what can't be shown."""

    exit_code = 5


class ParameterError(DemoError):
    """A demo is asked for a parameter that it does not have, or for a value that it can't take."""


class ClaimError(DeckError):
    """A claim does not hold."""

    exit_code = 6


class MarpError(DeckError):
    """Marp failed, or said that it did not and made something wrong."""

    exit_code = 7


class MissingToolError(DeckError):
    """Node.js, npm or a browser is needed and isn't there."""

    exit_code = 8


class ClusterError(DeckError):
    """A cluster can't be reached, or would not run what this machine does."""

    exit_code = 9


class Failures(DeckError):  # noqa: N818  it is several errors, not one
    """Several failures, found in one go; the exit code is the first one's."""

    def __init__(self, errors: Sequence[DeckError]) -> None:
        messages = [error.message for error in errors]
        super().__init__("\n".join(messages))
        self.errors = tuple(errors)
        self.exit_code = errors[0].exit_code


MOST_NAMES = 12
"""How many names a hint lists."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint for a name that is none of the known ones: the nearest, else a dozen of them.

    >>> did_you_mean("tittle", ["title", "author"]), did_you_mean("x", ["title", "author"])
    ('did you mean `title`?', 'there are: title, author')
    >>> did_you_mean("x", "abcdefghijklmno")
    'there are: a, b, c, d, e, f, g, h, i, j, k, l, … and 3 more'
    """
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(name, names, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    listed = names[:MOST_NAMES]
    n_others = len(names) - len(listed)
    if n_others:
        listed.append(f"… and {n_others} more")
    return f"there are: {', '.join(listed) or 'none'}"


def raise_all(errors: Sequence[DeckError]) -> None:
    """Raise the errors that were found: the one there is, or several as `Failures`."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Failures(errors)
