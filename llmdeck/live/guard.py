"""Who may ask, and how much: what every request passes before the app sees it.

Every answer gets the headers that make it safe. A page of another origin can't read or start
anything here: the `Host` must be one of ours (DNS rebinding), `Origin` and `Sec-Fetch-Site` must
not name another page, and a body must be `application/json`, which a browser asks leave for.
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
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 64 * 1024
"""The most bytes of a request's body."""
TOO_LARGE = f"a body has {BODY_LIMIT} bytes at most"
BODY_TIME_S = 10.0
"""How long a request's body may take."""
SHORTEST_TOKEN = 16
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
HTTP_PORT = 80
"""The port of a `Host` header that names none."""
LONGEST_PORT = 5
"""The most digits of a port."""
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
        """Return whether a `Host` header means this server.

        It must be a name of this machine; where others reach it, any address will do, since they
        need the token.
        """
        name, port = split_host(host)
        if (HTTP_PORT if port is None else port) != self.port:
            return False
        if name in LOCAL_NAMES or name == self.host.lower():
            return True
        return not self.is_local and (_is_address(name) or name in _own_names())

    @property
    def cookie(self) -> str:
        """The name of the cookie; cookies are shared by all ports of a host."""
        return f"llmdeck-{self.port}"

    @property
    def cookie_value(self) -> str:
        """What the cookie holds: a digest, not the token itself."""
        text = f"llmdeck {self.port} {self.token}"
        return hashlib.sha256(text.encode()).hexdigest()


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine and nothing else.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0")]
    [True, True, True, False]
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
    """Return name and port of a `Host` header; the port is None where there is none, else -1.

    >>> split_host("localhost:80"), split_host("[::1]:4180"), split_host("evil.example")
    (('localhost', 80), ('::1', 4180), ('evil.example', None))
    >>> split_host("localhost:http")
    ('localhost', -1)
    """
    host = host.strip().lower()
    name, _, port = host.rpartition(":")
    if not name or port.endswith("]"):  # the colons of an IPv6 address
        return host.strip("[]"), None
    name = name.strip("[]")
    if not port:
        return name, None
    is_number = port.isascii() and port.isdigit() and len(port) <= LONGEST_PORT
    return name, int(port) if is_number else -1


class Refusal(Exception):  # noqa: N818  it is an answer
    """The answer to a request that is not let through."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


class Guard:
    """Lets requests through to the app behind it, or answers them itself."""

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self.app, self.address = app, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return
        headers = _decoded(scope["headers"])

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": with_headers(message.get("headers", ()))}
            await send(message)

        try:
            self._check(scope, headers)
            receive = await limit_body(scope, headers, receive)
        except Refusal as refusal:
            await refuse(refusal, send_safely)
        else:
            await self.app(scope, receive, send_safely)

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
        address = self.address
        query = scope["query_string"].decode("latin-1") if reads_page else ""
        tokens = [unquote(value) for value in _values_of("token", query.split("&"))]
        if _contains_secret(tokens, address.token):
            cookie = f"{address.cookie}={address.cookie_value}; HttpOnly; SameSite=Strict; Path=/"
            raise Refusal(303, "", location="/", **{"set-cookie": cookie})
        # By hand: `http.cookies` stops at what it finds wrong, and other servers of this host set
        # cookies too.
        cookies = _values_of(address.cookie, headers.get("cookie", "").split(";"))
        if not _contains_secret(cookies, address.cookie_value):
            raise Refusal(401, "open the page once with ?token=…")


def _values_of(name: str, pairs: Iterable[str]) -> list[str]:
    """Return the values that a name has, maybe more than one.

    >>> _values_of("b", "a=1; b=2; flag; b=3=".split(";"))
    ['2', '3=']
    """
    split = [pair.strip().partition("=") for pair in pairs]
    return [value for key, _, value in split if key == name]


def _contains_secret(texts: Iterable[str], secret: str) -> bool:
    """Return whether one of the texts is the secret; the time that it takes gives nothing away."""
    raw = [text.encode(errors="replace") for text in texts]
    return any(hmac.compare_digest(one, secret.encode()) for one in raw)


def _decoded(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}


def with_headers(given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers, and of ours those that it does not have."""
    named = {bytes(name).lower(): bytes(value) for name, value in given}
    ours = HEADERS | {"content-security-policy": NOTHING}
    safe = {name.encode(): value.encode() for name, value in ours.items()}
    return list((safe | named).items())


async def refuse(refusal: Refusal, send: Send) -> None:
    """Answer a request that was not let through, and close its connection, unread."""
    text = json.dumps({"error": {"message": refusal.message}}) if refusal.message else ""
    body = text.encode()
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
    } | refusal.headers
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _check_body(method: str, headers: Mapping[str, str]) -> None:
    """See what the headers say of the body.

    Raises:
        Refusal: it is too large, it is no JSON, or there should be none.
    """
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length[:12]) > BODY_LIMIT:
        raise Refusal(413, TOO_LARGE)
    if method != "POST" and (length.strip("0") or "transfer-encoding" in headers):
        raise Refusal(413, "only POST has a body")
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if method == "POST" and kind != "application/json":
        raise Refusal(415, "a body must be application/json")


async def limit_body(scope: Scope, headers: dict[str, str], receive: Receive) -> Receive:
    """Read a request's body, within the limits of size and time; return what gives it to the app.

    Raises:
        Refusal: it is too large, too slow, or no JSON by its own words.
    """
    _check_body(scope["method"], headers)
    if scope["method"] != "POST":
        return receive
    try:
        async with asyncio.timeout(BODY_TIME_S):
            body = await _read_body(receive)
    except TimeoutError:
        raise Refusal(408, "the body is too slow") from None
    unread = [body]

    async def receive_whole() -> Message:
        if not unread:
            return await receive()
        return {"type": "http.request", "body": unread.pop(), "more_body": False}

    return receive_whole


async def _read_body(receive: Receive) -> bytes:
    """Return a whole body.

    Raises:
        Refusal: it is too large, or the client went away.
    """
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "the body is not whole")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            raise Refusal(413, TOO_LARGE)
    return bytes(body)
