"""What a command says: to a person as text, to a program as JSON, to GitHub as annotations.

One file for each command that `cli` calls here, and for what they share: `errors`, `terminal`.
Results go to stdout, errors and progress to stderr.
"""

from llmdeck.report.errors import annotate, describe, error_json, show_error
from llmdeck.report.terminal import print_json, progress_bar, say, show_table

__all__ = [
    "annotate",
    "describe",
    "error_json",
    "print_json",
    "progress_bar",
    "say",
    "show_error",
    "show_table",
]
