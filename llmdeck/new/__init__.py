"""`llmdeck new` and `llmdeck add`: a deck to begin with, and the beginning of a demo or a claim.

`files/` is what they write: `both/` for every language, `en/` and `it/` for one, `add/` for a demo.
"""

from llmdeck.new.add import Added, add_claim, add_demo
from llmdeck.new.project import LANGUAGES, create

__all__ = ["LANGUAGES", "Added", "add_claim", "add_demo", "create"]
