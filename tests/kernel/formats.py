# SPDX-License-Identifier: Apache-2.0
"""Two trees, compared by form: names, links, modes, how values look."""

from __future__ import annotations

from collections.abc import Iterator
import os
import pathlib
import re

_FIXED_HEX = re.compile(r"(?<=0x)[0-9a-f]+")
_NUMBER = re.compile(r"-?[0-9]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PCI = re.compile(r"(pci)?[0-9a-f]{4}:[0-9a-f]{2}(:[0-9a-f]{2}\.[0-7])?")
# In a modalias every field has its width; wildcards are no part of it.
_UPPER_HEX = re.compile(r"[0-9A-F]")


def shape(name: str, text: str) -> str:
    """How a value looks: ``0x1b36`` and ``0x8086`` are of one shape."""
    if name == "modalias":
        return _UPPER_HEX.sub("F", text)
    if name == "sriov_vf_device":
        return re.sub("[0-9a-f]", "f", text)
    if "0x" in text:
        return _FIXED_HEX.sub(lambda match: "f" * len(match[0]), text)
    return _NUMBER.sub("9", _WORD.sub("w", text))


def differences(
    recorded: pathlib.Path, built: pathlib.Path
) -> Iterator[str]:
    """Say where the form of a directory differs from what was recorded.

    Only what both have is compared: a recording has what is read, and what
    hardware has differs.
    """
    for path in sorted(recorded.iterdir()):
        other = built / path.name
        if not os.path.lexists(other):
            continue
        kinds = _kind(path), _kind(other)
        if kinds[0] != kinds[1]:
            yield f"{path.name}: a {kinds[0]}, not a {kinds[1]}"
        elif kinds[0] == "link":
            yield from _links(path, other)
        elif kinds[0] == "file":
            yield from _files(path, other)


def _kind(path: pathlib.Path) -> str:
    if path.is_symlink():
        return "link"
    return "directory" if path.is_dir() else "file"


def _links(path: pathlib.Path, other: pathlib.Path) -> Iterator[str]:
    """A link of sysfs is the shortest relative one, to the same place."""
    target = os.readlink(other)
    shortest = os.path.relpath(
        os.path.join(other.parent, target), other.parent)
    if target != shortest:
        yield f"{path.name}: {target}, not {shortest}"
    # Which slot a device is in does not matter.
    homes = [
        _PCI.sub("*", re.sub(
            r"^(\.\./)+", "", os.path.dirname(os.readlink(one))))
        for one in (path, other)]
    if homes[0] != homes[1]:
        yield f"{path.name}: leads to {homes[0]}, not to {homes[1]}"


def _files(path: pathlib.Path, other: pathlib.Path) -> Iterator[str]:
    modes = [one.stat().st_mode & 0o777 for one in (path, other)]
    if modes[0] != modes[1]:
        yield f"{path.name}: mode {modes[0]:04o}, not {modes[1]:04o}"
    if not os.access(other, os.R_OK) or modes[0] == 0o200:
        return
    shapes = [shape(path.name, one.read_text()) for one in (path, other)]
    if shapes[0] != shapes[1] and path.name != "driver_override":
        yield f"{path.name}: like {path.read_text()!r}, not like " \
            f"{other.read_text()!r}"
