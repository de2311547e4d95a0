# SPDX-License-Identifier: Apache-2.0

"""report withdraw and report prune, from their files on."""

from __future__ import annotations

from nova_vfio_compat.placement import attempts
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from tests.functional.placement import commands
from tests.unit.placement import samples


class WithdrawTest(commands.CommandTestCase):
    def test_this_host(self) -> None:
        """A dry run lists what then happens, to this host alone."""
        for number in (1, 2):
            self.publish(self.node(number), commands.NIC, self.today)
        before = self.traits_of(1)

        planned = self.rows("report", "withdraw", "--dry-run")
        self.assertIn("nothing was changed", self.stderr)
        self.assertEqual(before, self.traits_of(1))
        done = self.rows("report", "withdraw")

        self.assertEqual([("empty", "report", "cmp1.example.org")], done)
        self.assertEqual(planned, done)
        self.assertEqual(set(), self.traits_of(1))
        self.assert_published(self.node(2), commands.NIC, self.today)
        self.assertEqual([], self.rows("report", "withdraw"))
        self.assertIn("nothing to do", self.stderr)

    def test_all(self) -> None:
        """Every report and every name goes."""
        for number in (1, 2):
            self.publish(self.node(number), commands.NIC, self.today)
        names = self.server.trait_names(codec.PREFIX)

        planned = self.rows("report", "withdraw", "--all", "--dry-run")
        self.assertEqual(names, self.server.trait_names(codec.PREFIX))
        done = self.rows("report", "withdraw", "--all")

        self.assertEqual(set(planned), set(done))
        self.assertEqual(2 + len(names), len(done))
        self.assertEqual(set(), self.server.trait_names(codec.PREFIX))

    def test_a_node_that_is_gone(self) -> None:
        """It says which command is for those, with exit code 1."""
        self.assertEqual(1, self.run_command("report", "withdraw"))

        self.assertEqual("", self.stdout)
        (line,) = self.stderr.splitlines()
        self.assertIn("report prune", line)

    def test_refused(self) -> None:
        """Without Placement, credentials or a file: one sentence each."""
        for url, token, code, word in (
            ("http://127.0.0.1:1", "admin", 1, "cannot be reached"),
            ("", "nobody", 1, "role service or admin"),
        ):
            self.write_conf(url, token)
            self.assertEqual(
                code, self.run_command("report", "withdraw", "--all")
            )
            (line,) = self.stderr.splitlines()
            self.assertIn(word, line)
        self.conf.unlink()
        self.assertEqual(2, self.run_command("report", "prune"))
        (line,) = self.stderr.splitlines()
        self.assertIn("nova.conf", line)

    def test_breaking_off(self) -> None:
        """What was done is listed all the same; then why it ended."""
        for number in (1, 2):
            self.publish(self.node(number), commands.NIC, self.today)
        self.patch(attempts, "ATTEMPTS", 1)
        uuid = provider.report_provider_uuid(self.node(2).uuid)
        put = client_.PlacementClient.put_provider_traits

        def broken(
            client: client_.PlacementClient,
            target: str,
            generation: int,
            names: list[str],
        ) -> client_.Written:
            if target == uuid:
                return client_.Written.CONFLICT
            return put(client, target, generation, names)

        self.patch(client_.PlacementClient, "put_provider_traits", broken)

        rows = self.rows("report", "withdraw", "--all", code=1)

        self.assertEqual([("empty", "report", "cmp1.example.org")], rows)
        self.assertIn("could not be written", self.stderr)
        self.assert_published(self.node(2), commands.NIC, self.today)


class PruneTest(commands.CommandTestCase):
    def test_what_is_left_behind(self) -> None:
        """A dry run lists what then goes, and the second run has nothing."""
        self.publish(self.node(1), commands.NIC, self.today)
        self.publish(
            self.node(2), samples.report_with(mtty_mtty=samples.vgpu()),
            self.today,
        )
        self.server.request(
            "DELETE", f"/resource_providers/{self.node(2).uuid}"
        )

        planned = self.rows("report", "prune", "--dry-run")
        self.assertIn(("delete", "report", "cmp2.example.org"), planned)
        self.assertEqual(planned, self.rows("report", "prune", "--dry-run"))
        done = self.rows("report", "prune")

        self.assertEqual(set(planned), set(done))
        self.assertEqual([], self.rows("report", "prune"))
        self.assert_published(self.node(1), commands.NIC, self.today)
