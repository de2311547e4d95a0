# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
import functools

from nova_vfio_compat import compat
from nova_vfio_compat.host.sources import virtio as virtio_source
from tests import trees
from tests.trees import virtio
from tests.unit.host import family

Code = compat.Code
LEFT = ("admin_commands", "device_parts", "legacy_io", "exposed:msix")
BLOCK = 0x1042


def one(**differs: object) -> Callable[[trees.HostBuilder], None]:
    """A host with one device and its VFs."""
    return functools.partial(
        virtio.add_pf, address=family.PF, **differs  # type: ignore[arg-type]
    )


class VirtioTest(family.FamilyTestCase):
    source = virtio_source.VirtioSource
    driver = "virtio_vfio_pci"

    def test_class(self) -> None:
        """The VF's ids make a class; the rest is the device's secret."""
        found = self.of(one())
        self.assertEqual(
            {
                "device_api": "vfio-pci",
                "subsystem_device": "6001",
                "subsystem_vendor": "15b3",
            },
            found.state,
        )
        self.assertEqual("1041", found.exposed["device"])
        self.assertIs(compat.Evidence.INFERRED, found.evidence)
        self.assert_unverified(found, *LEFT)
        self.assertEqual((), found.limits)
        self.assert_moves(found, self.of(one()))

    def test_differences(self) -> None:
        """Another kind, maker or revision stops a guest."""
        this = self.of(one())
        for differs, names in (
            ({"device": BLOCK}, ["exposed:class", "exposed:device"]),
            ({"revision": 2}, ["exposed:revision"]),
            ({"subsystem": (0x1dd8, 0x6001)}, ["subsystem_vendor"]),
            ({"subsystem": (0x15b3, 0x6002)}, ["subsystem_device"]),
        ):
            with self.subTest(differs=differs):
                self.assert_stays(this, self.of(one(**differs)), *names)

    def test_old_kernel(self) -> None:
        """The driver of Linux 6.12 and before cannot migrate."""
        for release, distribution in (
            ("6.12.107", None), ("6.12.107+deb13-amd64", "debian"),
            ("6.8.12", "ubuntu"),
        ):
            with self.subTest(release=release):
                error = self.error(
                    one(), release=release, distribution=distribution)
                self.assertIs(Code.KERNEL_TOO_OLD, error.code)
                self.assertIn(release, str(error))

    def test_kernel_with_changes_of_its_own(self) -> None:
        """A number that says little, or none at all, leaves it open."""
        found = self.of(
            one(), distribution="rhel", release="6.12.0-55.el10.x86_64")
        self.assert_unverified(found, "kernel_release", *LEFT)
        root = self.folder(one())
        (root / "proc/sys/kernel/osrelease").unlink()
        self.assertEqual(found.unverified, self.at(root).unverified)

    def test_without_admin_queue(self) -> None:
        """A PF without admin queue has VFs that cannot migrate."""
        error = self.error(one(admin_queue=False))
        self.assertIs(Code.HARDWARE_TOO_OLD, error.code)
        self.assertIn(family.PF, error.path)

    def test_features_not_seen(self) -> None:
        """A PF whose features cannot be seen may have an admin queue."""
        self.assertEqual(
            self.of(one()).id, self.of(one(admin_queue=None)).id)

    def test_malformed_features(self) -> None:
        """Features that are no digits show the place."""
        root = self.folder(one())
        path = root / "sys/bus/pci/devices" / family.PF
        path = path / "virtio0/features"
        path.chmod(0o644)
        path.write_text("1" * 70 + "?\n")
        error = self.refused(root)
        self.assertIs(Code.MALFORMED, error.code)
        self.assertTrue(error.path.endswith("features"))

    def test_in_use_or_free(self) -> None:
        """Which driver has a VF now is no part of its class."""
        root = self.folder(
            one(drivers=("virtio_vfio_pci", "virtio-pci", None)))
        for address in ("0000:81:00.2", "0000:81:00.3"):
            self.assertEqual(self.at(root).id, self.at(root, address).id)

    def test_reasons(self) -> None:
        """What is missing or cannot migrate has its code."""
        for build, address, code in (
            (one(drivers=("vfio-pci",)), family.VF, Code.PLAIN_VFIO_PCI),
            (one(bound=None), family.VF, Code.PF_DRIVER_MISSING),
            (one(drivers=()), family.PF, Code.NOT_A_VF),
        ):
            with self.subTest(code=code):
                self.assertIs(code, self.error(build, address).code)
        root = self.folder(one())
        (root / "sys/bus/pci/devices" / family.VF / "subsystem_device"
         ).unlink()
        error = self.refused(root)
        self.assertIs(Code.MISSING_ATTRIBUTE, error.code)

    def test_dirty_tracking(self) -> None:
        """With Nova as it is the devices do not migrate: iommufd."""
        self.host.kernel("7.2.13", [self.driver])
        virtio.add_pf(self.host, family.PF)
        found = self.one_class("pci_0000_81_00_1")
        self.assertEqual("virtio", found.family)
        self.assertIs(Code.IOMMU_DIRTY_TRACKING, found.reason)
