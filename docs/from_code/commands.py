"""The commands, from the parser of the command line, and what their exit codes mean."""

from __future__ import annotations

import argparse
import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType

from from_code.markdown import fence, table
from llmdeck import cli, errors
from llmdeck.report import check, lint

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
        value = f" {action.metavar or ''}" if action.option_strings and action.nargs != 0 else ""
        choices = f" ({', '.join(action.choices)})" if action.choices else ""
        rows.append((f"`{names}{value.rstrip()}`", f"{action.help or ''}{choices}"))
    return table(("argument", "what it does"), rows) if rows else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def exit_codes() -> str:
    """Return what each exit code means."""
    kinds = [kind for kind in vars(errors).values() if _is_error(kind)]
    rows = [("0", "Nothing to report.")]
    rows += [(str(check.MOVED), _constant(check, "MOVED"))]
    rows += [(str(lint.FOUND), _constant(lint, "FOUND"))]
    rows += [("2", "The command line was wrong: an unknown command, option or value.")]
    rows += [(str(kind.exit_code), inspect.getdoc(kind) or "") for kind in kinds]
    rows += [(str(cli.INTERRUPTED), _constant(cli, "INTERRUPTED"))]
    rows = [(code, meaning.removeprefix("The exit code where ")) for code, meaning in rows]
    rows = [(code, f"{meaning[:1].upper()}{meaning[1:]}") for code, meaning in rows]
    return table(("code", "meaning"), rows)


def _is_error(kind: object) -> bool:
    """Return whether something is a kind of error with a code of its own."""
    is_error = isinstance(kind, type) and issubclass(kind, errors.DeckError)
    return is_error and "exit_code" in vars(kind) and kind is not errors.DeckError


def _constant(module: ModuleType, name: str) -> str:
    """Return the docstring under a constant of a module."""
    body = ast.parse(inspect.getsource(module)).body
    for statement, after in pairwise(body):
        named = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name
        if named and isinstance(after, ast.Expr):
            return str(ast.literal_eval(after.value))
    raise LookupError(f"{module.__name__}.{name} has no docstring")
