# SPDX-License-Identifier: Apache-2.0

"""Mdevs with ``migration_version``, an opaque string."""

from __future__ import annotations

import dataclasses

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import mdev as host_mdev
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mdev

_NAME = "migration_version"


class MigrationVersionSource(base.Source):
    """Mdevs whose type, or who themselves, have ``migration_version``.

    The proposal of 31 May 2019, and its copy below the device of 13 April
    2020 (Yan Zhao, kvm list). The string is the driver's own: the verdict
    is whether writing the source's to the destination's file succeeds. That
    is never done here, so types must be equal, an equal string is
    compatible, and of another nothing is known. No driver of the kernel's
    own tree has it.
    """

    family = "migration_version"
    evidence = codes.Evidence.INFERRED
    mandatory = {
        "device_api": "device_api of the mdev type",
        "type": "the name of the mdev type's directory",
        "migration_version": "migration_version of the mdev, else of its "
        "type",
    }

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether there is such a string."""
        return place(device, ctx) is not None

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of an mdev or a type."""
        item = mdev.type_of(device)
        path = place(device, ctx) or f"{item.path}/{_NAME}"
        state = {
            "device_api": mdev.device_api(item, ctx),
            "type": base.shaped(item.path, item.id, mdev.WORD, "a type's id"),
            _NAME: base.shaped(
                path, ctx.tree.read(path), r"[!-z|~]{1,512}",
                "a word without braces",
            ),
        }
        found = self.classify(device, state, unverified=("driver_rule",))
        return dataclasses.replace(found, opaque=(_NAME,))


def place(device: base.Candidate, ctx: context.Context) -> str | None:
    """Return the file with the string, None if there is none.

    The device's own goes before that of its type.
    """
    item = None
    if isinstance(device, host_mdev.MdevType):
        item = device
    elif isinstance(device, host_mdev.Mdev):
        if _NAME in device.files:
            return f"{device.path}/{_NAME}"
        item = device.type
    if item is None or _NAME not in ctx.tree.listdir(item.path):
        return None
    return f"{item.path}/{_NAME}"
