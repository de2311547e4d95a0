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

    def test_override_of_an_unmanaged_function(self) -> None:
        """Where libvirt binds nothing, driver_override tells what is bound.

        Whatever is bound while somebody changes that.
        """
        self.host.kernel().mlx5_pf(
            base.PF, vfs=2, vf_driver=["mlx5_core", None]
        )
        no = codes.Code.NO_VFIO_DRIVER
        for text, expected in (
            ("mlx5_vfio_pci\n", driver.Effective("mlx5_vfio_pci")),
            ("vfio-pci\n", driver.Effective("vfio-pci")),
            ("(null)\n", driver.Effective(None, no)),
            ("\n", driver.Effective(None, no)),
            ("mlx5_core\n", driver.Effective(None, no)),
            (None, driver.Effective(None, no)),
            (b"\xff", driver.Effective(None, codes.Code.MALFORMED)),
        ):
            for address in (VF, "0000:81:00.3"):
                path = self.host.path(address) / "driver_override"
                path.unlink(missing_ok=True)
                if text is not None:
                    self.write(str(path), text)
                self.assertEqual(
                    expected, self.effective(address, managed=False), str(text)
                )

    def test_override_of_a_managed_function(self) -> None:
        """Where libvirt binds a driver it writes over driver_override."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        path = str(self.host.path(VF) / "driver_override")
        for text in ("vfio-pci\n", "mlx5_core\n", "(null)\n", b"\xff"):
            self.write(path, text)
            self.assertEqual("mlx5_vfio_pci", self.effective().name)

    def test_modules_alias_in_usr(self) -> None:
        """A host without /lib has its modules below /usr/lib."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        (self.root / "lib").unlink()
        self.assertEqual("mlx5_vfio_pci", self.effective().name)

    def test_compressed_modules_alias(self) -> None:
        """libvirt reads no other file, so nothing else tells the driver."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        path = self.root / "usr/lib/modules/6.12.1/modules.alias"
        for name in ("modules.alias.xz", "modules.alias.bin"):
            path.rename(path.with_name(name))
            path = path.with_name(name)
            self.assertIs(codes.Code.DRIVER_UNKNOWN, self.effective().code)

    def test_modules_alias_that_cannot_be_read(self) -> None:
        """It is told, once, and the driver is not guessed."""
        self.host.kernel().mlx5_pf(base.PF, vfs=2)
        self.host.break_file("usr/lib/modules/6.12.1/modules.alias")
        found = self.scan()
        (problem,) = found.problems
        self.assertIn("modules.alias", problem.path)
        for item in found.devices[1:]:
            self.assertIs(
                codes.Code.DRIVER_UNKNOWN, item.classes[0].reason
            )

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
