# SPDX-License-Identifier: Apache-2.0

"""Where the files of a host are: what :mod:`tree` asks."""

from __future__ import annotations

import abc
import os
import stat

from nova_vfio_compat.host import deadline
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import files
from nova_vfio_compat.host import links
from nova_vfio_compat.host import live
from nova_vfio_compat.host import options

#: kinds of what a path leads to
DIRECTORY = "directory"
FILE = "file"
OTHER = "other"

#: bytes that a fact may have
FACT_LIMIT = 64 << 10


class Store(abc.ABC):
    """The files of one host.

    ``real`` is a path below the root, without a leading slash, of which no
    part is a link. ``path`` is how an error should call it.

    :ivar name: how the user has called the store
    :ivar options: what the store knows of the host's nova.conf
    """

    name: str
    options: options.DeviceOptions | None = None

    @abc.abstractmethod
    def check(self) -> None:
        """Make sure that this is a host's.

        :raises NotAHostTree: it is not; the text says what to do
        """

    @abc.abstractmethod
    def readlink(self, real: str) -> str | None:
        """Return a link's target seen from the root, None if no link."""

    @abc.abstractmethod
    def listdir(self, path: str, real: str) -> list[str]:
        """Return the names in a directory, sorted.

        :raises Missing: there is none
        :raises ReadError: it cannot be read
        """

    @abc.abstractmethod
    def read(
        self, path: str, real: str, limit: int, prefix: bytes = b""
    ) -> bytes:
        """Return what is in a regular file.

        :param prefix: if there is one, only the lines that start with it
        :raises Missing: it does not exist, or its device went away
        :raises ReadError: it cannot be read
        """

    @abc.abstractmethod
    def read_with_deadline(self, path: str, real: str, limit: int) -> bytes:
        """Return the same, in two seconds or never."""

    @abc.abstractmethod
    def fact(self, path: str, real: str, kind: str, name: str) -> bytes:
        """Return a fact that is not a file of a running host.

        :raises Missing: there is none
        :raises ReadError: it cannot be told
        """

    @abc.abstractmethod
    def kind(self, real: str) -> str | None:
        """Return what is there now, None if there is nothing."""


class DirectoryStore(Store):
    """A running host, or a directory that has the same files."""

    def __init__(
        self, root: str, slow: deadline.Deadline = deadline.KERNEL
    ) -> None:
        self.name = root
        self._real_root = os.path.realpath(root)
        self._slow = slow
        self._is_live: bool | None = None

    def check(self) -> None:
        """Make sure that there is a directory."""
        if not os.path.isdir(self.name):
            raise errors.NotAHostTree(
                f"{self.name} is not a directory and not a snapshot: give "
                "the root of a host's files, which has sys/ in it (the "
                "running host is /), or what snapshot create has written."
            )

    def readlink(self, real: str) -> str | None:
        """Ask the file system."""
        try:
            target = os.readlink(self._absolute(real))
        except (OSError, ValueError):
            # Not a link, or not there: who opens it will see.
            return None
        return links.below_root(target, (self.name, self._real_root))

    def listdir(self, path: str, real: str) -> list[str]:
        """Ask the file system."""
        try:
            return sorted(os.listdir(self._absolute(real)))
        except ValueError:
            raise errors.Missing(path) from None
        except OSError as error:
            raise files.unreadable(path, error) from None

    def read(
        self, path: str, real: str, limit: int, prefix: bytes = b""
    ) -> bytes:
        """Read the file."""
        data = files.read(path, self._absolute(real), limit)
        return files.with_prefix(data, prefix) if prefix else data

    def read_with_deadline(self, path: str, real: str, limit: int) -> bytes:
        """Read the file in a thread."""
        return self._slow.read(path, self._absolute(real), limit)

    def fact(self, path: str, real: str, kind: str, name: str) -> bytes:
        """Ask the kernel if these are its files, else read the file."""
        if self._is_live is None:
            self._is_live = live.is_running_kernel(self._real_root)
        if self._is_live:
            return live.ask(path, kind, name)
        return self.read(path, real, FACT_LIMIT)

    def kind(self, real: str) -> str | None:
        """Ask the file system."""
        try:
            mode = os.lstat(self._absolute(real)).st_mode
        except (OSError, ValueError):
            return None
        if stat.S_ISDIR(mode):
            return DIRECTORY
        return FILE if stat.S_ISREG(mode) else OTHER

    def _absolute(self, real: str) -> str:
        return os.path.join(self._real_root, real)
