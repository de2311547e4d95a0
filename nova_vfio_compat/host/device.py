# SPDX-License-Identifier: Apache-2.0

"""What a scan finds: devices, each with its possible classes."""

from __future__ import annotations

import dataclasses

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import errors

VF = "vf"
PF = "pf"
PCI = "pci"
MDEV = "mdev"
MDEV_TYPE = "mdev-type"


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read or understood.

    :ivar path: the file or directory, below the root
    :ivar code: what kind of problem
    :ivar detail: in words, with the place in the text; may have several
        lines
    :ivar brief: the same in one line
    """

    path: str
    code: codes.Code
    detail: str
    brief: str = ""

    @classmethod
    def of(cls, error: errors.DescribeError) -> Problem:
        """Return the problem that an error tells of."""
        return cls(error.path, error.code, error.detail, error.brief)

    @property
    def line(self) -> str:
        """Path and problem in one line."""
        return f"{self.path}: {self.brief or ' '.join(self.detail.split())}"


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """A device that a guest may get, or the type of mdevs to be made.

    :ivar name: libvirt's name, ``pci_0000_81_00_2``, ``mtty_mtty``; a type
        has the name of its parent
    :ivar kind: ``vf``, ``pf``, ``pci``, ``mdev`` or ``mdev-type``
    :ivar parent: libvirt's name of a VF's PF or of an mdev's parent
    :ivar driver: the driver under which a guest gets it
    :ivar bound: the driver that is bound now
    :ivar type: the id of an mdev's type
    :ivar classes: the classes that it may be of: one, except for a type
        whose existing mdevs differ; none for a PF that has VFs, and for a
        VF that cannot be looked at
    :ivar offered: whether Nova can hand it out
    :ivar problems: what was wrong with its files
    """

    name: str
    kind: str
    parent: str | None
    driver: str | None
    bound: str | None
    type: str | None
    classes: tuple[device_class.DeviceClass, ...]
    offered: bool
    problems: tuple[Problem, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class HostScan:
    """What one look at a host has found.

    :ivar devices: sorted by name, then type
    :ivar problems: those that are not of one device
    :ivar unlisted: the directories that are to list devices, are there and
        cannot be read: devices may be missing
    """

    devices: tuple[Device, ...]
    problems: tuple[Problem, ...] = ()
    unlisted: tuple[str, ...] = ()

    def problem_lines(self) -> list[str]:
        """What was wrong on the host, a line for each thing to mend.

        A file of a PF that cannot be read costs each of its VFs its class,
        and a driver writes all its files alike: what is the same for many
        devices is one line, with the first of them and how many more.
        """
        alike: dict[object, list[tuple[Device, Problem]]] = {}
        for item in self.devices:
            for problem in item.problems:
                key = (
                    problem.path.rpartition("/")[2],
                    problem.code,
                    problem.detail,
                    item.kind,
                    item.parent if item.kind == VF else None,
                )
                alike.setdefault(key, []).append((item, problem))
        lines = [problem.line for problem in self.problems]
        for (item, problem), *others in alike.values():
            more = f" and {len(others)} more" if others else ""
            lines.append(f"{item.name}{more}: {problem.line}")
        return lines
