"""`python -m audit`: the same program as `lemmata`."""

import sys

from audit.cli import main

sys.exit(main())
