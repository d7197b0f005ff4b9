"""The commands. This is the one place that catches `DeckError`; results go to stdout, progress to stderr.

What a command needs is imported when it runs: a build with nothing to do answers in a tenth of a
second.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmdeck import __version__
from llmdeck.config import Config, find_root, load
from llmdeck.errors import ConfigError, DeckError
from llmdeck.output.formats import FORMATS, HTML, Format

if TYPE_CHECKING:
    from llmdeck.build import Built
    from llmdeck.marp.process import Marp
    from llmdeck.model import Demo, Parameter

LINTS = ("numbers", "spelling", "overflow")
MOVED = 1
FOUND = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; a user's mistake is told without a traceback."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )  # else demos would outlive a build that is ended
    gc.disable()  # a command is short: looking for garbage takes longer than the process has to live with it
    given = list(sys.argv[1:] if arguments is None else arguments)
    options, rest = _parser().parse_known_args(given)
    if rest and options.command != "demo":
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        config = load((options.root or find_root(Path.cwd())).resolve())
        command: Callable[..., int] = options.run
        code = (
            command(config, options, rest)
            if options.command == "demo"
            else command(config, options)
        )
        sys.stdout.flush()  # here, where a closed pipe is no error
        gc.freeze()
        return code
    except DeckError as error:
        from llmdeck import report

        if getattr(options, "json", False):
            print(json.dumps({"errors": report.error_json(error)}, ensure_ascii=False, indent=1))
        else:
            report.show_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe went away: `llmdeck demos | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llmdeck", description="Executable slides: each claim is backed by a demo."
    )
    parser.add_argument("--version", action="version", version=f"llmdeck {__version__}")
    parser.add_argument(
        "--root", type=Path, help="the project's folder (that holds deck/); found upwards from here"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(
        name: str, run: Callable[..., int], about: str, *, as_json: bool = True
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about, add_help=name != "demo")
        command.set_defaults(run=run)
        if as_json:
            command.add_argument("--json", action="store_true", help="print JSON, for a program")
        return command

    build = add("build", _build, "build the deck: only what changed", as_json=False)
    for made in FORMATS.values():
        build.add_argument(f"--{made.name}", action="store_true", help=made.about)
    build.add_argument(
        "--only", choices=tuple(FORMATS), metavar="FORMAT", help="build this format and no other"
    )
    build.add_argument("--no-notes", action="store_true", help="leave the speaker notes out")
    build.add_argument("--rerun", action="store_true", help="run every demo again")
    build.add_argument(
        "--keep-stale",
        action="store_true",
        help="show a failing demo's last good facts, marked as such",
    )
    add(
        "check",
        _check,
        "recompute everything and compare it with the store; exit 1 where something moved",
    )
    demos = add("demos", _demos, "run every demo and print it")
    demos.add_argument("--list", action="store_true", help="only list them")
    demo = add(
        "demo", _demo, "run one demo with parameters: llmdeck demo NAME [--PARAMETER VALUE …]"
    )
    demo.add_argument("name", nargs="?", metavar="NAME")
    demo.add_argument("-h", "--help", action="store_true", help="the parameters of a demo")
    add("claims", _claims, "the ledger: id, verdict, whether it holds, slide")
    lint = add(
        "lint", _lint, "look for what a reader would stumble on; exit 1 where something is found"
    )
    lint.add_argument(
        "names", nargs="*", type=_lint_name, metavar="NAME", help=f"only these: {', '.join(LINTS)}"
    )
    quiz = add(
        "quiz", _quiz, "guess what the claims say, then see what the demos compute", as_json=False
    )
    quiz.add_argument(
        "--only", nargs="+", default=(), metavar="ID", help="ask these claims and no others"
    )
    quiz.add_argument("--seed", type=int, help="mix the questions; the same number, the same order")
    why = add("why", _why, "say which part of a demo changed since its stored result")
    why.add_argument("name", metavar="DEMO")
    live = add(
        "live",
        _live,
        "serve the deck: it follows what is saved, its controls take any value",
        as_json=False,
    )
    live.add_argument(
        "--port", type=int, help="the port (default: 4180, or the next one that is free)"
    )
    live.add_argument("--no-browser", action="store_true", help="open no browser")
    live.add_argument(
        "--host",
        default="127.0.0.1",
        help="listen on another address than 127.0.0.1; needs a token",
    )
    live.add_argument(
        "--token", default="", help="what a browser must show once (?token=…); or set LLMDECK_TOKEN"
    )
    add("doctor", _doctor, "see whether everything that a build needs is there")
    return parser


def _build(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck build`."""
    from llmdeck.results import fingerprint

    formats = _formats(options)
    notes = not options.no_notes
    names = {fingerprint.name_of(made.file, notes=notes) for made in formats}
    before = fingerprint.inputs(config)
    again = options.rerun or options.keep_stale
    if not again and fingerprint.current(config, names, before) == names:
        for made in formats:
            print(f"{config.relative(config.output / made.file)}: up to date")
        return 0
    with _marp(notes) as marp:  # it loads while the templates are rendered
        from llmdeck import report
        from llmdeck.build import Options, build

        chosen = Options(
            formats=formats, notes=notes, rerun=options.rerun, keep_stale=options.keep_stale
        )
        with report.progress_bar() as progress:
            built = build(config, chosen, marp, progress, before=before)
    _tell_built(config, built)
    return 0


