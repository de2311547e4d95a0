# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import collections
import json
import shutil

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import offered
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base as sources_base
from nova_vfio_compat.host.sources import mlx5
from tests import trees
from tests.unit.host import base

NIC = trees.Function(0x8086, 0x1572)
NIC_VF = trees.Function(0x8086, 0x154C)


class Broken(sources_base.Source):
    family = "broken"
    evidence = codes.Evidence.RULE

    def __init__(self, claims: bool = True) -> None:
        self._claims = claims

    def claims(
        self, device: sources_base.Candidate, ctx: context.Context
    ) -> bool:
        if not self._claims:
            raise KeyError("claims")
        return isinstance(device, pci.PciFunction) and device.is_vf

    def describe(
        self, device: sources_base.Candidate, ctx: context.Context
    ) -> compat.DeviceClass:
        raise ZeroDivisionError("describe")


class ListedTest(base.HostTestCase):
    def names(self, offered: offered.Offered | None = None) -> set[str]:
        return set(self.devices(offered))

    def test_host_without_devices(self) -> None:
        """A host that has nothing to hand out has no devices."""
        self.host.pci("0000:01:00.0", NIC, driver="i40e")
        found = self.scan()
        self.assertEqual((), found.devices)
        self.assertEqual((), found.problems)

    def test_no_host(self) -> None:
        """A root that holds no host is an error and not an empty host."""
        self.assertRaises(
            errors.NotAHostTree,
            scan.scan,
            host_tree.HostTree(self.root / "sys"),
        )

    def test_vfs_and_their_pf(self) -> None:
        """A PF that has VFs is listed; its VFs are what is offered."""
        self.host.kernel().sriov(
            "0000:01:00.0", NIC, NIC_VF, ["iavf", "vfio-pci"], "i40e"
        )
        found = self.devices()
        pf = found["pci_0000_01_00_0"]
        self.assertEqual("pf", pf.kind)
        self.assertEqual((), pf.classes)
        self.assertFalse(pf.offered)
        for name in ("pci_0000_01_00_2", "pci_0000_01_00_3"):
            item = found[name]
            self.assertEqual("vf", item.kind)
            self.assertTrue(item.offered)
            self.assertEqual("vfio-pci", item.driver)
            (one,) = item.classes
            self.assertEqual(("pci", "pci"), (one.family, one.bus))
            self.assertIs(codes.Code.PLAIN_VFIO_PCI, one.reason)
            self.assertEqual("154c", one.exposed["device"])

    def test_known_driver_without_migration(self) -> None:
        """A variant driver without migration support is a plain no."""
        self.host.pci("0000:01:00.0", NIC, driver="nvgrace_gpu_vfio_pci")
        found = self.one_class("pci_0000_01_00_0")
        self.assertIs(codes.Code.DRIVER_CANNOT_MIGRATE, found.reason)

    def test_function_under_a_vfio_driver(self) -> None:
        """A whole function under a VFIO driver is listed."""
        self.host.pci("0000:01:00.0", NIC, driver="vfio-pci")
        self.assertEqual("pci", self.devices()["pci_0000_01_00_0"].kind)

    def test_function_that_nova_offers(self) -> None:
        """nova.conf's device_spec lists more, and marks what it offers."""
        self.host.kernel().pci("0000:01:00.0", NIC, driver="i40e")
        self.host.sriov("0000:02:00.0", NIC, NIC_VF, ["iavf"], "i40e")
        found = self.devices(
            offered.Offered([json.dumps({"product_id": "1572"})])
        )
        self.assertEqual(
            {
                "pci_0000_01_00_0": True,
                "pci_0000_02_00_0": False,
                "pci_0000_02_00_2": False,
            },
            {name: item.offered for name, item in found.items()},
        )

    def test_vf_that_is_an_mdev_parent(self) -> None:
        """An SR-IOV vGPU's VF is listed by its types and not twice."""
        self.host.kernel().sriov(
            "0000:08:00.0", trees.Function(0x10DE, 0x25B6),
            trees.Function(0x10DE, 0x25B6), ["nvidia"], "nvidia",
        )
        self.host.mdev_parent(
            "0000:08:00.2", driver="nvidia", types={"nvidia-754": {}}
        )
        self.assertEqual(
            {"pci_0000_08_00_0", "pci_0000_08_00_2/nvidia-754"},
            self.names(),
        )

    def test_real_directories_without_links(self) -> None:
        """A tree of real directories is read like the kernel's."""
        for address in ("0000:81:00.0", "0000:81:00.2"):
            for name, value in (
                ("vendor", "0x15b3"), ("device", "0x101e"),
                ("revision", "0x00"), ("class", "0x020000"),
            ):
                self.write(
                    f"sys/bus/pci/devices/{address}/{name}", f"{value}\n"
                )
        pf = self.root / "sys/bus/pci/devices/0000:81:00.0"
        (pf / "virtfn0").symlink_to("../0000:81:00.2")
        item = self.devices()["pci_0000_81_00_2"]
        self.assertEqual(("vf", "pci_0000_81_00_0"), (item.kind, item.parent))
        self.assertEqual("15b3", item.classes[0].exposed["vendor"])


