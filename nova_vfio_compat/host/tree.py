# SPDX-License-Identifier: Apache-2.0

"""The files of a host below a root: the only way to them.

The root of a running host is ``/``; a snapshot and a test's directory are
the same thing. Links are followed here and not by the kernel, so that
nothing outside the root is ever read, whatever a tree holds.
"""

from __future__ import annotations

from collections.abc import Callable
import os
from typing import TypeVar

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import files
from nova_vfio_compat.host import links
from nova_vfio_compat.host import memory
from nova_vfio_compat.host import options
from nova_vfio_compat.host import snapshot
from nova_vfio_compat.host import store as store_

#: A sysfs attribute is at most one page.
ATTRIBUTE_LIMIT = 4096

_T = TypeVar("_T")


class HostTree:
    """A host's files below ``root``.

    Paths are relative to the root: ``sys/bus/pci/devices``. Every method
    follows links inside the tree; an absolute one starts at the root again.

    :param root: a directory that has ``sys/``, or a snapshot
    :param opened: called with the real path, below the root, of every
        file that is opened: to count
    :param store: instead of what is at ``root``
    :raises NotAHostTree: ``root`` is a file and no good snapshot
    """

    def __init__(
        self,
        root: str | os.PathLike[str] = "/",
        opened: Callable[[str], None] | None = None,
        store: store_.Store | None = None,
    ) -> None:
        self.root = os.path.abspath(os.fspath(root))
        self.opened = opened
        self.store = store or snapshot.open_store(self.root)
        # None: every answer is a fresh one.
        self._memory: memory.Memory | None = None

    @property
    def options(self) -> options.DeviceOptions | None:
        """What a snapshot knows of the host's nova.conf."""
        return self.store.options

    def check(self) -> None:
        """Make sure that the root holds a host.

        :raises NotAHostTree: it does not; the text says what to do
        """
        self.store.check()
        if not self.is_dir("sys"):
            raise errors.no_sys(self.root)

    def once(self) -> HostTree:
        """Return a view that remembers every answer.

        For one scan: it opens no file twice and sees one state of each.
        """
        view = HostTree(self.root, self.opened, self.store)
        view._memory = memory.Memory()
        return view

    def files(self) -> dict[str, str | errors.ReadError]:
        """Return the text of every file that this view has read so far.

        Or the error; facts are ``facts/<kind>/<name>``.
        """
        return {} if self._memory is None else self._memory.files()

    def read(self, path: str, limit: int = ATTRIBUTE_LIMIT) -> str:
        """Return the text of a file, without newlines at its end.

        :param limit: bytes that the file may have
        :raises Missing: it does not exist, or its device went away
        :raises ReadError: it cannot be read, is no regular file, is too
            long, or is not ASCII text
        """
        if self._memory is not None:
            # Most files are asked for again and again.
            known = self._memory.text(path)
            if known is not None:
                return known
        return self._text(
            path, lambda real: self.store.read(path, real, limit)
        )

    def read_bytes(self, path: str, limit: int) -> bytes:
        """Return what is in a file that need not be ASCII text.

        :raises ReadError: as :meth:`read`, whatever the bytes are
        """
        return self._remembered(
            memory.BYTES, path,
            lambda: self._bytes(
                path, lambda real: self.store.read(path, real, limit)
            ),
        )

    def read_with_deadline(self, path: str) -> str:
        """Return the text of an attribute whose read takes a lock.

        Such as ``sriov_numvfs`` and ``sriov_vf_total_msix``. Waits two
        seconds at most, and not again for a file whose read hangs still.

        :raises ReadError: UNREADABLE if there is no answer in time;
            otherwise as :meth:`read`
        """
        return self._text(
            path,
            lambda real: self.store.read_with_deadline(
                path, real, ATTRIBUTE_LIMIT
            ),
        )

    def fact(self, kind: str, name: str) -> str | None:
        """Return something that a host says and that is in no file.

        A running host's kernel is asked; in any other tree it is the file
        ``facts/<kind>/<name>``.

        :param kind: ``devlink``: JSON text of what the driver says of a
            device such as ``pci/0000:81:00.0``; see :mod:`live`
        :returns: None if there is no such fact
        :raises ReadError: the kernel cannot be asked, or the file not read
        """
        path = f"facts/{kind}/{name}"
        try:
            return self._text(
                path, lambda real: self.store.fact(path, real, kind, name)
            )
        except errors.Missing:
            return None

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

        Those that are not ASCII are left out.

        :raises ReadError: as :meth:`read`
        """
        def ask() -> list[str]:
            data = self._bytes(
                path, lambda real: self.store.read(path, real, limit, prefix)
            )
            return [
                line.decode("ascii") for line in data.split(b"\n")
                if line.lstrip().startswith(prefix) and line.isascii()
            ]

        return self._remembered(memory.LINES, path, ask)

    def listdir(self, path: str) -> list[str]:
        """Return the names in a directory, sorted; [] if there is none.

        :raises ReadError: it exists and cannot be read
        """
        return self._remembered("listdir", path, lambda: self._list(path))

    def exists(self, path: str) -> bool:
        """Whether the path leads to anything, as of now."""
        return self._kind(path) is not None

    def is_dir(self, path: str) -> bool:
        """Whether the path leads to a directory, as of now."""
        return self._kind(path) == store_.DIRECTORY

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
            "realpath", path, lambda: self._resolve(path)
        )

    def _remembered(
        self, kind: str, path: str, ask: Callable[[], _T]
    ) -> _T:
        if self._memory is None:
            return ask()
        return self._memory.ask(kind, path, ask)

    def _resolve(self, path: str) -> str:
        """Resolve a path, from what is known of its directory."""
        head, _, name = path.rpartition("/")
        if head and name not in ("", ".", ".."):
            try:
                real = f"{self.realpath(head)}/{name}".lstrip("/")
            except errors.ReadError:
                # Say it of the path that was asked for.
                return links.resolve(path, self._link)
            if self._link(real) is None:
                return real
        return links.resolve(path, self._link)

    def _link(self, real: str) -> str | None:
        """The target of a link whose directory has no links in its path."""
        return self._remembered(
            "link", real, lambda: self.store.readlink(real)
        )

    def _kind(self, path: str) -> str | None:
        try:
            # What is there now, and not when the scan began.
            return self.store.kind(links.resolve(path, self._link))
        except errors.ReadError:
            return None

    def _list(self, path: str) -> list[str]:
        real = self.realpath(path)
        try:
            return self.store.listdir(path, real)
        except errors.Missing:
            return []

    def _text(self, path: str, ask: Callable[[str], bytes]) -> str:
        return self._remembered(
            memory.TEXT,
            path,
            lambda: files.text(path, self._bytes(path, ask)),
        )

    def _bytes(self, path: str, ask: Callable[[str], bytes]) -> bytes:
        real = self.realpath(path)
        data = ask(real)
        if self.opened is not None:
            self.opened(real)
        return data

