"""Which of the models one can download are open source, how large they are, whose they are and since when.

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

from demos.common.models import DATA, FAMILY_NAMES, all_model_sizes, load_rows
from demos.common.standalone import run_alone
from demos.common.words import billions_in_words, month

KINDS = {"all": "tutte", "open-source": "open source", "open-weight": "pesi aperti"}


def run(*, licence: Literal["all", "open-source", "open-weight"] = "all") -> dict:
    """List the families, and count how many have a licence of each kind; `licence` narrows `families`, not the counts.

    >>> facts = run(licence="open-source")
    >>> facts["n_families"], [family["name"] for family in facts["families"].values()]
    (8, ['Mistral 7B', 'Phi-3'])
    """
    if licence not in KINDS:
        raise ValueError(f"no licence {licence!r}; there are: {', '.join(KINDS)}")
    sizes, rows = all_model_sizes()["sizes_billions"], load_rows(DATA / "families.toml", "family")
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
    """Read the licences that the Open Source Initiative has approved, as far as the families have them.

    >>> approved()
    ('Apache-2.0', 'MIT')
    """
    return tuple(
        tomllib.loads((DATA / "families.toml").read_text(encoding="utf-8"))["osi"]["approved"]
    )


def describe(row: dict[str, Any], sizes_billions: list[float]) -> dict:
    """Make a family's facts from its row and its models' sizes, smallest first.

    >>> row = {"id": "phi3", "developer": "Microsoft", "licence": "MIT", "bars": "", "released": "2024-04"}
    >>> facts = describe(row, [3.821079552, 13.96023808])
    >>> facts["kind"], facts["released_it"], facts["sizes_it"]
    ('open-source', 'aprile 2024', '3,8 · 14,0')
    """
    open_source = row["licence"] in approved()
    return {
        **{key: row[key] for key in ("id", "developer", "licence", "bars", "released")},
        "name": FAMILY_NAMES[row["id"]],
        "open_source": open_source,
        "kind": "open-source" if open_source else "open-weight",
        "kind_it": KINDS["open-source" if open_source else "open-weight"],
        "released_it": month(row["released"]),
        "n_sizes": len(sizes_billions),
        "sizes_billions": sizes_billions,
        "sizes_it": billions_in_words(sizes_billions),
    }


def show(facts: dict) -> None:
    """Print the families one by one, then what the count says."""
    print(
        f"1. Le famiglie ({KINDS[facts['licence']]}); le misure sono in miliardi di parametri, contati"
    )
    for family in facts["families"].values():
        print(f"\n   {family['name']}, di {family['developer']}, da {family['released_it']}")
        print(f"   misure:  {family['sizes_it']}")
        print(f"   licenza: {family['licence']} ({family['kind_it']})")
        if family["bars"]:
            print(f"   limiti:  {family['bars']}")
    names = " e ".join(facts["open_source_names"])
    approved_it = " e ".join(facts["approved_licences"])
    print(f"\n2. Di queste licenze la Open Source Initiative ha approvato {approved_it}.")
    print(
        f"   Su {facts['n_families']} famiglie sono open source in {facts['n_open_source']}: {names}."
    )
    print(f"   Le altre {facts['n_open_weight']} sono a pesi aperti: si scaricano, ma con limiti.")


if __name__ == "__main__":
    run_alone(run, show)
