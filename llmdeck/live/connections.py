"""The server's connections: where it listens, how many there may be, how slow they may be."""

from __future__ import annotations

import asyncio
import socket
import sys

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from llmdeck.errors import ConfigError
from llmdeck.live.guard import with_headers

PORT = 4180
PORTS = 20
"""How many ports are tried, where none was asked for."""
BACKLOG = 256
HEADER_S = 10.0
"""How long the headers of a request may take."""
STALLED_S = 10.0
"""In this time a client must take `LEAST_TAKEN` bytes of what is waiting for it."""
LEAST_TAKEN = 16 * 1024
MOST_CONNECTIONS = 512
LEAST_CONNECTIONS = 16
MOST_FILES = 4096
OTHER_FILES = 96
"""Descriptors that are not connections: workers, pipes, watched folders."""


class TimedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with three limits that uvicorn does not have.

    - Headers that never end (clients that send a byte now and then): the connection is closed
      after `HEADER_S`. uvicorn's `timeout_keep_alive` begins only after a first answer.
    - An answer that nobody takes (clients that ask for the page and never read): the connection
      is closed after `STALLED_S`. uvicorn waits for such a client without end.
    - Too many connections: further ones are closed at once. uvicorn's `limit_concurrency` refuses
      requests, but keeps connections that send none, and each of them takes a file descriptor.

    With uvicorn's own limits alone, slow clients are never closed, and clients that read nothing,
    once they are as many as `limit_concurrency`, keep everybody out for as long as they like.
    """

    header_timer: asyncio.TimerHandle | None = None
    answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers, unless there are too many connections."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.abort()
        else:
            self._await_headers()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, with the headers that every answer has, and close."""
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        answer = h11.Response(status_code=400, headers=with_headers(headers), reason=b"Bad Request")
        for part in (answer, h11.Data(data=msg.encode("ascii", "replace")), h11.EndOfMessage()):
            self.transport.write(self.conn.send(part) or b"")
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Stop waiting once the headers are whole; wait again where only a part has come."""
        super().data_received(data)
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering:
            _stop(self.header_timer)
            self.header_timer = None
        elif self.header_timer is None:
            self._await_headers()

    def pause_writing(self) -> None:
        """Begin to see whether the client takes what is waiting for it."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """Stop waiting: the client has taken it."""
        _stop(self.answer_timer)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting: the connection has ended."""
        _stop(self.header_timer)
        _stop(self.answer_timer)
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        self.header_timer = self.loop.call_later(HEADER_S, self.transport.abort)

    def _await_taking(self) -> None:
        n_waiting = self.transport.get_write_buffer_size()
        self.answer_timer = self.loop.call_later(STALLED_S, self._check_taken, n_waiting)

    def _check_taken(self, n_before: int) -> None:
        if self.transport.get_write_buffer_size() > n_before - LEAST_TAKEN:
            self.transport.abort()
        else:
            self._await_taking()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer:
        timer.cancel()


def most_connections() -> int:
    """Return how many connections there may be at once.

    They depend on how many files this process may open; that limit is raised where it can be.
    """
    if sys.platform == "win32":
        return MOST_CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(LEAST_CONNECTIONS, min(MOST_CONNECTIONS, soft - OTHER_FILES))


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens: on the port that was asked for, or on the first free one.

    Raises:
        ConfigError: where there is none.
    """
    ports = range(PORT, PORT + PORTS) if port is None else [port]
    reason = ""
    for number in ports:
        try:
            return _bound(host, number)
        except (OSError, OverflowError) as error:
            reason = str(error)
    message = f"can't listen on {host}, port {ports[-1]}: {reason}"
    raise ConfigError(message, hint="give another --port")


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a port.

    Raises:
        OSError: the port is taken.
        OverflowError: there is no such port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, OverflowError):
        listening.close()
        raise
    listening.set_inheritable(False)
    return listening
