# SPDX-License-Identifier: Apache-2.0

"""What the tests of a family of VFs share."""

from __future__ import annotations

from collections.abc import Callable
import pathlib
from typing import ClassVar

from nova_vfio_compat import compat
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base as sources_base
from tests import trees
from tests.unit.host import base

PF = "0000:81:00.0"
VF = "0000:81:00.1"

Build = Callable[[trees.HostBuilder], object]


class FamilyTestCase(base.HostTestCase):
    """Describes VFs of hosts by one source alone.

    What the whole scan makes of it is another matter: most of these
    devices are not migratable with today's Nova, for want of dirty
    tracking.
    """

    source: ClassVar[type[sources_base.Source]]
    #: of modules.alias
    driver: ClassVar[str]

    def folder(self, build: Build, distribution: str | None = None,
               release: str = "7.2.13") -> pathlib.Path:
        """Make one more host and return its root."""
        number = len(list(self.root.parent.iterdir()))
        root = self.root.parent / f"host{number}"
        host = trees.HostBuilder(root).kernel(release, [self.driver])
        if distribution is not None:
            place = root / "etc/os-release"
            place.parent.mkdir()
            place.write_text(
                f'PRETTY_NAME="Some \N{LATIN SMALL LETTER AE}"\n'
                f"ID={distribution}\nID_LIKE=other\n")
        build(host)
        return root

    def at(self, root: pathlib.Path, address: str = VF
           ) -> compat.DeviceClass:
        """Describe a VF of the host that has its files there."""
        tree = host_tree.HostTree(root).once()
        functions = pci.functions(tree, [])
        ctx = context.Context(tree, functions)
        source = self.source()
        self.assertTrue(source.claims(functions[address], ctx))
        found = source.describe(functions[address], ctx)
        # The tables that operators are shown are complete and true.
        told = {*(found.state or ()), *(
            f"exposed:{name}" for name in found.exposed)}
        known = {*source.mandatory, *source.optional}
        self.assertEqual(set(), set(source.mandatory) - told)
        self.assertEqual(set(), set(found.state or ()) - known)
        return found

    def of(self, build: Build, address: str = VF,
           distribution: str | None = None, release: str = "7.2.13",
           ) -> compat.DeviceClass:
        """Make a host and describe one of its VFs."""
        return self.at(self.folder(build, distribution, release), address)

    def refused(self, root: pathlib.Path, address: str = VF
                ) -> errors.DescribeError:
        """Return why a VF of a host cannot be described."""
        error: errors.DescribeError = self.assertRaises(
            errors.DescribeError, self.at, root, address)
        return error

    def error(self, build: Build, address: str = VF,
              distribution: str | None = None, release: str = "7.2.13",
              ) -> errors.DescribeError:
        """Make a host that has a VF which cannot be described."""
        return self.refused(
            self.folder(build, distribution, release), address)

    def assert_moves(self, source: compat.DeviceClass,
                     destination: compat.DeviceClass,
                     *, relax: frozenset[str] = frozenset()) -> None:
        """A guest of the one class can move to a VF of the other."""
        verdict = compat.judge(source, destination, relax)
        self.assertIs(
            compat.Outcome.COMPATIBLE, verdict.outcome, str(verdict))

    def assert_stays(self, source: compat.DeviceClass,
                     destination: compat.DeviceClass, *names: str,
                     relax: frozenset[str] = frozenset()) -> None:
        """A guest cannot move, because of these attributes and no other."""
        verdict = compat.judge(source, destination, relax)
        self.assertIs(compat.Outcome.INCOMPATIBLE, verdict.outcome)
        self.assertEqual(
            set(names), {item.attribute for item in verdict.mismatches})

    def assert_unverified(self, found: compat.DeviceClass,
                          *names: str) -> None:
        """These and no others are what the class leaves open."""
        self.assertEqual(tuple(sorted(names)), found.unverified)
