# SPDX-License-Identifier: Apache-2.0

"""Names of traits that anybody may have written."""

from __future__ import annotations

from tests.fuzz import target

if __name__ == "__main__":
    target.main("traits")
