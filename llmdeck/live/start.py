"""`llmdeck live`: listen, open the browser, serve until Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import socket
import threading
import webbrowser
from contextlib import suppress

import uvicorn

from llmdeck.config import Config
from llmdeck.errors import ConfigError
from llmdeck.live.app import App
from llmdeck.live.connections import TimedProtocol, listen
from llmdeck.live.deck import LiveDeck
from llmdeck.live.guard import SHORTEST_TOKEN, Address, is_loopback
from llmdeck.report import progress_bar, say

TOKEN = re.compile(r"[\w.~+/=-]*", re.ASCII)
"""What an address can have as it is, base64 included."""
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  they are compared, not bound


def serve(config: Config, *, host: str, port: int | None, token: str, browser: bool) -> None:
    """Serve the deck until it is interrupted.

    Raises:
        ConfigError: an address that can't be listened on, or one that others reach without a token.
    """
    check_token(host, token)
    gc.enable()  # a server lives long
    listening = listen(host, port)
    address = Address(host=host, port=listening.getsockname()[1], token=token)
    with progress_bar() as progress, suppress(KeyboardInterrupt), listening:
        deck = LiveDeck(config, progress)
        try:
            asyncio.run(_serve(deck, address, listening, browser=browser))
        finally:
            deck.close()


def check_token(host: str, token: str) -> None:
    """See that others on the network need a token, and that it is a good one.

    Raises:
        ConfigError: where there is none, or it is too short, or an address can't have it.
    """
    if not is_loopback(host) and not token:
        hint = "give --token TOKEN too, or set LLMDECK_TOKEN: "
        hint += "others on the network could run the demos"
        raise ConfigError(f"--host {host} can be reached from other machines", hint=hint)
    if token and len(token) < SHORTEST_TOKEN:
        raise ConfigError(f"the token must have {SHORTEST_TOKEN} characters or more")
    if not TOKEN.fullmatch(token):
        characters = "letters of the English alphabet, digits, and - _ . ~ + / ="
        raise ConfigError(f"a token has {characters} only")


async def _serve(
    deck: LiveDeck, address: Address, listening: socket.socket, *, browser: bool
) -> None:
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is no HTTP is no news
    settings = uvicorn.Config(
        App(deck, address).asgi(),
        http=TimedProtocol,
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=0,  # events last for ever: nobody waits for their end
        h11_max_incomplete_event_size=16 * 1024,
    )
    url = f"http://{_name(address.host)}:{address.port}/"
    say(f"serving {url}{'?token=…' if address.token else ''} (Ctrl-C ends it)")
    if browser:
        opened = url + (f"?token={address.token}" if address.token else "")
        threading.Thread(target=_open, args=(opened,), daemon=True).start()
    await uvicorn.Server(settings).serve(sockets=[listening])


def _open(url: str) -> None:
    with suppress(webbrowser.Error):
        webbrowser.open(url)


def _name(host: str) -> str:
    """Return what a host is called in an address."""
    if host in ANY_ADDRESS:
        return "localhost"
    return f"[{host}]" if ":" in host else host
