"""Demos in child processes: how each way to fail is told, what is limited, what is ended.

The oracle is the demo itself: each one is written to fail at a line and in a way that the test
knows.
"""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmdeck.errors import DemoError
from llmdeck.model import Result, Variant
from llmdeck.run.batch import Job, Outcome, run_job, run_jobs
from llmdeck.run.interface import find_demos
from llmdeck.run.process import Running
from tests.conftest import Project

SHOW = "\ndef show(facts): print('mostra')\n"


def outcome(project: Project, source: str, limits: str = "", **values: object) -> Outcome:
    """Return what a demo of this source gives; `limits` are lines of deck.toml."""
    project.write("demos/bad.py", source + ("" if "def show" in source else SHOW))
    if limits:
        project.write("deck/deck.toml", f'[deck]\ntitle = "x"\n[demos.bad]\n{limits}\n')
    config, variant = project.config, Variant.of("bad", values)
    return run_job(config, Job(demo=find_demos(config)["bad"], variants=(variant,)))[variant]


def failure(project: Project, source: str, limits: str = "", **values: object) -> DemoError:
    """The error that running a demo of this source gives."""
    error = outcome(project, source, limits, **values)
    assert isinstance(error, DemoError), error
    return error


def gone(pid: int) -> bool:
    """Whether a process has ended, or does within two seconds (a signal takes its time)."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8"):
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        (
            "def run():\n    print('prima')\n    return {'a': 1 / 0}",
            "ZeroDivisionError: division by zero",
            3,
        ),
        (
            "import json\ndef run():\n    return json.loads('{')",
            "JSONDecodeError: Expecting property name",
            3,
        ),
        (
            "def run():\n    return {}\n"
            "def show(facts):\n    print('mezzo')\n    raise KeyError('x')",
            "KeyError: 'x'",
            5,
        ),
        ("def run():\n    return {", "SyntaxError: '{' was never closed", 2),
        ("def run():\n    compile('1 +', 'elsewhere', 'eval')", "SyntaxError: invalid syntax", 2),
        ("import sys\nsys.exit(3)", "SystemExit: 3", 2),
        ("import sys\ndef run():\n    sys.exit('basta')", "SystemExit: basta", 3),
        ("def run():\n    raise ValueError('\\ud800')", r"ValueError: \ud800", 2),
        (
            "import socket\ndef run():\n    socket.create_connection(('127.0.0.1', 9))",
            "a demo has no network",
            3,
        ),
        (
            "import urllib.request\ndef run():\n    urllib.request.urlopen('http://a.test')",
            "a demo has no network",
            3,
        ),
        ("x = 1", "it has no function `run`", 0),
        ("def run(): return {}\nshow = None\n# def show", "it has no function `show`", 1),
        (
            "#\ndef run(n=1): return {}",
            "parameter `n` of run must be keyword-only and have a default",
            2,
        ),
        (
            "def run(*, n: int): return {}",
            "parameter `n` of run must be keyword-only and have a default",
            1,
        ),
        ("def run(**more): return {}", "parameter `more` of run must be keyword-only", 1),
        (
            "def run(*, n: list[int] = []): return {}",
            "parameter `n` of run is list[int]: write `n: int = 2`, or Literal",
            1,
        ),
        ("def run(*, n: 'Foo' = 1): return {}", "name 'Foo' is not defined", 1),
        (
            "def run(*, n: int = None): return {}",
            "the default of parameter `n` must be int, not None",
            1,
        ),
        (
            "from typing import Literal\ndef run(*, n: Literal['a'] = 'b'): return {}",
            "`n` can't be 'b'; allowed: a",
            2,
        ),
    ],
)
def test_a_failing_demo_is_told_with_its_own_line(
    project: Project, source: str, message: str, line: int
) -> None:
    """Whatever goes wrong, the message says what, and the place is the demo's own line."""
    error = failure(project, source)
    assert message in error.message
    assert error.place is not None
    assert (error.place.file, error.place.line) == ("demos/bad.py", line)
    said = re.findall(r"print\('(\w+)'\)", source)
    assert error.printed.split() == said


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("{'a': [{'b': float('nan')}]}", "facts.a[0].b is nan: JSON has no such number"),
        ("{'a': -float('inf')}", "facts.a is -inf: JSON has no such number"),
        ("{'a': __import__('numpy').float32(1)}", "facts.a is a numpy.float32"),
        ("{'a': __import__('numpy').float64(1)}", "facts.a is a numpy.float64"),
        (
            "{'a': __import__('numpy').arange(3)}",
            "facts.a is a numpy.ndarray: facts are JSON (try float(), int() or .t",
        ),
        ("{'a': {1, 2}}", "facts.a is a builtins.set"),
        ("{'a': b'x'}", "facts.a is a builtins.bytes"),
        ("{'a': ('x', '\\udc80')}", "facts.a[1] holds a lone surrogate"),
        ("{'\\udc80': 1}", "a key of facts holds a lone surrogate"),
        ("{'a': {3: 1}}", "facts.a has the key 3: a JSON object's keys are strings"),
        ("[1, 2]", "run must return a dict, not list"),
        ("None", "run must return a dict, not NoneType"),
    ],
)
def test_facts_that_are_no_json_are_named_by_their_path(
    project: Project, returned: str, message: str
) -> None:
    """What JSON can't hold is refused with the path of the fact and the line of `run`."""
    error = failure(project, f"#\n#\ndef run():\n    return {returned}")
    assert error.message.startswith(f"demo bad: {message}")
    assert str(error.place) == "demos/bad.py:3"


