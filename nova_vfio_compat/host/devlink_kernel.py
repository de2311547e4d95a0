# SPDX-License-Identifier: Apache-2.0

"""Asking the running kernel what a device's driver tells over devlink.

One message over generic netlink, which needs no privilege
(Documentation/networking/devlink/devlink-info.rst; net/devlink/dev.c,
devlink_nl_info_fill). pyroute2 knows the protocol and has no request for
this one answer, so its messages are sent over a socket of our own, which
needs no event loop either.
"""

from __future__ import annotations

from collections.abc import Callable
import errno
import json
import os
import socket
import struct
from types import ModuleType
from typing import Any

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors

#: seconds until an answer counts as lost; what the kernel waits for before
#: it answers is not in them
TIMEOUT = 2.0

#: What is let out of an answer. The rest is left behind here already: it
#: has serial numbers, and a fact goes into snapshots.
VERSIONS = frozenset({"asic.id", "asic.rev", "fw", "fw.psid", "fw.version"})
_GROUPS = ("fixed", "running", "stored")

# include/uapi/linux/{netlink,genetlink}.h
_NETLINK_GENERIC = 16
_REQUEST = 1
_ERROR = 2
_CONTROL = 16
_GET_FAMILY = 3
_HEADER = struct.Struct("=IHHII")
_CODE = struct.Struct("=i")
_SEQUENCE = 1
_LONGEST = 1 << 16

# The kernel has no devlink, no such device, or a device that tells nothing.
_NOTHING = frozenset({errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP})

Connect = Callable[[], socket.socket]


def _connect() -> socket.socket:
    return socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC,
        _NETLINK_GENERIC,
    )


class Kernel:
    """Asks the kernel; may wait for as long as the kernel does.

    :param connect: makes the socket
    """

    def __init__(self, connect: Connect = _connect) -> None:
        self._connect = connect

    def read(self, path: str, name: str, _limit: int) -> bytes:
        """Return what :func:`devlink.ask` returns.

        :param path: how errors should call the device
        :param name: bus and device: ``pci/0000:81:00.0``
        :raises Missing: the kernel has nothing to tell
        :raises ReadError: it cannot be asked
        """
        bus, _, device = name.partition("/")
        try:
            # Only here: it takes longer to load than a scan takes.
            from pyroute2 import netlink
            from pyroute2.netlink import devlink as protocol
        except ImportError as error:
            raise _unasked(path, f"install pyroute2 ({error})") from None
        try:
            link = self._connect()
        except OSError as error:
            # What systemd's RestrictAddressFamilies= or seccomp answer.
            raise _unasked(
                path,
                f"no netlink socket ({os.strerror(error.errno or 0)}): let "
                "the service use AF_NETLINK",
            ) from None
        with link:
            try:
                link.settimeout(TIMEOUT)
                number = family(link, netlink, "devlink")
                request = protocol.devlinkcmd()
                request["cmd"] = protocol.DEVLINK_CMD_INFO_GET
                request["version"] = 1
                request["attrs"] = [
                    ("DEVLINK_ATTR_BUS_NAME", bus),
                    ("DEVLINK_ATTR_DEV_NAME", device),
                ]
                answer = protocol.devlinkcmd(_talk(link, request, number))
                answer.decode()
                return _told(answer).encode("ascii")
            except OSError as error:
                if error.errno in _NOTHING:
                    raise errors.Missing(
                        path, "the kernel tells nothing"
                    ) from None
                raise _unasked(
                    path, error.strerror or "no answer in time"
                ) from None


def _unasked(path: str, why: str) -> errors.ReadError:
    return errors.ReadError(
        path, codes.Code.UNREADABLE, f"devlink cannot be asked: {why}"
    )


def family(link: socket.socket, netlink: ModuleType, name: str) -> int:
    """Return the number that this kernel has given to a protocol.

    :param netlink: pyroute2's module
    :raises OSError: it does not have the protocol, or does not answer
    """
    request = netlink.ctrlmsg()
    request["cmd"] = _GET_FAMILY
    request["version"] = 1
    request["attrs"] = [("CTRL_ATTR_FAMILY_NAME", name)]
    answer = netlink.ctrlmsg(_talk(link, request, _CONTROL))
    answer.decode()
    number = answer.get_attr("CTRL_ATTR_FAMILY_ID")
    if not isinstance(number, int):
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    return number


def _talk(link: socket.socket, request: Any, kind: int) -> bytes:
    """Send one message and return the answer to it.

    :raises OSError: the kernel's error, or that of the socket
    """
    request["header"]["type"] = kind
    request["header"]["flags"] = _REQUEST
    request["header"]["sequence_number"] = _SEQUENCE
    request["header"]["pid"] = 0
    request.encode()
    link.send(request.data)
    data = link.recv(_LONGEST)
    if len(data) < _HEADER.size + _CODE.size:
        raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
    length, answered, _, _, _ = _HEADER.unpack_from(data)
    if answered == _ERROR:
        number = -_CODE.unpack_from(data, _HEADER.size)[0]
        raise OSError(number, os.strerror(number))
    return data[:length]


def _told(answer: Any) -> str:
    versions: dict[str, dict[str, str]] = {}
    for group in _GROUPS:
        attribute = f"DEVLINK_ATTR_INFO_VERSION_{group.upper()}"
        for item in answer.get_attrs(attribute):
            name = item.get_attr("DEVLINK_ATTR_INFO_VERSION_NAME")
            value = item.get_attr("DEVLINK_ATTR_INFO_VERSION_VALUE")
            if name in VERSIONS:
                versions.setdefault(group, {})[name] = value
    document = {
        "driver": answer.get_attr("DEVLINK_ATTR_INFO_DRIVER_NAME"),
        "versions": versions,
    }
    return json.dumps(document, sort_keys=True)
