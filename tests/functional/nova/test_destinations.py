# SPDX-License-Identifier: Apache-2.0
"""``destinations`` and the scheduler say the same of every host."""

from __future__ import annotations

import datetime

from keystoneauth1 import adapter
from keystoneauth1 import session

from nova_vfio_compat.cli import cloud
from nova_vfio_compat.cli import search as search_
from nova_vfio_compat.placement import client
from tests.functional.nova import harness
from tests.functional.nova import vf
from tests.functional.nova import vgpu

A, B = "28.43.1000", "28.41.1000"


class DestinationsMixin(harness.ReportsMixin):
    """Asks as the command does, and then lets Nova try."""

    def destinations(
        self, server: harness.Server
    ) -> dict[str, tuple[str, str, str]]:
        """What the command would print: host to the other columns."""
        self.assertIsNotNone(server)
        placement = adapter.Adapter(
            session.Session(auth=None),
            endpoint_override=self.placement.fixture.endpoint,
            additional_headers={"x-auth-token": "admin"})
        compute = adapter.Adapter(
            session.Session(auth=None),
            endpoint_override=self.admin_api.base_url,
            additional_headers={
                "X-Auth-User": "admin", "X-User-Id": "admin",
                "X-Auth-Project-Id": self.admin_api.project_id,
                "X-Roles": "reader,member,admin"})
        search = search_.Search(
            client.PlacementClient(placement),
            cloud.Cloud(compute, placement))
        today = datetime.datetime.now(datetime.UTC).date()
        found = {
            row[0]: (row[1], row[2], row[3])
            for row in search.rows(server["id"], today)}
        self.notes = search.notes
        return found

    def assert_agrees(self, server: harness.Server,
                      **expected: str) -> None:
        """The command's answers, and that Nova moves a server just so.

        A server that moves is moved back by nobody: it is asked about
        again from where it is then.
        """
        found = self.destinations(server)
        self.assertEqual(
            expected, {host: row[0] for host, row in found.items()})
        for host, answer in expected.items():
            if answer != "yes":
                self.assert_refused(server, host=host)
        for host, answer in expected.items():
            if answer == "yes":
                self.assertEqual(host, self.live_migrate(server, host=host))
                break


