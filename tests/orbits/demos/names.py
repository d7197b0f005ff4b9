"""Names of stars and bodies as catalogues have them: any text shows as itself."""

NAMES = [
    "51 Pegasi b *",
    "<b>HD 189733</b> & {{ c }}",
    "עש",
    "a  b\nc",
    "<!-- note -->",
    "$x$ | `y` ~~z~~",
    "# ---",
]


def run() -> dict:
    """Return the names."""
    return {"names": NAMES}


def show(facts: dict) -> None:
    """Print them."""
    print("\n".join(facts["names"]))
