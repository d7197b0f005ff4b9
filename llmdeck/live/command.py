"""`llmdeck live`: serve the deck, where the packages that it needs are installed."""

from __future__ import annotations

import os
from argparse import Namespace

from llmdeck.config import Config
from llmdeck.errors import MissingToolError

TOKEN = "LLMDECK_TOKEN"  # noqa: S105  the name of a variable, not a secret


def live(config: Config, options: Namespace) -> int:
    """Serve the deck until it is interrupted.

    Raises:
        MissingToolError: where a package of the extra `live` is not installed.
    """
    try:
        from llmdeck.live.start import serve
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package == "llmdeck":
            raise
        message = f"llmdeck live needs the package {package}"
        raise MissingToolError(message, hint="pip install 'llmdeck[live]'") from None
    serve(
        config,
        host=options.host,
        port=options.port,
        token=options.token or os.environ.get(TOKEN, ""),
        browser=not options.no_browser,
    )
    return 0
