"""`python -m tokenmon`: the same command as `tokenmon`."""

import sys

from tokenmon.start import main

sys.exit(main())
