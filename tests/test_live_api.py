"""The API of a served deck, and what it refuses.

Each request is a real one, over a socket, to a server of its own.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from llmdeck.live.guard import BODY_LIMIT, Address
from tests.conftest import Project
from tests.served import Served, served

DEMO = '''
"""Says things.

More.
"""
import os
import time
from typing import Annotated, Literal


def run(*, text: str = "ciao", n: Annotated[int, range(0, 101, 5)] = 20,
        unit: Literal["gb", "gib"] = "gb", loud: bool = False, share: float = 0.5) -> dict:
    if text == "bad":
        raise ValueError("Il testo è brutto: <b>cambialo</b>.")
    if text == "broken":
        raise KeyError(text)
    if text == "hang":
        while True:
            time.sleep(0.01)
    if text == "exit":
        raise SystemExit(3)
    if text == "greedy":
        bytearray(8 * 2**30)
    if text == "process":
        text = str(os.getpid())
    return {"text": text, "n": n, "unit": unit, "loud": loud, "share": share}


def stream(*, text, **_others):
    if text == "bad":
        raise ValueError("Il testo è brutto.")
    for n, word in enumerate(text.split()):
        yield word + " "
    yield {"n_words": n + 1}


def show(facts: dict) -> None:
    print(facts["text"])
'''
PARTIAL = '<p class="said" title="{{ text }}" data-said="{{ text }}">{{ text }} {{ n }}</p>'
PARTIAL += "<p data-stream></p>\n"
LIMITS = "\n[demos.says]\ntime_s = 2\nmemory_gib = 4\n"
SLIDE = '\n---\n\n# Dice\n\n{{ live("says", "text", "n", n=[0, 5], text=["ciao", "sera"]) }}\n'

OTHER_HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "[::2]:{port}",
    "",
]
ELSEWHERE = [
    "../deck/deck.toml",
    "..%2fdeck%2fdeck.toml",
    "%2e%2e/deck/deck.toml",
    "deck/deck.toml",
    "%ff%fe",
]
ELSEWHERE += [
    "..\\deck\\deck.toml",
    "%5c..%5cdeck",
    "etc/passwd",
    "/etc/passwd",
    "build/deck.html",
    "figures/a.svg",
]
ELSEWHERE += ["api/demos/..%2f..%2fdeck", "api/demos/%00"]
NO_OBJECTS = [
    b"",
    b"[]",
    b"{",
    b"null",
    b'{"n": NaN}',
    b"\xff",
    b"[" * 60_000,
    b'{"n": ' + b"9" * 5000 + b"}",
]


def make(project: Project) -> Project:
    """A project whose second slide has controls over a demo that streams."""
    project.write("demos/says.py", DEMO)
    project.write("deck/partials/says.html.j2", PARTIAL)
    for name, text in (("deck/deck.toml", LIMITS), ("deck/slides/01-uno.md.j2", SLIDE)):
        path = project.root / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests that change nothing."""
    from tests import conftest

    project = Project(tmp_path_factory.mktemp("api"))
    project.write("deck/deck.toml", conftest.DECK)
    project.write("deck/claims.toml", conftest.LEDGER)
    project.write("deck/slides/01-uno.md.j2", conftest.SLIDE)
    project.write("demos/twice.py", conftest.DEMO)
    with served(make(project)) as started:
        yield started


def run(server: Served, **values: Any) -> Any:
    """Ask the demo."""
    return server.ask("POST", "/api/demos/says", values)


def test_demos_and_their_parameters_are_described(server: Served) -> None:
    """The list has each demo's first line; a demo's schema is that of its signature."""
    assert server.ask("GET", "/api/demos").json == {
        "demos": [
            {"name": "says", "about": "Says things."},
            {"name": "twice", "about": "Doubles a number."},
        ]
    }
    described = server.ask("GET", "/api/demos/says").json
    assert (described["streams"], described["plots"]) == (True, False)
    properties = described["parameters"]["properties"]
    assert {name: item["type"] for name, item in properties.items()} == {
        "text": "string", "n": "integer", "unit": "string", "loud": "boolean", "share": "number"
    }  # fmt: skip
    assert properties["n"]["enum"] == list(range(0, 101, 5))
    assert properties["unit"]["enum"] == ["gb", "gib"]
    assert properties["text"]["maxLength"] == 10_000


