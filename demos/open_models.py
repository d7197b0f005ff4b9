"""Which of the models one can download are open source, how large they are, whose and since when.

A licence is open source if the Open Source Initiative has approved it: anyone may use, change and
share the thing, for any purpose. Weights under other terms are called open-weight. Sizes are
counted from the shapes of the matrices.

Leaves out: the training data, which none of these families publishes (so none meets the stricter
definition of an open source AI, https://opensource.org/ai); later members of the families; licences
of the code that runs them.
"""

import tomllib
from functools import lru_cache
from typing import Any, Literal

from demos.common.models.catalogue import DATA, FAMILY_NAMES, all_model_sizes, load_rows
from demos.common.standalone import run_alone
from demos.common.words import billions_in_words, month

FILE = DATA / "families.toml"
KINDS = {"all": "tutte", "open-source": "open source", "open-weight": "pesi aperti"}


def run(*, licence: Literal[*KINDS] = "all") -> dict:
    """List the families, and count how many have a licence of each kind.

    `licence` narrows `families`, not the counts.

    >>> facts = run(licence="open-source")
    >>> facts["n_families"], [family["name"] for family in facts["families"].values()]
    (8, ['Mistral 7B', 'Phi-3'])
    """
    sizes, rows = all_model_sizes()["sizes_billions"], load_rows(FILE, "family")
    families = [describe(row, sizes[row["id"]]) for row in rows]
    n_open_source = sum(family["open_source"] for family in families)
    return {
        "licence": licence,
        "families": {
            family["id"]: family for family in families if licence in ("all", family["kind"])
        },
        "by_family": {family["id"]: family for family in families},
        "n_families": len(families),
        "n_models": sum(family["n_sizes"] for family in families),
        "n_open_source": n_open_source,
        "n_open_weight": len(families) - n_open_source,
        "open_source_names": [family["name"] for family in families if family["open_source"]],
        "approved_licences": list(approved()),
    }


@lru_cache
def approved() -> tuple[str, ...]:
    """Read which of the families' licences the Open Source Initiative has approved.

    >>> approved()
    ('Apache-2.0', 'MIT')
    """
    return tuple(tomllib.loads(FILE.read_text(encoding="utf-8"))["osi"]["approved"])


def describe(row: dict[str, Any], sizes_billions: list[float]) -> dict:
    """Make a family's facts from its row and its models' sizes, smallest first.

    >>> row = {"id": "phi3", "developer": "Microsoft", "licence": "MIT", "bars": ""}
    >>> facts = describe(row | {"released": "2024-04"}, [3.821079552, 13.96023808])
    >>> facts["kind"], facts["released_it"], facts["sizes_it"]
    ('open-source', 'aprile 2024', '3,8 · 14,0')
    """
    open_source = row["licence"] in approved()
    kind = "open-source" if open_source else "open-weight"
    return {
        **{key: row[key] for key in ("id", "developer", "licence", "bars", "released")},
        "name": FAMILY_NAMES[row["id"]],
        "open_source": open_source,
        "kind": kind,
        "kind_it": KINDS[kind],
        "released_it": month(row["released"]),
        "n_sizes": len(sizes_billions),
        "sizes_billions": sizes_billions,
        "sizes_it": billions_in_words(sizes_billions),
    }


def show(facts: dict) -> None:
    """Print the families one by one, then what the count says."""
    kind = KINDS[facts["licence"]]
    print(f"1. Le famiglie ({kind}); le taglie sono in miliardi di parametri, contati")
    for family in facts["families"].values():
        print(f"""
   {family["name"]}, di {family["developer"]}, da {family["released_it"]}
   taglie:  {family["sizes_it"]}
   licenza: {family["licence"]} ({family["kind_it"]})""")
        if family["bars"]:
            print(f"   limiti:  {family['bars']}")
    names, approved_it = (
        " e ".join(facts[key]) for key in ("open_source_names", "approved_licences")
    )
    print(f"""
2. Di queste licenze la Open Source Initiative ha approvato {approved_it}.
   Su {facts["n_families"]} famiglie sono open source in {facts["n_open_source"]}: {names}.
   Le altre {facts["n_open_weight"]} sono a pesi aperti: si scaricano, ma con limiti.""")


if __name__ == "__main__":
    run_alone(run, show)
