# SPDX-License-Identifier: Apache-2.0

"""What the tests of the contract stand on."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import pathlib
import tempfile
from typing import ClassVar
from typing import TYPE_CHECKING
import unittest

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.testing import looking

# A mix-in: a class with tests must not be found as a test of its own.
if TYPE_CHECKING:
    _Test = unittest.TestCase
else:
    _Test = object


class HostOfFamily(_Test):
    """A host with devices of one family, and what their source says.

    :cvar source: the source, with what ``__init__`` takes left out
    :cvar devices: everything on the host that the source claims: functions
        by address, mdevs by uuid, types as ``<parent>/<type>``, where the
        parent is ``0000:81:00.0`` or the kernel's name of it
    :cvar host_driver: the driver of a function that no guest has
    :cvar vfio_driver: the one under which a guest has it; None: the family
        has no functions
    :cvar never: those of the devices that cannot migrate whatever their
        attributes are, and why
    :cvar open_vocabulary: somebody else than the source names attributes
    """

    source: ClassVar[type[base.Source]]
    devices: ClassVar[tuple[str, ...]]
    host_driver: ClassVar[str | None] = None
    vfio_driver: ClassVar[str | None] = None
    never: ClassVar[Mapping[str, codes.Code]] = {}
    open_vocabulary: ClassVar[bool] = False

    def write_host(self, root: pathlib.Path) -> None:
        """Write the files of a host that has the devices.

        Each is one that can migrate, with everything in its class that the
        source knows, unless it is in ``never``.
        """
        raise NotImplementedError

    def use_host(self, root: pathlib.Path) -> None:
        """Change what changes in this family while guests come and go.

        What changes in any family is changed already.
        """

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve() / "host"
        self.root.mkdir()
        self.write_host(self.root)

    def look(self, root: pathlib.Path | None = None) -> looking.Look:
        """Look at the host with this source and no other."""
        return looking.Look(root or self.root, self.source())

    def answer(self, name: str) -> looking.Answer:
        """Return what the source says of a device now."""
        return self.look().answer(name)

    def classes(self) -> Iterator[tuple[str, device_class.DeviceClass]]:
        """Yield each device that has a class; the others are ``never``."""
        for name in self.devices:
            found = self.answer(name)
            expected = self.never.get(name)
            self.assertIs(expected, looking.reason(found), name)
            if isinstance(found, device_class.DeviceClass):
                yield name, found


def values(found: device_class.DeviceClass) -> dict[str, str]:
    """Everything of a class by the names that ``mandatory`` uses."""
    return {
        **(found.state or {}),
        **{f"exposed:{name}": text for name, text in found.exposed.items()},
    }
