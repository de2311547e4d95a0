# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
import functools

from nova_vfio_compat import compat
from nova_vfio_compat.host.sources import pds as pds_source
from tests import trees
from tests.trees import pds
from tests.unit.host import family

Code = compat.Code


def one(**differs: object) -> Callable[[trees.HostBuilder], None]:
    """A host with one card and its VFs."""
    return functools.partial(
        pds.add_pf, address=family.PF, **differs  # type: ignore[arg-type]
    )


class PdsTest(family.FamilyTestCase):
    source = pds_source.PdsSource
    driver = "pds_vfio_pci"

    def test_class(self) -> None:
        """The PF's ids and what devlink tells of it make a class."""
        found = self.of(one())
        self.assertEqual(
            {
                "asic": "0x3",
                "asic_revision": "0x0",
                "device_api": "vfio-pci",
                "firmware": "1.75.0-C-8",
                "pf_device": "100c",
                "pf_revision": "00",
            },
            found.state,
        )
        self.assertIs(compat.Evidence.INFERRED, found.evidence)
        self.assert_unverified(found, "exposed:msix")
        self.assertEqual((), found.limits)
        self.assert_moves(found, self.of(one()))

    def test_differences(self) -> None:
        """Another card or another firmware stops a guest."""
        this = self.of(one())
        for differs, names in (
            ({"firmware": "1.76.0-C-2"}, ["firmware"]),
            ({"asic": "0x4"}, ["asic"]),
            ({"asic_revision": "0x1"}, ["asic_revision"]),
            ({"device": 0x1002}, ["pf_device"]),
            ({"revision": 1}, ["exposed:revision", "pf_revision"]),
        ):
            with self.subTest(differs=differs):
                other = self.of(one(**differs))
                self.assert_stays(this, other, *names)
                self.assert_stays(other, this, *names)

    def test_without_devlink(self) -> None:
        """Firmware that one host does not tell makes the pair unknown."""
        silent = self.of(one(firmware=None))
        self.assert_unverified(
            silent, "asic", "asic_revision", "exposed:msix", "firmware"
        )
        told = self.of(one())
        self.assert_moves(silent, silent)
        for pair in ((silent, told), (told, silent)):
            found = compat.judge(*pair)
            self.assertIs(compat.Outcome.UNKNOWN, found.outcome)
            self.assertIs(Code.MISSING_ATTRIBUTE, found.code)

    def test_malformed_fact(self) -> None:
        """An answer of devlink that is none costs the class."""
        root = self.folder(one())
        fact = root / "facts/devlink/pci" / family.PF
        fact.chmod(0o644)
        fact.write_text('{"versions": 1}')
        error = self.refused(root)
        self.assertIs(Code.MALFORMED, error.code)

    def test_reasons(self) -> None:
        """What is missing or cannot migrate has its code."""
        for build, code in (
            (one(drivers=("vfio-pci",)), Code.PLAIN_VFIO_PCI),
            (one(bound=None), Code.PF_DRIVER_MISSING),
        ):
            with self.subTest(code=code):
                self.assertIs(code, self.error(build).code)
        root = self.folder(one())
        (root / "sys/bus/pci/devices" / family.PF).unlink()
        error = self.refused(root)
        self.assertIs(Code.NO_PF, error.code)

    def test_whole_scan(self) -> None:
        """The device tracks its writes itself: it migrates with Nova."""
        self.host.kernel("7.2.13", [self.driver])
        pds.add_pf(
            self.host, family.PF, drivers=("pds_vfio_pci", "pds_core", None))
        classes = {
            self.one_class(f"pci_0000_81_00_{place}") for place in (1, 2, 3)
        }
        (found,) = classes
        self.assertEqual("pds", found.family)
        self.assertIsNone(found.reason)
