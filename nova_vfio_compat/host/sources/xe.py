# SPDX-License-Identifier: Apache-2.0

"""Intel GPUs' VFs under ``xe-vfio-pci``."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import vf

_VENDOR = "8086"
_DRIVER = "xe_vfio_pci"
# include/drm/intel/pciids.h: INTEL_PTL_IDS, INTEL_WCL_IDS; without VRAM
_INTEGRATED = frozenset({
    *(f"b{number:03x}" for number in (*range(0x80, 0x88), 0x8f)),
    "b090", "b0a0", "b0b0", "fd80", "fd81",
})
# INTEL_BMG_IDS
_DISCRETE = frozenset({
    "e202", "e209", "e20b", "e20c", "e20d", "e210", "e211", "e212", "e216",
    "e220", "e221", "e222", "e223",
})
_DEVICES = _INTEGRATED | _DISCRETE


class XeSource(base.Source):
    """VFs of Intel GPUs whose PF the ``xe`` driver has.

    The destination's PF driver wants packets of the version that it
    writes itself and the source PF's device and revision ids to be its
    own. It has no room for more VRAM than the VF was given, and the driver
    in a guest gives the GPU up if it finds another size of VRAM or of its
    part of the GGTT after it was moved: both must be equal, and only the
    first can be seen, from Linux 7.0 on. Without GuC firmware 70.54 the PF
    offers no migration; its version cannot be seen either.

    Reference: drivers/gpu/drm/xe/xe_sriov_packet.c,
    xe_sriov_packet_process_descriptor; xe_gt_sriov_pf_migration.c,
    pf_gt_migration_check_support, pf_restore_vf_vram_mig_data;
    xe_gt_sriov_vf.c, vf_get_lmem_info, vf_get_ggtt_info;
    Documentation/ABI/testing/sysfs-driver-intel-xe-sriov.
    """

    family = "xe"
    evidence = codes.Evidence.RULE
    mandatory = {
        "device_api": "vfio-pci, as of every PCI function",
        "pf_device": "device of the PF",
        "pf_revision": "revision of the PF",
    }
    optional = {
        "vram_quota": (
            "sriov_admin/vfN/profile/vram_quota of the PF, bytes; GPUs "
            "without VRAM have none"
        ),
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
        function, pf = vf.require(device, ctx, _DRIVER, "xe")
        state = {
            "device_api": "vfio-pci",
            "pf_device": pf.hexadecimal("device", 4),
            "pf_revision": pf.hexadecimal("revision", 2),
        }
        wanted = dict(state)
        unverified = ["ggtt_quota", "guc_version"]
        quota = _vram_quota(function, pf, ctx)
        if quota is not None:
            state["vram_quota"] = quota
            wanted["vram_quota"] = vf.one_of("q", quota)
        elif state["pf_device"] not in _INTEGRATED:
            wanted["vram_quota"] = vf.anything("q")
            unverified.append("vram_quota")
        return self.classify(
            device, state, accepts=(wanted,), unverified=unverified
        )


def _vram_quota(
    function: pci.PciFunction, pf: pci.PciFunction, ctx: context.Context
) -> str | None:
    """The VRAM of a VF in bytes; None if the kernel does not say."""
    folder = f"vf{vf.index(function, pf, ctx) + 1}"
    path = f"{pf.path}/sriov_admin/{folder}/profile/vram_quota"
    try:
        # It takes the lock that the PF holds while it provides for a VF
        # (xe_sriov_pf_provision_query_vf_vram).
        text = ctx.tree.read_with_deadline(path)
    except errors.Missing:
        return None
    return base.shaped(path, text, "0|[1-9][0-9]{0,19}", "a number of bytes")
