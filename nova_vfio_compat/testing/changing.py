# SPDX-License-Identifier: Apache-2.0

"""Changing the files of a host: elsewhere, in use, broken."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import os
import pathlib
import re
import shutil

# The addresses of functions and of their root complexes.
_ADDRESS = re.compile(
    rb"(?<![0-9a-f])0000(?=[:][0-9a-f]{2}([:][0-9a-f]{2}[.][0-7]|$|/))"
)
_UUID = re.compile(
    rb"[0-9a-f]{8}(?=(-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE
)
#: the PCI domain of a host that was moved
DOMAIN = "0001"
#: with which the uuids of mdevs start on a host that was moved
UUID_START = "5eed5eed"


def moved_name(text: str) -> str:
    """Return the name of a device on a host that was moved."""
    return os.fsdecode(_moved(os.fsencode(text)))


def _moved(data: bytes) -> bytes:
    found = _ADDRESS.sub(DOMAIN.encode(), data)
    return _UUID.sub(UUID_START.encode(), found)


def move(source: pathlib.Path, target: pathlib.Path) -> None:
    """Write the same host with other PCI addresses and mdev uuids."""
    for folder, _, names in os.walk(source):
        here = pathlib.Path(folder)
        there = target / moved_name(str(here.relative_to(source)))
        there.mkdir(parents=True, exist_ok=True)
        for path in here.iterdir():
            place = there / moved_name(path.name)
            if path.is_symlink():
                link = moved_name(os.readlink(path))
                place.symlink_to(link)
            elif path.name in names:
                place.write_bytes(_moved(path.read_bytes()))


def everything(root: pathlib.Path) -> dict[str, tuple[object, ...]]:
    """Return all that a write to a host would change."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (root, *root.rglob("*")):
        info = path.lstat()
        target = os.readlink(path) if path.is_symlink() else ""
        found[str(path)] = (
            info.st_mode, info.st_ino, info.st_size, info.st_mtime_ns, target
        )
    return found


def use(root: pathlib.Path) -> None:
    """Change what changes on any host while guests come and go."""
    for path in root.rglob("available_instances"):
        _put(path, b"0\n")
    for path in root.rglob("numa_node"):
        _put(path, b"1\n")
    for name in ("enable", "irq"):
        for path in root.glob(f"sys/devices/**/{name}"):
            if not path.is_dir():
                _put(path, b"7\n")


def _missing(path: pathlib.Path) -> None:
    path.unlink()


def _unreadable(path: pathlib.Path) -> None:
    # A link to itself fails for root as well, unlike a mode.
    path.unlink()
    path.symlink_to(path.name)


def _folder(path: pathlib.Path) -> None:
    path.unlink()
    path.mkdir()


def _fifo(path: pathlib.Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _huge(path: pathlib.Path) -> None:
    _put(path, b"7" * 8192)
    os.truncate(path, 1 << 20)


def _holds(data: bytes) -> Callable[[pathlib.Path], None]:
    return lambda path: _put(path, data)


#: after these nothing of a file can be used
LOST: dict[str, Callable[[pathlib.Path], None]] = {
    "missing": _missing,
    "unreadable": _unreadable,
    "a directory": _folder,
    "a FIFO": _fifo,
    "bytes": _holds(b"\xff\x00\xfe\n"),
    "1 MiB": _huge,
}
#: and after these it says something else
WRONG: dict[str, Callable[[pathlib.Path], None]] = {
    "empty": _holds(b""),
    "a blank line": _holds(b" \n"),
    "a minus": _holds(b"-1\n"),
    "no number": _holds(b"0xyz\n"),
    "a huge number": _holds(b"9" * 4000 + b"\n"),
    "lines": _holds(b"a\n" * 2000),
    "braces": _holds(b"{x:any}\n"),
    "a quote": _holds(b'"\n'),
    "JSON": _holds(b"[[[[]]]]\n"),
    "deep JSON": _holds(b"[" * 4000),
    "XML": _holds(b"<a>\n"),
}


@contextlib.contextmanager
def changed(
    path: pathlib.Path, change: Callable[[pathlib.Path], None]
) -> Iterator[None]:
    """Change a file for a while."""
    data, mode = path.read_bytes(), path.stat().st_mode
    change(path)
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(data)
        path.chmod(mode)


def _put(path: pathlib.Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)
