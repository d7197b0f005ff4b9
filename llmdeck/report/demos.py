"""`llmdeck demos` and `llmdeck demo`: run demos and print what they say."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from llmdeck import report
from llmdeck.config import Config
from llmdeck.errors import ConfigError, DeckError, DemoError, did_you_mean, raise_all
from llmdeck.model import Demo, Result, Variant, first_line
from llmdeck.run import options as command_line
from llmdeck.run.batch import Job, describe, describe_all, run_job, run_jobs
from llmdeck.run.interface import find_demos

WIDTH = 84
"""How many characters the line above a demo's output has, its name among them."""
WRONG_USAGE = 2
BROKEN = "(can't be imported: see below)"
USAGE = """usage: llmdeck demo NAME [--PARAMETER VALUE …] [--json]

Run one demo with parameters, and print what it says; --json prints its facts.
llmdeck demo NAME --help shows what NAME takes.
"""


def demos(config: Config, options: Namespace) -> int:
    """Run every demo with its defaults, or only list them."""
    found = find_demos(config)
    if options.list:
        failed = show_list(config, found, as_json=options.json)
        for error in failed:  # on stderr: what is printed stays one list
            report.show_error(error)
        return failed[0].exit_code if failed else 0
    jobs = [Job(demo=demo, variants=(Variant(name),)) for name, demo in found.items()]
    with report.progress_bar() as progress:
        outcomes = run_jobs(config, jobs, progress)
    in_order = [outcomes[job.variants[0]] for job in jobs]
    results = [outcome for outcome in in_order if isinstance(outcome, Result)]
    if options.json:
        report.print_json({result.variant.demo: result.facts for result in results})
    else:
        for result in results:
            show_output(result)
    raise_all([outcome for outcome in in_order if isinstance(outcome, DeckError)])
    return 0


def show_output(result: Result) -> None:
    """Print what a demo printed, under its name."""
    name = result.variant.demo
    line = "━" * (WIDTH - len(name))
    print(f"━━ {name} {line}\n\n{result.output.rstrip()}\n")


def show_list(config: Config, found: Mapping[str, Demo], *, as_json: bool) -> list[DemoError]:
    """Print what each demo shows; as JSON its parameters, too. Return what failed."""
    answers = describe_all(config, found)
    failed = {name: each for name, each in answers.items() if isinstance(each, DemoError)}
    described = {name: each for name, each in answers.items() if not isinstance(each, DemoError)}
    if as_json:
        items = [
            {**item, "name": name, "file": found[name].file} for name, item in described.items()
        ]
        report.print_json(items)
        return list(failed.values())
    about = {name: first_line(item["doc"]) for name, item in described.items()}
    rows = [(name, about.get(name, BROKEN)) for name in found]
    report.show_table(("demo", "what it shows"), rows)
    return list(failed.values())


def demo(config: Config | None, options: Namespace) -> int:
    """Run one demo with the parameters that follow its name; print what it says or its facts.

    Without a project (`config`) there is only the help.
    """
    name, given = _name_and_rest(options)
    if name is None:
        listed = f"\ndemos: {', '.join(find_demos(config))}" if config else ""
        print(f"{USAGE}{listed}")
        return 0 if options.help else WRONG_USAGE
    if config is None:
        raise options.problem
    found = find_demos(config)
    chosen = named(name, found)
    values = command_line.parse(chosen, describe(config, chosen), given)
    variant = Variant.of(name, values)
    outcome = run_job(config, Job(demo=chosen, variants=(variant,)))[variant]
    if not isinstance(outcome, Result):
        raise outcome
    if options.json:
        report.print_json(outcome.facts)
    else:
        print(outcome.output.rstrip())
    return 0


def _name_and_rest(options: Namespace) -> tuple[str | None, list[str]]:
    """The demo's name, where there is one, and what its own command line is to read."""
    name, rest = options.name, list(options.rest)
    if name is None and rest and not rest[0].startswith("-"):
        name = rest.pop(0)  # argparse misses it behind an option
    if options.help:
        rest.append("--help")
    return name, rest


def named(name: str, found: Mapping[str, Demo]) -> Demo:
    """Return the demo of this name.

    Raises:
        ConfigError: where there is none.
    """
    if name not in found:
        raise ConfigError(f"no demo `{name}`", hint=did_you_mean(name, found))
    return found[name]
