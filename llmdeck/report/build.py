"""`llmdeck build`: build what changed, and say what was built.

With nothing to do it answers in a tenth of a second, so what a build needs is imported only where
something changed.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from llmdeck import report
from llmdeck.config import Config
from llmdeck.output.formats import FORMATS, HTML, Format
from llmdeck.results import fingerprint

if TYPE_CHECKING:
    from llmdeck.build import Built
    from llmdeck.marp.process import Marp


def build(config: Config, options: Namespace) -> int:
    """Build the formats that `options` name, where they are not up to date."""
    formats = _formats(options)
    notes = not options.no_notes
    names = {fingerprint.name_of(made.file, notes=notes) for made in formats}
    inputs = fingerprint.inputs(config)
    forced = options.rerun or options.keep_stale
    if not forced and fingerprint.current(config, names, inputs) == names:
        for made in formats:
            print(f"{config.relative(config.output / made.file)}: up to date")
        return 0
    with _marp(notes) as marp:  # it loads while Jinja is imported and the templates rendered
        built = _build(config, options, formats, marp, inputs)
    _show(config, built)
    return 0


def _formats(options: Namespace) -> tuple[Format, ...]:
    """Return the formats to build: HTML and what was asked for, or one alone."""
    if options.only:
        return (FORMATS[options.only],)
    return tuple(made for made in FORMATS.values() if made is HTML or getattr(options, made.name))


def _marp(notes: bool) -> Marp:
    from llmdeck.marp.process import Marp

    return Marp(notes=notes)


def _build(
    config: Config,
    options: Namespace,
    formats: tuple[Format, ...],
    marp: Marp,
    inputs: dict[str, str],
) -> Built:
    from llmdeck.build import Options, build
    from llmdeck.report.runner import runner_at

    wanted = Options(
        formats=formats,
        notes=not options.no_notes,
        rerun=options.rerun,
        keep_stale=options.keep_stale,
    )
    with report.progress_bar() as progress, runner_at(options.scheduler) as runner:
        return build(config, wanted, marp, progress, runner, inputs)


def _show(config: Config, built: Built) -> None:
    for error in built.outdated:
        report.show_error(error)
        report.say("warning: its last good facts are shown, marked as not updated")
    if built.moved:
        from llmdeck.report.check import show_moved

        show_moved(built.moved)
    for path in built.outputs:
        counted = f"{built.slides} slides, {len(built.ran)} variants computed"
        print(f"{config.relative(path)}: {counted}")
