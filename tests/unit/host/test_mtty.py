# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from tests.unit.host import base

ONE = "mtty_mtty/mtty-1"
TWO = "mtty_mtty/mtty-2"
MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_mtty"


class MttyTest(base.HostTestCase):
    def judge(
        self,
        source: device_class.DeviceClass,
        destination: device_class.DeviceClass,
    ) -> tuple[codes.Outcome, list[str]]:
        verdict = acceptance.judge(source, destination)
        return verdict.outcome, [one.attribute for one in verdict.mismatches]

    def test_class(self) -> None:
        """Type and version decide, all of the rule is seen, and P2P is."""
        self.host.kernel("6.12.1").mtty()
        item = self.devices()[ONE]
        (found,) = item.classes
        state = {
            "device_api": "vfio-pci", "type": "mtty-1",
            "driver_version": "0.1",
        }
        self.assertEqual("mtty", item.driver)
        self.assertEqual("mtty", found.family)
        self.assertIs(codes.Evidence.RULE, found.evidence)
        self.assertEqual(state, found.state)
        self.assertEqual((state,), found.accepts)
        self.assertEqual((), found.unverified)
        self.assertEqual((), found.limits)

    def test_kernel(self) -> None:
        """Before Linux 6.7 it cannot migrate; a vendor's may be either."""
        self.host.kernel("6.7.0").mtty()
        new = self.one_class(ONE)
        self.host.kernel("6.6.99")
        item = self.devices()[ONE]
        self.assertIs(codes.Code.KERNEL_TOO_OLD, item.classes[0].reason)
        self.assertEqual((), item.problems)
        self.host.kernel("5.14.0-503.11.1.el9_5.x86_64")
        unsure = self.one_class(ONE)
        self.assertEqual(("kernel_release",), unsure.unverified)
        self.assertEqual(
            (codes.Outcome.COMPATIBLE, []), self.judge(new, unsure)
        )

    def test_mdev_has_the_class_of_its_type(self) -> None:
        """In use or not, it is the same class."""
        self.host.mtty()
        before = self.one_class(ONE)
        self.host.mdev(base.UUID, parent="mtty", type="mtty-1")
        found = self.devices()
        self.assertEqual((before,), found[MDEV].classes)
        self.assertEqual((before,), found[ONE].classes)

    def test_number_of_ports(self) -> None:
        """One port does not take the state of two, nor the reverse."""
        self.host.mtty()
        one, two = self.one_class(ONE), self.one_class(TWO)
        for pair in ((one, two), (two, one)):
            self.assertEqual(
                (codes.Outcome.INCOMPATIBLE, ["type"]), self.judge(*pair)
            )
        self.assertEqual(
            (codes.Outcome.COMPATIBLE, []), self.judge(one, one)
        )

    def test_version(self) -> None:
        """Another version of the module may write another stream."""
        self.host.mtty()
        old = self.one_class(ONE)
        self.host.module("mtty", "0.2")
        self.assertEqual(
            (codes.Outcome.INCOMPATIBLE, ["driver_version"]),
            self.judge(old, self.one_class(ONE)),
        )

    def test_without_version(self) -> None:
        """A version that is not shown is unknown, and no difference."""
        self.host.mtty()
        old = self.one_class(ONE)
        (self.root / "sys/module/mtty/version").unlink()
        self.assert_unknown(
            ONE, codes.Code.MISSING_ATTRIBUTE, "mtty/version"
        )
        self.assertEqual(
            (codes.Outcome.UNKNOWN, []),
            self.judge(old, self.one_class(ONE)),
        )

    def test_malformed(self) -> None:
        """A value that is no word shows the file and the place."""
        self.host.mtty({"mtty-1": {"device_api": "vfio-{x}"}, "mtty-2": {}})
        self.assert_unknown(ONE, codes.Code.MALFORMED, "device_api")
        self.write("sys/module/mtty/version", "{any}\n")
        self.assert_unknown(TWO, codes.Code.MALFORMED, "mtty/version")

    def test_missing_device_api(self) -> None:
        """A type without device_api is unknown."""
        self.host.mtty()
        path = self.host.path("mtty") / "mdev_supported_types/mtty-1"
        (path / "device_api").unlink()
        self.assert_unknown(
            ONE, codes.Code.MISSING_ATTRIBUTE, "device_api"
        )

    def test_declared(self) -> None:
        """What an mdev declares is stronger than the driver's rule."""
        self.host.mtty()
        self.host.mdev(
            base.UUID, parent="mtty", type="mtty-1",
            migration=base.declared(type="mtty-1"),
        )
        self.assertEqual("migration", self.one_class(MDEV).family)
