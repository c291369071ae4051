"""`python -m tokenmon`: the same command as `tokenmon`."""

import sys

from tokenmon.cli import main

sys.exit(main())
