# SPDX-License-Identifier: Apache-2.0

"""upgrade check, from its files on."""

from __future__ import annotations

import datetime
import json

from nova_vfio_compat.placement import provider
from tests.functional.placement import commands


class UpgradeCheckTest(commands.CommandTestCase):
    def node_of_nova(self, number: int) -> provider.Provider:
        """A compute node with the trait that Nova gives it."""
        node = self.node(number)
        self.server.request(
            "PUT",
            f"/resource_providers/{node.uuid}/traits",
            {"resource_provider_generation": 0, "traits": ["COMPUTE_NODE"]},
        )
        return node

    def result(self, check: str) -> tuple[int, str]:
        """The result of a check, and its sentence."""
        self.run_command("upgrade", "check", "--json")
        (found,) = (
            item for item in json.loads(self.stdout)["checks"]
            if item["check"] == check
        )
        return found["result"], found["details"]

    def test_all_is_well(self) -> None:
        """Every compute node has a report of today: exit code 0."""
        for number in (1, 2):
            self.publish(self.node_of_nova(number), commands.NIC, self.today)

        self.assertEqual(0, self.run_command("upgrade", "check"))
        self.assertIn("All 2 compute nodes", self.stdout)
        self.assertIn("The credentials work", self.stdout)

    def test_missing_and_stale_reports(self) -> None:
        """Hosts without a report, or with an old one, are named."""
        for number, age in ((1, 0), (2, 2), (3, 3)):
            self.publish(
                self.node_of_nova(number), commands.NIC,
                self.today - datetime.timedelta(days=age),
            )
        self.node_of_nova(4)
        # Of no concern: a provider that is no compute node.
        self.node(5)

        code, text = self.result("Reports")

        self.assertEqual(1, code)
        stale, missing = text.split("1 of 4 compute nodes have no report")
        self.assertIn("1 of 4", stale)
        self.assertIn("cmp3.example.org", stale)
        self.assertNotIn("cmp2.example.org", text)
        self.assertIn("cmp4.example.org", missing)
        self.assertEqual(1, self.run_command("upgrade", "check"))

    def test_reports_that_are_left_over(self) -> None:
        """Reports of nodes that are gone: what to do about them."""
        self.publish(self.node(1), commands.NIC, self.today)
        self.assertEqual(0, self.result("Left-over reports")[0])
        self.server.request(
            "DELETE", f"/resource_providers/{self.node(1).uuid}"
        )

        code, text = self.result("Left-over reports")

        self.assertEqual(1, code)
        self.assertIn("cmp1.example.org", text)
        self.assertIn("report prune", text)

    def test_credentials_that_do_not_work(self) -> None:
        """Asking for the version would not need any, so more is asked."""
        self.write_conf(token="nobody")

        code, text = self.result("Placement")

        self.assertEqual(2, code)
        self.assertIn("role service or admin", text)
        self.assertEqual(2, self.run_command("upgrade", "check"))

    def test_a_placement_that_is_down(self) -> None:
        """It is asked once; what depends on it is not checked."""
        self.write_conf("http://127.0.0.1:1")

        self.assertEqual(2, self.result("Placement")[0])
        self.assertEqual(1, self.result("Reports")[0])
        self.assertEqual(2, self.run_command("upgrade", "check"))
