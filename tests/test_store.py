"""What makes a stored result stale, and what the store's files hold.

The oracle is what each edit can change in what the demo says: its sources, near or far, and the
files that it reads.
"""

from __future__ import annotations

import json
import os
import py_compile
import shutil

import pytest

from llmdeck.model import Result, State, Variant
from llmdeck.results.store import Store
from llmdeck.run.batch import Job, run_job
from llmdeck.run.interface import find_demos
from tests.conftest import Project

SHOW = "\ndef show(facts): pass\n"
WAYS = [
    "open('X')",
    "open(b'X', 'rb')",
    "pathlib.Path('X').read_bytes()",
    "(pathlib.Path(__file__).parent.parent / 'demos/../X').open()",
    "json.load(open('X'))",
    "os.open('X', os.O_RDONLY)",
    "numpy.fromfile('X', dtype='u1')",
    "numpy.memmap('X', mode='r')",
    "numpy.loadtxt('X')",
    "importlib.resources.files('demos').joinpath('../X').read_text()",
    "shutil.copyfile('X', os.devnull)",
    "mmap.mmap(os.open('X', os.O_RDONLY), 0, prot=mmap.PROT_READ)",
    "sqlite3.connect('X')",
    "(os.chdir('demos'), open('../X'))",
]
"""Ways to open the data file X, the folder changed last."""


def compute(project: Project, name: str, *values: dict[str, object]) -> list[Result]:
    """Run variants of a demo in one process and keep them in the store."""
    config = project.config
    variants = tuple(Variant.of(name, chosen) for chosen in values or ({},))
    outcomes = run_job(config, Job(demo=find_demos(config)[name], variants=variants))
    results = [outcomes[variant] for variant in variants]
    for result in results:
        assert isinstance(result, Result), result
        Store(config).write(result)
    return results  # type: ignore[return-value]


def state(project: Project, name: str, **values: object) -> tuple[State, tuple[str, ...]]:
    """What the store says of a variant, read anew."""
    answer = Store(project.config).look_up(Variant.of(name, values))
    return answer.state, answer.reasons


def files(project: Project) -> dict[str, bytes]:
    """The store's files, by name."""
    return {path.name: path.read_bytes() for path in project.root.glob("deck/results/*/*")}


def test_an_edit_to_a_module_two_imports_away_makes_stale(project: Project) -> None:
    """A helper of a helper counts, also one outside the demos' package or imported late."""
    project.write("demos/common/__init__.py", "")
    project.write(
        "demos/common/near.py", "def go():\n    from demos.common import far\n    return far.x()\n"
    )
    project.write("demos/common/far.py", "import beside\ndef x(): return beside.X\n")
    project.write("beside.py", "X = 1\n")
    project.write(
        "demos/deep.py", "from demos.common.near import go\ndef run(): return {'x': go()}" + SHOW
    )
    for name in ("demos/deep.py", "demos/common/near.py", "demos/common/far.py", "beside.py"):
        compute(project, "deep")
        assert state(project, "deep") == (State.FRESH, ())
        project.write(name, (project.root / name).read_text(encoding="utf-8") + "# edited\n")
        assert state(project, "deep") == (State.STALE, (f"{name} changed",))


def test_an_edit_to_a_data_file_makes_stale(project: Project) -> None:
    """A data file is seen however Python opens it, with no declaration."""
    lines = [f"    {way.replace('X', f'demos/data/{n}.bin')}" for n, way in enumerate(WAYS)]
    for n in range(len(WAYS)):
        project.write(f"demos/data/{n}.bin", "12")
    modules = "import importlib.resources, json, mmap, numpy, os, pathlib, shutil, sqlite3\n"
    project.write(
        "demos/reader.py", f"{modules}def run():\n" + "\n".join(lines) + f"\n    return {{}}{SHOW}"
    )
    compute(project, "reader")
    for n, way in enumerate(WAYS):
        assert state(project, "reader") == (State.FRESH, ())
        project.write(f"demos/data/{n}.bin", "13")
        assert state(project, "reader") == (State.STALE, (f"demos/data/{n}.bin changed",)), way
        project.write(f"demos/data/{n}.bin", "12")


