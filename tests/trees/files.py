# SPDX-License-Identifier: Apache-2.0
"""Writing single files and links of a tree."""

from __future__ import annotations

import os
import pathlib


def write(path: pathlib.Path, value: str | bytes, mode: int = 0o444) -> None:
    """Write one attribute: text gets the newline that sysfs_emit adds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.exists():
        path.unlink()
    path.write_bytes(
        value if isinstance(value, bytes) else (value + "\n").encode())
    path.chmod(mode)


def link(path: pathlib.Path, target: pathlib.Path) -> None:
    """Make a relative link, as sysfs does; an old one is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.symlink_to(os.path.relpath(target, path.parent))


def break_file(path: pathlib.Path) -> None:
    """Make a file whose reading fails (ELOOP), for root as well.

    File modes do not stop root, who may well run the tests, and a regular
    file cannot answer EIO.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.exists():
        path.unlink()
    path.symlink_to(path.name)
