# SPDX-License-Identifier: Apache-2.0

"""Mdevs and their types, whoever makes them; and what all mdevs share."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host.sources import base

# Drivers in the kernel's tree whose mdevs have no mig_ops
# (drivers/s390/cio/vfio_ccw_*.c, drivers/s390/crypto/vfio_ap_*.c,
# samples/vfio-mdev/{mbochs,mdpy}.c).
_CANNOT_MIGRATE = frozenset({"mbochs", "mdpy", "vfio_ap", "vfio_ccw"})

#: What a value looks like; none of it has a meaning in a template.
WORD = r"[A-Za-z0-9][A-Za-z0-9 ._:+()/-]{0,63}"


class MdevSource(base.Source):
    """Mdevs of drivers that nothing more is known of.

    What every kernel shows: the type and the API that a guest's device has
    (drivers/vfio/mdev/mdev_sysfs.c). Nova pairs mdevs by type; the driver
    decides while it loads the state. Where the parent's driver has a
    version it must be equal. mbochs and mdpy, samples of the kernel's, have
    no migration.
    """

    family = "mdev"
    evidence = codes.Evidence.INFERRED
    generic = True
    mandatory = {
        "device_api": "device_api of the mdev type",
        "type": "the name of the mdev type's directory",
    }
    optional = {
        "driver_version": "sys/module/<driver of the parent>/version",
    }

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is mediated."""
        return isinstance(device, mdev.Mdev | mdev.MdevType)

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a type; an mdev has that of its type."""
        item = type_of(device)
        name = maker(item) or ""
        if name in _CANNOT_MIGRATE:
            raise errors.DescribeError(
                item.path,
                codes.Code.DRIVER_CANNOT_MIGRATE,
                f"{name} has no migration support",
            )
        state = {
            "device_api": device_api(item, ctx),
            "type": base.shaped(item.path, item.id, WORD, "a type's id"),
        }
        unverified = ["driver_rule"]
        path = f"sys/module/{name}/version"
        version = ctx.tree.read_optional(path)
        if version is None:
            # Few modules have one; it cannot be told from one that is lost.
            unverified.append("driver_version")
        else:
            state["driver_version"] = base.shaped(
                path, version, WORD, "a version"
            )
        return self.classify(item, state, unverified=unverified)


def type_of(device: base.Candidate) -> mdev.MdevType:
    """Return the type of something mediated.

    :raises DescribeError: it is an mdev whose type cannot be told
    """
    item = device.type if isinstance(device, mdev.Mdev) else device
    if item is None:
        raise errors.DescribeError(
            f"{device.path}/mdev_type",
            codes.Code.MISSING_ATTRIBUTE,
            "does not exist, and no parent lists the mdev",
        )
    if not isinstance(item, mdev.MdevType):
        raise TypeError("not mediated")
    return item


def maker(device: base.Candidate) -> str | None:
    """Return the driver that makes a type's mdevs, with ``_`` for ``-``.

    None for what is not mediated, or whose driver cannot be told.
    """
    if isinstance(device, mdev.MdevType):
        return driver.fold(device.driver)
    if not isinstance(device, mdev.Mdev):
        return None
    if device.type is not None:
        return driver.fold(device.type.driver)
    return driver.fold(device.parent.bound) if device.parent else None


def device_api(item: mdev.MdevType, ctx: context.Context) -> str:
    """Return the API that a type's mdevs have.

    :raises ReadError: it cannot be told
    """
    path = f"{item.path}/device_api"
    return base.shaped(path, ctx.tree.read(path), WORD, "an API of VFIO")
