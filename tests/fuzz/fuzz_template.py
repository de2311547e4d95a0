# SPDX-License-Identifier: Apache-2.0

"""Templates, and texts to match."""

from __future__ import annotations

from tests.fuzz import target

if __name__ == "__main__":
    target.main("template")