def test_text_that_looks_like_line_ends_arrives_whole(project: Project) -> None:
    """Separators that `str.splitlines` knows come back unchanged in facts and printed text."""
    text = "a\u2028b\x85c\x1cd\x0be\rf\ng\u2029"
    result = outcome(
        project, f"def run(): return {{'t': {text!r}}}\ndef show(facts): print(facts['t'], end='')"
    )
    assert isinstance(result, Result)
    assert result.facts == {"t": text}
    assert result.output == text


def test_binary_output_is_refused(project: Project) -> None:
    """Bytes that are no UTF-8 are refused, with the first of them and the line of `show`."""
    error = failure(
        project,
        "import sys\ndef run(): return {}\ndef show(facts): sys.stdout.buffer.write(b'a\\xff')",
    )
    assert "it prints bytes that are no text (0xff at byte 1)" in error.message
    assert str(error.place) == "demos/bad.py:3"


def test_an_error_two_imports_away_points_there(project: Project) -> None:
    """An error raised in a helper that another helper imports is placed in the helper's line."""
    project.write("demos/common/__init__.py", "")
    project.write(
        "demos/common/near.py", "from demos.common import far\ndef go(): return far.fail()\n"
    )
    project.write("demos/common/far.py", "#\n#\ndef fail():\n    raise OSError('lontano')\n")
    error = failure(project, "from demos.common import near\ndef run(): return near.go()")
    assert str(error.place) == "demos/common/far.py:4"
    assert error.message == "demo bad: OSError: lontano"


@pytest.mark.parametrize(
    "hang",
    ["while True: pass", "time.sleep(1e9)", "ctypes.PyDLL(None).sleep(1000)"],
    ids=["python", "sleep", "in C, the interpreter locked"],
)
def test_a_hanging_demo_ends_at_its_limit(project: Project, hang: str) -> None:
    """A demo that hangs is ended after its `time_s`; its line and what it had printed are told."""
    started = time.monotonic()
    error = failure(
        project, f"import ctypes, time\ndef run():\n    print('qui')\n    {hang}", "time_s = 0.4"
    )
    assert time.monotonic() - started < 3
    assert "demo bad took longer than its limit of 0.4 s" in error.message
    assert str(error.place) == "demos/bad.py:4"
    assert "[demos.bad] of deck.toml" in error.hint
    assert error.printed == "qui"


