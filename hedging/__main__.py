"""``python -m hedging``: the same as the command ``hedging``."""

import sys

from hedging.cli.main import main

sys.exit(main())
