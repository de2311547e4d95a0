# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
import functools

from nova_vfio_compat import compat
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host.sources import hisi_acc as hisi_acc_source
from tests import trees
from tests.trees import hisi_acc
from tests.unit.host import family

Code = compat.Code
OLD = {"distribution": "debian", "release": "6.12.33+deb13-arm64"}
NEW = {"distribution": "debian", "release": "6.12.38+deb13-arm64"}
LATEST = {"distribution": "debian", "release": "7.2.13+deb14-arm64"}
FOREIGN = {"distribution": "rhel", "release": "6.12.0-55.el10.aarch64"}
THREE = ("hisi_sec2",) * 3


def one(**differs: object) -> Callable[[trees.HostBuilder], None]:
    """A host with one SEC and its VFs."""
    return functools.partial(
        hisi_acc.add_pf, address=family.PF, **differs  # type: ignore[arg-type]
    )


class HisiAccTest(family.FamilyTestCase):
    source = hisi_acc_source.HisiAccSource
    driver = "hisi_acc_vfio_pci"

    def test_class(self) -> None:
        """Queue pairs, stream format and place of registers make a class."""
        found = self.of(one(drivers=THREE), **NEW)
        self.assertEqual(
            {
                "device_api": "vfio-pci",
                "migration_region": "vf",
                "queue_pairs": "256",
                "stream_format": "2",
            },
            found.state,
        )
        self.assertIs(compat.Evidence.RULE, found.evidence)
        self.assert_unverified(
            found, "queue_isolation", "total_queue_pairs"
        )
        self.assertEqual((device_class.SINGLE_DEVICE,), found.limits)
        self.assert_moves(found, self.of(one(drivers=THREE), **NEW))

    def test_queue_pairs(self) -> None:
        """The last VF gets what the division leaves; its place decides."""
        for kind, queues, count, each, last in (
            ("hisi_sec2", None, 3, "256", "256"),
            ("hisi_hpre", None, 3, "320", "320"),
            ("hisi_hpre", 100, 3, "308", "308"),
            ("hisi_zip", 64, 7, "137", "138"),
            ("hisi_sec2", 1000, 5, "4", "8"),
            ("hisi_sec2", 2, 1, "1022", "1022"),
        ):
            with self.subTest(kind=kind, queues=queues, count=count):
                root = self.folder(
                    one(kind=kind, queues=queues, drivers=(kind,) * count)
                )
                for place in range(1, count + 1):
                    found = self.at(root, f"0000:81:00.{place}")
                    assert found.state is not None
                    self.assertEqual(
                        last if place == count else each,
                        found.state["queue_pairs"],
                    )

    def test_other_queue_pairs(self) -> None:
        """Another split of the PF's queues stops a guest, also on one PF."""
        three = self.of(one(drivers=THREE), **NEW)
        two = self.of(one(drivers=THREE[:2]), **NEW)
        self.assert_stays(three, two, "queue_pairs")
        root = self.folder(one(queues=255, drivers=THREE[:2]), **NEW)
        self.assert_stays(
            self.at(root), self.at(root, "0000:81:00.2"), "queue_pairs"
        )

    def test_other_kind(self) -> None:
        """Another kind of accelerator is another device to QEMU."""
        self.assert_stays(
            self.of(one(kind="hisi_hpre"), **NEW),
            self.of(one(kind="hisi_zip"), **NEW),
            "exposed:class",
            "exposed:device",
        )

    def test_old_to_new_only(self) -> None:
        """A new kernel loads an old one's stream, and not the reverse."""
        old = self.of(one(), **OLD)
        new = self.of(one(), **NEW)
        self.assert_moves(old, new)
        self.assert_moves(old, old)
        self.assert_stays(new, old, "stream_format")

    def test_unknown_kernel(self) -> None:
        """A kernel with changes of its own leaves the format open."""
        foreign = self.of(one(), **FOREIGN)
        assert foreign.state is not None
        self.assertNotIn("stream_format", foreign.state)
        self.assertIn("stream_format", foreign.unverified)
        for other in (OLD, NEW):
            known = self.of(one(), **other)
            self.assert_moves(foreign, known)
            self.assert_moves(known, foreign)

    def test_security_update(self) -> None:
        """Releases with the same format are one class."""
        update = {**NEW, "release": "6.12.41+deb13-arm64"}
        self.assertEqual(
            self.of(one(), **NEW).id, self.of(one(), **update).id
        )

    def test_migration_region(self) -> None:
        """Newer hardware shows a guest more of itself on a new kernel."""
        for revision, kernel, region, word in (
            (0x30, NEW, "vf", None),
            (0x51, NEW, "vf", None),
            (0x51, LATEST, "pf", None),
            (0x30, LATEST, "vf", "sub_version"),
            (0x30, FOREIGN, "vf", "sub_version"),
            (0x50, FOREIGN, None, "migration_region"),
        ):
            with self.subTest(revision=revision, kernel=kernel):
                found = self.of(one(revision=revision), **kernel)
                assert found.state is not None
                self.assertEqual(
                    region, found.state.get("migration_region")
                )
                left = {"queue_isolation", "total_queue_pairs"}
                if kernel is FOREIGN:
                    left.add("stream_format")
                if word is not None:
                    left.add(word)
                self.assert_unverified(found, *left)
        before = self.of(one(revision=0x51), **NEW)
        after = self.of(one(revision=0x51), **LATEST)
        self.assert_stays(before, after, "migration_region")
        self.assert_stays(after, before, "migration_region")
        unknown = self.of(one(revision=0x51), **FOREIGN)
        self.assert_moves(before, unknown)
        self.assert_moves(unknown, after)

    def test_old_hardware(self) -> None:
        """Hardware before version 3 does not migrate."""
        error = self.error(one(revision=0x21))
        self.assertIs(Code.HARDWARE_TOO_OLD, error.code)
        self.assertIn("0x21", str(error))

    def test_in_use_or_free(self) -> None:
        """Which driver has a VF now is no part of its class."""
        root = self.folder(
            one(drivers=("hisi_acc_vfio_pci", "hisi_sec2", None, None)),
            **NEW,
        )
        first = self.at(root)
        for place in (2, 3, 4):
            self.assertEqual(first.id, self.at(root, f"0000:81:00.{place}").id)

    def test_other_drivers(self) -> None:
        """Under vfio-pci, without PF driver, or as no VF: the reason."""
        for build, code in (
            (one(drivers=("vfio-pci",)), Code.PLAIN_VFIO_PCI),
            (one(bound=None), Code.PF_DRIVER_MISSING),
            (one(bound="vfio-pci"), Code.PF_DRIVER_MISSING),
        ):
            with self.subTest(code=code):
                self.assertIs(code, self.error(build).code)
        root = self.folder(one())
        host = root / "sys/bus/pci/devices"
        (host / family.VF / "physfn").unlink()
        (host / family.PF / "virtfn0").unlink()
        error = self.refused(root)
        self.assertIs(Code.NOT_A_VF, error.code)

    def test_driver_unknown(self) -> None:
        """Without modules.alias the driver of a free VF is not guessed."""
        root = self.folder(one(drivers=(None,)), release="6.16")
        (root / "usr/lib/modules/6.16/modules.alias").unlink()
        self.assertIs(Code.DRIVER_UNKNOWN, self.refused(root).code)

    def test_without_parameter(self) -> None:
        """Without the module's parameter the split cannot be told."""
        error = self.error(one(queues=-1))
        self.assertIs(Code.CONFIGURATION_UNREADABLE, error.code)
        self.assertEqual(
            "sys/module/hisi_sec2/parameters/pf_q_num", error.path
        )

    def test_malformed_parameter(self) -> None:
        """A number that is none shows the file and the place."""
        error = self.error(one(queues="25x"))
        self.assertIs(Code.MALFORMED, error.code)
        self.assertIn("pf_q_num", error.path)
        text, caret = error.detail.split("\n")[-2:]
        self.assertEqual(text.index("x"), caret.index("^"))

    def test_impossible_split(self) -> None:
        """More VFs than queues are a contradiction and no class."""
        error = self.error(one(queues=1023, drivers=(None, None)))
        self.assertIs(Code.CONFIGURATION_UNREADABLE, error.code)
        error = self.error(one(queues=4096))
        self.assertIs(Code.CONFIGURATION_UNREADABLE, error.code)

    def test_without_links(self) -> None:
        """A VF that its PF does not name has no place among the others."""
        root = self.folder(one(drivers=THREE))
        path = root / "sys/bus/pci/devices" / family.PF
        (path / "virtfn0").unlink()
        error = self.refused(root)
        self.assertIs(Code.NO_PF, error.code)
        (path / "sriov_offset").unlink()
        found = self.at(root, "0000:81:00.2")
        assert found.state is not None
        # There are three all the same.
        self.assertEqual("256", found.state["queue_pairs"])
        for name in ("virtfn1", "virtfn2"):
            (path / name).unlink()
        self.assertIs(Code.NO_PF, self.refused(root).code)

    def test_dirty_tracking(self) -> None:
        """With Nova as it is the devices do not migrate: iommufd."""
        self.host.kernel("7.2.13", [self.driver])
        hisi_acc.add_pf(self.host, family.PF)
        found = self.one_class("pci_0000_81_00_1")
        self.assertEqual("hisi_acc", found.family)
        self.assertIs(Code.IOMMU_DIRTY_TRACKING, found.reason)
        self.write(
            "etc/nova/vfio-compat.d/iommufd.yaml",
            "devices:\n"
            "- match: {driver: hisi_acc_vfio_pci}\n"
            "  dirty_tracking: true\n",
        )
        found = self.one_class("pci_0000_81_00_1")
        self.assertIsNone(found.reason)
        self.assertIs(compat.Evidence.OPERATOR, found.evidence)
        self.assertEqual("2", (found.state or {}).get("stream_format"))