class TestVf(DestinationsMixin, vf.VfFleet):
    """Virtual functions that Placement tracks."""

    def test_firmware(self) -> None:
        """Equal firmware is yes; another is no, and says what differs."""
        self.start("src", A)
        self.start("other", B)
        self.start("same", A)
        self.start("silent", None)
        server = self.boot("src")
        found = self.destinations(server)
        self.assertEqual(
            ("yes", "pci_0000_81_00_0", ""), found["same"])
        for word in ("mismatch", "firmware", A, B):
            self.assertIn(word, found["other"][2])
        self.assertEqual("unknown", found["silent"][0])
        self.assertIn("no_report", found["silent"][2])
        self.assertEqual([], self.notes)
        self.assert_agrees(server, other="no", same="yes", silent="unknown")

    def test_by_name(self) -> None:
        """A server is found by its name as well."""
        self.start("src", A)
        server = self.boot("src", name="db.7")
        asked = {**server, "id": "db.7"}
        self.assertEqual({}, self.destinations(asked))
        self.assertRaises(
            cloud.CloudError, self.destinations, {**server, "id": "dbx7"})

    def test_device_that_it_would_land_on(self) -> None:
        """On a host with different PFs the right one is named."""
        self.start("src", A)
        self.start("mixed", B, A)
        server = self.boot("src")
        self.assertEqual(
            ("yes", "pci_0000_81_01_0", ""),
            self.destinations(server)["mixed"])
        self.assert_agrees(server, mixed="yes")
        self.assertEqual(vf.provider("mixed", vf.PFS[1]), self.pf_of(server))

    def test_right_device_is_taken(self) -> None:
        """What is in use is no destination."""
        self.start("src", A, A)
        self.start("dst", B, A)
        first, second = self.boot("src"), self.boot("src")
        self.assert_agrees(first, dst="yes")
        self.assert_agrees(second, dst="no")
        self.assertIn("firmware", self.destinations(second)["dst"][2])

    def test_no_room(self) -> None:
        """A host whose devices are all in use is a no with its reason."""
        self.start("src", A, A)
        self.start("dst", A)
        first, second = self.boot("src"), self.boot("src")
        self.assert_agrees(first, dst="yes")
        self.assertIn("no_candidate", self.destinations(second)["dst"][2])
        self.assert_agrees(second, dst="no")

    def test_two_devices(self) -> None:
        """Every pairing of both devices must be accepted."""
        self.start("src", A, A)
        self.start("mixed", A, B)
        self.start("same", A, A)
        self.flavor = self._create_flavor(
            extra_spec={"pci_passthrough:alias": vf.ALIAS + ":2"})
        self.assert_agrees(self.boot("src"), mixed="no", same="yes")

    def test_crossed(self) -> None:
        """Two devices of different classes could be crossed."""
        self.start("src", A, B)
        self.start("dst", A, B)
        self.flavor = self._create_flavor(
            extra_spec={"pci_passthrough:alias": vf.ALIAS + ":2"})
        self.assert_agrees(self.boot("src"), dst="no")

    def test_stale(self) -> None:
        """A report that the scheduler does not believe is unknown."""
        self.start("src", A)
        self.start("dst", A)
        self.report("dst", A, age=5)
        server = self.boot("src")
        self.assertIn("stale_report", self.destinations(server)["dst"][2])
        self.assert_agrees(server, dst="unknown")

    def test_stale_source(self) -> None:
        """Where the source is not believed nothing is known of any host."""
        self.start("src", A)
        self.start("dst", A)
        self.report("src", A, age=5)
        server = self.boot("src")
        self.assertIn("stale_report", self.destinations(server)["dst"][2])
        self.assertIn("too old", self.notes[0])
        self.assert_agrees(server, dst="unknown")

    def test_no_device(self) -> None:
        """A server without devices can go anywhere, and that is said."""
        self.start("src", A)
        self.start("dst", B)
        self.flavor = self._create_flavor()
        server = self.boot("src")
        self.assertEqual("yes", self.destinations(server)["dst"][0])
        self.assertIn("no VFIO device", self.notes[0])


class TestVfWithoutPlacement(DestinationsMixin, vf.VfFleet):
    """The same where only Nova's database knows the devices."""

    PCI_IN_PLACEMENT = False

    def test_firmware(self) -> None:
        """Hosts of one class are told; what is not known is said."""
        self.start("src", A)
        self.start("other", B)
        self.start("mixed", A, B)
        self.start("same", A)
        server = self.boot("src")
        self.assert_agrees(server, other="no", mixed="no", same="yes")
        self.assertIn("report_in_placement", self.notes[0])

    def test_source_with_two_classes(self) -> None:
        """Which of them the server has only Nova knows: no guess."""
        self.start("src", A, B)
        self.start("dst", A, A)
        found = self.destinations(self.boot("src"))
        self.assertEqual("unknown", found["dst"][0])
        self.assertIn("source_not_reported", found["dst"][2])


class TestVgpu(DestinationsMixin, vgpu.VgpuFleet):
    """Mediated devices."""

    def test_versions(self) -> None:
        """Direction counts, and a GPU is named as libvirt does."""
        self.start("src", "2.1.0")
        self.start("older", "2.0.0")
        self.start("newer", "2.2.0")
        server = self.boot("src")
        found = self.destinations(server)
        self.assertEqual(
            ("yes", "pci_0000_81_00_0", ""), found["newer"])
        self.assertIn("minor_newer", found["older"][2])
        self.assert_agrees(server, older="no", newer="yes")
        self.assertEqual(
            "no", self.destinations(server)["src"][0])
