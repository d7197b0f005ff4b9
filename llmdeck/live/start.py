"""`llmdeck live`: listen, open the browser, serve until Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import socket
import sys
import threading
import webbrowser
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from llmdeck.config import Config
from llmdeck.errors import ConfigError
from llmdeck.live.app import Live
from llmdeck.live.deck import LiveDeck
from llmdeck.live.guard import SHORTEST_TOKEN, Address, is_loopback
from llmdeck.report import progress_bar, say

PORT = 4180
PORTS = 20
"""How many ports are tried, where none was asked for."""
HEADER_S = 10.0
"""How long the headers of a request may take."""
STALLED_S = 10.0
"""In this time a client must take `LEAST_TAKEN` bytes of what is waiting for it."""
LEAST_TAKEN = 16 * 1024
MOST_CONNECTIONS = 512
MOST_FILES = 4096
OTHER_FILES = 96
"""Descriptors that are not connections: demos, pipes, watched folders."""
TOKEN = re.compile(r"[\w.~+/=-]*", re.ASCII)
"""What an address can have as it is, base64 included."""
BACKLOG = 256


class Patient(H11Protocol):
    """Uvicorn's HTTP/1.1, but for connections whose headers don't come or whose answer isn't taken: they are closed.

    And there are not too many of them.
    """

    most = MOST_CONNECTIONS
    waiting: asyncio.TimerHandle | None = None
    taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for headers, for a while."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop waiting once the headers are there; wait again where the next request only begins."""
        super().data_received(data)
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy and self.waiting:
            self.waiting.cancel()
            self.waiting = None
        elif not busy and self.waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        for timer in (self.waiting, self.taking):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """See whether what waits for the client is taken."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It was."""
        if self.taking:
            self.taking.cancel()
            self.taking = None
        super().resume_writing()

    def _watch(self, size: int) -> None:
        def look() -> None:
            now = self.transport.get_write_buffer_size()
            if now > size - LEAST_TAKEN:
                self.transport.abort()
            else:
                self._watch(now)

        self.taking = self.loop.call_later(STALLED_S, look)

    def _wait(self) -> None:
        self.waiting = self.loop.call_later(HEADER_S, self.transport.abort)


class Server(uvicorn.Server):
    """Uvicorn's server, which tells the app before it waits for connections to end."""

    live: Live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would last for ever, then the rest."""
        self.live.close()
        await super().shutdown(sockets)


def serve(config: Config, *, host: str, port: int | None, token: str, browser: bool) -> None:
    """Serve the deck until it is interrupted.

    Raises:
        ConfigError: an address that can't be listened on, or one that others reach without a token.
    """
    if not is_loopback(host) and not token:
        hint = "give --token TOKEN too, or set LLMDECK_TOKEN: others on the network could run the demos"
        raise ConfigError(f"--host {host} can be reached from other machines", hint=hint)
    if token and len(token) < SHORTEST_TOKEN:
        raise ConfigError(f"the token must have {SHORTEST_TOKEN} characters or more")
    if not TOKEN.fullmatch(token):
        raise ConfigError(
            "a token has letters of the English alphabet, digits, and - _ . ~ + / = only"
        )
    gc.enable()  # a server lives long
    Patient.most = most_connections()
    listening = listen(host, port)
    address = Address(host=host, port=listening.getsockname()[1], token=token)
    with progress_bar() as progress, suppress(KeyboardInterrupt), listening:
        deck = LiveDeck(config, progress)
        try:
            asyncio.run(_serve(deck, address, listening, browser=browser))
        finally:
            deck.close()


async def _serve(
    deck: LiveDeck, address: Address, listening: socket.socket, *, browser: bool
) -> None:
    live = Live(deck, address)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is no HTTP is no news
    settings: dict[str, Any] = {
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "lifespan": "on",
    }
    settings |= {
        "timeout_keep_alive": 5,
        "timeout_graceful_shutdown": 1,
        "h11_max_incomplete_event_size": 16 * 1024,
    }
    server = Server(
        uvicorn.Config(live.app(), http=Patient, ws="none", proxy_headers=False, **settings)
    )
    server.live = live
    url = f"http://{_shown(address.host)}:{address.port}/"
    say(f"serving {url}{'?token=…' if address.token else ''} (Ctrl-C ends it)")
    if browser:
        opened = url + (f"?token={address.token}" if address.token else "")
        threading.Thread(target=_open, args=(opened,), daemon=True).start()
    await server.serve(sockets=[listening])


def most_connections() -> int:
    """How many connections there may be at once: by how many files this process may open, raised where it can be."""
    if sys.platform == "win32":
        return MOST_CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return (
        MOST_CONNECTIONS
        if soft == resource.RLIM_INFINITY
        else max(16, min(MOST_CONNECTIONS, soft - OTHER_FILES))
    )


def _open(url: str) -> None:
    with suppress(webbrowser.Error):
        webbrowser.open(url)


def _shown(host: str) -> str:
    named = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)  # noqa: S104  it is compared, not bound
    return f"[{named}]" if ":" in named else named


def listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens: on the port that was asked for, or on the first that is free of some.

    Raises:
        ConfigError: where there is none.
    """
    wanted = range(PORT, PORT + PORTS) if port is None else [port]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reason = ""
    for number in wanted:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, number))
            listening.listen(BACKLOG)
        except (OSError, OverflowError) as error:
            listening.close()
            reason = str(error)
            continue
        listening.set_inheritable(False)
        return listening
    raise ConfigError(
        f"can't listen on {host}, port {wanted[-1]}: {reason}", hint="give another --port"
    )
