"""``python -m flowsync`` is the same program as ``flowsync``."""

import sys

from flowsync.cli import main

sys.exit(main())
