# SPDX-License-Identifier: Apache-2.0

"""Files with several blocks of attributes."""

from __future__ import annotations

from tests.fuzz import target

if __name__ == "__main__":
    target.main("blocks")
