# SPDX-License-Identifier: Apache-2.0

"""Which device of a host is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
import difflib

from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import names


def one(devices: Iterable[device_.Device], name: str) -> device_.Device:
    """Return the device of this name.

    :param name: libvirt's name, ``name/type`` where a parent has several
        types, a PCI address, or an mdev's uuid
    :raises NoSuchDevice: there is none, or several; the text lists names
    """
    known = list(devices)
    labels = _labels(known)
    wanted = name.strip()
    if names.PCI_ADDRESS.fullmatch(wanted):
        wanted = names.pci(wanted)
    elif names.UUID.fullmatch(wanted):
        wanted = names.mdev(wanted, None)
    found = {
        label: item for label, item in labels.items()
        if wanted in (label, item.name, f"{item.name}/{item.type}")
        or (
            item.kind == device_.MDEV
            and item.name.startswith(f"{wanted}_")
            and names.UUID.fullmatch(name.strip())
        )
    }
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise errors.NoSuchDevice(
            f"{name} are several devices: give one of "
            f"{', '.join(map(errors.printable, found))}."
        )
    close = difflib.get_close_matches(wanted, labels, 5, 0.6)
    hint = (
        f"did you mean {' or '.join(map(errors.printable, close))}?"
        if close else "device list shows the host's devices."
    )
    raise errors.NoSuchDevice(
        f"The host has no device {errors.printable(name)}; {hint}"
    )


def _labels(devices: list[device_.Device]) -> dict[str, device_.Device]:
    """The devices by a name that no other has."""
    count = Counter(item.name for item in devices)
    labels = {}
    for item in devices:
        label = item.name
        if count[label] > 1:
            label = f"{label}/{item.type or item.kind}"
        labels[label] = item
    return labels
