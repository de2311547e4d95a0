# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat import compat
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base
from tests.unit.host import base as host_base


class Plain(base.Source):
    """A family without any rule, for what all families share."""

    family = "plain"
    evidence = compat.Evidence.RULE

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        return isinstance(device, pci.PciFunction) and device.is_vf

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> compat.DeviceClass:
        return self.classify(device, {"device_api": "vfio-pci"})


class OnDevice(Plain):
    dirty_tracking = base.DirtyTracking.DEVICE
    p2p = True


class OnIommu(Plain):
    dirty_tracking = base.DirtyTracking.IOMMU


class Alone(Plain):
    p2p = False


class TrackingTest(host_base.HostTestCase):
    def describe(self, source: base.Source) -> compat.DeviceClass:
        self.host.kernel().mlx5_pf(host_base.PF, vfs=1)
        found = self.scan(sources=[source])
        (vf,) = (item for item in found.devices if item.kind == "vf")
        (one,) = vf.classes
        return one

    def test_on_the_device(self) -> None:
        """A device that tracks its writes itself migrates."""
        found = self.describe(OnDevice())
        self.assertIsNone(found.reason)
        self.assertEqual((), found.unverified)
        self.assertEqual((), found.limits)

    def test_by_the_iommu_only(self) -> None:
        """One that needs iommufd for it does not migrate under Nova."""
        found = self.describe(OnIommu())
        self.assertIs(compat.Code.IOMMU_DIRTY_TRACKING, found.reason)
        self.assertIs(
            compat.Outcome.INCOMPATIBLE, compat.judge(found, found).outcome
        )

    def test_not_known(self) -> None:
        """What is not known of a family is not verified."""
        found = self.describe(Plain())
        self.assertIsNone(found.reason)
        self.assertEqual(("dirty_tracking", "p2p"), found.unverified)

    def test_without_p2p(self) -> None:
        """A family without P2P has the limit in its classes."""
        found = self.describe(Alone())
        self.assertEqual((device_class.SINGLE_DEVICE,), found.limits)