def test_what_a_demo_starts_is_ended_with_it(project: Project, tmp_path: Path) -> None:
    """Processes that a demo starts and leaves behind end with it, whether it succeeds or hangs."""
    pid_file = repr(str(tmp_path / "pid"))
    sleep = "subprocess.Popen(['sleep', '100']).pid"
    start = f"    open({pid_file}, 'w').write(str({sleep}))\n"
    result = outcome(project, f"import subprocess\ndef run():\n{start}    return {{}}")
    assert isinstance(result, Result)
    assert gone(int((tmp_path / "pid").read_text()))
    failure(
        project, f"import subprocess, time\ndef run():\n{start}    time.sleep(100)", "time_s = 0.4"
    )
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_thread_left_behind_holds_nobody(project: Project) -> None:
    """A demo whose thread goes on answers at once all the same."""
    started = time.monotonic()
    result = outcome(
        project,
        "import threading, time\ndef run():\n"
        "    threading.Thread(target=time.sleep, args=[50]).start()\n    return {}",
    )
    assert isinstance(result, Result)
    assert time.monotonic() - started < 3


def test_a_greedy_demo_is_told_its_memory_limit(project: Project) -> None:
    """More than `memory_gib` fails at the demo's line, in Python and NumPy; the limit is named."""
    for greedy in ("bytearray(2**30)", "__import__('numpy').zeros(2**28)"):
        error = failure(project, f"def run():\n    return len({greedy})", "memory_gib = 0.6")
        assert "its memory limit is 0.6 GiB" in error.message
        assert str(error.place) == "demos/bad.py:2"


@pytest.mark.parametrize(
    ("death", "name", "line"),
    [
        ("os._exit(0)", "exit code 0", 0),
        ("os._exit(7)", "exit code 7", 0),
        ("ctypes.string_at(0)", "SIGSEGV", 4),
        ("os.abort()", "SIGABRT", 4),
        ("os.kill(os.getpid(), 9)", "SIGKILL", 0),
    ],
)
def test_a_demo_that_dies_is_told(project: Project, death: str, name: str, line: int) -> None:
    """An exit or a signal is named, with the line where Python knew it, and what was printed."""
    error = failure(project, f"import ctypes, os\ndef run():\n    print('qui')\n    {death}")
    assert f"demo bad ended without an answer ({name})" in error.message
    assert error.place is not None
    assert error.place.line == line
    assert error.printed == "qui"


def test_a_wrong_parameter_names_the_allowed_ones(project: Project) -> None:
    """An unknown name, a wrong type and a value out of range say what would be right."""
    annotated = "Annotated[int, range(2, 9, 2)]"
    source = f"from typing import Annotated\ndef run(*, size: {annotated} = 4): return {{}}"
    assert "no parameter `sise`; did you mean `size`?" in failure(project, source, sise=2).message
    assert "`size` must be int, not '2'" in failure(project, source, size="2").message
    assert (
        "`size` can't be 3; allowed: 2 to 8 in steps of 2"
        in failure(project, source, size=3).message
    )


def test_one_failing_variant_does_not_take_the_others(project: Project) -> None:
    """Of three variants the middle one fails alone; where it hangs, the first is kept."""
    project.write(
        "demos/bad.py",
        "def run(*, n: int = 1):\n    while n == 3: pass\n    return {'a': 1 / n}" + SHOW,
    )
    project.write("deck/deck.toml", '[deck]\ntitle = "x"\n[limits]\ntime_s = 0.5\n')
    demo = find_demos(project.config)["bad"]
    for middle, kinds in ((0, [Result, DemoError, Result]), (3, [Result, DemoError, DemoError])):
        variants = tuple(Variant.of("bad", {"n": n}) for n in (1, middle, 2))
        outcomes = run_job(project.config, Job(demo=demo, variants=variants))
        assert [type(outcomes[variant]) for variant in variants] == kinds