def test_a_file_that_a_rust_library_reads_is_seen_through_python(project: Project) -> None:
    """What `safetensors` opens by itself can't be seen; what it loads from Python's bytes is."""
    numpy, safetensors = pytest.importorskip("numpy"), pytest.importorskip("safetensors.numpy")
    (project.root / "demos/data").mkdir()
    safetensors.save_file({"a": numpy.zeros(2)}, project.root / "demos/data/w.safetensors")
    seen = {}
    for name, load in (("rust", "load_file(W)"), ("python", "load(W.read_bytes())")):
        source = "from pathlib import Path\nfrom safetensors import numpy\n"
        source += "W = Path('demos/data/w.safetensors')\n"
        project.write(
            f"demos/{name}.py", f"{source}def run(): return {{'n': len(numpy.{load})}}{SHOW}"
        )
        seen[name] = "demos/data/w.safetensors" in compute(project, name)[0].inputs
    assert seen == {"rust": False, "python": True}


@pytest.mark.parametrize(
    "listing",
    ["os.listdir('demos/data')", "list(Path('demos/data').glob('*'))", "[*os.walk('demos/data')]"],
)
def test_a_new_file_in_a_listed_folder_makes_stale(project: Project, listing: str) -> None:
    """A demo that lists a folder depends on the names in it."""
    project.write("demos/data/a.txt", "a")
    project.write(
        "demos/lister.py",
        f"import os\nfrom pathlib import Path\ndef run():\n    {listing}\n    return {{}}{SHOW}",
    )
    compute(project, "lister")
    assert state(project, "lister") == (State.FRESH, ())
    project.write("demos/data/b.txt", "b")
    assert state(project, "lister") == (State.STALE, ("demos/data changed",))


def test_a_file_that_comes_later_makes_stale(project: Project) -> None:
    """A file that was looked for in vain counts: once it is there, the answer may be another."""
    source = "def run():\n    try: return {'x': open('demos/data/x').read()}\n"
    source += "    except OSError: return {}"
    project.write("demos/maybe.py", source + SHOW)
    compute(project, "maybe")
    assert state(project, "maybe") == (State.FRESH, ())
    project.write("demos/data/x", "here")
    assert state(project, "maybe") == (State.STALE, ("demos/data/x changed",))


