"""`python -m llmdeck`: the command line."""

import sys

from llmdeck.cli import main

sys.exit(main())
