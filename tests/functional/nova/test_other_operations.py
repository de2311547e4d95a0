# SPDX-License-Identifier: Apache-2.0
"""Whatever is no live migration is decided as without the filter."""

from __future__ import annotations

import typing

import fixtures

from tests.functional.nova import harness
from tests.functional.nova import vf
from tests.functional.nova import vgpu


class TestOtherOperations(vf.VfFleet):
    """One destination; live migration to it would be, and is, refused."""

    def setUp(self) -> None:
        """Start two hosts that cannot exchange device state."""
        super().setUp()
        # There are no disks to move.
        self.useFixture(fixtures.MockPatch(
            "nova.virt.libvirt.driver.LibvirtDriver"
            ".migrate_disk_and_power_off", return_value="{}"))
        self.start("src", "28.43.1000")
        self.start("other", "28.41.1000")

    def prepare(self) -> harness.Server:
        """Return a server on src that cannot live migrate."""
        server = self.boot("src")
        self.assert_refused(server)
        self.filtering.clear()
        return server

    def assert_moved(self, server: harness.Server) -> None:
        """The server is on the other host; Placement was not asked for it."""
        self.assertEqual("other", self.host_of(server))
        self.assertEqual([], self.filtering.requests)

    def set_service(self, host: str, **body: typing.Any) -> None:
        """Change the record of a host's nova-compute."""
        self.api.put_service(self.computes[host].service_ref.uuid, body)

    def test_boot(self) -> None:
        """A boot costs no request and no read of a database."""
        for _ in range(2):
            self.boot()
        self.assertEqual([], self.filtering.requests)
        self.assertEqual([], self.filtering.statements)

    def test_cold_migration(self) -> None:
        """Cold migration moves no device state."""
        server = self.prepare()
        self._migrate_server(server)
        self._confirm_resize(server)
        self.assert_moved(server)

    def test_resize(self) -> None:
        """Nor does a resize."""
        server = self.prepare()
        self._resize_server(server, self._create_flavor(
            vcpu=1, extra_spec={"pci_passthrough:alias": vf.ALIAS + ":1"}))
        self._confirm_resize(server)
        self.assert_moved(server)

    def test_evacuation(self) -> None:
        """Nor does an evacuation: the source is dead."""
        server = self.prepare()
        self.computes["src"].stop()
        self.set_service("src", forced_down=True)
        self._evacuate_server(server)
        self.assert_moved(server)

    def test_unshelve(self) -> None:
        """Nor does an unshelve, and there is no source."""
        server = self.prepare()
        self._shelve_server(server)
        self.set_service("src", status="disabled")
        self._unshelve_server(server)
        self.assert_moved(server)

    def test_rebuild(self) -> None:
        """A rebuild stays where it is, though the filter is asked."""
        server = self.prepare()
        self._rebuild_server(server, vgpu.IMAGE)
        self.assertEqual("src", self.host_of(server))
        self.assertEqual([], self.filtering.requests)


class TestOtherOperationsOfVgpus(vgpu.VgpuFleet):
    """The same for vGPUs, which Nova finds by another way."""

    def test_boot_and_resize(self) -> None:
        """A vGPU server is booted and resized onto any host."""
        self.start("src", "2.1.0")
        self.start("older", "2.0.0")
        server = self.boot("src")
        self.assert_refused(server)
        self.filtering.clear()
        self._resize_server(server, self._create_flavor(
            memory_mb=1024, extra_spec={"resources:VGPU": "1"}))
        self.assertEqual("older", self.host_of(server))
        self.assertEqual([], self.filtering.requests)
        self.filtering.clear()
        self.boot()
        self.assertEqual([], self.filtering.requests)
        self.assertEqual([], self.filtering.statements)
