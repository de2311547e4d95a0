# SPDX-License-Identifier: Apache-2.0

"""VFs of virtio network and block devices under ``virtio_vfio_pci``."""

from __future__ import annotations

import re

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import kernel
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import vf

_VENDOR = "1af4"
_DEVICES = frozenset({"1041", "1042"})
_DRIVER = "virtio_vfio_pci"
# include/uapi/linux/virtio_config.h, VIRTIO_F_ADMIN_VQ
_ADMIN_QUEUE = 41
_VIRTIO = re.compile(r"virtio[0-9]+")


class VirtioSource(base.Source):
    """VFs of virtio network and block devices made in hardware.

    The destination's driver checks the framing of the stream and hands
    the parts of the device's state to the PF's admin queue; the device
    decides. As all makers share one vendor id, the subsystem ids tell
    them apart. The driver can migrate since Linux 6.13, and only VFs of a
    PF that offers admin commands for parts. Of these just the admin queue
    itself can be seen: without it there is no migration.

    Reference: drivers/vfio/pci/virtio/migrate.c,
    virtiovf_resume_read_header; main.c, virtiovf_pci_probe;
    drivers/virtio/virtio_pci_modern.c, virtio_pci_admin_has_dev_parts.
    """

    family = "virtio"
    evidence = codes.Evidence.INFERRED
    mandatory = {
        "device_api": "vfio-pci, as of every PCI function",
        "exposed:device": "device of the VF: network or block",
        "exposed:revision": "revision of the VF",
        "subsystem_vendor": "of the VF: who made it",
        "subsystem_device": "of the VF",
    }
    dirty_tracking = base.DirtyTracking.IOMMU
    p2p = True

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is a function that the driver is for."""
        return vf.claims(device, ctx, _VENDOR, _DEVICES, _DRIVER)

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a VF."""
        function, pf = vf.require(device, ctx, _DRIVER, "virtio_pci")
        # A guest may see a transitional device, at the PF's will
        # (legacy_io.c, virtiovf_support_legacy_io).
        # The maker's tools set how many vectors each VF has.
        unverified = [
            "admin_commands", "device_parts", "exposed:msix", "legacy_io",
        ]
        running = kernel.read(ctx.tree)
        can = kernel.VIRTIO_MIGRATION.is_in(running)
        if can is False:
            raise errors.DescribeError(
                kernel.RELEASE,
                codes.Code.KERNEL_TOO_OLD,
                f"is {running.release}; {_DRIVER} migrates since 6.13",
            )
        if can is None:
            unverified.append("kernel_release")
        if _has_admin_queue(pf, ctx) is False:
            raise errors.DescribeError(
                pf.path,
                codes.Code.HARDWARE_TOO_OLD,
                "offers no admin queue, so its VFs cannot migrate",
            )
        state = {
            "device_api": "vfio-pci",
            "subsystem_device": function.hexadecimal("subsystem_device", 4),
            "subsystem_vendor": function.hexadecimal("subsystem_vendor", 4),
        }
        return self.classify(device, state, unverified=unverified)


def _has_admin_queue(
    pf: pci.PciFunction, ctx: context.Context
) -> bool | None:
    """Whether a PF has VIRTIO_F_ADMIN_VQ; None if it cannot be seen."""
    names = [name for name in pf.files if _VIRTIO.fullmatch(name)]
    if len(names) != 1:
        return None
    path = f"{pf.path}/{names[0]}/features"
    text = ctx.tree.read_optional(path)
    if text is None:
        return None
    # One digit for each feature from 0 on (drivers/virtio/virtio.c).
    base.shaped(path, text, "[01]{64,1024}", "a digit for each feature")
    return text[_ADMIN_QUEUE] == "1"
