"""A mistake in a template as an error: its file and line, and the way to write what was meant."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType

import jinja2

from llmdeck.config import Config
from llmdeck.errors import DeckError, TemplateError, did_you_mean
from llmdeck.model import Place

MISTAKES = (
    jinja2.TemplateError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    NameError,
    RuntimeError,
    SyntaxError,
    MemoryError,
)
"""What a mistake in a template raises."""
OUR_CALLS = "llmdeck.render.api"
"""The module of the functions that templates call."""
COMMENT = "`{#` starts a comment in Jinja: write `{ #` in a formula, {{ '{#' }} in a text"
FORMULA = (
    "`{{` and `{%` are Jinja's, also in a formula: write `{ {a} }` for `{{a}}`, `{ %` for `{%`"
)
ENDLESS = "a macro or an include that calls itself without end"


def mistake(error: Exception, name: str, config: Config) -> DeckError:
    """Return the error for a mistake in a template, whose `name` is relative to `deck/`."""
    if isinstance(error, DeckError):
        return error
    if isinstance(error, jinja2.TemplateSyntaxError):
        file, line = error.name or name, error.lineno
    else:
        file, line = _where(error.__traceback__, config) or (name, 0)
    if Path(file).is_absolute():  # Jinja's lexer names the file, its parser the template
        file = Path(file).relative_to(config.folder).as_posix()
    if isinstance(error, UnicodeDecodeError):
        return _no_text(error, file, config)
    place = Place(file=f"deck/{file}", line=line)
    message = _message(error) or type(error).__name__
    return TemplateError(message, place=place, hint=_hint(error, place, config))


def _message(error: Exception) -> str:
    """Return what went wrong, in an author's words."""
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no deck/{error.name}"
    if isinstance(error, RecursionError):
        return ENDLESS
    message = str(error.message if isinstance(error, jinja2.TemplateError) else error)
    called = _called(error.__traceback__)
    is_ours = isinstance(error, TypeError | AttributeError) and called
    return f"{called}: {message}" if is_ours and called not in message else message


def _called(trace: TracebackType | None) -> str:
    """Return the name of the function of ours that a template called, if an error came from it."""
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_globals.get("__name__") == OUR_CALLS:
            return frame.f_code.co_name.strip("_")
        trace = trace.tb_next
    return ""


def _hint(error: Exception, place: Place, config: Config) -> str:
    """Return the way to write it, where that is known."""
    if isinstance(error, jinja2.TemplateNotFound):
        return _nearest_file(str(error.name), config)
    message = str(error)
    if "comment" in message:
        return COMMENT
    written = _line(place, config)
    is_syntax = isinstance(error, jinja2.TemplateSyntaxError | jinja2.UndefinedError)
    in_formula = re.search(r"\$|\\[a-zA-Z]", written) and re.search(r"\{[{%]", written)
    return FORMULA if is_syntax and in_formula else ""


def _nearest_file(name: str, config: Config) -> str:
    """Return which file of the deck was probably meant, as a template names it."""
    files = [path for path in config.folder.glob("*/**/*") if path.suffix in (".j2", ".md")]
    names = sorted(path.relative_to(config.folder).as_posix() for path in files)
    same = [known for known in names if Path(known).name == Path(name).name]
    about = f"did you mean `{same[0]}`?" if same else did_you_mean(name, names)
    example = '{% include "partials/NAME.md.j2" %}'
    return f"{about}; names are relative to deck/: {example}"


def _line(place: Place, config: Config) -> str:
    """Return a line of a template as it is written; nothing where it can't be read."""
    try:
        lines = (config.root / place.file).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return ""
    return lines[place.line - 1] if 0 < place.line <= len(lines) else ""


def _no_text(error: UnicodeDecodeError, file: str, config: Config) -> TemplateError:
    """Return the error for a template that is no UTF-8."""
    line = error.object[: error.start].count(b"\n") + 1
    byte = f"0x{error.object[error.start]:02x}"
    return TemplateError(
        f"the file is no UTF-8 text: the byte {byte}",
        place=Place(file=f"{config.relative(config.folder)}/{file}", line=line),
        hint="save it as UTF-8",
    )


def _where(trace: TracebackType | None, config: Config) -> tuple[str, int] | None:
    """Return template and line of the innermost frame of a template; None where there is none."""
    found = None
    while trace is not None:
        frame, line = trace.tb_frame, trace.tb_lineno
        template = frame.f_globals.get("__jinja_template__")
        source = Path(frame.f_code.co_filename)
        if template is not None and template.name:
            found = template.name, template.get_corresponding_lineno(line)
        elif source.suffix == ".j2" and source.is_relative_to(config.folder):
            found = source.relative_to(config.folder).as_posix(), line
        trace = trace.tb_next
    return found