def test_a_run_gives_facts_what_is_printed_and_the_fragment(server: Served) -> None:
    """Any value of the signature, also one that no grid has; the fragment is the partial's."""
    answer = run(server, text="<i>ciao</i>", n=55)
    assert answer.status == 200
    assert answer.json["facts"] == {
        "text": "<i>ciao</i>",
        "n": 55,
        "unit": "gb",
        "loud": False,
        "share": 0.5,
    }
    assert answer.json["output"] == "<i>ciao</i>\n"
    assert "<i>" not in answer.json["fragment"]
    assert "&#60;i&#62;ciao" in answer.json["fragment"]
    assert server.ask("POST", "/api/demos/twice", {}).json["fragment"] is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"text": "bad"}, "Il testo è brutto: <b>cambialo</b>."),
        ({"text": 3}, "`text` must be str, not 3"),
        ({"n": 7}, "`n` can't be 7; allowed: 0 to 100 in steps of 5"),
        ({"n": True}, "`n` must be int, not True"),
        ({"unit": "mb"}, "`unit` can't be 'mb'; allowed: gb, gib"),
        ({"texts": ""}, "no parameter `texts`; did you mean `text`?"),
        ({"text": "a" * 10_001}, "`text` has 10001 characters; 10000 at most"),
        ({"text": "broken"}, "demo says: KeyError: 'broken'"),
        ({"text": "exit"}, "demo says: SystemExit: 3"),
        ({"text": "\ud800"}, "facts.text holds a lone surrogate, which is no Unicode text"),
        ({"share": 1e999}, "facts.share is inf: JSON has no such number"),
        ({"text": "greedy"}, "(its memory limit is 4 GiB)"),
    ],
)
def test_what_a_demo_cannot_use_is_422_with_its_message(
    server: Served, values: Any, message: str
) -> None:
    """A wrong parameter, the demo's own ValueError, a crash, too much memory: told as JSON.

    The next run works.
    """
    raw = json.dumps(values).replace("Infinity", "1e999").encode()
    answer = server.ask("POST", "/api/demos/says", raw)
    assert answer.status == 422
    assert message in answer.json["error"]["message"]
    assert run(server, text="dopo").json["facts"]["text"] == "dopo"


def test_a_hung_demo_is_ended_and_says_so(server: Served) -> None:
    """After its limit it is ended, with the line where it hung; the next one gets a new worker."""
    start = time.monotonic()
    answer = run(server, text="hang")
    assert time.monotonic() - start < 20
    assert answer.status == 422
    assert answer.json["error"]["message"] == "demo says took longer than its limit of 2 s"
    assert answer.json["error"]["place"].startswith("demos/says.py:1")
    assert run(server, text="dopo").json["facts"]["text"] == "dopo"


