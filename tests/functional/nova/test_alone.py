# SPDX-License-Identifier: Apache-2.0
"""Devices without P2P migrate only if they are a server's one VFIO device."""

from __future__ import annotations

import json
import pathlib

import fixtures

from tests.functional.nova import vf
from tests.trees import hisi_acc

VENDOR, PRODUCT = "19e5", "a256"
_TRACKED = """
devices:
- match: {driver: hisi_acc_vfio_pci}
  dirty_tracking: true
"""


class TestAlone(vf.VfFleet):
    """HiSilicon accelerators, where QEMU uses iommufd or does not."""

    PCI_DEVICE_SPEC = [json.dumps({
        "vendor_id": VENDOR, "product_id": PRODUCT,
        "resource_class": vf.RESOURCE_CLASS, "live_migratable": "yes"})]
    PCI_ALIAS = [json.dumps({
        "name": vf.ALIAS, "resource_class": vf.RESOURCE_CLASS,
        "vendor_id": VENDOR, "product_id": PRODUCT,
        "device_type": "type-VF", "live_migratable": "yes"})]
    PRODUCT = PRODUCT
    #: Whether the operator states that dirty pages are tracked.
    TRACKED = True

    def setUp(self) -> None:
        """Start two hosts with two accelerators each."""
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            "nova.tests.fixtures.libvirt.PCI_VEND_ID", VENDOR))
        for host in ("src", "dst"):
            self.start(host, "", "")

    def report(self, host: str, *firmwares: str | None,
               age: int = 0) -> None:
        """Write and publish a host with accelerators."""
        builder = self.tree(host).kernel(variants=["hisi_acc_vfio_pci"])
        for address, _ in zip(vf.PFS, firmwares, strict=False):
            hisi_acc.add_pf(builder, address)
        if self.TRACKED:
            folder = pathlib.Path(
                self.roots[host], "etc/nova/vfio-compat.d")
            folder.mkdir(parents=True)
            (folder / "10-iommufd.yaml").write_text(_TRACKED)
        self.publish(host, age)

    def test_one(self) -> None:
        """One of them migrates."""
        self.assertEqual("dst", self.live_migrate(self.boot("src")))

    def test_two(self) -> None:
        """Two of them do not, though each has a device that accepts it."""
        self.flavor = self._create_flavor(
            extra_spec={"pci_passthrough:alias": vf.ALIAS + ":2"})
        self.assert_refused(self.boot("src"))
        self.assertNotEqual([], self.logged(" INFO ", "dst", "p2p_missing"))


class TestUntracked(TestAlone):
    """Nova uses no iommufd, so without a statement none of them migrates."""

    TRACKED = False

    def test_one(self) -> None:
        """QEMU would refuse, so the scheduler does."""
        self.assert_refused(self.boot("src"))
        self.assertNotEqual(
            [], self.logged(" INFO ", "dst", "iommu_dirty_tracking"))

    def test_two(self) -> None:
        """Nor do two of them."""
        self.flavor = self._create_flavor(
            extra_spec={"pci_passthrough:alias": vf.ALIAS + ":2"})
        self.assert_refused(self.boot("src"))