def test_an_edit_in_the_same_second_and_of_the_same_size_is_run(project: Project) -> None:
    """Bytecode that Python would take for new is not used: a demo says what its source says."""
    assert compute(project, "twice")[0].facts["double"] == 42
    path = project.root / "demos/twice.py"
    times = path.stat()
    py_compile.compile(str(path), doraise=True)
    project.edit("demos/twice.py", "2 * n", "3 * n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert compute(project, "twice")[0].facts["double"] == 63


def test_what_a_demo_does_not_read_leaves_it_fresh(project: Project) -> None:
    """Slides, the ledger, another demo, and files that the demo itself writes change nothing."""
    project.edit(
        "demos/twice.py", "    return {", "    open('demos/log.txt', 'a').write('x')\n    return {"
    )
    compute(project, "twice")
    project.write("deck/slides/01-uno.md.j2", "# Altro\n")
    project.write("deck/claims.toml", "")
    project.write("demos/another.py", "def run(): return {}" + SHOW)
    project.write("demos/log.txt", "y")
    assert state(project, "twice") == (State.FRESH, ())


def test_what_lies_where_the_deck_is_built_is_no_input(project: Project) -> None:
    """A demo that reads the output folder, whatever its name, is as fresh after a build."""
    project.write("deck/deck.toml", '[deck]\ntitle = "x"\noutput = "out"\n')
    project.write("out/deck.html", "1")
    project.write("build/data.txt", "1")
    reads = "    os.listdir('out')\n    open('out/deck.html')\n    open('build/data.txt')\n"
    project.write("demos/peeps.py", f"import os\ndef run():\n{reads}    return {{}}{SHOW}")
    (result,) = compute(project, "peeps")
    assert set(result.inputs) == {"demos/peeps.py", "build/data.txt"}
    project.write("out/deck.html", "2")
    assert state(project, "peeps") == (State.FRESH, ())


def test_why_says_which_part_changed(project: Project) -> None:
    """`llmdeck why` names the state of each variant and the part that changed."""
    assert project.run("why", "twice").stdout == "twice: missing\n  it was never run\n"
    compute(project, "twice")
    assert project.run("why", "twice").stdout.splitlines()[0] == "twice: fresh"
    project.edit("demos/twice.py", "2 * n", "3 * n")
    told = project.run("why", "twice").stdout.splitlines()
    assert told[:2] == ["twice: stale", "  demos/twice.py changed"]
    (row,) = json.loads(project.run("why", "twice", "--json").stdout)
    assert (row["state"], row["reasons"]) == ("stale", ["demos/twice.py changed"])
    assert row["used"][-1] == "deck/slides/01-uno.md.j2:4 (slide 1)"


def test_parameters_make_another_variant(project: Project) -> None:
    """Results of two variants lie side by side; the parameters' order makes no other variant."""
    compute(project, "twice", {"n": 1}, {"n": 2})
    assert state(project, "twice", n=1) == (State.FRESH, ())
    assert state(project, "twice", n=3) == (State.MISSING, ("it was never run",))
    assert Variant.of("twice", {"b": 1, "a": 2}) == Variant.of("twice", {"a": 2, "b": 1})
    assert Variant.of("twice", {"n": 1}).slug != Variant.of("twice", {"n": "1"}).slug


def test_an_unreadable_result_counts_as_missing_and_is_mended(project: Project) -> None:
    """Half a file, a conflict, binary or other JSON is missing; it is written anew as it was."""
    (result,) = compute(project, "twice")
    before = files(project)
    (path,) = project.root.glob("deck/results/twice/*.json")
    conflict = b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> a\n"
    for spoilt in (b"", before[path.name][:90], conflict, b"\xff\0", b"[]", b"{}", b"3", b"null"):
        path.write_bytes(spoilt)
        reason = f"deck/results/twice/{path.name} is unreadable"
        assert state(project, "twice") == (State.MISSING, (reason,))
        assert Store(project.config).results() == {}
        Store(project.config).write(result)
        assert files(project) == before
    path.write_bytes(conflict)
    assert project.run("build").returncode == 0
    assert files(project) == before


def test_facts_are_stored_as_they_were_computed(project: Project) -> None:
    """Every digit of any number is stored, and read as the same number; -0.0 is 0.0."""
    facts = "{'a': 2/3, 'jd': 2460310.5, 'c_m': 299792458.0, 'g': 6.6743e-11, 'h': 6.62607015e-34, "
    facts += "'d': 10**20 + 1, 'e': -0.0, 'f': [1/7, {'g': 1e22/3}], 'tiny': 5e-324}"
    project.write("demos/floats.py", f"def run(): return {facts}{SHOW}")
    expected = {"a": 2 / 3, "jd": 2460310.5, "c_m": 299792458.0, "g": 6.6743e-11}
    expected |= {"h": 6.62607015e-34, "d": 10**20 + 1, "e": 0.0}
    expected |= {"f": [1 / 7, {"g": 1e22 / 3}], "tiny": 5e-324}
    assert compute(project, "floats")[0].facts == expected
    (text,) = files(project).values()
    assert json.loads(text)["facts"] == expected
    assert b'"e": 0.0,' in text


def test_a_result_computed_again_leaves_the_stored_one_alone(project: Project) -> None:
    """Another machine's last digits change no file, in `build --rerun` too; a real change does."""
    project.edit("demos/twice.py", '{"n": n', '{"x": 2 / 3, "n": n')
    assert project.run("build").returncode == 0
    before = files(project)
    (path,) = project.root.glob("deck/results/twice/*.json")
    other = path.read_text(encoding="utf-8").replace(repr(2 / 3), repr(2 / 3 * (1 + 4e-16)))
    assert other.encode() != before[path.name]
    path.write_text(other, encoding="utf-8")
    assert project.run("build", "--rerun").returncode == 0
    assert path.read_text(encoding="utf-8") == other
    path.write_text(other.replace('"x": 0.66', '"x": 0.67'), encoding="utf-8")
    assert project.run("build", "--rerun").returncode == 0
    assert files(project) == before


def test_the_same_bytes_alone_and_in_a_batch(project: Project) -> None:
    """Variants that are computed together, one by one, and in another order give the same files."""
    project.write("demos/data/x.txt", "x")
    project.edit("demos/twice.py", "    return {", "    open('demos/data/x.txt')\n    return {")
    compute(project, "twice", {"n": 1}, {"n": 2}, {"n": 3})
    together = files(project)
    shutil.rmtree(project.root / "deck/results")
    for n in (3, 1, 2):
        compute(project, "twice", {"n": n})
    assert files(project) == together


def test_a_result_nobody_uses_is_removed_by_the_next_build(project: Project) -> None:
    """After a build the store holds what the deck uses and nothing else, nor a dead build's."""
    project.edit("deck/slides/01-uno.md.j2", 'demo("twice")', 'demo("twice", n=4)')
    assert project.run("build").returncode == 0
    assert {name.split("-")[0] for name in files(project)} == {"4", "default"}
    left = project.write("deck/results/twice/.4-x.json.ab12", "half")
    os.utime(left, (0, 0))
    project.edit("deck/slides/01-uno.md.j2", 'demo("twice", n=4)', 'demo("twice")')
    assert project.run("build").returncode == 0
    assert {name.split("-")[0] for name in files(project)} == {"default"}
