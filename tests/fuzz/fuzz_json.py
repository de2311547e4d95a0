# SPDX-License-Identifier: Apache-2.0

"""Classes in JSON, canonical or not."""

from __future__ import annotations

from tests.fuzz import target

if __name__ == "__main__":
    target.main("json")
