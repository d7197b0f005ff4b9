"""What is promised of a demo's process: what it can't do, what ends with it, how much it may give.

A demo is its author's own code; the limits catch mistakes. The oracle is the demo itself, which
tries, and says in its facts what it came to.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmdeck.errors import DemoError
from llmdeck.model import Result
from llmdeck.run import network
from tests.conftest import Project
from tests.test_runner import failure, gone, outcome

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone promises it")
BLOCKED = pytest.mark.skipif(not network.can_block(), reason="this kernel has no seccomp")


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server on this machine, which nobody must reach."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.2)
        yield listening.getsockname()[1]
        with pytest.raises(TimeoutError):
            listening.accept()


@LINUX
@pytest.mark.parametrize(
    "end", ["return {}", "raise ValueError", "os._exit(3)", "time.sleep(99)", "os.kill(0, 9)"]
)
def test_whatever_a_demo_started_ends_with_it(project: Project, tmp_path: Path, end: str) -> None:
    """Fifty children that left its group and whose parent is gone, however the demo itself ends."""
    source = f"""
import os, subprocess, time
SLEEP = "import os, sys, time; os.fork() and os._exit(0); os.setsid();"
SLEEP += "open(sys.argv[1] + str(os.getpid()), 'w').close(); time.sleep(99)"
def run():
    for number in range(50):
        command = ["python3", "-S", "-c", SLEEP, {f"{tmp_path}/pid-"!r}]
        subprocess.Popen(command, start_new_session=True)
    while len(os.listdir({str(tmp_path)!r})) < 50 + 1:
        time.sleep(0.02)
    {end}
"""
    ended = outcome(project, source, "time_s = 20")
    assert isinstance(ended, Result if "return" in end else DemoError)
    pids = [int(path.name.removeprefix("pid-")) for path in tmp_path.glob("pid-*")]
    assert len(pids) == 50
    assert [pid for pid in pids if not gone(pid)] == []


@LINUX
def test_what_a_demo_started_ends_with_a_build_that_is_killed(
    project: Project, tmp_path: Path
) -> None:
    """`kill -9` of the build while a demo runs: the demo's daemon ends, too."""
    project.write(
        "demos/twice.py",
        f"""
        import os, subprocess, time


        def run(*, n: int = 21) -> dict:
            code = "import os, time; os.fork() and os._exit(0); os.setsid();"
            code += "open({str(tmp_path / "pid")!r}, 'w').write(str(os.getpid())); time.sleep(99)"
            subprocess.run(["python3", "-c", code])
            time.sleep(99)


        def show(facts: dict) -> None:
            print(facts)
        """,
    )
    building = project.start("build")
    try:
        pid_file = tmp_path / "pid"
        while not (pid_file.is_file() and pid_file.read_text()):
            time.sleep(0.05)
    finally:
        os.kill(building.pid, signal.SIGKILL)
        building.wait()
    end = time.monotonic() + 5
    while not gone(int(pid_file.read_text())):
        assert time.monotonic() < end


@pytest.mark.parametrize(
    "tried",
    [
        "socket.create_connection(('127.0.0.1', PORT))",
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
        "socket.getnameinfo(('127.0.0.1', 80), 0)",
        "socket.gethostbyaddr('127.0.0.1')",
    ],
)
def test_pythons_own_sockets_are_refused(project: Project, port: int, tried: str) -> None:
    """To connect, to listen, to send, to ask for a name: each is told, with the demo's line."""
    error = failure(project, f"import socket\ndef run():\n    {tried.replace('PORT', str(port))}")
    assert "a demo has no network" in error.message
    assert str(error.place) == "demos/bad.py:3"


CONNECT = """
import ctypes, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
made = libc.socket(2, 1, 0)
address = struct.pack("=H", 2) + struct.pack(">H", PORT) + socket.inet_aton("127.0.0.1") + bytes(8)
print(libc.connect(made, address, 16))
"""


@BLOCKED
def test_what_a_demo_starts_has_no_network_either(project: Project, port: int) -> None:
    """Its own Python, and the C library called by hand: the kernel refuses both the socket."""
    code = CONNECT.replace("PORT", str(port))
    source = f"""
import subprocess, sys
CODE = {code!r}
def run():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    found = {{}}
    exec(CODE.replace("print(", "found.update(own="), {{"found": found}})
    return {{"started": done.stdout.strip(), **found}}
"""
    result = outcome(project, source)
    assert isinstance(result, Result), result
    assert result.facts == {"started": "-1", "own": -1}


@LINUX
def test_a_demo_can_not_raise_its_memory_limit(project: Project) -> None:
    """Not through `resource`, not in a child; the error says where the limit is set."""
    raised = "resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))"
    error = failure(project, f"import resource\ndef run():\n    {raised}", "memory_gib = 1")
    assert "set memory_gib in [demos.NAME]" in error.message
    source = "import resource\ndef run(): return {'limits': resource.getrlimit(resource.RLIMIT_AS)}"
    result = outcome(project, source, "memory_gib = 1")
    assert isinstance(result, Result)
    assert result.facts == {"limits": [2**30, 2**30]}


