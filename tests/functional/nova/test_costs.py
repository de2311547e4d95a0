# SPDX-License-Identifier: Apache-2.0
"""What a decision reads."""

from __future__ import annotations

from tests.functional.nova import vf


class TestCosts(vf.VfFleet):
    """Whatever the number of hosts, a decision reads little."""

    def test_live_migration(self) -> None:
        """Six requests at first and five later, and three rows of Nova's."""
        for host in ("a", "b", "c", "d"):
            self.start(host, "28.43.1000")
        server = self.boot("a")
        for limit in (6, 5):
            self.filtering.clear()
            self.live_migrate(server)
            self.assertLessEqual(
                len(self.filtering.requests), limit, self.filtering.requests)
            self.assertLessEqual(
                len(self.filtering.statements), 3, self.filtering.statements)
