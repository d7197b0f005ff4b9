"""The commands, from the parser of the command line, and what their exit codes mean."""

from __future__ import annotations

import argparse
import importlib
import inspect
from collections.abc import Iterator

from from_code.markdown import constant_doc, fence, prose, table
from llmdeck import cli, errors, lint
from llmdeck.report import check
from llmdeck.report import lint as report_lint

WIDTH = 88
"""How many columns a line of usage may have."""


def commands() -> str:
    """Return each command with its usage, its arguments and options."""
    return "\n".join(_commands(cli.command_line()))


def _commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    for name, below, about in _subcommands(parser):
        yield f"## `{name}`\n\n{_sentence(about)}\n"
        for one in [below, *(command for _, command, _ in _subcommands(below))]:
            if one is below or one.description != below.description:
                yield fence(_usage(one))
                yield _arguments(one)


def _subcommands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Give the commands of a parser: the name, the parser and what it does."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            abouts = [choice.help or "" for choice in action._choices_actions]
            for (name, command), about in zip(action.choices.items(), abouts, strict=True):
                yield f"{parser.prog} {name}", command, about


def _usage(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=WIDTH)
    return parser.format_usage().removeprefix("usage: ")


def _arguments(parser: argparse.ArgumentParser) -> str:
    """Return the arguments and options of a command as a table; nothing where it has none."""
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        rows.append((f"`{names}{_value(action)}`", action.help or ""))
    return table(("argument", "what it does"), rows) if rows else ""


def _value(action: argparse.Action) -> str:
    """Return what stands behind an option: its choices, or what its value is called."""
    if not action.option_strings or action.nargs == 0:
        return ""
    if action.choices:
        return f" {{{','.join(action.choices)}}}"
    return f" {action.metavar or action.dest.upper()}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def exit_codes() -> str:
    """Return what each exit code means."""
    kinds = [kind for kind in vars(errors).values() if _is_error(kind)]
    rows = [("0", "Nothing to report.")]
    rows += [(str(check.MOVED), constant_doc(check, "MOVED"))]
    rows += [(str(report_lint.FOUND), constant_doc(report_lint, "FOUND"))]
    rows += [("2", "The command line was wrong: an unknown command, option or value.")]
    rows += [(str(kind.exit_code), inspect.getdoc(kind) or "") for kind in kinds]
    rows += [(str(cli.INTERRUPTED), constant_doc(cli, "INTERRUPTED"))]
    rows = [(code, meaning.removeprefix("The exit code where ")) for code, meaning in rows]
    rows = [(code, f"{meaning[:1].upper()}{meaning[1:]}") for code, meaning in rows]
    return table(("code", "meaning"), rows)


def _is_error(kind: object) -> bool:
    """Return whether something is a kind of error with a code of its own."""
    is_error = isinstance(kind, type) and issubclass(kind, errors.DeckError)
    return is_error and "exit_code" in vars(kind) and kind is not errors.DeckError


def lints() -> str:
    """Return each lint: its name, and what its file says that it looks for."""
    parts = []
    for name in lint.names():
        module = importlib.import_module(f"{lint.__name__}.{name}")
        parts.append(f"### `{name}`\n\n{prose(module.__doc__)}\n")
    return "\n".join(parts)
