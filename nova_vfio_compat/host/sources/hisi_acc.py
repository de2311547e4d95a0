# SPDX-License-Identifier: Apache-2.0

"""HiSilicon accelerators (SEC, HPRE, ZIP) under ``hisi_acc_vfio_pci``."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import kernel
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import vf

_VENDOR = "19e5"
# The VF's device id, and the module whose parameters split the PF's queues.
_MODULES = {
    "a251": "hisi_zip",
    "a256": "hisi_sec2",
    "a259": "hisi_hpre",
}
_DRIVER = "hisi_acc_vfio_pci"

# include/linux/hisi_acc_qm.h, enum qm_hw_ver
_QM_V3 = 0x30
# Of the whole device, from QM_HW_V2 on (drivers/crypto/hisilicon/qm.c,
# qm_basic_info); QM_HW_V3 and later can say otherwise, in a register.
_TOTAL_QUEUES = 1024

# ACC_DEV_MAGIC_V1 and V2
_OLD, _NEW = "1", "2"


class HisiAccSource(base.Source):
    """VFs of HiSilicon accelerators: SEC, HPRE and ZIP.

    The destination's driver wants its own VF's device id and number of
    queue pairs, the same queue isolation of the PF, and a stream format
    that it knows: new kernels write format 2 and load 1 as well, older
    ones know 1 alone. So a guest moves from an old kernel to a new one and
    not back. PFs before hardware version 3 (revision 0x30) migrate nothing.

    The queue pairs are those of the split that the PF's driver makes: what
    the PF leaves is shared by its VFs, and the last one gets the rest.
    From Linux 6.19 on a guest gets all of BAR 2 of hardware after version
    3, before that the half without the registers for migration: both sides
    must do the same.

    Reference: drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c,
    vf_qm_check_match, vf_qm_version_check, hisi_acc_vfio_pci_probe,
    hisi_acc_get_resource_len; drivers/crypto/hisilicon/qm.c,
    qm_vf_q_assign.
    """

    family = "hisi_acc"
    evidence = codes.Evidence.RULE
    mandatory = {
        "device_api": "vfio-pci, as of every PCI function",
        "exposed:device": "device of the VF: which kind of accelerator",
        "queue_pairs": (
            "of the VF: from parameters/pf_q_num of the PF's module, the "
            "number of virtfn* of the PF and the VF's place among them"
        ),
    }
    optional = {
        "migration_region": (
            "which function has the registers for migration: from the "
            "PF's revision and the kernel's release"
        ),
        "stream_format": (
            "the format that is written: from the kernel's release, where "
            "the distribution is known"
        ),
    }
    dirty_tracking = base.DirtyTracking.IOMMU
    p2p = False

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is a VF that the driver is for."""
        return vf.claims(device, ctx, _VENDOR, frozenset(_MODULES), _DRIVER)

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a VF."""
        function, pf = vf.require(device, ctx, _DRIVER, *_modules(device))
        revision = int(pf.hexadecimal("revision", 2), 16)
        if revision < _QM_V3:
            raise errors.DescribeError(
                f"{pf.path}/revision",
                codes.Code.HARDWARE_TOO_OLD,
                f"is 0x{revision:02x}; only 0x{_QM_V3:x} and later migrate",
            )
        state = {
            "device_api": "vfio-pci",
            "queue_pairs": str(_queue_pairs(function, pf, ctx)),
        }
        wanted = dict(state)
        unverified = ["queue_isolation", "total_queue_pairs"]
        running = kernel.read(ctx.tree)
        region = _region(revision, running, unverified)
        wanted["migration_region"] = vf.anything("r")
        if region is not None:
            state["migration_region"] = region
            wanted["migration_region"] = vf.one_of("r", region)
        new = kernel.HISI_ACC_STREAM_2.is_in(running)
        wanted["stream_format"] = vf.anything("f")
        if new is None:
            unverified.append("stream_format")
        else:
            state["stream_format"] = _NEW if new else _OLD
            known = (_OLD, _NEW) if new else (_OLD,)
            wanted["stream_format"] = vf.one_of("f", *known)
        return self.classify(
            device, state, accepts=(wanted,), unverified=unverified
        )


def _modules(device: base.Candidate) -> tuple[str, ...]:
    """The drivers that may have the PF of a VF."""
    known = None
    if isinstance(device, pci.PciFunction):
        known = _MODULES.get(device.identity("device") or "")
    return tuple(_MODULES.values()) if known is None else (known,)


def _region(
    revision: int, running: kernel.Kernel, unverified: list[str]
) -> str | None:
    """Which function has the registers, None if that is not known."""
    moves = kernel.HISI_ACC_PF_REGION.is_in(running)
    if moves is False:
        return "vf"
    if revision > _QM_V3:
        if moves is None:
            unverified.append("migration_region")
            return None
        return "pf"
    # A register can tell a later version than the revision does
    # (qm_get_version).
    unverified.append("sub_version")
    return "vf"


def _queue_pairs(
    function: pci.PciFunction, pf: pci.PciFunction, ctx: context.Context
) -> int:
    """How many queue pairs a VF has (qm_vf_q_assign)."""
    place = vf.index(function, pf, ctx)
    vfs = vf.count(pf)
    of_pf = _pf_queues(pf, ctx)
    each, rest = divmod(_TOTAL_QUEUES - of_pf, vfs)
    if each < 1:
        raise errors.DescribeError(
            pf.path,
            codes.Code.CONFIGURATION_UNREADABLE,
            f"has {vfs} VFs and {of_pf} of {_TOTAL_QUEUES} queue pairs for "
            "itself: the split cannot be told",
        )
    return each + rest if place == vfs - 1 else each


def _pf_queues(pf: pci.PciFunction, ctx: context.Context) -> int:
    """How many queue pairs a PF keeps for itself."""
    module = pf.bound or ""
    path = f"sys/module/{module}/parameters/pf_q_num"
    try:
        text = ctx.tree.read(path)
    except errors.Missing as error:
        raise vf.setting(path, error) from None
    return int(base.shaped(path, text, "[1-9][0-9]{0,3}", "a number"))
