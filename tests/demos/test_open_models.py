"""The families, their sizes and their licences.

Oracle: PyPI's list of classifiers says which licences the Open Source Initiative has approved
(package trove-classifiers); the names that the authors gave their models say how many sizes a
family has and near what; the counts themselves are tested to the last digit in test_parameters.
"""

import json
import re
import tomllib

import pytest

from demos.common.models.catalogue import DATA
from demos.figures.open_models import alt, plot
from demos.open_models import KINDS, approved, run, show
from llmdeck.run.interface import bind, parameters_of
from tests.demos.looks import assert_apart, assert_legible

# As the announcements and model cards name them, in billions (each family's developer_source).
NAMED = {
    "gemma": [2, 7],
    "llama2": [7, 13, 70],
    "llama3": [8, 70],
    "mistral": [7],
    "qwen1.5": [0.5, 1.8, 4, 7, 14, 32, 72, 110],
    "phi3": [3.8, 7, 14],
    "deepseek-coder": [1.3, 6.7, 33],
    "codellama": [7, 13, 34, 70],
}
CLASSIFIERS = {
    "Apache-2.0": "License :: OSI Approved :: Apache Software License",
    "MIT": "License :: OSI Approved :: MIT License",
}
FAMILIES = tomllib.loads((DATA / "families.toml").read_text("utf-8"))["family"]


def test_each_family_has_the_sizes_that_its_authors_name():
    """As many models as names, in order; each count is within 26% of its name.

    Gemma 7B's name leaves out a table.
    """
    by_family = run()["by_family"]
    assert list(by_family) == list(NAMED)
    for name, billions in NAMED.items():
        assert by_family[name]["sizes_billions"] == pytest.approx(billions, rel=0.26)
        assert by_family[name]["n_sizes"] == len(billions)


def test_gemma_7b_is_larger_than_llama_3_8b():
    """The name of Gemma 7B says less than the name of Llama 3 8B, the count says more."""
    by_family = run()["by_family"]
    assert by_family["gemma"]["sizes_billions"][1] > by_family["llama3"]["sizes_billions"][0]


def test_two_families_of_eight_are_open_source():
    """Mistral 7B under Apache-2.0 and Phi-3 under MIT; the other six are open-weight."""
    facts = run()
    assert (facts["n_families"], facts["n_open_source"], facts["n_open_weight"]) == (8, 2, 6)
    assert facts["open_source_names"] == ["Mistral 7B", "Phi-3"]


def test_approved_licences_are_approved():
    """PyPI lists each open source licence as `OSI Approved`, and none of the others' titles."""
    classifiers = pytest.importorskip("trove_classifiers").classifiers
    assert {CLASSIFIERS[licence] for licence in approved()} <= classifiers
    osi = " | ".join(name for name in classifiers if "OSI Approved" in name)
    others = {row["licence"] for row in FAMILIES} - set(approved())
    assert len(others) == 5
    assert not any(word in osi for word in ("Llama", "Gemma", "Qianwen", "DeepSeek"))


def test_an_open_source_licence_bars_nothing_and_every_other_something():
    """The Open Source Definition allows no limit on users or uses: only the others have limits."""
    assert all(bool(row["bars"]) is (row["licence"] not in approved()) for row in FAMILIES)


def test_code_llama_has_llama_2s_licence_and_three_of_its_shapes():
    """The same licence; 7B, 13B and 70B differ by 16 tokens: 2 × 16 × d parameters."""
    by_family = run()["by_family"]
    code, base = by_family["codellama"], by_family["llama2"]
    assert code["licence"] == base["licence"]
    same_shape = [code["sizes_billions"][place] for place in (0, 1, 3)]
    pairs = zip(same_shape, base["sizes_billions"], strict=True)
    extra = [round(1e9 * (one - two)) for one, two in pairs]
    assert extra == [2 * 16 * 4096, 2 * 16 * 5120, 2 * 16 * 8192]


def test_every_family_names_its_sources_and_a_month():
    """Developer and licence have an address each; the month is Italian in the facts."""
    for row in FAMILIES:
        assert row["confirmed"] is True
        assert row["developer_source"].startswith("https://")
        assert row["licence_source"].startswith("https://")
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", row["released"])
    assert run()["by_family"]["phi3"]["released_it"] == "aprile 2024"


@pytest.mark.parametrize("bad", ["", "OSI", "Open-Source", "open source", "all\n", None, 1])
def test_an_unknown_licence_is_refused(bad):
    """The signature takes only the three choices."""
    with pytest.raises(ValueError, match=re.escape(repr(bad))):
        bind(parameters_of(run), {"licence": bad})


@pytest.mark.parametrize("licence", KINDS)
def test_the_choice_narrows_the_list_and_not_the_counts(licence):
    """The families shown are those of the kind, and the totals are the same for each choice."""
    facts = run(licence=licence)
    assert len(facts["families"]) == {"all": 8, "open-source": 2, "open-weight": 6}[licence]
    counts = {key: facts[key] for key in facts if key.startswith("n_")}
    totals = {"n_families": 8, "n_models": 26}
    assert counts == totals | {"n_open_source": 2, "n_open_weight": 6}


@pytest.mark.parametrize("licence", KINDS)
def test_facts_are_json_and_the_same_twice_and_print_in_88_columns(licence, capsys):
    """Two runs write the same JSON, and the walk-through fits and names the open families."""
    first, second = (json.dumps(run(licence=licence), allow_nan=False) for _ in range(2))
    assert first == second
    show(json.loads(first))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 88
    assert "2: Mistral 7B e Phi-3." in out
    assert not {"None", "True", "False"} & set(out.split())


@pytest.mark.parametrize("licence", KINDS)
def test_figure_is_legible_and_described(licence):
    """Texts have 24 points or more, lie inside, don't overlap; alt has families and licences."""
    facts = run(licence=licence)
    assert_apart(assert_legible(plot(facts)))
    assert all(
        family["name"] in alt(facts) and family["licence"] in alt(facts)
        for family in facts["families"].values()
    )
