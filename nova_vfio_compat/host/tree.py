# SPDX-License-Identifier: Apache-2.0

"""The files of a host below a root: the only way to them.

The root of a running host is ``/``; a snapshot and a test's directory are
the same thing. Links are followed here and not by the kernel, so that
nothing outside the root is ever read, whatever a tree holds.
"""

from __future__ import annotations

from collections.abc import Callable
import os
import stat
from typing import cast
from typing import TypeVar

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import files
from nova_vfio_compat.host import links

#: A sysfs attribute is at most one page.
ATTRIBUTE_LIMIT = 4096

_T = TypeVar("_T")


class HostTree:
    """A host's files below ``root``.

    Paths are relative to the root, without a leading slash:
    ``sys/bus/pci/devices``. Every method follows links inside the tree;
    an absolute link starts again at the root.

    :param root: a directory that has ``sys/``
    :param opened: called with the real path, below the root, of every
        file that is opened: for a snapshot, or to count
    """

    def __init__(
        self,
        root: str | os.PathLike[str] = "/",
        opened: Callable[[str], None] | None = None,
    ) -> None:
        self.root = os.path.abspath(os.fspath(root))
        self._real_root = os.path.realpath(self.root)
        self.opened = opened
        # None: every answer is a fresh one.
        self._memory: dict[tuple[str, object], object] | None = None

    def check(self) -> None:
        """Make sure that the root holds a host.

        :raises NotAHostTree: it does not; the text says what to do
        """
        if not os.path.isdir(self.root):
            raise errors.NotAHostTree(
                f"{self.root} is not a directory: give the root of a "
                "host's files, which has sys/ in it (the running host "
                "is /)."
            )
        if not self.is_dir("sys"):
            raise errors.NotAHostTree(
                f"{self.root} has no sys/ directory: give the root of a "
                "host's files, not one of its parts (the running host "
                "is /)."
            )

    def once(self) -> HostTree:
        """Return a view that remembers every answer.

        For one scan: it opens no file twice and sees one state of each.
        """
        view = HostTree(self.root, self.opened)
        view._memory = {}
        return view

    def read(self, path: str, limit: int = ATTRIBUTE_LIMIT) -> str:
        """Return the text of a file, without newlines at its end.

        :param limit: bytes that the file may have
        :raises Missing: it does not exist, or its device went away
        :raises ReadError: it cannot be read, is no regular file, is too
            long, or is not ASCII text
        """
        return self._remembered(
            ("read", path), lambda: files.text(path, self._bytes(path, limit))
        )

    def read_optional(
        self, path: str, limit: int = ATTRIBUTE_LIMIT
    ) -> str | None:
        """Return the same as :meth:`read`, or None if there is no file."""
        try:
            return self.read(path, limit)
        except errors.Missing:
            return None

    def lines(
        self, path: str, limit: int, prefix: bytes = b""
    ) -> list[str]:
        """Return the lines of a long file that start with ``prefix``.

        Lines that are not ASCII are left out: ``modules.alias`` may have
        some that are nobody's business here.

        :raises ReadError: as :meth:`read`
        """
        return [
            line.decode("ascii")
            for line in self._bytes(path, limit).split(b"\n")
            if line.startswith(prefix) and line.isascii()
        ]

    def listdir(self, path: str) -> list[str]:
        """Return the names in a directory, sorted; [] if there is none.

        :raises ReadError: it exists and cannot be read
        """
        return self._remembered(("listdir", path), lambda: self._list(path))

    def exists(self, path: str) -> bool:
        """Whether the path leads to anything, as of now."""
        return self._stat(path) is not None

    def is_dir(self, path: str) -> bool:
        """Whether the path leads to a directory, as of now."""
        found = self._stat(path)
        return found is not None and stat.S_ISDIR(found.st_mode)

    def link_name(self, path: str) -> str | None:
        """Return the last part of a link's target; None if no link."""
        try:
            head, _, tail = path.rpartition("/")
            target = self._link(f"{self.realpath(head)}/{tail}".lstrip("/"))
        except errors.ReadError:
            return None
        if target is None:
            return None
        return target.rstrip("/").rpartition("/")[2] or None

    def realpath(self, path: str) -> str:
        """Return the path, below the root, without any link in it.

        What does not exist is left as it is.

        :raises ReadError: a link leads out of the tree, or round in circles
        """
        return self._remembered(
            ("realpath", path), lambda: self._resolve(path)
        )

    def _remembered(
        self, key: tuple[str, object], ask: Callable[[], _T]
    ) -> _T:
        memory = self._memory
        if memory is None:
            return ask()
        if key not in memory:
            try:
                memory[key] = ask()
            except errors.ReadError as error:
                memory[key] = error
        answer = memory[key]
        if isinstance(answer, errors.ReadError):
            raise answer.with_traceback(None)
        return cast(_T, answer)

    def _resolve(self, path: str) -> str:
        return links.resolve(path, self._link, (self.root, self._real_root))

    def _link(self, real: str) -> str | None:
        """The target of a link whose directory has no links in its path."""
        return self._remembered(("link", real), lambda: self._readlink(real))

    def _readlink(self, real: str) -> str | None:
        try:
            return os.readlink(self._absolute(real))
        except (OSError, ValueError):
            # Not a link, or not there: who opens it will see.
            return None

    def _absolute(self, real: str) -> str:
        return os.path.join(self._real_root, real)

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            return os.lstat(self._absolute(self._resolve(path)))
        except (OSError, ValueError, errors.ReadError):
            return None

    def _list(self, path: str) -> list[str]:
        real = self.realpath(path)
        try:
            return sorted(os.listdir(self._absolute(real)))
        except OSError as error:
            found = files.unreadable(path, error)
            if isinstance(found, errors.Missing):
                return []
            raise found from None

    def _bytes(self, path: str, limit: int) -> bytes:
        real = self.realpath(path)
        data = files.read(path, self._absolute(real), limit)
        if self.opened is not None:
            self.opened(real)
        return data
