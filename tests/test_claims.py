"""The ledger: what it accepts, whether a claim holds, and what counts as drift.

Oracle: written-out examples.
"""

from __future__ import annotations

import pytest

from llmdeck.check import drifts
from llmdeck.config import Limits
from llmdeck.errors import ClaimError, ConfigError
from llmdeck.ledger import failing_check, load_ledger
from llmdeck.model import Claim, Facts, Place, Result, Variant, Verdict
from llmdeck.render.environment import environment
from llmdeck.render.numbers import Numbers
from tests.conftest import Project


def check(project: Project, expression: str, facts: Facts) -> bool:
    """Whether a claim with this check holds."""
    place = Place(file="deck/claims.toml", line=1)
    claim = Claim(
        id="c",
        says="",
        verdict=Verdict.VERIFIED,
        place=place,
        variant=Variant("d"),
        holds=(expression,),
    )
    env = environment(project.config, Numbers("it"), {"c": claim})
    return not failing_check(env, claim, facts)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("gb is close_to(350, rel=0.01)", True),
        ("gb is close_to(350, rel=0.0001)", False),
        ("n == 7 and ids | length == 2", True),
        ("ids | select('integer') | list | length == ids | length", True),
        ("table.fp16.gb > gb", False),
    ],
)
def test_a_check_is_a_jinja_expression_over_the_facts(
    project: Project, expression: str, expected: bool
) -> None:
    """Comparisons, tests, filters and nested facts are evaluated without eval."""
    facts = {"gb": 349.2, "n": 7, "ids": [1, 2], "table": {"fp16": {"gb": 1.0}}}
    assert check(project, expression, facts) is expected


@pytest.mark.parametrize("expression", ["gbb > 1", "gb >", "gb.x.y > 1", "gb / 0 > 1", "'a' > gb"])
def test_a_check_that_cannot_be_evaluated_is_an_error_not_a_false(
    project: Project, expression: str
) -> None:
    """A misspelt fact or a broken expression is told as such, with the known facts."""
    with pytest.raises(ClaimError, match="can't be evaluated") as caught:
        check(project, expression, {"gb": 1.0})
    assert "gb" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[a]\nsays = "x"\nverdict = "verified"\n', "needs `demo` and `holds`"),
        ('[a]\nsays = "x"\nverdict = "cited"\n', "needs `sources`"),
        ('[a]\nsays = "x"\nverdict = "true"\n', "`verdict` must be one of"),
        ('[a]\nverdict = "cited"\nsources = ["s"]\n', "has no sentence"),
        (
            '[a]\nsays = "x"\nverdict = "cited"\nsources = ["s"]\noften = "y"\n',
            "`often` belongs to a corrected claim, and this one is cited",
        ),
        (
            '[a]\nsays = "x"\nverdict = "corrected"\ndemo = "d"\nholds = "1"\n',
            "a corrected claim needs what is usually said: often = ",
        ),
        ('[a]\nsay = "x"\n', "unknown key `say`"),
        ("[a\n", "not TOML"),
    ],
)
def test_the_ledger_refuses_a_claim_that_lacks_what_its_verdict_needs(
    project: Project, text: str, message: str
) -> None:
    """A claim that nothing stands for is refused, with its id and line."""
    project.write("deck/claims.toml", "\n" + text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_ledger(project.config)
    assert caught.value.place is not None
    assert caught.value.place.file == "deck/claims.toml"


def paths(
    old: Facts, new: Facts, tolerance: float = 2e-5, tolerance_abs: float = 1e-12
) -> list[str]:
    """The paths of the facts that drifted."""
    variant = Variant("d")
    both = [Result(variant=variant, facts=facts, output="", inputs={}) for facts in (old, new)]
    return [
        drift.path
        for drift in drifts(
            both[0], both[1], Limits(tolerance=tolerance, tolerance_abs=tolerance_abs)
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"x": 1.0}, {"x": 1.00001}, []),
        ({"x": 1.0}, {"x": 1.0001}, ["x"]),
        ({"x": 1}, {"x": 2}, ["x"]),
        ({"x": 1}, {"x": True}, ["x"]),
        ({"x": 0.0}, {"x": 1e-15}, []),
        ({"x": [1, 2.0, {"y": "a"}]}, {"x": [1, 2.5, {"y": "b"}]}, ["x[1]", "x[2].y"]),
        ({"x": [1]}, {"x": [1, 2]}, ["x"]),
        ({"x": 1}, {"y": 1}, ["x", "y"]),
        ({"x": {"a": None}}, {"x": {"a": None}}, []),
    ],
)
def test_drift_is_any_difference_but_a_float_within_its_tolerance(
    old: Facts, new: Facts, expected: list[str]
) -> None:
    """Floats may move by the tolerance; integers, texts, types, lengths and names may not."""
    assert paths(old, new) == expected


def test_a_fact_that_a_demo_rounds_may_move_by_one_step_of_the_rounding() -> None:
    """With an absolute tolerance 0.12 may be 0.13; without it that is drift."""
    assert paths({"share": 0.12}, {"share": 0.13}, tolerance_abs=0.0101) == []
    assert paths({"share": 0.12}, {"share": 0.14}, tolerance_abs=0.0101) == ["share"]
    assert paths({"share": 0.12}, {"share": 0.13}) == ["share"]
