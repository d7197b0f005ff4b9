"""`llmdeck lint`: what the lints found, in the order of the slides."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from llmdeck import lint, report
from llmdeck.config import Config
from llmdeck.model import Finding

FOUND = 1
"""The exit code where a lint found something."""


def run(config: Config, options: Namespace) -> int:
    """Run the lints that `options` name, or all, and show what they find."""
    names = [name for name in lint.names() if not options.names or name in options.names]
    with report.progress_bar() as progress:
        findings = lint.run(names, config, progress)
    if options.json:
        report.print_json(as_json(findings, names))
    else:
        show(findings, names)
    return FOUND if findings else 0


def show(findings: Sequence[Finding], names: Sequence[str]) -> None:
    """Print each finding with file, line and slide, then how many each lint has."""
    hints: set[str] = set()
    for finding in findings:
        slide = f" (slide {finding.slide})" if finding.slide else ""
        message = f"{finding.lint}: {finding.message}"
        print(f"{finding.place}{slide}: {message}")
        if finding.hint and finding.hint not in hints:  # most findings of a lint have the same
            hints.add(finding.hint)
            print(f"  hint: {finding.hint}")
        report.annotate(finding.place, message)
    counts = {name: sum(finding.lint == name for finding in findings) for name in names}
    print(", ".join(f"{name}: {count or 'clean'}" for name, count in counts.items()))


def as_json(findings: Sequence[Finding], names: Sequence[str]) -> dict[str, Any]:
    """Return what the lints found, for a program."""
    return {
        "clean": not findings,
        "lints": list(names),
        "findings": [_finding_json(finding) for finding in findings],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "lint": finding.lint,
        "message": finding.message,
        "file": finding.place.file,
        "line": finding.place.line,
        "slide": finding.slide,
        "hint": finding.hint,
    }
