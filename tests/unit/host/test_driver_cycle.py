# SPDX-License-Identifier: Apache-2.0

"""What a VF goes through while guests come and go changes nothing."""

from __future__ import annotations

import contextlib
import io
import pathlib
import shutil
import warnings

from nova_vfio_compat.cli import main
from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import describe
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import loader
from nova_vfio_compat.host import names
from nova_vfio_compat.host import offered
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from tests import trees
from tests.unit.host import base
from tests.unit.host import variants

NULL = "(null)"


class CycleTest(base.HostTestCase):
    def bind(
        self,
        host: trees.HostBuilder,
        address: str,
        driver: str | None,
        override: str = NULL,
    ) -> None:
        """Bind a VF as the kernel shows it, with nothing left of before."""
        path = host.path(address)
        shutil.rmtree(path / "vfio-dev", ignore_errors=True)
        host.bind(address, driver)
        (path / "driver_override").unlink()
        (path / "driver_override").write_text(f"{override}\n")

    def steps(self, family: variants.Family) -> list[tuple[str | None, str]]:
        """Return driver and override as libvirt sets one after the other."""
        return [
            (family.host_driver, NULL),
            (None, NULL),
            (family.host_driver, family.variant),
            (None, family.variant),
            (family.variant, family.variant),
            # Some clear it as soon as the driver is bound.
            (family.variant, NULL),
            (None, NULL),
            (family.host_driver, NULL),
        ]

    def look(
        self, family: variants.Family, root: pathlib.Path
    ) -> dict[str, device_.Device]:
        """Scan, and make sure that nothing below the root was touched."""
        before = _everything(root)
        found = scan.scan(host_tree.HostTree(root))
        self.assertEqual(before, _everything(root))
        self.assertEqual((), found.problems)
        by_name = {item.name: item for item in found.devices}
        return {
            address: by_name[names.pci(address)]
            for address in family.vfs
        }

    def new(self, name: str, family: variants.Family) -> trees.HostBuilder:
        host = trees.HostBuilder(self.root / name)
        family.build(host)
        return host

    def test_cycle(self) -> None:
        """From free to used and back: one class id, and no write."""
        for name, family in variants.FAMILIES.items():
            host = self.new(name, family)
            moving, other = family.vfs
            self.bind(host, other, family.host_driver)
            ids, rules = set(), set()
            for driver, override in self.steps(family):
                self.bind(host, moving, driver, override)
                found = self.look(family, host.root)
                item = found[moving]
                self.assertEqual(driver, item.bound)
                self.assertEqual(
                    family.variant, item.driver, f"{driver}, {override}"
                )
                self.assertEqual((), item.problems)
                self.assertEqual(item.classes, found[other].classes)
                ids |= {one.id for one in item.classes}
                rules.add(_by_rule(host.root, moving))
            (one,) = item.classes
            self.assertEqual(name, one.family)
            self.assertEqual({one.id}, ids)
            (rule,) = rules
            self.assertIsNotNone(rule.state, str(rule.reason))

    def test_used_to_free(self) -> None:
        """A VF in use may go to a free one, whatever that is bound to."""
        for name, family in variants.FAMILIES.items():
            source, destination = (
                self.new(f"{name}-{side}", family) for side in "ab"
            )
            for address in family.vfs:
                self.bind(source, address, family.variant, family.variant)
            used = self.one(family, source)
            if used.reason is codes.Code.IOMMU_DIRTY_TRACKING:
                # Not with today's Nova, used or free.
                continue
            self.assertIsNone(used.reason)
            for driver, override in self.steps(family):
                for address in family.vfs:
                    self.bind(destination, address, driver, override)
                free = self.one(family, destination)
                for pair in ((used, free), (free, used)):
                    found = acceptance.judge(*pair)
                    self.assertIs(
                        codes.Outcome.COMPATIBLE, found.outcome, str(found)
                    )
                self.compare(source.root, destination.root)

    def one(
        self, family: variants.Family, host: trees.HostBuilder
    ) -> device_class.DeviceClass:
        """Return the one class of all VFs."""
        (found,) = {
            one
            for item in self.look(family, host.root).values()
            for one in item.classes
        }
        return found

    def compare(self, source: pathlib.Path, root: pathlib.Path) -> None:
        """Ask the command; every pair is a yes and nothing is written."""
        before = _everything(source), _everything(root)
        out = io.StringIO()
        with (
            # Of a library that is imported now, and none of ours.
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(out),
        ):
            code = main.main([
                "compare", str(source), str(root), "-f", "value",
                "-c", "Verdict",
            ])
        self.assertEqual(0, code)
        self.assertEqual(["compatible"] * 4, out.getvalue().split())
        self.assertEqual(before, (_everything(source), _everything(root)))

    def test_unmanaged_vf_stays_what_the_operator_made_it(self) -> None:
        """Without managed, the override keeps the class while it is unbound.

        A VF that the operator leaves on the host's driver has none.
        """
        for name, family in variants.FAMILIES.items():
            host = self.new(name, family)
            offer = offered.Offered(['{"managed": "no"}'])
            moving, other = family.vfs
            self.bind(host, other, family.variant, family.variant)
            for driver in (None, family.variant, family.host_driver):
                self.bind(host, moving, driver, family.variant)
                found = scan.scan(host_tree.HostTree(host.root), offer)
                classes = {
                    one.id
                    for item in found.devices if item.kind == device_.VF
                    for one in item.classes
                }
                self.assertEqual(1, len(classes), str(driver))
            self.bind(host, moving, family.host_driver)
            found = scan.scan(host_tree.HostTree(host.root), offer)
            reasons = {
                item.name: item.classes[0].reason for item in found.devices
                if item.kind == device_.VF
            }
            no = codes.Code.NO_VFIO_DRIVER
            self.assertIs(no, reasons[names.pci(moving)])
            self.assertIsNot(no, reasons[names.pci(other)])


def _by_rule(root: pathlib.Path, address: str) -> device_class.DeviceClass:
    """Return the class by the driver's rule alone.

    A scan also asks who tracks dirty pages, and has no state to show for
    what cannot migrate for want of that.
    """
    tree = host_tree.HostTree(root).once()
    functions = pci.functions(tree, [])
    ctx = context.Context(tree, functions)
    owner = describe.Describer(loader.load()[0], ctx).owner(
        functions[address]
    )
    assert owner is not None
    return owner.source.describe(functions[address], ctx)


def _everything(root: pathlib.Path) -> dict[str, tuple[object, ...]]:
    """Return all that a write to a tree would change.

    What reading changes, the time of the last access, is left out.
    """
    found: dict[str, tuple[object, ...]] = {}
    for path in (root, *root.rglob("*")):
        info = path.lstat()
        content: object = None
        if path.is_symlink():
            content = path.readlink()
        elif path.is_file():
            content = path.read_bytes()
        found[str(path)] = (
            info.st_mode, info.st_ino, info.st_mtime_ns, info.st_ctime_ns,
            content,
        )
    return found
