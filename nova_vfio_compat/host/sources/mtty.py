# SPDX-License-Identifier: Apache-2.0

"""The kernel's sample of an mdev driver that migrates."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import kernel
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mdev

# "vfio/mtty: Enable migration support"
_MIGRATION = kernel.Change((6, 7))


class MttySource(base.Source):
    """Serial ports of mtty, the kernel's sample of an mdev driver.

    The driver loads a state with its own magic number, major and minor
    version, without flags, and with the number of ports that the device
    has (samples/vfio-mdev/mtty.c, mtty_resume_write). The type implies the
    number of ports. The versions of the stream are not shown; the
    module's stands for them. Before Linux 6.7 mtty cannot migrate.
    """

    family = "mtty"
    evidence = codes.Evidence.RULE
    mandatory = {
        "device_api": "device_api of the mdev type",
        "type": "the name of the mdev type's directory",
        "driver_version": "sys/module/mtty/version",
    }
    # mtty_log_ops; VFIO_MIGRATION_P2P in mtty_init_dev.
    dirty_tracking = base.DirtyTracking.DEVICE
    p2p = True

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether mtty makes the device."""
        return mdev.maker(device) == "mtty"

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a type; an mdev has that of its type."""
        item = mdev.type_of(device)
        migrates = _MIGRATION.is_in(kernel.read(ctx.tree))
        if migrates is False:
            raise errors.DescribeError(
                kernel.RELEASE,
                codes.Code.KERNEL_TOO_OLD,
                "is older than 6.7: mtty has no migration support",
            )
        path = "sys/module/mtty/version"
        return self.classify(
            item,
            {
                "device_api": mdev.device_api(item, ctx),
                "type": base.shaped(
                    item.path, item.id, mdev.WORD, "a type's id"
                ),
                "driver_version": base.shaped(
                    path, ctx.tree.read(path), mdev.WORD, "a version"
                ),
            },
            unverified=() if migrates else ("kernel_release",),
        )
