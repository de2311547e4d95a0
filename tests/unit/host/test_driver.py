# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import modules_alias
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from tests import trees
from tests.unit.host import base

VF = "0000:81:00.2"
XE = trees.Function(0x8086, 0xE211, class_code=0x030000)


class ModulesAliasTest(base.HostTestCase):
    def test_fewest_wildcards_win(self) -> None:
        """Of the patterns that fit, the most specific decides."""
        aliases = modules_alias.ModulesAlias.parse([
            "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci",
            "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci",
            "alias vfio_pci:v000015B3d*sv*sd*bc*sc*i* other",
            "alias vfio_pci:broken",
        ])
        self.assertEqual(
            "mlx5_vfio_pci",
            aliases.module(
                "pci:v000015B3d0000101Esv000015B3sd00000026bc02sc00i00"
            ),
        )
        self.assertEqual(
            "vfio_pci",
            aliases.module(
                "pci:v00008086d0000101Esv000015B3sd00000026bc02sc00i00"
            ),
        )

    def test_without_proc_only_one_kernel_is_no_guess(self) -> None:
        """Without a release, one kernel's file is used and two are not."""
        tree = host_tree.HostTree(self.root)
        self.assertIsNone(modules_alias.ModulesAlias.read(tree))
        line = "alias vfio_pci:v* x\n"
        self.write("lib/modules/6.1/modules.alias", line)
        found = modules_alias.ModulesAlias.read(tree)
        self.assertIsNotNone(found)
        self.write("lib/modules/6.2/modules.alias", line)
        self.assertIsNone(modules_alias.ModulesAlias.read(tree))
        self.write("proc/sys/kernel/osrelease", "6.2\n")
        self.assertEqual(found, modules_alias.ModulesAlias.read(tree))
        self.write("proc/sys/kernel/osrelease", "../../etc\n")
        self.assertIsNone(modules_alias.ModulesAlias.read(tree))


class EffectiveTest(base.HostTestCase):
    def effective(
        self, address: str = VF, managed: bool = True
    ) -> driver.Effective:
        tree = host_tree.HostTree(self.root)
        function = pci.functions(tree, [])[address]
        return driver.Drivers(tree).effective(function, managed)

    def test_bound_vfio_driver(self) -> None:
        """A VFIO driver that is bound is the one, whatever libvirt likes."""
        self.host.kernel()
        for name in ("vfio-pci", "mlx5_vfio_pci", "xe-vfio-pci"):
            self.host.pci("0000:82:00.0", XE, driver=name)
            self.assertEqual(name, self.effective("0000:82:00.0").name)
            self.host = trees.HostBuilder(self.root)
            (self.root / "sys/bus/pci/devices/0000:82:00.0").unlink()

    def test_managed_function_gets_what_libvirt_binds(self) -> None:
        """On the host's driver, modules.alias tells what a guest gets."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        self.assertEqual("mlx5_vfio_pci", self.effective().name)

    def test_without_a_variant_libvirt_binds_vfio_pci(self) -> None:
        """A kernel that has no variant driver leaves vfio-pci."""
        self.host.kernel(variants=()).mlx5_pf(base.PF, vfs=1)
        self.assertEqual("vfio-pci", self.effective().name)

    def test_unmanaged_function_keeps_its_driver(self) -> None:
        """Where libvirt binds nothing, the host's driver is no VFIO driver."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        found = self.effective(managed=False)
        self.assertIsNone(found.name)
        self.assertIs(codes.Code.NO_VFIO_DRIVER, found.code)

    def test_without_modules_alias_the_loaded_module_tells(self) -> None:
        """mlx5_vfio_pci is taken if it is there; else nothing is known."""
        self.host.mlx5_pf(base.PF, vfs=1)
        self.assertIs(codes.Code.DRIVER_UNKNOWN, self.effective().code)
        self.host.module("mlx5_vfio_pci")
        self.assertEqual("mlx5_vfio_pci", self.effective().name)

    def test_without_modalias_the_ids_tell(self) -> None:
        """A copied tree without modalias still finds the driver."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        (self.host.path(VF) / "modalias").unlink()
        self.assertEqual("mlx5_vfio_pci", self.effective().name)

    def test_driver_is_spelled_as_the_kernel_does(self) -> None:
        """The module's name is not always the driver's."""
        self.write(
            "lib/modules/6.19/modules.alias",
            "alias vfio_pci:v00008086d0000E211sv*sd*bc*sc*i* xe_vfio_pci\n",
        )
        self.host.pci("0000:82:00.0", XE)
        found = self.effective("0000:82:00.0")
        self.assertEqual("xe-vfio-pci", found.name)
        self.assertEqual("xe_vfio_pci", found.folded)
