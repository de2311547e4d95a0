# SPDX-License-Identifier: Apache-2.0

"""VFs of AMD Pensando DSCs under ``pds_vfio_pci``."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import devlink
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import vf

_VENDOR = "1dd8"
_DEVICES = frozenset({"1003"})
_DRIVER = "pds_vfio_pci"

# Of a class, and of devlink: kind of version and its name
# (drivers/net/ethernet/amd/pds_core/devlink.c, pdsc_dl_info_get).
_VERSIONS = {
    "asic": ("fixed", "asic.id"),
    "asic_revision": ("fixed", "asic.rev"),
    "firmware": ("running", "fw"),
}


class PdsSource(base.Source):
    """VFs of AMD Pensando cards.

    The driver checks nothing: the state is a block of fixed size which the
    firmware of the destination's PF takes or refuses. No rule of the
    vendor's is public, so equal cards with equal firmware are wanted, and
    where devlink does not tell the firmware it stays open.

    Reference: drivers/vfio/pci/pds/lm.c, pds_vfio_restore_write;
    vfio_dev.c, pds_vfio_init_device;
    drivers/net/ethernet/amd/pds_core/devlink.c.
    """

    family = "pds"
    evidence = codes.Evidence.INFERRED
    mandatory = {
        "device_api": "vfio-pci, as of every PCI function",
        "exposed:device": "device of the VF",
        "pf_device": "device of the PF",
        "pf_revision": "revision of the PF",
    }
    optional = {
        "asic": "devlink info of the PF, fixed asic.id",
        "asic_revision": "devlink info of the PF, fixed asic.rev",
        "firmware": "devlink info of the PF, running fw",
    }
    dirty_tracking = base.DirtyTracking.DEVICE
    p2p = True

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is a VF that the driver is for."""
        return vf.claims(device, ctx, _VENDOR, _DEVICES, _DRIVER)

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a VF."""
        _, pf = vf.require(device, ctx, _DRIVER, "pds_core")
        state = {
            "device_api": "vfio-pci",
            "pf_device": pf.hexadecimal("device", 4),
            "pf_revision": pf.hexadecimal("revision", 2),
        }
        unverified = ["exposed:msix"]
        told = devlink.info(ctx.tree, pf.address)
        for name, (group, version) in _VERSIONS.items():
            value = getattr(told, group).get(version) if told else None
            if value is None:
                # Unknown on one side only is no yes: see judge.
                unverified.append(name)
            else:
                state[name] = value
        return self.classify(device, state, unverified=unverified)
