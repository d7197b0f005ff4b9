"""The command line: which commands there are, and the one place that catches `DeckError`.

A command is a function of the configuration and its options that returns an exit code; the parser
names it as `module:function`. It is imported when it runs, so that a build with nothing to do
answers in a tenth of a second.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from llmdeck import __version__, lint
from llmdeck.config import Config, find_root, load
from llmdeck.errors import ConfigError, DeckError, did_you_mean
from llmdeck.output.formats import FORMATS

INTERRUPTED = 130
"""The exit code where Ctrl-C, or a closed pipe, ended a command."""
WITHOUT_PROJECT = ("new", "schema", "demo", "doctor")
"""The commands that work outside a project, too."""
Command = Callable[[Config | None, argparse.Namespace], int]
Add = Callable[[str, str, str], argparse.ArgumentParser]
"""Adds a command to the parser: its name, its function, what it does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; a user's mistake is shown without a traceback."""
    if threading.current_thread() is threading.main_thread():
        # Else the demos of a build that is ended would go on.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.disable()  # looking for garbage takes longer than a command has to live with it
    options = _parse(arguments)
    try:
        code = _run(options)
        sys.stdout.flush()  # here, where a closed pipe is caught
        gc.freeze()
        return code
    except DeckError as error:
        _show(error, as_json=getattr(options, "json", False))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe went away: `llmdeck demos | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    """Import a command, named as `module:function`, and run it in the project that it is about."""
    module, name = options.run.split(":")
    command: Command = getattr(import_module(module), name)
    return command(_config(options), options)


def _config(options: argparse.Namespace) -> Config | None:
    """Return the project's settings.

    The commands of `WITHOUT_PROJECT` are for somebody without a project, too, or with one whose
    settings can't be read: they get None, and why in `options.problem`.
    """
    try:
        return load((options.root or find_root(Path.cwd())).resolve())
    except ConfigError as error:
        if options.command not in WITHOUT_PROJECT:
            raise
        options.problem = error
        return None


def _show(error: DeckError, *, as_json: bool) -> None:
    from llmdeck import report

    if as_json:
        report.print_json({"errors": report.error_json(error)})
    else:
        report.show_error(error)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; what `demo` does not know itself is for the demo, and in `rest`."""
    parser = command_line()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "demo":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    return options


def command_line() -> argparse.ArgumentParser:
    """Return the parser with all commands; the documentation of the commands is made from it."""
    about = "Executable slides: each claim is backed by a demo."
    parser = argparse.ArgumentParser(prog="llmdeck", description=about)
    parser.add_argument("--version", action="version", version=f"llmdeck {__version__}")
    root = "the project's folder (that holds deck/); found upwards from here"
    parser.add_argument("--root", type=Path, help=root)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: str, about: str) -> argparse.ArgumentParser:
        own_help = name != "demo"  # whose help is made from the demo's signature
        command = commands.add_parser(name, help=about, description=about, add_help=own_help)
        command.set_defaults(run=run)
        return command

    _add_new(add)
    _add_build(add)
    _add_demos(add)
    _add_looks(add)
    _add_talks(add)
    return parser


def _add_new(add: Add) -> None:
    """The commands that write what an author begins with."""
    _add_deck(add)
    _add_schema(add)
    _add_beginnings(add)


def _add_deck(add: Add) -> None:
    start = add("new", "llmdeck.report.new:create", "write a new deck that builds at once")
    start.add_argument("folder", type=Path, metavar="FOLDER", help="an empty folder, or a new one")
    language = "the language of its slides (default: en)"
    start.add_argument("--lang", choices=("en", "it"), default="en", help=language)
    source = "the folder of another deck to copy instead"
    start.add_argument("--from", dest="source", type=Path, metavar="DECK", help=source)


def _add_schema(add: Add) -> None:
    shape = "write the JSON Schemas of deck.toml and claims.toml, which editors complete with"
    schema = add("schema", "llmdeck.report.new:schema", shape)
    schema.add_argument("folder", type=Path, metavar="FOLDER", help="where: deck/schemas")


def _add_beginnings(add: Add) -> None:
    begin = add("add", "", "write the beginning of a demo or a claim")
    kinds = begin.add_subparsers(dest="kind", required=True, metavar="KIND")
    demo = kinds.add_parser("demo", help="a demo, and the partial of its controls")
    demo.add_argument("name", metavar="NAME", help="the demo's name: dark_matter")
    demo.set_defaults(run="llmdeck.report.new:demo")
    claim = kinds.add_parser("claim", help="a claim, at the end of the ledger")
    claim.add_argument("id", metavar="ID", help="the claim's id: two-alike")
    about = "the demo whose facts it is about; without one a source stands for it"
    claim.add_argument("--demo", default="", metavar="NAME", help=about)
    claim.set_defaults(run="llmdeck.report.new:claim")


def _add_build(add: Add) -> None:
    build = add("build", "llmdeck.report.build:build", "build the deck: only what changed")
    for made in FORMATS.values():
        build.add_argument(f"--{made.name}", action="store_true", help=made.about)
    only = "build this format and no other"
    build.add_argument("--only", choices=tuple(FORMATS), metavar="FORMAT", help=only)
    build.add_argument("--no-notes", action="store_true", help="leave the speaker notes out")
    build.add_argument("--rerun", action="store_true", help="run every demo again")
    _add_scheduler(build)
    keep_stale = "show a failing demo's last good facts, marked as such"
    build.add_argument("--keep-stale", action="store_true", help=keep_stale)


def _add_demos(add: Add) -> None:
    demos = add("demos", "llmdeck.report.demos:demos", "run every demo and print it")
    demos.add_argument("--list", action="store_true", help="only list them")
    one = "run one demo with parameters: llmdeck demo NAME [--PARAMETER VALUE …]"
    demo = add("demo", "llmdeck.report.demos:demo", one)
    which = "the demo's name: the file in demos/, without .py"
    demo.add_argument("name", nargs="?", metavar="NAME", help=which)
    demo.add_argument("-h", "--help", action="store_true", help="the parameters of a demo")
    changed = "say which part of a demo changed since its stored result"
    why = add("why", "llmdeck.report.why:why", changed)
    why.add_argument("name", metavar="DEMO", help=which)
    for command in (demos, demo, why):
        _add_json(command)


def _add_looks(add: Add) -> None:
    """The commands that look at a deck and leave it as it is."""
    again = "recompute everything and compare it with the store; exit 1 where something moved"
    check = add("check", "llmdeck.report.check:check", again)
    _add_scheduler(check)
    ledger = "the ledger: id, verdict, whether it holds, slide"
    claims = add("claims", "llmdeck.report.claims:claims", ledger)
    stumble = "look for what a reader would stumble on; exit 1 where something is found"
    lints = add("lint", "llmdeck.report.lint:run", stumble)
    names = f"only these: {', '.join(lint.names())}"
    lints.add_argument("names", nargs="*", type=_lint_name, metavar="NAME", help=names)
    there = "see whether everything that a build needs is there"
    doctor = add("doctor", "llmdeck.doctor:doctor", there)
    for command in (check, claims, lints, doctor):
        _add_json(command)


def _add_talks(add: Add) -> None:
    """The commands that wait for somebody."""
    guess = "guess what the claims say, then see what the demos compute"
    quiz = add("quiz", "llmdeck.quiz:play", guess)
    only = "ask these claims and no others"
    quiz.add_argument("--only", nargs="+", default=(), metavar="ID", help=only)
    seed = "mix the questions; the same number, the same order"
    quiz.add_argument("--seed", type=int, help=seed)
    serve = "serve the deck: it follows what is saved, its controls take any value"
    live = add("live", "llmdeck.live.command:live", serve)
    port = "the port (default: 4180, or the next one that is free)"
    live.add_argument("--port", type=int, help=port)
    live.add_argument("--no-browser", action="store_true", help="open no browser")
    host = "listen on another address than 127.0.0.1; needs a token"
    live.add_argument("--host", default="127.0.0.1", help=host)
    token = "what a browser must show once (?token=…); or set LLMDECK_TOKEN"  # noqa: S105
    live.add_argument("--token", default="", help=token)


def _add_scheduler(command: argparse.ArgumentParser) -> None:
    where = "run the demos on a Dask cluster: tcp://HOST:PORT of its scheduler"
    command.add_argument("--scheduler", default="", metavar="ADDRESS", help=where)


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON, for a program")


def _lint_name(name: str) -> str:
    """Return the name of a lint; argparse's own `choices` would not take no name at all."""
    names = lint.names()
    if name not in names:
        raise argparse.ArgumentTypeError(f"no lint `{name}`; {did_you_mean(name, names)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