@pytest.mark.parametrize(
    ("source", "setting"),
    [
        ("def run(): return {}\ndef show(facts):\n    print('x' * 3000)", "output_mb"),
        ("def run():\n    print('x' * 3000)\n    return {}", "output_mb"),
        (
            "def run(): return {}\ndef show(facts):\n    for _ in range(99):\n        try:\n"
            "            print('x' * 3000)\n        except Exception: pass",
            "output_mb",
        ),
        ("def run():\n    return {'rows': [{'n': n} for n in range(1000)]}", "facts_mb"),
    ],
)
def test_what_a_demo_gives_is_limited(project: Project, source: str, setting: str) -> None:
    """Printed text, also where the demo catches the error, and facts; the setting is named."""
    error = failure(project, source, f"{setting} = 0.002")
    assert "larger than its limit of 0.002 MB" in error.message
    assert f"set {setting} in [limits]" in error.message
    assert error.place
    assert error.place.line
    assert isinstance(outcome(project, source, f"{setting} = 9"), Result)


def test_the_output_of_500_mb_ends_at_once(project: Project) -> None:
    """With the limits as they are, nothing of it is kept, and the demo's line is told."""
    started = time.monotonic()
    error = failure(
        project, "def run():\n    while True:\n        print('x' * 1_000_000)", "time_s = 30"
    )
    assert "what it prints is larger than its limit of 1 MB" in error.message
    assert time.monotonic() - started < 15


def test_a_large_figure_is_refused(project: Project) -> None:
    """A picture of many points within an SVG; the setting is named, and nothing is stored."""
    plot = """
    def plot(facts):
        from matplotlib.figure import Figure
        figure = Figure()
        figure.add_subplot().plot([n % 7 for n in range(9000)])
        return figure


    def alt(facts):
        return "molti punti"
    """
    demo = project.root / "demos/twice.py"
    project.write("figure.py", plot)
    figure = (project.root / "figure.py").read_text(encoding="utf-8")
    demo.write_text(f"{demo.read_text(encoding='utf-8')}\n\n{figure}", encoding="utf-8")
    project.write("deck/slides/02-due.md.j2", '# Due\n\n{{ figure("twice") }}\n')
    project.edit("deck/deck.toml", "[deck]", "[limits]\nfigure_mb = 0.02\n[deck]")
    done = project.run("build")
    assert done.returncode == 5
    assert "its figure is larger than its limit of 0.02 MB" in done.stderr
    assert "set figure_mb in [limits]" in done.stderr
    assert not (project.root / "deck/results").exists()


@pytest.mark.parametrize("what", ["rows", "picture"])
def test_a_large_page_is_refused_and_its_largest_slide_named(project: Project, what: str) -> None:
    """Many rows before Marp reads them, a picture once it is inlined; the old deck stays."""
    assert project.run("build").returncode == 0
    built = project.html.read_bytes()
    project.edit("deck/deck.toml", "[deck]", "[limits]\npage_mb = 0.5\n[deck]")
    if what == "rows":
        rows = "{% for n in range(90000) %}| {{ n }} |\n{% endfor %}"
        project.write("deck/slides/02-due.md.j2", f"# Due\n\n| n |\n|---|\n{rows}\n")
    else:
        (project.root / "deck/foto.png").write_bytes(os.urandom(600_000))
        project.write("deck/slides/02-due.md.j2", "# Due\n\n![una foto](foto.png)\n")
    done = project.run("build")
    assert done.returncode == 4
    assert "deck/slides/02-due.md.j2: the deck is" in done.stderr
    assert "its limit is 0.5 MB" in done.stderr
    assert "set page_mb in [limits]" in done.stderr
    assert project.html.read_bytes() == built


def test_the_limit_of_the_page_is_no_demos(project: Project) -> None:
    """`page_mb` in `[demos.NAME]` would do nothing, and is refused with its line."""
    project.edit("deck/deck.toml", "[deck]", "[demos.twice]\npage_mb = 3\n\n[deck]")
    done = project.run("build")
    assert done.returncode == 3
    assert "deck/deck.toml:2: unknown key `page_mb` in [demos.twice]" in done.stderr


def test_print_on_a_closed_stdout_is_told_with_its_line(project: Project) -> None:
    """It is the demo's error, not the end of its process; a stdout that is closed last is none."""
    error = failure(
        project, "import sys\ndef run():\n    sys.stdout.close()\n    print('x')\n    return {}"
    )
    assert "print on a stdout that the demo has closed" in error.message
    assert str(error.place) == "demos/bad.py:4"
    closes = "def show(facts):\n    print('ciao')\n    sys.stdout.close()"
    for closing in (closes, closes.replace("close()", "detach()"), f"{closes}\n    sys.stdout = 1"):
        result = outcome(project, f"import sys\ndef run(): return {{}}\n{closing}")
        assert isinstance(result, Result), result
        assert result.output == "ciao\n"


def test_a_number_of_more_than_4300_digits_is_told_by_its_name(project: Project) -> None:
    """Python does not read it as text; one of 4,300 digits is stored as it is."""
    error = failure(project, "#\ndef run():\n    return {'a': {'n': 10**4300}}")
    assert "facts.a.n has more than 4300 digits" in error.message
    assert str(error.place) == "demos/bad.py:2"
    result = outcome(project, "def run(): return {'n': 10**4300 - 1}")
    assert isinstance(result, Result)
    assert result.facts == {"n": 10**4300 - 1}
