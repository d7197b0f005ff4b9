"""How Sphinx builds the documentation; `make docs` calls it, and no warning is let through."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where the extension is
sys.path.insert(0, str(Path(__file__).parent.parent))  # the code that the reference is made from

from llmdeck import __version__

project = "llmdeck"
version = release = __version__
extensions = ["myst_parser", "from_code"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"llmdeck {release}"
html_copy_source = False
html_show_copyright = False
# Templates are Jinja in Markdown, which Pygments can't read: code that names no language is text.
highlight_language = "text"
