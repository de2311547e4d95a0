# SPDX-License-Identifier: Apache-2.0

"""What a source is, for those who add a family of devices."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import enum
import re
from typing import ClassVar

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import context
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import pci

#: what a source may be asked about; ``bus`` is ``pci`` or ``mdev``
Candidate = pci.PciFunction | mdev.Mdev | mdev.MdevType


class DirtyTracking(enum.Enum):
    """Who can tell which pages of a guest a device has written.

    QEMU refuses to migrate a device where neither can
    (hw/vfio/migration.c, vfio_migration_realize).
    """

    #: the device itself, through its driver's log_ops
    DEVICE = "device"
    #: the IOMMU alone, which takes iommufd; Nova does not use that
    IOMMU = "iommu"
    UNKNOWN = "unknown"


class Source(abc.ABC):
    """Knows one family of devices: which are its own, and their class.

    A vendor adds a family in a package of its own: a class like this one,
    named in the entry point group ``nova_vfio_compat.sources``. The vendor
    guide has a complete example.

    The docstring of the class is the family's rule as operators see it:
    what the driver or the firmware checks when it loads a state, and where
    that is written.

    Files are read through ``ctx.tree`` only. Nothing that identifies one
    device, that changes while it is used, or that depends on which driver
    is bound right now, may enter a class. An exception costs the device
    its class and nothing else.
    """

    #: the name of the family; part of every class
    family: ClassVar[str]
    #: what the classes rest on; of the sources that claim a device the
    #: one with the strongest evidence describes it
    evidence: ClassVar[codes.Evidence]
    #: asked only where no other source claims a device
    generic: ClassVar[bool] = False
    #: version of the set of attributes; a class says which it was made with
    vocabulary: ClassVar[int] = 1
    #: attribute to the vocabulary version that it came with, for those
    #: that came after the first
    since: ClassVar[Mapping[str, int]] = {}
    #: attributes that every described device has, and where each is from
    mandatory: ClassVar[Mapping[str, str]] = {}
    #: the same for attributes that may be absent
    optional: ClassVar[Mapping[str, str]] = {}
    dirty_tracking: ClassVar[DirtyTracking] = DirtyTracking.UNKNOWN
    #: whether the driver can stop peer-to-peer traffic; None: not known
    p2p: ClassVar[bool | None] = None

    @abc.abstractmethod
    def claims(self, device: Candidate, ctx: context.Context) -> bool:
        """Whether the device is of this family.

        Asked for every device of the host: look at what is known already
        before reading a file.
        """

    @abc.abstractmethod
    def describe(
        self, device: Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a device that this source claims.

        :raises DescribeError: it cannot be told or the device cannot
            migrate; the code becomes the reason of the device's class.
            ReadError, which ``ctx.tree`` raises, is one.
        :raises ParseError: a text cannot be understood
        """

    def tracking(
        self, device: Candidate, ctx: context.Context
    ) -> DirtyTracking:
        """Return who tracks the dirty pages of a device with a class.

        For a family whose devices differ.
        """
        return self.dirty_tracking

    def remarks(
        self, device: Candidate, ctx: context.Context
    ) -> Iterable[device_.Problem]:
        """Return what an operator should know of a device with a class.

        Such as firmware that waits for a reset. It decides nothing.
        """
        return ()

    def classify(
        self,
        device: Candidate,
        state: Mapping[str, str],
        *,
        accepts: Sequence[Mapping[str, str]] | None = None,
        exposed: Mapping[str, str] | None = None,
        unverified: Iterable[str] = (),
    ) -> device_class.DeviceClass:
        """Make a class of this family.

        :param state: what the device writes; an empty value means that it
            lacks the attribute
        :param accepts: the alternatives that it can load; None: what it
            writes itself and nothing else
        :param exposed: what a guest sees and must be equal; None: what
            QEMU compares of a PCI function, nothing of an mdev. An entry
            that is missing there becomes unverified.
        :raises ReadError: what a guest sees cannot be read
        :raises ParseError: a value cannot be one
        """
        told = set(unverified)
        if exposed is None:
            exposed = {}
            if isinstance(device, pci.PciFunction):
                exposed, missing = device.exposed()
                for name in missing:
                    if name in self.mandatory:
                        raise errors.Missing(
                            f"{device.path}/{name.removeprefix('exposed:')}"
                        )
                told.update(missing)
        if self.p2p is None:
            told.add("p2p")
        if self.dirty_tracking is DirtyTracking.UNKNOWN:
            told.add("dirty_tracking")
        written = attributes.normalise_state(state)
        return device_class.DeviceClass(
            family=self.family,
            bus=device.bus,
            evidence=self.evidence,
            vocabulary=self.vocabulary,
            since=self.since,
            state=written,
            accepts=(written,) if accepts is None else tuple(accepts),
            exposed=exposed,
            unverified=tuple(told),
            limits=(
                (device_class.SINGLE_DEVICE,) if self.p2p is False else ()
            ),
        )


def require_driver(
    device: pci.PciFunction, ctx: context.Context, *names: str
) -> None:
    """Make sure that a guest gets a function from one of these drivers.

    :param names: of drivers, with ``_`` for ``-``
    :raises DescribeError: it does not, with the reason
    """
    effective = ctx.effective_driver(device)
    if effective.folded in names:
        return
    if effective.code is not None:
        raise errors.DescribeError(
            device.path, effective.code, effective.code.text
        )
    code = codes.Code.NO_SOURCE
    if effective.folded == driver.PLAIN:
        code = codes.Code.PLAIN_VFIO_PCI
    elif effective.folded in driver.CANNOT_MIGRATE:
        code = codes.Code.DRIVER_CANNOT_MIGRATE
    raise errors.DescribeError(
        device.path, code, f"a guest gets it from {effective.name}"
    )


def require_pf(
    device: pci.PciFunction, ctx: context.Context
) -> pci.PciFunction:
    """Return the physical function of a VF.

    :raises DescribeError: it cannot be seen
    """
    pf = ctx.pf(device)
    if pf is None:
        raise errors.DescribeError(
            f"{device.path}/physfn",
            codes.Code.NO_PF,
            "does not lead to a physical function",
        )
    return pf


def shaped(path: str, text: str, pattern: str, what: str) -> str:
    """Return a text that has the form that its file always has.

    :param path: the file that it came from
    :param pattern: a regular expression for all of the text
    :param what: what was expected, for the message
    :raises ReadError: it has another form
    """
    if re.fullmatch(pattern, text):
        return text
    # Show the end of what has the form.
    good = next(
        (
            end for end in range(len(text), 0, -1)
            if re.fullmatch(pattern, text[:end])
        ),
        0,
    )
    raise errors.malformed(
        path, compat_errors.ParseError(f"expected {what}", text, good)
    )
