# SPDX-License-Identifier: Apache-2.0

"""What the InfiniBand devices of an mlx5 function show.

``infiniband/mlx5_0/`` below the function, if mlx5_ib is loaded: ``fw_ver``,
``board_id`` (the PSID) and the link layer of each port
(drivers/infiniband/hw/mlx5/main.c, drivers/infiniband/core/sysfs.c).
"""

from __future__ import annotations

import re

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree

ETHERNET = "Ethernet"
INFINIBAND = "InfiniBand"

# include/uapi/linux/if_arp.h, ARPHRD_ETHER
_ETHERNET_TYPE = "1"

_LINK_LAYERS = (ETHERNET, INFINIBAND)
# What a value looks like, how far a wrong one does, and in words.
_SHAPES = {
    "fw_ver": (
        r"[0-9]{1,5}(\.[0-9]{1,5}){2}",
        r"([0-9]{1,5}\.?){0,3}",
        "a firmware version such as 28.43.1000",
    ),
    "board_id": (
        r"[A-Za-z0-9_.-]{1,32}",
        r"[A-Za-z0-9_.-]{0,32}",
        "a PSID such as MT_0000000838",
    ),
    "link_layer": ("|".join((*_LINK_LAYERS, "Unknown")), "", "a link layer"),
}


def folder(pf: pci.PciFunction) -> str:
    """Return the directory of a function's InfiniBand devices."""
    return f"{pf.path}/infiniband"


def value(
    tree: host_tree.HostTree, pf: pci.PciFunction, attribute: str
) -> str:
    """Return the value that all InfiniBand devices of a PF agree on.

    :param attribute: ``fw_ver`` or ``board_id``
    :raises ReadError: it cannot be read or understood
    :raises DescribeError: there is none, or they do not agree
    """
    home = folder(pf)
    values = {}
    for name in tree.listdir(home):
        path = f"{home}/{name}/{attribute}"
        values[shaped(path, tree.read(path), attribute)] = name
    if len(values) == 1:
        return next(iter(values))
    told = ", ".join(f"{name}: {text}" for text, name in values.items())
    raise errors.DescribeError(
        home,
        codes.Code.FIRMWARE_UNREADABLE,
        f"has devices that differ in {attribute} ({told})" if told
        else f"has no device with {attribute}",
    )


def shaped(path: str, text: str, attribute: str) -> str:
    """Return a text that is a value of an attribute.

    :param path: where it is from, which may be somewhere else
    :raises ReadError: it is none; the detail shows the place
    """
    whole, beginning, what = _SHAPES[attribute]
    if not re.fullmatch(whole, text):
        good = re.match(beginning, text)
        raise errors.malformed(
            path,
            compat_errors.ParseError(
                f"expected {what}", text, good.end() if good else 0
            ),
        )
    return text


def link_layer(
    tree: host_tree.HostTree, pf: pci.PciFunction
) -> str | None:
    """Return the link layer of a function, None if it cannot be told.

    An Ethernet interface of the function is proof as well.
    """
    return _of_ports(tree, pf) or _of_interfaces(tree, pf)


def _of_ports(
    tree: host_tree.HostTree, pf: pci.PciFunction
) -> str | None:
    """The link layer of the InfiniBand device; all ports have the same.

    In switchdev mode each VF has a port, so only one is looked at
    (mlx5_ib_port_link_layer does not look at the port either).
    """
    for name in tree.listdir(folder(pf)):
        ports = f"{folder(pf)}/{name}/ports"
        for port in tree.listdir(ports)[:1]:
            path = f"{ports}/{port}/link_layer"
            text = tree.read_optional(path)
            if text is not None and (
                shaped(path, text, "link_layer") in _LINK_LAYERS
            ):
                return text
    return None


def _of_interfaces(
    tree: host_tree.HostTree, pf: pci.PciFunction
) -> str | None:
    """Ethernet if the function has a network interface that is."""
    net = f"{pf.path}/net"
    for name in tree.listdir(net):
        if tree.read_optional(f"{net}/{name}/type") == _ETHERNET_TYPE:
            return ETHERNET
    return None
