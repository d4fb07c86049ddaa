"""`python -m lemmata`: the same program as `lemmata`."""

import sys

from lemmata.audit.cli import main

sys.exit(main())
