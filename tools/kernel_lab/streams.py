# SPDX-License-Identifier: Apache-2.0
"""Damaged streams: the drivers must refuse them, and so say where.

Offsets are those of ``struct mtty_data`` (samples/vfio-mdev/mtty.c) and of
``struct lab_header`` (tests/kernel/module/lab.h).
"""

from __future__ import annotations

import dataclasses

from kernel_lab import verdicts

_HEADER = {"mtty-1": 24, "small-1": 56}
_FIELDS = {
    "mtty-1": {"magic": 0, "major": 8, "minor": 12, "ports": 16,
               "flags": 20},
    "small-1": {"magic": 0, "major": 8, "minor": 11, "aggregator": 12,
                "features": 17, "length": 20, "type": 24},
}


@dataclasses.dataclass(frozen=True, slots=True)
class Damaged:
    """A stream that no driver should load.

    :ivar chunk: how many bytes are written at a time
    """

    name: str
    target: str
    data: bytes
    chunk: int


def damage(saved: verdicts.Saved) -> list[Damaged]:
    """Damage the streams of a host, to be loaded by their own devices."""
    found = []
    for target, fields in _FIELDS.items():
        data = saved.streams[target]
        header = _HEADER[target]
        made = {
            f"{field}-flipped": _flip(data, offset)
            for field, offset in fields.items()}
        made["one-byte-less"] = data[:-1]
        made["header-only"] = data[:header]
        made["one-byte-more"] = data + b"\0"
        made["empty"] = b""
        found += [
            Damaged(f"{target}.{name}", target, damaged, header)
            for name, damaged in made.items()]
    return found


def _flip(data: bytes, offset: int) -> bytes:
    return data[:offset] + bytes((data[offset] ^ 0x40,)) + data[offset + 1:]
