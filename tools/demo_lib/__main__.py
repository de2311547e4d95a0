# SPDX-License-Identifier: Apache-2.0
"""Run the demo: ``python -m demo_lib``; tools/demo does."""

from __future__ import annotations

import sys

try:
    from demo_lib import app

    sys.exit(app.main())
except KeyboardInterrupt:
    # Before there was anything to clean up.
    sys.exit(130)