def _tell_built(config: Config, built: Built) -> None:
    from llmdeck import report

    for error in built.kept:
        report.show_error(error)
        report.say("warning: its last good facts are shown, marked as not updated")
    for path in built.outputs:
        print(f"{config.relative(path)}: {built.slides} slides, {len(built.ran)} variants computed")


def _formats(options: argparse.Namespace) -> tuple[Format, ...]:
    """Return the formats to build: HTML and what was asked for, or one alone."""
    if options.only:
        return (FORMATS[options.only],)
    asked = (made for made in FORMATS.values() if made is HTML or getattr(options, made.name))
    return tuple(asked)


def _marp(notes: bool) -> Marp:
    from llmdeck.marp.process import Marp

    return Marp(notes=notes)


def _check(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck check`."""
    from llmdeck import report
    from llmdeck.check import check

    with report.progress_bar() as progress:
        checked = check(config, progress)
    if options.json:
        print(json.dumps(report.check_json(checked), ensure_ascii=False, indent=1))
    else:
        report.show_check(checked)
    if checked.moved or checked.stale:
        return MOVED
    return checked.errors[0].exit_code if checked.errors else 0


def _demos(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck demos`: every demo with its defaults."""
    from llmdeck import report
    from llmdeck.errors import raise_all
    from llmdeck.model import Result, Variant
    from llmdeck.run.batch import Job, describe, run_jobs
    from llmdeck.run.interface import find_demos

    demos = find_demos(config)
    if options.list:
        found = [
            describe(config, demo) | {"name": name, "file": demo.file}
            for name, demo in demos.items()
        ]
        if options.json:
            print(json.dumps(found, ensure_ascii=False, indent=1))
        else:
            report.show_table(
                ("demo", "what it shows"), [(item["name"], _first_line(item)) for item in found]
            )
        return 0
    jobs = [Job(demo=demo, variants=(Variant(name),)) for name, demo in demos.items()]
    with report.progress_bar() as progress:
        outcomes = run_jobs(config, jobs, progress)
    ran = {job.demo.name: outcomes[job.variants[0]] for job in jobs}
    good = {name: outcome for name, outcome in ran.items() if isinstance(outcome, Result)}
    if options.json:
        print(
            json.dumps(
                {name: result.facts for name, result in good.items()}, ensure_ascii=False, indent=1
            )
        )
    else:
        for name, result in good.items():
            print(f"━━ {name} {'━' * max(0, 84 - len(name))}\n\n{result.output.rstrip()}\n")
    raise_all([outcome for outcome in ran.values() if isinstance(outcome, DeckError)])
    return 0


def _demo(config: Config, options: argparse.Namespace, rest: Sequence[str]) -> int:
    """`llmdeck demo NAME --param value`: one demo, its parameters from the command line."""
    from llmdeck.model import Result, Variant
    from llmdeck.run.batch import Job, describe, run_job
    from llmdeck.run.interface import find_demos

    demos, rest = find_demos(config), list(rest)
    if (
        options.name is None and rest and not rest[0].startswith("-")
    ):  # argparse misses it behind an option
        options.name = rest.pop(0)
    if options.name is None:
        print("usage: llmdeck demo NAME [--PARAMETER VALUE …]\n\ndemos: " + ", ".join(demos))
        return 0 if options.help else 2
    if options.name not in demos:
        raise ConfigError(f"no demo `{options.name}`", hint=f"there are: {', '.join(demos)}")
    demo = demos[options.name]
    values = _values(demo, describe(config, demo), [*rest, *(["--help"] if options.help else [])])
    variant = Variant.of(demo.name, values)
    outcome = run_job(config, Job(demo=demo, variants=(variant,)))[variant]
    if not isinstance(outcome, Result):
        raise outcome
    print(
        json.dumps(outcome.facts, ensure_ascii=False, indent=1)
        if options.json
        else outcome.output.rstrip()
    )
    return 0


def _first_line(described: dict[str, Any]) -> str:
    return next(iter(described["doc"].splitlines()), "")


def _values(demo: Demo, described: dict[str, Any], rest: Sequence[str]) -> dict[str, Any]:
    """The demo's parameters as options of its own command line, made from its signature."""
    from llmdeck.model import Kind, Parameter

    parameters = [
        Parameter(**(item | {"kind": Kind(item["kind"]), "choices": tuple(item["choices"])}))
        for item in described["parameters"]
    ]
    parser = argparse.ArgumentParser(
        prog=f"llmdeck demo {demo.name}",
        description=_first_line(described),
        argument_default=argparse.SUPPRESS,
    )
    for parameter in parameters:
        parser.add_argument(
            f"--{parameter.name.replace('_', '-')}", dest=parameter.name, **_option(parameter)
        )
    return vars(parser.parse_args(list(rest)))


def _option(parameter: Parameter) -> dict[str, Any]:
    from llmdeck.model import Kind

    shown = f"default: {parameter.default!r}".replace("%", "%%")
    if parameter.kind is Kind.SWITCH:
        return {"action": argparse.BooleanOptionalAction, "help": shown}
    kinds: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "str": str}
    choices = [str(choice) for choice in parameter.choices]
    if parameter.kind is Kind.SLIDER:
        low, high = choices[0], choices[-1]
        shown = f"{low} to {high} in steps of {int(choices[1]) - int(low) if len(choices) > 1 else 1}; {shown}"
    elif choices:
        shown = f"one of: {', '.join(choices)}; {shown}".replace("%", "%%")
    return {"type": kinds[parameter.type], "metavar": parameter.type.upper(), "help": shown}