def test_a_demo_that_streams_gives_its_parts_and_then_the_result(server: Served) -> None:
    """Parts come as events, in order, and the last event is what a run gives."""
    answer = server.ask("POST", "/api/demos/says/stream", {"text": "uno due"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [event.split("\n") for event in answer.body.decode().strip().split("\n\n")]
    assert [name for name, _ in events] == ["event: part"] * 3 + ["event: result"]
    data = [json.loads(line.removeprefix("data: ")) for _, line in events]
    assert data[:3] == ["uno ", "due ", {"n_words": 2}]
    assert data[3] == run(server, text="uno due").json
    bad = server.ask("POST", "/api/demos/says/stream", {"text": "bad"})
    assert (
        bad.body.decode()
        == 'event: error\ndata: {"error": {"message": "Il testo \\u00e8 brutto."}}\n\n'
    )
    assert server.ask("POST", "/api/demos/twice/stream", {}).status == 404


def test_a_saved_demo_answers_as_it_is_now(project: Project) -> None:
    """The warm worker is replaced once its source has changed."""
    with served(make(project)) as server:
        assert run(server).json["output"] == "ciao\n"
        project.edit("demos/says.py", 'print(facts["text"])', 'print("nuovo", facts["text"])')
        for _ in range(100):
            if run(server).json["output"] == "nuovo ciao\n":
                break
            time.sleep(0.1)
        assert run(server).json["output"] == "nuovo ciao\n"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::2]:{port}", ""]
)
def test_another_host_name_is_refused(server: Served, host: str) -> None:
    """DNS rebinding: a page of another name for this machine reads nothing, whatever it asks."""
    for path in ("/", "/api/demos", "/api/events"):
        answer = server.ask("GET", path, Host=host.format(port=server.port))
        assert answer.status == 421, path
        assert b"section" not in answer.body
    for good in ("localhost", "LOCALHOST", "[::1]"):
        assert server.ask("GET", "/api/demos", Host=f"{good}:{server.port}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_site_can_neither_start_nor_read_anything(
    server: Served, headers: dict[str, str]
) -> None:
    """A request from a page of another origin is refused, POST and GET, without CORS headers."""
    for method, path, body in (
        ("POST", "/api/demos/says", {}),
        ("GET", "/api/events", None),
        ("GET", "/api", None),
    ):
        answer = server.ask(method, path, body, **headers)
        assert answer.status == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]
    good = {"Origin": f"http://127.0.0.1:{server.port}", "Sec_Fetch_Site": "same-origin"}
    assert server.ask("POST", "/api/demos/says", {}, **good).status == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_body_that_a_form_could_send_is_refused(server: Served, kind: str) -> None:
    """What a browser sends without asking leave is no request here."""
    assert server.ask("POST", "/api/demos/says", b"{}", content_type=kind).status == 415


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nothing_but_the_deck_is_served(server: Served, path: str) -> None:
    """No path leads to a file, encoded or not."""
    answer = server.ask("GET", f"/{path}")
    assert answer.status in (400, 404)
    assert b"[deck]" not in answer.body


def test_a_body_of_100_mb_is_refused_unread(server: Served) -> None:
    """Told its length the server refuses at once; in chunks, at its limit; it never reads all."""
    head = f"POST /api/demos/says HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    head += "Content-Type: application/json\r\n"
    for kind, block in (
        (f"Content-Length: {100 * 10**6}", b"x" * 65536),
        ("Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(f"{head}{kind}\r\n\r\n".encode())
            sent, said = 0, b""
            try:
                while sent < 100 * 10**6:
                    connection.sendall(block)
                    sent += len(block)
            except (ConnectionResetError, BrokenPipeError):
                pass
            assert sent < 20 * 10**6, kind
            try:
                said = connection.recv(1000)
            except ConnectionResetError:
                continue
            assert said == b"" or b" 413 " in said
    whole = json.dumps({"text": "a" * (BODY_LIMIT + 1)}).encode()
    assert server.ask("POST", "/api/demos/says", whole).status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"n": NaN}',
        b"\xff",
        b"[" * 60_000,
        b'{"n": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_object_is_400(server: Served, body: bytes) -> None:
    """Not JSON, not an object, nested without end, a number without end: told, never a failure."""
    assert server.ask("POST", "/api/demos/says", body).status == 400


def test_200_slow_connections_keep_nobody_out(server: Served) -> None:
    """While 200 clients send a byte now and then, the page and a demo answer.

    The slow ones are closed in the end.
    """
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    try:
        for n, connection in enumerate(slow):
            connection.sendall(
                b"POST /api/demos/says HTTP/1.1\r\nHost: 1" if n % 2 else b"GET / HT"
            )
        for _ in range(5):
            start = time.monotonic()
            assert server.ask("GET", "/").status == 200
            assert run(server).status == 200
            assert time.monotonic() - start < 5
        slow[0].settimeout(30)
        assert slow[0].recv(1) == b""
    finally:
        for connection in slow:
            connection.close()


def test_too_many_requests_are_told_to_come_back(server: Served) -> None:
    """Beyond its queue the server says 503 with Retry-After at once, and then works on."""
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(run, server, text="hang") for _ in range(1)]
        time.sleep(0.5)
        waiting += [pool.submit(run, server) for _ in range(39)]
        answers = [each.result() for each in waiting]
    refused = [answer for answer in answers if answer.status == 503]
    assert refused
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert run(server).status == 200


