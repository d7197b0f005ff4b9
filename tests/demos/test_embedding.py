"""The embedding demo against cosines of all 49,152 rows in float64, and NumPy's eigenvectors.

Oracle: brute force in float64, and the eigenvalues of the covariance for the plane.
"""

import json

import numpy as np
import pytest

from demos.embedding import GROUPS, one_token, run, show
from demos.figures.embedding import alt, plot
from demos.smollm.tokenizer import decode, encode
from demos.smollm.weights import load
from tests.demos.looks import assert_legible, printed_with_each_thread_count


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """The whole table in float64, each row divided by its length."""
    rows = load().embedding.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("token", ["king", "Monday", "three", "Italy", "!", "ed"])
def test_the_neighbours_are_those_of_brute_force(token: str, table: np.ndarray) -> None:
    """In float64 the same eight of all the rows are the nearest, in the same order, as near."""
    facts = run(token=token)
    exact = table @ table[facts["id"]]
    exact[facts["id"]] = -2
    order = np.argsort(-exact)[:8]
    assert [row["id"] for row in facts["neighbours"]] == order.tolist()
    assert [row["cosine"] for row in facts["neighbours"]] == pytest.approx(
        exact[order].tolist(), rel=1e-9
    )
    others = np.delete(exact, facts["id"])
    assert facts["mean_cosine"] == pytest.approx(others.mean(), abs=0.0006)


def test_other_words_leave_out_the_same_word_in_other_letters() -> None:
    """No other word is `king` itself, none comes twice, and `queen` is among them."""
    words = [decode([row["id"]]).strip().casefold() for row in run()["other_words"]]
    assert "king" not in words
    assert len(set(words)) == len(words) == 8
    assert "queen" in words


def test_a_word_is_looked_up_as_in_mid_sentence() -> None:
    """`king` is the token ` king`; what is a token only without a space is found as well."""
    assert [one_token("king")] == encode(" king")
    assert [one_token(" king")] == encode(" king")
    assert [one_token("\n")] == encode("\n")


def test_each_word_of_a_group_is_one_token_and_nearest_to_its_group(table: np.ndarray) -> None:
    """By brute force over the words drawn, the nearest word is of the same group for every one."""
    facts = run()
    words = [(group, table[one_token(word)]) for group, some in GROUPS.items() for word in some]
    for n, (group, vector) in enumerate(words):
        others = [(float(vector @ other), name) for m, (name, other) in enumerate(words) if m != n]
        assert max(others)[1] == group
    assert facts["own_group_percent"] == 100.0


def test_the_plane_shows_the_most_that_a_plane_can(table: np.ndarray) -> None:
    """What the plane and its points show are the two largest eigenvalues of the covariance."""
    facts = run()
    vectors = np.array([table[one_token(word)] for words in GROUPS.values() for word in words])
    values = np.linalg.eigvalsh(np.cov(vectors.T, bias=True))
    assert facts["spread_shown_percent"] == pytest.approx(
        100 * values[-2:].sum() / values.sum(), rel=1e-9
    )
    points = np.array([point for group in facts["groups"] for point in group["points"]])
    assert (points**2).mean(axis=0) == pytest.approx(values[[-1, -2]], rel=1e-9)


def test_the_vector_is_the_row_of_the_table() -> None:
    """The numbers shown are the first of the row of the token's id."""
    facts = run()
    assert facts["vector"] == pytest.approx(load().embedding[facts["id"]][:6].tolist(), rel=1e-5)
    assert (facts["n_vocab"], facts["hidden_size"], facts["n_numbers"]) == (49152, 576, 28_311_552)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "vuoto"),
        ("incredibile", "ib | ile"),
        ("two words", "non è un token solo"),
        ("\ud800", "Unicode"),
        ("a" * 50_000, "troppi"),
        ("🦙🦙", "non è un token solo"),
    ],
)
def test_what_is_not_one_token_is_refused(token: str, says: str) -> None:
    """Each raises a ValueError that says what is wrong, with the pieces that the text becomes."""
    with pytest.raises(ValueError, match=says.replace("|", r"\|")):
        run(token=token)


@pytest.mark.parametrize(
    "token", ["king", "Monday", "$", "\n", "{", "the", "responsibilities", "的"]
)
def test_what_is_shown_is_legible_and_inside(
    token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text is below 24 px, outside the figure or without its glyph; lines fit 88 columns."""
    facts = run(token=token)
    assert_legible(plot(facts))
    assert facts["other_words"][0]["piece"][:10] in alt(facts)
    show(facts)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_the_facts_are_the_same_with_one_thread_and_with_two_and_json() -> None:
    """To six digits, processes with one and two BLAS threads write the same facts, as this one."""
    code = (
        "import json; from demos.embedding import run; "
        "print(json.dumps(json.loads(json.dumps(run()), parse_float=lambda x: f'{float(x):.6g}')))"
    )
    answers = printed_with_each_thread_count(code)
    assert answers[0] == answers[1]
    assert run() == run() == json.loads(json.dumps(run()))
