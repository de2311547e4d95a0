# SPDX-License-Identifier: Apache-2.0

"""Mdevs and their types, where nothing is declared.

What every kernel shows: the type and the API that a guest's device has.
Nova pairs mdevs by type; the driver decides while it loads the state. Where
the parent's driver has a version it must be equal: NVIDIA's documents differ
on whether another one may be accepted, and agree on this.
"""

from __future__ import annotations

import re

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import context
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host.sources import base

# Drivers in the kernel's tree whose mdevs have no mig_ops
# (drivers/s390/cio/vfio_ccw_*.c, drivers/s390/crypto/vfio_ap_*.c,
# samples/vfio-mdev). i915 is not among them: out of its tree it has some.
_CANNOT_MIGRATE = frozenset({"mbochs", "mdpy", "vfio_ap", "vfio_ccw"})

# The module that the version of a driver's mdevs is that of.
_MODULES = {"nvidia": ("nvidia_vgpu_vfio", "nvidia")}

_UNVERIFIED = ("driver_rule",)
# Configured with the vendor's tools, and not in sysfs.
_UNVERIFIED_BY_DRIVER = {
    "nvidia": ("driver_rule", "ecc_mode", "guest_driver", "mig_mode"),
}
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:+-]{0,63}")


class MdevSource(base.Source):
    """Every mdev and every type of mdevs."""

    family = "mdev"
    evidence = codes.Evidence.INFERRED

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is mediated."""
        return isinstance(device, mdev.Mdev | mdev.MdevType)

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a type; an mdev has that of its type."""
        item = _type_of(device)
        name = driver.fold(item.driver) or ""
        if name in _CANNOT_MIGRATE:
            raise errors.DescribeError(
                item.path,
                codes.Code.DRIVER_CANNOT_MIGRATE,
                f"{name} has no migration support",
            )
        raw = {
            "device_api": ctx.tree.read(f"{item.path}/device_api"),
            "type": item.id,
        }
        for attribute, value in raw.items():
            _check_word(f"{item.path}/{attribute}", value)
        version = _version(ctx, name)
        if version is not None:
            raw["driver_version"] = version
        state = attributes.normalise_state(raw)
        return device_class.DeviceClass(
            family=self.family,
            bus=device.bus,
            evidence=self.evidence,
            state=state,
            accepts=(state,),
            unverified=_UNVERIFIED_BY_DRIVER.get(name, _UNVERIFIED),
        )


def _type_of(device: base.Candidate) -> mdev.MdevType:
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


def _version(ctx: context.Context, name: str) -> str | None:
    for module in _MODULES.get(name, (name,)):
        path = f"sys/module/{module}/version"
        text = ctx.tree.read_optional(path)
        if text is not None:
            _check_word(path, text)
            return text
    return None


def _check_word(path: str, text: str) -> None:
    """Make sure that a value has no meaning in a template."""
    match = _WORD.match(text)
    if match is None or match.end() != len(text):
        raise errors.malformed(
            path,
            compat_errors.ParseError(
                "expected a word", text, match.end() if match else 0
            ),
        )
