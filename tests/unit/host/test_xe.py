# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
import functools

from nova_vfio_compat import compat
from nova_vfio_compat.host.sources import xe as xe_source
from tests import trees
from tests.trees import xe
from tests.unit.host import family

Code = compat.Code
LEFT = ("ggtt_quota", "guc_version")
GIB = 1 << 30


def one(**differs: object) -> Callable[[trees.HostBuilder], None]:
    """A host with one GPU and its VFs."""
    return functools.partial(
        xe.add_pf, address=family.PF, **differs  # type: ignore[arg-type]
    )


class XeTest(family.FamilyTestCase):
    source = xe_source.XeSource
    driver = "xe_vfio_pci"

    def test_class(self) -> None:
        """The PF's ids and the VF's VRAM make a class."""
        found = self.of(one(quotas=[2 * GIB], revision=0x02))
        self.assertEqual(
            {
                "device_api": "vfio-pci",
                "pf_device": "e211",
                "pf_revision": "02",
                "vram_quota": "2147483648",
            },
            found.state,
        )
        self.assertIs(compat.Evidence.RULE, found.evidence)
        self.assert_unverified(found, *LEFT)
        self.assertEqual((), found.limits)
        self.assert_moves(
            found, self.of(one(quotas=[2 * GIB], revision=0x02)))

    def test_other_ids(self) -> None:
        """Another GPU, or another stepping of it, stops a guest."""
        this = self.of(one(quotas=[GIB]))
        self.assert_stays(
            this,
            self.of(one(quotas=[GIB], device=0xe20b)),
            "exposed:device",
            "pf_device",
        )
        self.assert_stays(
            this,
            self.of(one(quotas=[GIB], revision=4)),
            "exposed:revision",
            "pf_revision",
        )

    def test_other_vram(self) -> None:
        """More VRAM or less stops a guest: its driver would notice."""
        root = self.folder(one(quotas=[GIB, 2 * GIB], drivers=(None, None)))
        small, large = self.at(root), self.at(root, "0000:81:00.2")
        self.assert_stays(small, large, "vram_quota")
        self.assert_stays(large, small, "vram_quota")

    def test_vram_not_told(self) -> None:
        """Before Linux 7.0 the VRAM of a GPU that has some is left open."""
        silent = self.of(one(), release="6.19.6")
        told = self.of(one(quotas=[GIB]))
        self.assert_unverified(silent, "vram_quota", *LEFT)
        self.assert_moves(silent, told)
        self.assert_moves(told, silent)

    def test_integrated(self) -> None:
        """A GPU without VRAM has nothing to leave open."""
        found = self.of(one(device=xe.PTL))
        self.assert_unverified(found, *LEFT)

    def test_many_vfs(self) -> None:
        """Each VF gets its own quota, whatever the order of the names."""
        quotas = [GIB * (place + 1) for place in range(12)]
        root = self.folder(one(quotas=quotas, drivers=(None,) * 12))
        for place, address in ((0, "81:00.1"), (1, "81:00.2"),
                               (10, "81:01.3")):
            found = self.at(root, f"0000:{address}")
            assert found.state is not None
            self.assertEqual(str(quotas[place]), found.state["vram_quota"])
        # The links tell, also where the addresses follow another order.
        path = root / "sys/bus/pci/devices" / family.PF
        for name in ("virtfn0", "virtfn1"):
            (path / name).rename(path / f"{name}.old")
        (path / "virtfn0.old").rename(path / "virtfn1")
        (path / "virtfn1.old").rename(path / "virtfn0")
        found = self.at(root)
        assert found.state is not None
        self.assertEqual(str(quotas[1]), found.state["vram_quota"])

    def test_in_use_or_free(self) -> None:
        """Which driver has a VF now is no part of its class."""
        root = self.folder(
            one(quotas=[GIB] * 3, drivers=("xe-vfio-pci", "xe", None)))
        for address in ("0000:81:00.2", "0000:81:00.3"):
            self.assertEqual(self.at(root).id, self.at(root, address).id)

    def test_reasons(self) -> None:
        """What is missing or cannot migrate has its code and place."""
        for build, code, place in (
            (one(drivers=("vfio-pci",)), Code.PLAIN_VFIO_PCI, "81:00.1"),
            (one(bound="i915"), Code.PF_DRIVER_MISSING, "81:00.0/driver"),
            (
                one(quotas=["8G"]),
                Code.MALFORMED,
                "sriov_admin/vf1/profile/vram_quota",
            ),
        ):
            with self.subTest(code=code):
                error = self.error(build)
                self.assertIs(code, error.code)
                self.assertTrue(error.path.endswith(place), error.path)

    def test_whole_gpu(self) -> None:
        """A GPU that is given to a guest as a whole does not migrate."""
        error = self.error(one(drivers=(), bound="xe"), family.PF)
        self.assertIs(Code.NOT_A_VF, error.code)

    def test_unreadable_quota(self) -> None:
        """A quota that cannot be read is not taken for one left open."""
        root = self.folder(one(quotas=[GIB]))
        path = root / "sys/bus/pci/devices" / family.PF
        trees.HostBuilder(root).break_file(
            path.resolve() / "sriov_admin/vf1/profile/vram_quota")
        error = self.refused(root)
        self.assertIs(Code.UNREADABLE, error.code)

    def test_dirty_tracking(self) -> None:
        """With Nova as it is the devices do not migrate: iommufd."""
        self.host.kernel("7.2.13", [self.driver])
        xe.add_pf(self.host, family.PF)
        found = self.one_class("pci_0000_81_00_1")
        self.assertEqual("xe", found.family)
        self.assertIs(Code.IOMMU_DIRTY_TRACKING, found.reason)
