# SPDX-License-Identifier: Apache-2.0

"""What an operator says of some devices, and of which."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import fnmatch

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """What the ``match`` of an entry is compared with.

    The same for a device in use and a free one, and for an mdev and its
    type: what is added to a class must not depend on that.

    :ivar driver: the driver under which a guest gets the device, or that
        of an mdev's parent; None if there is none
    :ivar types: the id and the name of an mdev's type, the name of a VF's
        vGPU type
    :ivar addresses: its own PCI address and its PF's; for an mdev those of
        its parent, or the parent's name if it is no PCI function
    :ivar vendor: four hexadecimal digits, of the function or of an mdev's
        parent
    :ivar device: likewise
    :ivar family: of the source that described it
    """

    driver: str | None
    types: tuple[str, ...]
    addresses: tuple[str, ...]
    vendor: str | None
    device: str | None
    family: str

    @classmethod
    def of(
        cls,
        device: base.Candidate,
        ctx: context.Context,
        found: device_class.DeviceClass,
    ) -> Subject:
        """Return what can be matched of a device with its class."""
        function: pci.PciFunction | None
        types = [(found.state or {}).get("type", "")]
        addresses: list[str] = []
        if isinstance(device, pci.PciFunction):
            function = device
            name = ctx.effective_driver(device).name
        else:
            item = device.type if isinstance(device, mdev.Mdev) else device
            parent = device.parent
            name = None if item is None else item.driver
            types += _type_names(item)
            function = None
            if parent is not None:
                function = ctx.functions.get(parent.sysname)
                addresses += [parent.address, parent.sysname]
        if function is not None:
            addresses += [function.address, function.pf or ""]
        return cls(
            name,
            tuple(dict.fromkeys(filter(None, types))),
            tuple(dict.fromkeys(filter(None, addresses))),
            None if function is None else function.identity("vendor"),
            None if function is None else function.identity("device"),
            found.family,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """Which devices an entry is about: those that fit all that is given.

    ``driver``, ``type``, ``address`` and ``family`` are patterns as in a
    shell.
    """

    driver: str | None = None
    type: str | None = None
    address: str | None = None
    vendor: str | None = None
    device: str | None = None
    family: str | None = None

    def matches(self, subject: Subject) -> bool:
        """Whether the entry is about this device."""
        name = driver.fold(subject.driver)
        return (
            self.vendor in (None, subject.vendor)
            and self.device in (None, subject.device)
            and _fits(self.family, (subject.family,))
            and _fits(
                driver.fold(self.driver), () if name is None else (name,)
            )
            and _fits(self.type, subject.types)
            and _fits(
                self.address,
                tuple(address.lower() for address in subject.addresses),
            )
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an operator's file.

    :ivar place: ``etc/nova/vfio-compat.d/10-ecc.yaml:3``
    :ivar state: what is added to what the device writes
    :ivar accepts: what it accepts, for each attribute of ``state``
    :ivar dirty_tracking: whether the host tracks the pages that the device
        writes to
    :ivar verified: what need not be called unverified any more
    :ivar comment: for people
    """

    place: str
    match: Match
    state: Mapping[str, str] = dataclasses.field(default_factory=dict)
    accepts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    dirty_tracking: bool = False
    verified: frozenset[str] = frozenset()
    comment: str = ""


def _type_names(item: mdev.MdevType | None) -> list[str]:
    """The id of a type, and the name that its vendor gives to it."""
    if item is None:
        return []
    try:
        name = item.tree.read_optional(f"{item.path}/name")
    except errors.ReadError:
        name = None
    return [item.id, (name or "").strip()]


def _fits(pattern: str | None, texts: tuple[str, ...]) -> bool:
    return pattern is None or any(
        fnmatch.fnmatchcase(text, pattern) for text in texts
    )