class BadInputTest(base.HostTestCase):
    def test_malformed_identity(self) -> None:
        """A file that every device has is pointed at, and only it fails."""
        self.host.kernel().sriov(
            "0000:01:00.0", NIC, NIC_VF, ["vfio-pci"] * 2, "i40e"
        )
        path = self.host.path("0000:01:00.2").relative_to(
            self.root.resolve()
        )
        for name in ("class", "resource", "vendor"):
            old = self.host.path("0000:01:00.2") / name
            kept = old.read_text()
            self.write(f"{path}/{name}", "0x02zz\n")
            self.assert_unknown(
                "pci_0000_01_00_2", codes.Code.MALFORMED, name, "0x02zz"
            )
            self.write(f"{path}/{name}", kept)
        self.assertIs(
            codes.Code.PLAIN_VFIO_PCI,
            self.one_class("pci_0000_01_00_3").reason,
        )

    def test_device_that_goes_away(self) -> None:
        """A device that is removed while it is read is left out."""
        self.host.kernel().mlx5_pf(base.PF, vfs=2)
        path = self.host.path("0000:81:00.2")

        def opened(name: str) -> None:
            if name.endswith("81:00.2/vendor"):
                shutil.rmtree(path)

        tree = host_tree.HostTree(self.root, opened)
        found = scan.scan(tree)
        self.assertEqual(
            {"pci_0000_81_00_0", "pci_0000_81_00_3"},
            {item.name for item in found.devices},
        )
        self.assertEqual((), found.problems)
        self.assertEqual(
            [()] * 2, [item.problems for item in found.devices]
        )

    def test_unreadable_modules_alias(self) -> None:
        """An unreadable modules.alias is one problem of the host."""
        self.host.kernel().mlx5_pf(base.PF, vfs=2)
        self.host.break_file("usr/lib/modules/6.12.1/modules.alias")
        found = self.scan()
        self.assertEqual(1, len(found.problems))
        self.assertIn("modules.alias", found.problems[0].line)

    def test_broken_source(self) -> None:
        """A source that fails is one problem; the others go on."""
        self.host.kernel().mlx5_pf(base.PF, vfs=2)
        found = self.scan(
            sources=[Broken(claims=False), mlx5.Mlx5Source()]
        )
        self.assertEqual(1, len(found.problems))
        self.assertIn("source broken", found.problems[0].line)
        self.assertIn("KeyError", found.problems[0].line)
        self.assertEqual("mlx5", found.devices[1].classes[0].family)

    def test_source_that_cannot_describe(self) -> None:
        """A source that fails to describe leaves the device unknown."""
        self.host.kernel().mlx5_pf(base.PF, vfs=2)
        found = self.scan(sources=[Broken()])
        self.assertEqual(1, len(found.problems))
        _, first, second = found.devices
        for item in (first, second):
            self.assertIs(codes.Code.NO_SOURCE, item.classes[0].reason)
            self.assertIn("ZeroDivisionError", item.problems[0].line)


class CostTest(base.HostTestCase):
    def test_no_file_is_opened_twice(self) -> None:
        """One scan opens each file once, and none that takes a lock."""
        self.host.kernel().mlx5_pf(base.PF, vfs=8)
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=base.declared(),
        )
        opened: collections.Counter[str] = collections.Counter()

        def count(name: str) -> None:
            opened[name] += 1

        scan.scan(
            host_tree.HostTree(self.root, count),
            offered.Offered(['{"address": "0000:81:00.0"}']),
        )
        self.assertEqual({1}, set(opened.values()))
        names = {path.rpartition("/")[2] for path in opened}
        self.assertFalse(
            names & {
                "sriov_numvfs", "sriov_vf_total_msix", "config", "vpd",
                "driver_override", "uevent",
            }
        )
