# SPDX-License-Identifier: Apache-2.0
"""Run the laboratory: ``python -m kernel_lab``; tools/kernel-lab does."""

from __future__ import annotations

import sys

from kernel_lab import app

if __name__ == "__main__":
    sys.exit(app.main())
