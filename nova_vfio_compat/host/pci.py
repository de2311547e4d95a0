# SPDX-License-Identifier: Apache-2.0

"""PCI functions as sysfs shows them."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import re

from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import names
from nova_vfio_compat.host import resource
from nova_vfio_compat.host import tree as host_tree

DEVICES = "sys/bus/pci/devices"
_VIRTFN = re.compile(r"virtfn[0-9]+")

# What QEMU itself compares for every vfio-pci device (hw/pci/pci.c,
# pci_init_cmask), with the number of hexadecimal digits that the kernel
# prints (drivers/pci/pci-sysfs.c).
_EXPOSED = {"vendor": 4, "device": 4, "revision": 2, "class": 6}
_HEXADECIMAL = {
    digits: re.compile(rf"(?:0x)?([0-9a-fA-F]{{{digits}}})")
    for digits in (2, 4, 6)
}


@dataclasses.dataclass(frozen=True, slots=True)
class PciFunction:
    """One PCI function.

    Nothing but its directory and links has been read; attributes are read
    when they are asked for.

    :ivar address: ``0000:81:00.2``
    :ivar path: its directory below the root, without links
    :ivar files: the names in that directory
    :ivar pf: the address of the physical function of a VF, None if this is
        no VF, "" if it is one whose PF cannot be told
    :ivar bound: the driver that is bound now
    """

    tree: host_tree.HostTree = dataclasses.field(repr=False, compare=False)
    address: str
    path: str
    files: frozenset[str] = dataclasses.field(repr=False)
    pf: str | None
    bound: str | None

    #: what a guest gets it from
    bus = "pci"

    @property
    def name(self) -> str:
        """libvirt's name."""
        return names.pci(self.address)

    @property
    def is_vf(self) -> bool:
        """Whether it is a virtual function."""
        return self.pf is not None

    @property
    def has_vfs(self) -> bool:
        """Whether it is a physical function whose VFs exist.

        Counted by their links: a read of ``sriov_numvfs`` waits for the
        device's lock.
        """
        return any(
            name.startswith("virtfn") and _VIRTFN.fullmatch(name)
            for name in self.files
        )

    @property
    def is_mdev_parent(self) -> bool:
        """Whether mdevs can be made of it."""
        return "mdev_supported_types" in self.files

    def hexadecimal(self, name: str, digits: int) -> str:
        """Return an attribute such as ``vendor`` in lower case without 0x.

        :raises Missing: there is no such file
        :raises ReadError: it cannot be read or is no such number
        """
        path = f"{self.path}/{name}"
        text = self.tree.read(path)
        match = _HEXADECIMAL[digits].fullmatch(text)
        if match is None:
            raise errors.malformed(
                path,
                compat_errors.ParseError(
                    f"expected {digits} hexadecimal digits",
                    text,
                    _first_bad(text),
                ),
            )
        return match.group(1).lower()

    def identity(self, name: str) -> str | None:
        """Return ``vendor`` or ``device``, None if it cannot be told."""
        try:
            return self.hexadecimal(name, 4)
        except errors.ReadError:
            return None

    def exposed(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return what a guest sees of the function.

        :returns: attributes that must be equal on both sides, and the
            names of those that should be there and are not
        :raises ReadError: one cannot be read or understood
        """
        values = {}
        missing = []
        for name, digits in _EXPOSED.items():
            try:
                values[name] = self.hexadecimal(name, digits)
            except errors.Missing:
                missing.append(f"exposed:{name}")
        path = f"{self.path}/resource"
        text = self.tree.read_optional(path)
        if text is None:
            missing.append("exposed:bars")
        else:
            try:
                values["bars"] = resource.bars(text)
            except compat_errors.ParseError as error:
                raise errors.malformed(path, error) from None
        return values, tuple(missing)


def functions(
    tree: host_tree.HostTree, broken: list[errors.ReadError]
) -> dict[str, PciFunction]:
    """Find every PCI function, by address.

    :param broken: gets what cannot be listed
    """
    found = {}
    try:
        addresses = tree.listdir(DEVICES)
    except errors.ReadError as error:
        broken.append(error)
        return {}
    for address in addresses:
        if not names.PCI_ADDRESS.fullmatch(address):
            continue
        try:
            path = tree.realpath(f"{DEVICES}/{address}")
            files = frozenset(tree.listdir(path))
        except errors.ReadError as error:
            broken.append(error)
            continue
        # A dangling link: the function went away.
        if files:
            found[address] = (path, files)
    pfs = _pfs(tree, found)
    return {
        address: PciFunction(
            tree,
            address,
            path,
            files,
            pfs.get(address),
            tree.link_name(f"{path}/driver"),
        )
        for address, (path, files) in found.items()
    }


def lost_vfs(
    tree: host_tree.HostTree, found: Mapping[str, PciFunction]
) -> list[tuple[str, PciFunction]]:
    """The VFs that a PF names and that cannot be looked at.

    :param found: what :func:`functions` has found
    :returns: the address of each VF, with its PF
    """
    lost = []
    for pf in found.values():
        for name in sorted(filter(_VIRTFN.fullmatch, pf.files)):
            path = f"{pf.path}/{name}"
            vf = tree.link_name(path) or ""
            if vf in found or not names.PCI_ADDRESS.fullmatch(vf):
                continue
            places = (path, f"{DEVICES}/{vf}")
            if not all(_is_gone(tree, place) for place in places):
                lost.append((vf, pf))
    return lost


def _is_gone(tree: host_tree.HostTree, path: str) -> bool:
    try:
        return not tree.exists(tree.realpath(path))
    except errors.ReadError:
        return False


def _pfs(
    tree: host_tree.HostTree,
    found: Mapping[str, tuple[str, frozenset[str]]],
) -> dict[str, str]:
    """The PF of each VF: by the VF's own link, else by the PF's."""
    pfs = {}
    for address, (path, files) in found.items():
        for name in files:
            if not (name.startswith("virtfn") and _VIRTFN.fullmatch(name)):
                continue
            vf = tree.link_name(f"{path}/{name}")
            if vf is not None:
                pfs[vf] = address
    for address, (path, files) in found.items():
        if "physfn" in files:
            pf = tree.link_name(f"{path}/physfn") or ""
            if names.PCI_ADDRESS.fullmatch(pf) or address not in pfs:
                pfs[address] = pf
    return pfs


def _first_bad(text: str) -> int:
    start = 2 if text.startswith("0x") else 0
    for position in range(start, len(text)):
        if text[position] not in "0123456789abcdefABCDEF":
            return position
    return len(text)
