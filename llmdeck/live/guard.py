"""Who may ask, and how much: what every request passes before the app sees it, and the headers of every answer.

A page of another origin can't read or start anything here: the `Host` must be one of ours (DNS
rebinding), `Origin` and `Sec-Fetch-Site` must not tell of another page, and a body must be
`application/json`, which a browser asks leave for.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 64 * 1024
"""The most bytes of a request's body."""
BODY_TIME_S = 10.0
SHORTEST_TOKEN = 16
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The content security policy of what is no page."""
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the server listens, and the token that it asks for."""

    host: str
    port: int
    token: str = ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)

    def knows(self, host: str) -> bool:
        """Whether a `Host` header means this server: a name of this machine, or behind a token also any address."""
        name, port = split_host(host)
        if port != self.port and not (port is None and self.port == 80):
            return False
        if name in ("localhost", "127.0.0.1", "::1") or name == self.host.lower():
            return True
        return not self.is_local and (_is_address(name) or name in _own_names())

    @property
    def cookie(self) -> str:
        """The name of the cookie; cookies are shared by all ports of a host."""
        return f"llmdeck-{self.port}"

    @property
    def cookie_value(self) -> str:
        """What the cookie holds: not the token itself."""
        return hashlib.sha256(f"llmdeck {self.port} {self.token}".encode()).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nothing else.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name}.local"}


def split_host(host: str) -> tuple[str, int | None]:
    """Name and port of a `Host` header; a port that is none is -1.

    >>> split_host("localhost:80"), split_host("[::1]:4180"), split_host("evil.example")
    (('localhost', 80), ('::1', 4180), ('evil.example', None))
    """
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon or port.endswith("]"):
        name, port = host.strip().lower(), ""
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1
    return name.strip("[]"), number if colon and port else None


class Refusal(Exception):  # noqa: N818  it is an answer
    """A request that is not let through."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


class Guard:
    """The app behind it sees only requests that passed."""

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self.app, self.address = app, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with_headers(message.get("headers", ()))}
            await send(message)

        try:
            self._check(scope, headers)
            receive = await limited(scope, headers, receive)
        except Refusal as refusal:
            await refuse(refusal, guarded)
            return
        await self.app(scope, receive, guarded)

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self.address.knows(host):
            raise Refusal(421, "this server has another name")
        reads_page = scope["method"] in ("GET", "HEAD") and scope["path"] == "/"
        if origin is not None and origin.lower() != f"http://{host.lower()}":
            raise Refusal(403, "a page of another origin asks")
        if not reads_page and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise Refusal(403, "a page of another origin asks")
        if self.address.token:
            self._check_token(scope, headers, reads_page=reads_page)

    def _check_token(self, scope: Scope, headers: dict[str, str], *, reads_page: bool) -> None:
        given = (
            _value_of("token", scope["query_string"].decode("latin-1").split("&"))
            if reads_page
            else []
        )
        if given and _one_is(self.address.token, [unquote(value) for value in given]):
            cookie = f"{self.address.cookie}={self.address.cookie_value}; HttpOnly; SameSite=Strict; Path=/"
            raise Refusal(303, "", location="/", **{"set-cookie": cookie})
        # By hand: `http.cookies` stops at what it finds wrong, and other servers of this host set
        # cookies too.
        held = _value_of(self.address.cookie, headers.get("cookie", "").split(";"))
        if not _one_is(self.address.cookie_value, held):
            raise Refusal(401, "open the page once with ?token=…")


def _value_of(name: str, pairs: Iterable[str]) -> list[str]:
    """What a name is given, maybe more than once.

    >>> _value_of("b", "a=1; b=2; flag; b=3=".split(";"))
    ['2', '3=']
    """
    split = [pair.strip().partition("=") for pair in pairs]
    return [value for key, _, value in split if key == name]


def _one_is(secret: str, given: Iterable[str]) -> bool:
    """Whether one of the texts is the secret; how long that takes tells nothing of it."""
    return any(hmac.compare_digest(one.encode(errors="replace"), secret.encode()) for one in given)


def _with_headers(given: Any) -> list[tuple[bytes, bytes]]:
    named = {bytes(name).lower(): bytes(value) for name, value in given}
    ours = HEADERS | {"content-security-policy": NOTHING}
    return [
        *named.items(),
        *((k.encode(), v.encode()) for k, v in ours.items() if k.encode() not in named),
    ]


async def refuse(refusal: Refusal, send: Send) -> None:
    """Answer a request that was not let through, and close its connection, unread."""
    body = json.dumps({"error": {"message": refusal.message}}).encode() if refusal.message else b""
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
    }
    raw = [(name.encode(), value.encode()) for name, value in (headers | refusal.headers).items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _check_body(method: str, headers: Mapping[str, str]) -> None:
    """See what the headers say of the body.

    Raises:
        Refusal: it is too large, it is no JSON, or there should be none.
    """
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length[:12]) > BODY_LIMIT:
        raise Refusal(413, f"a body has {BODY_LIMIT} bytes at most")
    if method != "POST" and (length.strip("0") or "transfer-encoding" in headers):
        raise Refusal(413, "only POST has a body")
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if method == "POST" and kind != "application/json":
        raise Refusal(415, "a body must be application/json")


async def limited(scope: Scope, headers: dict[str, str], receive: Receive) -> Receive:
    """What gives the body, which is read here: within the limits of size and time.

    Raises:
        Refusal: it is too large, too slow, or no JSON by its own words.
    """
    _check_body(scope["method"], headers)
    if scope["method"] != "POST":
        return receive
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIME_S):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, "the body is not whole")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > BODY_LIMIT:
                    raise Refusal(413, f"a body has {BODY_LIMIT} bytes at most")
    except TimeoutError:
        raise Refusal(408, "the body is too slow") from None
    given = False

    async def whole() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return whole