def test_every_failing_demo_is_reported_and_the_good_ones_are_kept(project: Project) -> None:
    """A build with two failing demos names both, keeps the third's result, and exits with 5.

    It is kept aside: the next build does not compute it again, and stores it where it succeeds.
    """
    project.write("demos/bad.py", "def run():\n    raise ValueError('uno')" + SHOW)
    project.write("demos/worse.py", "def run():\n    raise ValueError('due')" + SHOW)
    project.write(
        "deck/slides/02-due.md.j2", '# Due\n\n{{ demo("bad").x }}\n\n---\n\n{{ demo("worse").y }}\n'
    )
    done = project.run("build")
    assert done.returncode == 5
    assert (
        "error: demos/bad.py:2: demo bad: ValueError: uno\n"
        "  used at deck/slides/02-due.md.j2:3 (slide" in done.stderr
    )
    assert (
        "error: demos/worse.py:2: demo worse: ValueError: due\n"
        "  used at deck/slides/02-due.md.j2:7 (slide" in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert not list(project.root.glob("deck/results/*/*"))
    assert not project.html.exists()
    (project.root / "deck/slides/02-due.md.j2").unlink()
    done = project.run("build")
    assert "0 variants computed" in done.stdout
    assert len(list(project.root.glob("deck/results/twice/*.json"))) == 1


def test_a_demo_computes_with_few_threads(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy is told to start four threads at most, unless the user has said how many."""
    source = "import os\ndef run(): return {'threads': int(os.environ['OMP_NUM_THREADS'])}"
    for given, expected in ((None, min(4, os.cpu_count() or 1)), ("7", 7)):
        if given:
            monkeypatch.setenv("OMP_NUM_THREADS", given)
        else:
            monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        result = outcome(project, source)
        assert isinstance(result, Result)
        assert result.facts == {"threads": expected}


def test_demos_side_by_side_share_the_cores(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy may start half as many threads as there are cores in each of two demos at once."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for name in ("left", "right"):
        project.write(
            f"demos/{name}.py",
            f"import os\ndef run(): return {{'threads': int(os.environ['OMP_NUM_THREADS'])}}{SHOW}",
        )
    demos = find_demos(project.config)
    jobs = [Job(demo=demos[name], variants=(Variant(name),)) for name in ("left", "right")]
    outcomes = run_jobs(project.config, jobs, lambda *_: None)
    shared = min(4, max(1, (os.cpu_count() or 1) // 2))
    assert [o.facts for o in outcomes.values() if isinstance(o, Result)] == [
        {"threads": shared}
    ] * 2


def test_jobs_run_side_by_side(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two demos that each wait for the other's sign both succeed: they run at the same time."""
    for mine, other in (("left", "right"), ("right", "left")):
        wait = f"    while not os.path.exists('{other}'): time.sleep(0.01)\n"
        project.write(
            f"demos/{mine}.py",
            f"import os, time\ndef run():\n"
            f"    open('{mine}', 'w').close()\n{wait}    return {{}}{SHOW}",
        )
    demos = find_demos(project.config)
    jobs = [Job(demo=demos[name], variants=(Variant(name),)) for name in ("left", "right")]
    monkeypatch.setattr(os, "cpu_count", lambda: 2)  # whatever this machine has
    outcomes = run_jobs(project.config, jobs, lambda *_: None)
    assert [type(outcome) for outcome in outcomes.values()] == [Result, Result]


def test_what_is_ended_from_outside_is_told_and_nothing_else_starts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one core, ending the first of two demos ends the batch: the second never starts."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    for name in ("first", "second"):
        source = f"import time\ndef run():\n    open('{name}', 'w').close()\n    time.sleep(50)"
        project.write(f"demos/{name}.py", source + SHOW)
    config, demos, running = project.config, find_demos(project.config), Running()
    jobs = [Job(demo=demos[name], variants=(Variant(name),)) for name in ("first", "second")]
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(run_jobs, config, jobs, lambda *_: None, running)
        while not (project.root / "first").exists():
            time.sleep(0.01)
        running.end()
        (outcome,) = future.result(timeout=5).values()
    assert isinstance(outcome, DemoError)
    assert "demo first ended without an answer (SIGKILL)" in outcome.message
    assert not (project.root / "second").exists()


def test_a_demo_ends_with_the_process_that_asked_it(project: Project, tmp_path: Path) -> None:
    """Where `llmdeck demo` is killed, so that it can end nothing, its demo ends as well."""
    pid = tmp_path / "pid"
    write = f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))"
    source = f"import os, pathlib, time\ndef run():\n    {write}\n    time.sleep(50)"
    project.write("demos/bad.py", source + SHOW)
    started = project.start("demo", "bad")
    for _ in range(1000):
        if pid.exists() and pid.read_text():
            break
        time.sleep(0.01)
    started.kill()
    started.wait()
    assert gone(int(pid.read_text()))


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ("[write(n) for n in range(3, 20)]", "its answer can't be read"),
        ("os.fork()", None),
        ("sys.stdin.read() and 1/0", None),
        ("os.closerange(0, 2)", None),
        ("signal.raise_signal(signal.SIGINT)", None),
    ],
    ids=["writes into every pipe", "forks", "reads stdin", "closes its pipes", "interrupts"],
)
def test_a_demo_cannot_disturb_the_lines(project: Project, does: str, message: str | None) -> None:
    """Whatever a demo does to its descriptors, both variants get their own answer, or the error."""
    source = f"""
        import os, signal, sys

        def write(number):
            try:
                os.write(number, b"no json\\n")
            except OSError:
                pass

        def run(*, n: int = 1):
            {does}
            return {{"n": n}}

        def show(facts):
            pass
        """
    project.write("demos/bad.py", source)
    config, variants = project.config, tuple(Variant.of("bad", {"n": n}) for n in (1, 2))
    outcomes = run_job(config, Job(demo=find_demos(config)["bad"], variants=variants))
    for n, variant in enumerate(variants, 1):
        outcome = outcomes[variant]
        if message is None:
            assert isinstance(outcome, Result), outcome
            assert outcome.facts == {"n": n}
        else:
            assert isinstance(outcome, DemoError), outcome
            assert message in outcome.message


