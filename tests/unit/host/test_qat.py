# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
import functools

from nova_vfio_compat import compat
from nova_vfio_compat.host.sources import qat as qat_source
from tests import trees
from tests.trees import qat
from tests.unit.host import family

Code = compat.Code
LEFT = ("extended_dc_capabilities", "fuses", "rate_limits")
#: QEMU compares the ids as well; the driver's own rule does not.
IDS = frozenset({"qat:exposed:device", "qat:exposed:revision"})


def one(**differs: object) -> Callable[[trees.HostBuilder], None]:
    """A host with one QuickAssist device and its VFs."""
    return functools.partial(
        qat.add_pf, address=family.PF, **differs  # type: ignore[arg-type]
    )


class QatTest(family.FamilyTestCase):
    source = qat_source.QatSource
    driver = "qat_vfio_pci"

    def test_class(self) -> None:
        """Services and what the device can do for them make a class."""
        found = self.of(one(services="dc"))
        self.assertEqual(
            {
                "capabilities": (
                    "cnv_integrity64,compression,lz4_compression,"
                    "lz4s_compression"
                ),
                "device_api": "vfio-pci",
                "services": "dc",
            },
            found.state,
        )
        self.assertIs(compat.Evidence.RULE, found.evidence)
        self.assert_unverified(found, *LEFT)
        self.assertEqual((), found.limits)
        self.assert_moves(found, self.of(one(services="dc")))

    def test_order_of_services(self) -> None:
        """The order in which services were configured has no meaning."""
        self.assertEqual(
            self.of(one(services="sym;asym")).id,
            self.of(one(services="asym;sym")).id,
        )

    def test_other_services(self) -> None:
        """Other services stop a guest, also where they are more."""
        both = self.of(one(services="sym;dc"))
        sym = self.of(one(services="sym"))
        self.assert_stays(sym, both, "services")
        self.assert_stays(both, sym, "capabilities", "services")

    def test_more_capable_destination(self) -> None:
        """A destination that can do more takes a guest, and keeps it."""
        old = self.of(one(kind="4xxx"))
        new = self.of(one(kind="420xx"))
        self.assert_moves(old, new, relax=IDS)
        self.assert_stays(new, old, "capabilities", relax=IDS)

    def test_services_decide_capabilities(self) -> None:
        """What a device can do depends on its services."""
        old = self.of(one(kind="4xxx", services="asym;dc"))
        new = self.of(one(kind="420xx", services="asym;dc"))
        # Of asymmetric crypto the older one names more.
        self.assert_stays(old, new, "capabilities", relax=IDS)
        self.assert_moves(new, old, relax=IDS)
        chain = self.of(one(services="dcc"))
        assert chain.state is not None
        members = chain.state["capabilities"].split(",")
        self.assertIn("compression", members)
        self.assertIn("cipher", members)
        self.assertNotIn("crypto_symmetric", members)

    def test_other_id(self) -> None:
        """QEMU stops a guest of another generation all the same."""
        self.assert_stays(
            self.of(one(kind="4xxx")),
            self.of(one(kind="420xx")),
            "exposed:device",
        )

    def test_6xxx(self) -> None:
        """One that may be the wireless variant leaves its abilities open."""
        sym = self.of(one(kind="6xxx", services="sym"))
        assert sym.state is not None
        self.assertNotIn("capabilities", sym.state)
        self.assert_unverified(sym, "capabilities", *LEFT)
        three = self.of(one(kind="6xxx", services="asym;sym;decomp"))
        assert three.state is not None
        self.assertIn("kpt", three.state["capabilities"].split(","))
        self.assertEqual("asym,decomp,sym", three.state["services"])
        self.assert_unverified(three, *LEFT)
        self.assert_moves(
            sym, self.of(one(kind="6xxx", services="sym")))

    def test_asymmetric_420xx(self) -> None:
        """Where kernels differ in what they say, nothing is taken for it."""
        found = self.of(one(kind="420xx", services="asym"))
        self.assert_unverified(found, "capabilities", *LEFT)
        self.assert_moves(
            found, self.of(one(kind="420xx", services="asym")))

    def test_unknown_combination(self) -> None:
        """A service that the kernel's tables have not for it is left open."""
        found = self.of(one(kind="4xxx", services="decomp"))
        self.assert_unverified(found, "capabilities", *LEFT)

    def test_drivers(self) -> None:
        """A VF of any generation in use or free is of one class."""
        for kind in ("4xxx", "401xx", "402xx", "420xx", "6xxx"):
            with self.subTest(kind=kind):
                root = self.folder(
                    one(kind=kind, drivers=("qat_vfio_pci", None))
                )
                self.assertEqual(
                    self.at(root).id, self.at(root, "0000:81:00.2").id
                )

    def test_reasons(self) -> None:
        """What is missing or cannot migrate has its code and place."""
        for build, code, place in (
            (one(drivers=("vfio-pci",)), Code.PLAIN_VFIO_PCI, "81:00.1"),
            (one(bound=None), Code.PF_DRIVER_MISSING, "81:00.0/driver"),
            (
                one(services=None),
                Code.CONFIGURATION_UNREADABLE,
                "81:00.0/qat/cfg_services",
            ),
            (one(services="cy"), Code.MALFORMED, "qat/cfg_services"),
            (one(services=""), Code.MALFORMED, "qat/cfg_services"),
        ):
            with self.subTest(code=code):
                error = self.error(build)
                self.assertIs(code, error.code)
                self.assertTrue(error.path.endswith(place), error.path)

    def test_malformed_services(self) -> None:
        """Services that are none show the place."""
        error = self.error(one(services="sym;cipher"))
        text, caret = error.detail.split("\n")[-2:]
        self.assertEqual(text.index(";"), caret.index("^"))

    def test_never_reads_a_selector(self) -> None:
        """Files that must be written before they are read stay closed."""
        root = self.folder(one())
        path = root / "sys/bus/pci/devices" / family.PF
        for name in ("qat/rp2srv", "qat_rl/sla_op", "qat_rl/cir"):
            place = path / name
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(place.name)
        self.assertIsNotNone(self.at(root).state)

    def test_dirty_tracking(self) -> None:
        """With Nova as it is the devices do not migrate: iommufd."""
        self.host.kernel("7.2.13", [self.driver])
        qat.add_pf(self.host, family.PF)
        found = self.one_class("pci_0000_81_00_1")
        self.assertEqual("qat", found.family)
        self.assertIs(Code.IOMMU_DIRTY_TRACKING, found.reason)
