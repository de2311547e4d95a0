# SPDX-License-Identifier: Apache-2.0

"""Device names as libvirt's node device driver makes them.

Nova's resource providers carry them, so they are the names that a report
is read by (libvirt: src/node_device/node_device_udev.c).
"""

from __future__ import annotations

import re

from nova_vfio_compat.host import tree as host_tree

PCI_ADDRESS = re.compile(
    r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"
)
#: the functions that Nova knows (nova/pci/utils.py, parse_address): those in
#: a domain of 16 bits
NOVA_ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_SUBCHANNEL = re.compile(r"[0-9a-f]{1,2}\.[0-9a-f]\.[0-9a-f]{4}")


def pci(address: str) -> str:
    """``0000:81:00.2`` is ``pci_0000_81_00_2``."""
    return f"pci_{_plain(address)}"


def mdev(uuid: str, parent: str | None) -> str:
    """Name an mdev after its uuid and the kernel's name of its parent.

    libvirt 7.7 added the parent: one uuid may be defined for several.
    """
    name = f"mdev_{_plain(uuid)}"
    return name if parent is None else f"{name}_{_plain(parent)}"


def mdev_parent(tree: host_tree.HostTree, path: str) -> str:
    """Name the parent of mdevs: ``pci_0000_81_00_0``, ``mtty_mtty``.

    :param path: its directory, without links
    """
    home, _, name = path.rpartition("/")
    if PCI_ADDRESS.fullmatch(name):
        return pci(name)
    if _SUBCHANNEL.fullmatch(name):
        return f"css_{_plain(name)}"
    if path.endswith("vfio_ap/matrix"):
        return "ap_matrix"
    subsystem = tree.link_name(f"{path}/subsystem")
    if subsystem is None:
        # /sys/devices/virtual/<subsystem>/<name>, or all there is.
        virtual = home.rpartition("/")
        subsystem = virtual[2] if "virtual/" in home else name
    return f"{_plain(subsystem)}_{_plain(name)}"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", text)
