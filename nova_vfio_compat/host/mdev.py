# SPDX-License-Identifier: Apache-2.0

"""Mediated devices, their types and parents as sysfs shows them.

Layout: drivers/vfio/mdev/mdev_sysfs.c and
Documentation/ABI/testing/sysfs-bus-vfio-mdev in the kernel's tree.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import names
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree

PARENTS = "sys/class/mdev_bus"
MDEVS = "sys/bus/mdev/devices"
_TYPES = "mdev_supported_types"


@dataclasses.dataclass(frozen=True, slots=True)
class MdevParent:
    """A device of which mdevs can be made.

    :ivar path: its directory below the root, without links
    :ivar name: libvirt's name: ``pci_0000_81_00_0``, ``mtty_mtty``
    :ivar address: as nova.conf writes it: a PCI address, or the name
    :ivar bound: the driver that is bound to it
    """

    path: str
    name: str
    address: str
    bound: str | None

    @property
    def sysname(self) -> str:
        """The kernel's name of it."""
        return self.path.rpartition("/")[2]


@dataclasses.dataclass(frozen=True, slots=True)
class MdevType:
    """A type of mdevs that a parent offers.

    :ivar id: ``nvidia-558``; the kernel makes it of the driver's name and
        the driver's own name of the type
    :ivar path: its directory below the root
    """

    tree: host_tree.HostTree = dataclasses.field(repr=False, compare=False)
    parent: MdevParent
    id: str
    path: str

    bus = "mdev"

    @property
    def driver(self) -> str:
        """The driver that makes mdevs of this type.

        A parent that is no device of a bus has no ``driver``; the kernel
        puts the driver's name before the type's (mdev_sysfs.c).
        """
        return self.parent.bound or self.id.partition("-")[0]


@dataclasses.dataclass(frozen=True, slots=True)
class Mdev:
    """An mdev that exists.

    :ivar path: its directory below the root, without links
    :ivar files: the names in that directory
    :ivar type: its type, None if that cannot be told
    :ivar parent: None if it cannot be told
    :ivar bound: the driver that is bound to it
    """

    tree: host_tree.HostTree = dataclasses.field(repr=False, compare=False)
    uuid: str
    path: str
    files: frozenset[str] = dataclasses.field(repr=False)
    type: MdevType | None
    parent: MdevParent | None
    bound: str | None

    bus = "mdev"

    @property
    def name(self) -> str:
        """libvirt's name."""
        parent = None if self.parent is None else self.parent.sysname
        return names.mdev(self.uuid, parent)


class Mediated:
    """Everything mediated on a host, found in whatever way it is shown.

    A kernel shows each mdev three times; a tree that somebody copied or
    wrote may have kept one.
    """

    def __init__(
        self,
        tree: host_tree.HostTree,
        functions: Mapping[str, pci.PciFunction],
        broken: list[errors.ReadError],
    ) -> None:
        """Look for parents, types and mdevs.

        :param broken: gets what cannot be listed
        """
        self._tree = tree
        self._broken = broken
        self._parents: dict[str, MdevParent] = {}
        self._places: dict[str, list[str]] = {}
        self._listed: dict[str, MdevType] = {}
        self._owner: dict[str, MdevParent] = {}
        for function in functions.values():
            if function.is_mdev_parent:
                self._add_parent(function.path)
        for name in self._list(PARENTS):
            path = self._real(f"{PARENTS}/{name}")
            if path is not None and self._list(f"{path}/{_TYPES}"):
                self._add_parent(path)
        self.types = {
            item.path: item
            for parent in self._parents.values()
            for item in self._types(parent)
        }
        self._find_mdevs()
        found = (self._mdev(uuid) for uuid in sorted(self._places))
        self.mdevs = [item for item in found if item is not None]

    def _list(self, path: str) -> list[str]:
        try:
            return self._tree.listdir(path)
        except errors.ReadError as error:
            self._broken.append(error)
            return []

    def _real(self, path: str) -> str | None:
        try:
            return self._tree.realpath(path)
        except errors.ReadError as error:
            self._broken.append(error)
            return None

    def _add_parent(self, path: str) -> MdevParent:
        name = names.mdev_parent(self._tree, path)
        sysname = path.rpartition("/")[2]
        is_pci = names.PCI_ADDRESS.fullmatch(sysname) is not None
        return self._parents.setdefault(
            name,
            MdevParent(
                path,
                name,
                sysname if is_pci else name,
                self._tree.link_name(f"{path}/driver"),
            ),
        )

    def _types(self, parent: MdevParent) -> list[MdevType]:
        folder = f"{parent.path}/{_TYPES}"
        return [
            MdevType(self._tree, parent, name, f"{folder}/{name}")
            for name in self._list(folder)
            if self._tree.is_dir(f"{folder}/{name}")
        ]

    def _find_mdevs(self) -> None:
        for parent in self._parents.values():
            for uuid in self._uuids(parent.path):
                self._owner.setdefault(uuid, parent)
        for uuid in self._uuids(MDEVS):
            path = self._places[uuid][-1]
            self._owner.setdefault(uuid, self._owner_of(path))
        for item in self.types.values():
            for uuid in self._uuids(f"{item.path}/devices"):
                self._listed[uuid] = item
                self._owner.setdefault(uuid, item.parent)

    def _uuids(self, folder: str) -> list[str]:
        found = []
        for name in self._list(folder):
            if not names.UUID.fullmatch(name):
                continue
            path = self._real(f"{folder}/{name}")
            if path is not None:
                self._places.setdefault(name, []).append(path)
                found.append(name)
        return found

    def _owner_of(self, path: str) -> MdevParent:
        """The parent of an mdev that only the bus shows."""
        type_path = self._real(f"{path}/mdev_type") or ""
        if type_path in self.types:
            return self.types[type_path].parent
        return self._add_parent(path.rpartition("/")[0])

    def _mdev(self, uuid: str) -> Mdev | None:
        places = [p for p in self._places[uuid] if self._tree.is_dir(p)]
        if not places:
            return None
        # In a tree that was written by hand the directories of one mdev
        # may be several; the one that declares something is the one.
        path = next(
            (p for p in places if self._tree.is_dir(f"{p}/migration")),
            places[0],
        )
        owner = self._owner.get(uuid)
        if owner is not None and owner.path == MDEVS:
            owner = None
        return Mdev(
            self._tree,
            uuid,
            path,
            frozenset(self._list(path)),
            self._type_of(uuid, places, owner),
            owner,
            self._tree.link_name(f"{path}/driver"),
        )

    def _type_of(
        self, uuid: str, places: list[str], owner: MdevParent | None
    ) -> MdevType | None:
        for place in places:
            type_id = self._tree.link_name(f"{place}/mdev_type")
            if type_id is None:
                continue
            path = self._real(f"{place}/mdev_type") or ""
            if path in self.types:
                return self.types[path]
            if owner is not None:
                return MdevType(
                    self._tree,
                    owner,
                    type_id,
                    f"{owner.path}/{_TYPES}/{type_id}",
                )
        return self._listed.get(uuid)
