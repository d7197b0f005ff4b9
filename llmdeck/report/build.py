"""`llmdeck build`: build what changed, and say what was built.

With nothing to do it answers in a tenth of a second, so what a build needs is imported only where
something changed.
"""

from __future__ import annotations

from argparse import Namespace
from contextlib import ExitStack
from typing import TYPE_CHECKING

from llmdeck import report
from llmdeck.config import FORMATS, Config
from llmdeck.results import fingerprint

if TYPE_CHECKING:
    from llmdeck.build import Built
    from llmdeck.marp.process import Marp


def build(config: Config, options: Namespace) -> int:
    """Build the formats that `options` name, where they are not up to date."""
    formats = _formats(options)
    notes = not options.no_notes
    names = {fingerprint.name_of(fmt, notes=notes) for fmt in formats}
    forced = options.rerun or options.keep_stale
    with ExitStack() as processes:
        marp = None
        if forced or fingerprint.looks_changed(config, names):
            # It loads while the inputs are read, Jinja is imported and the templates rendered.
            marp = processes.enter_context(_marp(notes))
        inputs = fingerprint.inputs(config)
        if not forced and fingerprint.current(config, names, inputs) == names:
            for fmt in formats:
                print(f"{config.relative(config.built(fmt))}: up to date")
            return 0
        marp = marp or processes.enter_context(_marp(notes))
        built = _build(config, options, formats, marp, inputs)
    _show(config, built)
    return 0


def _formats(options: Namespace) -> tuple[str, ...]:
    """Which formats are wanted: the only one, or the first of all and those that are named."""
    if options.only:
        return (options.only,)
    return tuple(fmt for fmt in FORMATS if fmt == FORMATS[0] or getattr(options, fmt))


def _marp(notes: bool) -> Marp:
    from llmdeck.marp.process import Marp

    return Marp(notes=notes)


def _build(
    config: Config,
    options: Namespace,
    formats: tuple[str, ...],
    marp: Marp,
    inputs: dict[str, str],
) -> Built:
    from llmdeck.build import Options, build

    wanted = Options(
        formats=formats,
        notes=not options.no_notes,
        rerun=options.rerun,
        keep_stale=options.keep_stale,
    )
    with report.progress_bar() as progress:
        return build(config, wanted, marp, progress, before=inputs)


def _show(config: Config, built: Built) -> None:
    for error in built.outdated:
        report.show_error(error)
        report.say("warning: its last good facts are shown, marked as not updated")
    for path in built.outputs:
        counted = f"{built.slides} slides, {len(built.ran)} variants computed"
        print(f"{config.relative(path)}: {counted}")
