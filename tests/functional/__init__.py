# SPDX-License-Identifier: Apache-2.0
"""Tests on the real Nova and the real Placement."""

from __future__ import annotations

import os

# Nova's services run on native threads by default since 2026.2, its tests
# still on eventlet unless told otherwise.  It must be said before anything
# imports eventlet, which several libraries do where it is installed.
os.environ.setdefault("OS_NOVA_DISABLE_EVENTLET_PATCHING", "true")

from nova import monkey_patch

monkey_patch.patch("threading")
