# SPDX-License-Identifier: Apache-2.0
"""An initramfs: the "newc" format of cpio, compressed.

Source: Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import gzip
import pathlib

_DIRECTORY = 0o040000
_FILE = 0o100000


class Archive:
    """Collects files; folders are made as they are needed."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._folders: set[str] = set()

    def directory(self, name: str) -> None:
        """Add a folder and those above it."""
        above = name.rpartition("/")[0]
        if above:
            self.directory(above)
        if name not in self._folders:
            self._folders.add(name)
            self._add(name, _DIRECTORY | 0o755, b"")

    def file(
        self, name: str, source: pathlib.Path, mode: int = 0o644
    ) -> None:
        """Add a copy of a file."""
        self.content(name, source.read_bytes(), mode)

    def content(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Add a file with this content."""
        above = name.rpartition("/")[0]
        if above:
            self.directory(above)
        self._add(name, _FILE | mode, data)

    def write(self, target: pathlib.Path) -> None:
        """Write the archive; the kernel takes several, one after another."""
        parts = [*self._parts, _entry("TRAILER!!!", 0, 0, b"")]
        new = target.with_suffix(".new")
        with gzip.open(new, "wb", compresslevel=1) as out:
            out.writelines(parts)
        new.rename(target)

    def _add(self, name: str, mode: int, data: bytes) -> None:
        self._parts.append(_entry(name, mode, len(self._parts) + 1, data))


def _entry(name: str, mode: int, inode: int, data: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (
        inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + encoded) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