def _claims(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck claims`."""
    from llmdeck import ledger, report
    from llmdeck.errors import raise_all
    from llmdeck.resolve import resolve

    with report.progress_bar() as progress:
        resolved = resolve(config, progress)
    broken = resolved.rendered.broken
    slides: dict[str, list[int]] = {}
    for key, slide in resolved.rendered.claim_slides:
        slides.setdefault(key, []).append(slide)
    rows: list[dict[str, Any]] = [
        {
            "id": claim.id,
            "verdict": claim.verdict.value,
            "holds": None
            if claim.holds is None
            else claim.id not in broken and claim.variant in resolved.results,
            "slides": slides.get(claim.id, []),
            "demo": claim.variant.demo if claim.variant else None,
            "parameters": claim.variant.parameters if claim.variant else {},
            "sources": list(claim.sources),
        }
        for claim in ledger.load_ledger(config).values()
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        for error in resolved.errors:  # on stderr: what is printed stays one document
            report.show_error(error)
        return resolved.errors[0].exit_code if resolved.errors else 0
    words = {True: "yes", False: "NO", None: "–"}
    report.show_table(
        ("claim", "verdict", "holds", "slide"),
        [
            (r["id"], r["verdict"], words[r["holds"]], ", ".join(map(str, r["slides"])) or "–")
            for r in rows
        ],
    )
    raise_all(resolved.errors)
    return 0


def _lint_name(name: str) -> str:
    """A lint's name; argparse's own `choices` would not take no name at all."""
    if name not in LINTS:
        raise argparse.ArgumentTypeError(f"no lint `{name}`; there are: {', '.join(LINTS)}")
    return name


def _lint(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck lint`."""
    from llmdeck import report
    from llmdeck.lint.deck import read_deck
    from llmdeck.lint.run import run

    names = tuple(name for name in LINTS if name in (options.names or LINTS))
    with report.progress_bar() as progress:
        findings = run(names, read_deck(config), progress)
    if options.json:
        print(json.dumps(report.findings_json(findings, names), ensure_ascii=False, indent=1))
    else:
        report.show_findings(findings, names)
    return FOUND if findings else 0


def _quiz(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck quiz`: guesses from stdin, until they end."""
    from llmdeck import report
    from llmdeck.quiz import Quiz
    from llmdeck.run.batch import run_jobs

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    quiz = Quiz(config)
    with report.progress_bar() as progress:
        questions = quiz.questions(options.only, options.seed, progress, run_jobs)
    quiz.ask(questions, lambda: input("> "), lambda line: print(line, flush=True))
    return 0


def _why(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck why DEMO`: each variant that the deck uses, fresh or not, and which part changed."""
    from llmdeck import ledger
    from llmdeck.render.deck import Renderer
    from llmdeck.results.store import Store
    from llmdeck.run.interface import find_demos

    demos, store = find_demos(config), Store(config)
    if options.name not in demos:
        raise ConfigError(f"no demo `{options.name}`", hint=f"there are: {', '.join(demos)}")
    renderer = Renderer(
        config=config, demos=demos, claims=ledger.load_ledger(config), results=store.results()
    )
    rendered = renderer.render()
    answers = {
        v: store.look_up(v, figure=v in rendered.wants_figure)
        for v in rendered.variants
        if v.demo == options.name
    }
    if options.json:
        rows = [
            {
                "parameters": v.parameters,
                "state": a.state.value,
                "reasons": list(a.reasons),
                "used": list(rendered.places([v])),
            }
            for v, a in answers.items()
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for variant, answer in answers.items():
        print(f"{variant}: {answer.state.value}")
        for reason in answer.reasons:
            print(f"  {reason}")
    if not answers:
        print(f"{options.name}: no slide and no claim uses it")
    return 0


def _live(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck live`."""
    try:
        from llmdeck.live.start import serve
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "llmdeck":
            raise
        from llmdeck.errors import MissingToolError

        hint = "pip install 'llmdeck[live]'"
        raise MissingToolError(f"llmdeck live needs the package {error.name}", hint=hint) from None
    token = options.token or os.environ.get("LLMDECK_TOKEN", "")
    serve(config, host=options.host, port=options.port, token=token, browser=not options.no_browser)
    return 0


def _doctor(config: Config, options: argparse.Namespace) -> int:
    """`llmdeck doctor`."""
    from llmdeck import report
    from llmdeck.doctor import examine

    found = examine(config)
    if options.json:
        print(json.dumps([vars(item) for item in found], ensure_ascii=False, indent=1))
    else:
        report.show_table(
            ("what", "", "found"),
            [(item.what, "ok" if item.good else "–", item.found) for item in found],
        )
    return 0 if all(item.good or not item.needed for item in found) else 1


if __name__ == "__main__":
    sys.exit(main())
