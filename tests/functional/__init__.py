# SPDX-License-Identifier: Apache-2.0
"""Tests on the real Nova and the real Placement."""

from __future__ import annotations

from importlib import metadata
import os

from packaging import version

# Nova's services run on native threads by default since 2026.2 and on
# eventlet before; its tests on eventlet unless told otherwise.  It must be
# said before anything imports eventlet, which several libraries do where it
# is installed.  Set it to "false" to have eventlet.
if version.parse(metadata.version("nova")).major >= 34:
    os.environ.setdefault("OS_NOVA_DISABLE_EVENTLET_PATCHING", "true")

from nova import monkey_patch

# Before 2025.2 the import does it.
if hasattr(monkey_patch, "patch"):
    monkey_patch.patch()