def test_every_answer_has_the_headers_that_make_it_safe(server: Served) -> None:
    """A content security policy, no sniffing, no framing: on pages, answers and refusals."""
    for method, path in (
        ("GET", "/"),
        ("GET", "/api"),
        ("GET", "/api/demos"),
        ("GET", "/nope"),
        ("DELETE", "/"),
    ):
        headers = server.ask(method, path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors" in policy
        assert (
            "unsafe-inline" not in policy.split("script-src")[-1].split(";")[0]
            or "script-src" not in policy
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


def test_the_api_tells_of_itself(server: Served) -> None:
    """The OpenAPI document has every demo, and the page for people needs nothing from elsewhere."""
    document = server.ask("GET", "/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert "/api/demos/says/stream" in document["paths"]
    assert "/api/demos/twice/stream" not in document["paths"], "it has no stream"
    page = server.ask("GET", "/api").body.decode()
    assert "Says things." in page
    assert "src=" not in page
    assert "Access" not in page


@pytest.mark.parametrize("streams", [False, True])
def test_no_input_that_the_schema_allows_or_forbids_is_a_5xx(server: Served, streams: bool) -> None:
    """Schemathesis: requests, good and bad, never make the server fail; answers are JSON."""
    schema = schemathesis.openapi.from_url(f"{server.url}api/openapi.json")
    path = "/api/demos/says/stream" if streams else "/api/demos/says"

    @settings(
        max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(case=schema[path]["POST"].as_strategy())
    def one(case: Any) -> None:
        answer = case.call(timeout=60)
        assert answer.status_code < 500, answer.text
        if answer.status_code != 200:
            assert answer.json()["error"]["message"]

    one()
    for name in ("a", "..", "%00", "🦙", "a" * 5000):
        assert server.ask("POST", f"/api/demos/{quote(name)}", {}).status in (404, 400)


def test_another_address_needs_a_token(project: Project) -> None:
    """Listening for other machines is refused without a token, or with a short one."""
    for arguments, message in (
        (("--host", "0.0.0.0"), "can be reached from other machines"),  # noqa: S104  it is refused
        (("--host", "0.0.0.0", "--token", "short"), "16 characters or more"),  # noqa: S104
    ):
        done = project.run("live", "--no-browser", *arguments)
        assert done.returncode == 3
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def test_with_a_token_nothing_is_served_without_it(project: Project) -> None:
    """The token is in the address once; then a cookie stands for it. It is printed nowhere."""
    token = "a-token-of-enough-length"  # noqa: S105  a test's own
    with served(project, "--token", token) as server:
        for path in ("/", "/api/demos", "/?token=wrong", f"/api/demos?token={token}"):
            assert server.ask("GET", path).status == 401
        answer = server.ask("GET", f"/?token={token}")
        assert (answer.status, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert token not in cookie
        assert server.ask("GET", "/", Cookie=cookie.split(";")[0]).status == 200
        assert server.ask("GET", "/", Cookie="llmdeck=x").status == 401
    wide = Address(host="0.0.0.0", port=80, token=token)  # noqa: S104
    assert wide.knows("192.168.1.5:80")
    assert wide.knows("localhost")
    assert not wide.knows("evil.example:80")


def test_what_nobody_waits_for_is_interrupted(server: Served) -> None:
    """A client that goes away frees the demo, in a run and in a stream.

    The same process answers the next request: a demo that hangs until its limit is ended with it.
    """
    before = run(server, text="process").json["facts"]["text"]
    for path in ("/api/demos/says", "/api/demos/says/stream"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        body = json.dumps({"text": "hang"})
        connection.request("POST", path, body, {"content-type": "application/json"})
        if path.endswith("stream"):
            assert connection.getresponse().read1(5) == b"event"
        time.sleep(0.3)
        connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()
        assert run(server, text="process").json["facts"]["text"] == before
