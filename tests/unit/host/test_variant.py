# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import dataclasses
import json
from typing import Any

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import offered
from tests import golden
from tests import trees
from tests.trees import variant
from tests.unit.host import base
from tests.unit.host import listing

PF = "0000:31:00.0"
VF = "pci_0000_31_00_1"
VF2 = "pci_0000_31_00_2"
VF3 = "pci_0000_31_00_3"


class VariantTest(base.HostTestCase):
    def other(self) -> trees.HostBuilder:
        """Begin another host; what was described stays."""
        self.root = self.root.parent / f"{self.root.name}+"
        self.root.mkdir()
        self.host = trees.HostBuilder(self.root)
        return self.host

    def test_class(self) -> None:
        """An unknown variant driver's VF is a guess that says so."""
        variant.add_pf(self.host, PF, version="2.1")
        found = self.one_class(VF)
        state = {
            "device_api": "vfio-pci",
            "driver": "acme_vfio_pci",
            "driver_version": "2.1",
        }
        self.assertEqual("variant", found.family)
        self.assertIs(codes.Evidence.INFERRED, found.evidence)
        self.assertEqual(state, found.state)
        self.assertEqual((state,), found.accepts)
        self.assertEqual(
            {
                "bars": "0:mem64pref:0x4000", "class": "120000",
                "device": "0011", "revision": "01", "vendor": "1abc",
            },
            found.exposed,
        )
        for word in (
            "configuration", "dirty_tracking", "driver_rule",
            "exposed:msix", "firmware", "p2p",
        ):
            self.assertIn(word, found.unverified)

    def test_module_without_version(self) -> None:
        """A module without a version is known by its name alone."""
        variant.add_pf(self.host, PF)
        state = self.one_class(VF).state
        assert state is not None
        self.assertNotIn("driver_version", state)

    def test_same_class_in_use_or_free(self) -> None:
        """Which driver is bound now is no part of the class."""
        variant.add_pf(
            self.host.kernel(), PF, version="2.1",
            drivers=(variant.DRIVER, variant.HOST_DRIVER, None),
        )
        variant.add_alias(self.host)
        found = self.devices()
        for name in (VF2, VF3):
            self.assertEqual("acme_vfio_pci", found[name].driver)
            self.assertEqual(found[VF].classes, found[name].classes)

    def test_module_not_loaded(self) -> None:
        """The version of a module that is not loaded is not guessed."""
        variant.add_pf(
            self.host.kernel(), PF, drivers=(None,), loaded=False
        )
        variant.add_alias(self.host)
        self.assert_unknown(
            VF, codes.Code.MISSING_ATTRIBUTE, "sys/module/acme_vfio_pci",
            "load it",
        )

    def test_driver_that_declares(self) -> None:
        """Where a driver declares something of others, nothing is guessed."""
        variant.add_pf(
            self.host, PF, drivers=(variant.DRIVER, variant.DRIVER)
        )
        self.host.migration("0000:31:00.1", base.declared())
        found = self.devices()
        self.assertEqual("migration", found[VF].classes[0].family)
        self.assert_unknown(VF2, codes.Code.NO_STATE, variant.DRIVER)

    def test_malformed_version(self) -> None:
        """A version that is none shows the file and the place."""
        variant.add_pf(self.host, PF, version="2.1 {n:any}")
        self.assert_unknown(
            VF, codes.Code.MALFORMED, "acme_vfio_pci/version", "{n:any}"
        )

    def test_what_must_be_equal(self) -> None:
        """Another driver version, id, revision or BAR is incompatible."""
        variant.add_pf(self.host, PF, version="2.1")
        source = self.one_class(VF)
        variant.add_pf(self.other(), PF, version="2.1")
        self.assertIs(
            codes.Outcome.COMPATIBLE,
            acceptance.judge(source, self.one_class(VF)).outcome,
        )
        function = variant.VF
        changed: dict[str, dict[str, Any]] = {
            "driver_version": {"version": "2.2"},
            "device": {"vf": _other(function, device=0x12)},
            "revision": {"vf": _other(function, revision=2)},
            "class": {"vf": _other(function, class_code=0x020000)},
            "bars": {"vf": _other(function, bars={0: trees.Bar(0x8000)})},
        }
        for name, changes in changed.items():
            variant.add_pf(self.other(), PF, **{"version": "2.1", **changes})
            verdict = acceptance.judge(source, self.one_class(VF))
            self.assertIs(codes.Outcome.INCOMPATIBLE, verdict.outcome, name)

    def test_plain_vfio_pci_is_none(self) -> None:
        """Plain vfio-pci and drivers that cannot migrate are left alone."""
        for driver, code in (
            ("vfio-pci", codes.Code.PLAIN_VFIO_PCI),
            ("nvgrace_gpu_vfio_pci", codes.Code.DRIVER_CANNOT_MIGRATE),
        ):
            variant.add_pf(self.other(), PF, drivers=(driver,))
            found = self.one_class(VF)
            self.assertEqual(("pci", code), (found.family, found.reason))

    def test_others_come_first(self) -> None:
        """What another source knows is not described as unknown."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        self.assertEqual("mlx5", self.one_class("pci_0000_81_00_2").family)

    def test_unmanaged(self) -> None:
        """A function that libvirt does not bind has no variant driver."""
        variant.add_pf(
            self.host.kernel(), PF, drivers=(variant.HOST_DRIVER,)
        )
        variant.add_alias(self.host)
        spec = json.dumps({"vendor_id": "1abc", "managed": "no"})
        found = self.devices(offered.Offered([spec]))
        (one,) = found[VF].classes
        self.assertIs(codes.Code.NO_VFIO_DRIVER, one.reason)

    def test_tree_without_links(self) -> None:
        """A dump that has no links is survived; it tells no drivers."""
        variant.write_without_links(self.root, PF, variant.PF)
        variant.write_without_links(self.root, "0000:31:00.1", variant.VF)
        variant.write_without_links(
            self.root, base.PF, trees.Function(0x15b3, 0x101e)
        )
        found = self.scan()
        self.assertEqual((), found.devices)
        self.assertEqual((), found.problems)
        spec = json.dumps({"vendor_id": "15b3", "product_id": "101e"})
        (item,) = self.scan(offered.Offered([spec])).devices
        (one,) = item.classes
        self.assertEqual("pci_0000_81_00_0", item.name)
        self.assertIsNone(one.state)

    def test_offered_function(self) -> None:
        """A whole function is described if Nova offers it, and only then."""
        self.host.kernel().pci(PF, variant.VF, driver=variant.HOST_DRIVER)
        variant.add_alias(self.host)
        self.host.module(variant.DRIVER)
        spec = json.dumps({"address": PF})
        self.assertEqual({}, self.devices())
        found = self.devices(offered.Offered([spec]))
        (one,) = found["pci_0000_31_00_0"].classes
        self.assertEqual("variant", one.family)

    def test_golden(self) -> None:
        """The ids of classes are promises."""
        found = []
        for host, version in (("no version", None), ("version", "2.1")):
            variant.add_pf(self.other(), PF, version=version)
            found += golden.classes(host, self._with_classes())
        golden.check_classes(self, "variant.json", found)

    def test_list(self) -> None:
        """What an operator sees of such a host."""
        variant.add_pf(
            self.host.kernel(), PF,
            drivers=(variant.DRIVER, variant.HOST_DRIVER, None, "vfio-pci"),
            version="2.1",
        )
        variant.add_alias(self.host)
        listing.check(self, self.root, "variant")

    def _with_classes(self) -> list[device_.Device]:
        return [item for item in self.scan().devices if item.name == VF]


def _other(function: trees.Function, **changes: Any) -> trees.Function:
    return dataclasses.replace(function, **changes)
