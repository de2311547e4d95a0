# SPDX-License-Identifier: Apache-2.0

"""Intel GVT-g, which the kernel's own driver cannot migrate."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev as host_mdev
from nova_vfio_compat.host import names
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mdev
from nova_vfio_compat.host.sources import migration_version


class I915Source(base.Source):
    """Intel GVT-g vGPUs that declare nothing: they cannot migrate.

    The kernel's driver sets no mig_ops (drivers/gpu/drm/i915/gvt/kvmgt.c).
    Drivers that migrate existed outside of its tree; those that declare
    what they accept have ``migration/`` in each mdev, and are described by
    that.
    """

    family = "i915"
    evidence = codes.Evidence.RULE

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether i915 makes the device, and it is the kernel's own.

        The kernel's has no ``migration_version``.
        """
        return (
            mdev.maker(device) == "i915"
            and migration_version.place(device, ctx) is None
        )

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Say that the device cannot migrate, or does not tell.

        :raises DescribeError: always
        """
        item = mdev.type_of(device)
        if _declares(item.parent, ctx):
            # Not the kernel's own driver: a new mdev may declare as well.
            raise errors.DescribeError(
                device.path,
                codes.Code.NO_STATE,
                "declares nothing, unlike others of its parent",
            )
        raise errors.DescribeError(
            device.path,
            codes.Code.DRIVER_CANNOT_MIGRATE,
            "i915 has no migration support for GVT-g",
        )


def _declares(parent: host_mdev.MdevParent, ctx: context.Context) -> bool:
    """Whether an mdev of the parent declares what it writes."""
    return any(
        names.UUID.fullmatch(name)
        and ctx.tree.is_dir(f"{parent.path}/{name}/migration")
        for name in ctx.tree.listdir(parent.path)
    )
