# SPDX-License-Identifier: Apache-2.0

"""Pruning beside reporters; ``campaign`` as a program does more of it."""

from __future__ import annotations

from tests.functional.placement import base
from tests.functional.placement import campaign


class CampaignTestCase(base.PlacementTestCase):
    def test_pruning_beside_reporters(self) -> None:
        """Reports are exact, each class has its definition, nothing stays."""
        found = campaign.Campaign(self.server, 4, lambda rounds: rounds >= 6)

        found.run()

        self.assertEqual([], found.problems)
        self.assertEqual(4 * 6, found.published)
        self.assertGreater(found.seen, 0)
