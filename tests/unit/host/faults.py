# SPDX-License-Identifier: Apache-2.0

"""What may be where a file of a host should be."""

from __future__ import annotations

from collections.abc import Callable
import errno
import os
import pathlib
import socket
import stat

from nova_vfio_compat.host import files
from nova_vfio_compat.host import store as store_


class Failing(store_.DirectoryStore):
    """A host where the kernel answers some reads with an error.

    No file system that is at hand does so, and root may read everything.
    """

    def __init__(self, root: str, real: str, number: int) -> None:
        super().__init__(root)
        self._broken = (real, number)

    def read(
        self, path: str, real: str, limit: int, prefix: bytes = b""
    ) -> bytes:
        broken, number = self._broken
        if real == broken:
            raise files.unreadable(path, OSError(number, "x"))
        return super().read(path, real, limit, prefix)

    def listdir(self, path: str, real: str) -> list[str]:
        broken, number = self._broken
        if real == broken:
            raise files.unreadable(path, OSError(number, "x"))
        return super().listdir(path, real)


def _loop(path: pathlib.Path) -> None:
    path.symlink_to(path.name)


def _socket(path: pathlib.Path) -> None:
    here = os.getcwd()
    # The name of a socket is a hundred bytes at most.
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as found:
            found.bind(path.name)
    finally:
        os.chdir(here)


def _device_node(path: pathlib.Path) -> None:
    if os.geteuid() == 0:
        # Reads of it never end.
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    else:
        os.mkfifo(path)


FAULTS: dict[str, Callable[[pathlib.Path], object]] = {
    "missing": lambda path: None,
    "dangling link": lambda path: path.symlink_to("none"),
    "link loop": _loop,
    "link that leaves": lambda path: path.symlink_to("../" * 40 + "etc/hosts"),
    "absolute link": lambda path: path.symlink_to("/etc/hostname"),
    "fifo": os.mkfifo,
    "socket": _socket,
    "device node": _device_node,
    "directory": pathlib.Path.mkdir,
    "1 MiB": lambda path: path.write_bytes(b"1" * (1 << 20)),
    "empty": lambda path: path.write_bytes(b""),
    "no UTF-8": lambda path: path.write_bytes(b"0x15\xff\xfe\n"),
    "UTF-8": lambda path: path.write_bytes("0x15b\u0663\n".encode()),
    "NUL": lambda path: path.write_bytes(b"0x15b3\0\n"),
    "control characters": lambda path: path.write_bytes(b"\x1b[2J\n"),
}
ERRORS = (
    errno.EIO, errno.EACCES, errno.EPERM, errno.ENODEV, errno.ENXIO,
    errno.ENOENT, errno.ETIMEDOUT, errno.EOPNOTSUPP, errno.EINVAL,
)