def test_a_figure_may_stand_beside_its_demo(project: Project) -> None:
    """`figures/twice.py` draws for `twice`; only variants whose figure is shown depend on it."""
    pytest.importorskip("matplotlib")
    drawing = """
        from matplotlib.figure import Figure

        def plot(facts):
            return Figure()

        def alt(facts):
            return f"il doppio è {facts['double']}"
        """
    project.write("demos/figures/twice.py", drawing)
    config, demo = project.config, find_demos(project.config)["twice"]
    shown, other = Variant.of("twice", {"n": 1}), Variant.of("twice", {"n": 2})
    outcomes = run_job(config, Job(demo=demo, variants=(shown, other), figures=frozenset({shown})))
    with_figure, without = outcomes[shown], outcomes[other]
    assert isinstance(with_figure, Result)
    assert isinstance(without, Result)
    assert with_figure.alt == "il doppio è 2"
    assert "<svg" in (with_figure.figure or "")
    assert set(with_figure.inputs) - set(without.inputs) == {"demos/figures/twice.py"}


def test_a_figure_without_words_names_its_file(project: Project) -> None:
    """A `plot` beside the demo without an `alt` is told with the file that lacks it."""
    project.write("demos/figures/twice.py", "def plot(facts):\n    return None\n")
    config, demo, variant = project.config, find_demos(project.config)["twice"], Variant("twice")
    error = run_job(config, Job(demo=demo, variants=(variant,), figures=frozenset({variant})))[
        variant
    ]
    assert isinstance(error, DemoError)
    assert "it has no `alt`, which says it in words" in error.message
    assert str(error.place) == "demos/figures/twice.py:1"
