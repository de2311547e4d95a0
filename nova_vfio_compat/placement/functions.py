# SPDX-License-Identifier: Apache-2.0

"""Many PCI functions in one name: those of a bus, a bit for each.

Nova has a provider for every mdev parent, and on an SR-IOV GPU of the mdev
era each VF is one: 256 on a host with eight GPUs. VFs of a NIC that differ
are named one by one as well. A name for each would fill Placement with
addresses, so functions of one bus that may be of a class share a name.

Why bits and not a name for the whole PF or bus: a scheduler has the address
of a device and nothing else, and an address does not tell the PF (VFs follow
it at any distance, even on the next bus). A bus may also hold a NIC beside
the GPU, a VF that Nova does not hand out, or one that appears later. Nobody
has looked at those, so a report must not speak for them: bits name exactly
the functions that were looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import re

#: pattern of a bus in a name: domain and bus
BUS = r"PCI_[0-9A-F]{4,8}_[0-9A-F]{2}"
#: pattern of its functions: the bits of up to 256, without zeros in front
BITS = r"[1-9A-F][0-9A-F]{0,63}"
# A device as DEV traits name it; a bus has 32 slots of 8 functions.
_FUNCTION = re.compile(rf"({BUS})_([01][0-9A-F])_([0-7])")


def place(device: str) -> tuple[str, int] | None:
    """The bus of a PCI function and its number there, slot by slot.

    :param device: a name as in DEV traits
    :returns: None if it is no PCI function
    """
    match = _FUNCTION.fullmatch(device)
    if match is None:
        return None
    return match[1], int(match[2], 16) * 8 + int(match[3])


def name(bus: str, number: int) -> str:
    """The device at a place, as DEV traits name it."""
    return f"{bus}_{number >> 3:02X}_{number & 7}"


def expand(bus: str, bits: str) -> Iterator[str]:
    """The devices that a bus and its bits name, in order."""
    left = int(bits, 16)
    while left:
        lowest = left & -left
        yield name(bus, lowest.bit_length() - 1)
        left ^= lowest


def collapse(
    devices: Iterable[str],
) -> tuple[set[str], dict[str, str]]:
    """Put devices together where that saves names.

    :returns: the devices that remain alone on their bus or are no PCI
        functions; and the bits of those that share one, by bus
    """
    alone: set[str] = set()
    buses: dict[str, set[int]] = {}
    for device in devices:
        found = place(device)
        if found is None:
            alone.add(device)
        else:
            buses.setdefault(found[0], set()).add(found[1])
    shared = {}
    for bus, numbers in buses.items():
        if len(numbers) == 1:
            alone.add(name(bus, *numbers))
        else:
            shared[bus] = f"{sum(1 << number for number in numbers):X}"
    return alone, shared


def ranges(devices: Iterable[str]) -> list[tuple[str, str]]:
    """Devices for people: the first and the last of each unbroken row."""
    found: list[tuple[str, str]] = []
    for device in sorted(devices):
        where, last = place(device), place(found[-1][1]) if found else None
        if where and last and where == (last[0], last[1] + 1):
            found[-1] = (found[-1][0], device)
        else:
            found.append((device, device))
    return found
