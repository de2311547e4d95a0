# SPDX-License-Identifier: Apache-2.0

"""BARs of a PCI function from its ``resource`` file."""

from __future__ import annotations

import re

from nova_vfio_compat.compat import errors

#: Standard BARs; what follows is the ROM and a PF's BARs for its VFs.
_BARS = 6
_LINE = re.compile(r"0x([0-9a-f]{1,16}) 0x([0-9a-f]{1,16}) 0x([0-9a-f]{1,16})")

# include/linux/ioport.h
_IO = 0x00000100
_MEMORY = 0x00000200
_PREFETCH = 0x00002000
_MEMORY_64 = 0x00100000


def bars(text: str) -> str:
    """Return number, kind and size of each BAR: ``0:mem64pref:0x100000``.

    In one text, because a BAR that one of two functions lacks is as much of
    a difference as one of another size; ``none`` if there is none. Where a
    BAR lies is the host's business; how large it is and of which kind, a
    guest sees. QEMU completes a migration onto a BAR of another size
    without a word.

    :param text: ``start end flags`` per line (drivers/pci/pci-sysfs.c,
        resource_show)
    :raises ParseError: a line is anything else
    """
    found = []
    position = 0
    for index, line in enumerate(text.split("\n")[:_BARS]):
        match = _LINE.fullmatch(line)
        if match is None:
            raise errors.ParseError(
                "expected start, end and flags in hexadecimal",
                text,
                position,
            )
        start, end, flags = (int(part, 16) for part in match.groups())
        kind = _kind(flags)
        if kind and end > start:
            found.append(f"{index}:{kind}:0x{end - start + 1:x}")
        position += len(line) + 1
    return ",".join(found) or "none"


def _kind(flags: int) -> str:
    if flags & _IO:
        return "io"
    if not flags & _MEMORY:
        return ""
    kind = "mem64" if flags & _MEMORY_64 else "mem32"
    return f"{kind}pref" if flags & _PREFETCH else kind
