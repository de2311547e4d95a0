# SPDX-License-Identifier: Apache-2.0

"""NVIDIA vGPUs, as mdevs and on VFs."""

from __future__ import annotations

import re

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev as host_mdev
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mdev
from nova_vfio_compat.host.sources import nvidia_types

_VENDOR = "10de"
_DRIVER = "nvidia"
# The module of the mdevs or VFs themselves; on some releases the driver's.
_MODULES = ("nvidia_vgpu_vfio", "nvidia")
_BOARD = ("device", "subsystem_vendor", "subsystem_device")


class NvidiaSource(base.Source):
    """NVIDIA vGPUs: mdevs, and VFs that the nvidia driver hands out.

    The vGPU manager decides, in closed code. Its documents agree that equal
    is good: the type of vGPU, by name, as numbers may change between
    releases; the board (one of 80 GB PCIe does not take the state of one of
    94 GB NVL); ECC; and the version of the manager. They disagree on
    different versions: refused on Ubuntu and by Red Hat's book for RHEL 10,
    allowed by NVIDIA's notes from RHEL 9.6 on unless a release says
    otherwise. So versions must be equal, unless the scheduler is told
    ``relax = nvidia:manager_version``. Sources: "vGPU Migration Support" in
    the release notes for Red Hat KVM, https://docs.nvidia.com/vgpu/; "Live
    Migration" of vGPU in https://docs.nvidia.com/ai-enterprise/.

    What QEMU compares is left to type, board and version: a VF's sysfs has
    the identity and BARs of the hardware, a guest sees those that the
    manager emulates. An mdev shows none.
    """

    family = "nvidia"
    evidence = codes.Evidence.INFERRED
    mandatory = {
        "device_api": "device_api of the mdev type; vfio-pci for a VF",
        "type": (
            "name of the mdev type; for the number in "
            f"nvidia/current_vgpu_type of a VF, {nvidia_types.CONFIG}, or "
            "nvidia/creatable_vgpu_types of any VF"
        ),
        "manager_version": (
            "sys/module/nvidia_vgpu_vfio/version, or sys/module/nvidia/version"
        ),
        "pf_device": "device of the GPU, for VFs that of their PF",
        "pf_subsystem_vendor": "subsystem_vendor of the same",
        "pf_subsystem_device": "subsystem_device of the same",
    }

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is, or may become, an NVIDIA vGPU."""
        if not isinstance(device, pci.PciFunction):
            return mdev.maker(device) == _DRIVER
        # A VF of which mdevs are made is told by its types.
        return (
            device.is_vf
            and not device.is_mdev_parent
            and device.bound == _DRIVER
            and device.identity("vendor") == _VENDOR
        )

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a VF, or of an mdev's type."""
        if isinstance(device, pci.PciFunction):
            # Before Linux 6.1 nothing else tells who hands a VF out; a driver
            # without vGPU manager leaves it to vfio-pci.
            if "nvidia" not in device.files:
                base.require_driver(device, ctx, _DRIVER)
            kind = {"device_api": "vfio-pci", "type": _vf_type(device, ctx)}
            gpu = base.require_pf(device, ctx)
        else:
            item = mdev.type_of(device)
            kind = {
                "device_api": mdev.device_api(item, ctx),
                "type": _mdev_type(item, ctx),
            }
            gpu = _gpu(item, ctx)
        return self.classify(
            device,
            {
                **kind,
                "manager_version": _manager_version(ctx),
                **{f"pf_{name}": gpu.hexadecimal(name, 4) for name in _BOARD},
            },
            exposed={},
            # Known to nvidia-smi, or only to the guest or the operator.
            unverified=(
                "ecc_mode", "guest_driver", "host_os", "mig_mode",
                "scheduler_policy",
            ),
        )


def _vf_type(vf: pci.PciFunction, ctx: context.Context) -> str:
    path = f"{vf.path}/nvidia/current_vgpu_type"
    number = int(
        base.shaped(
            path, ctx.tree.read(path), "[0-9]{1,9}", "the number of a type"
        )
    )
    if not number:
        raise errors.DescribeError(
            path, codes.Code.VGPU_TYPE_UNSET, "is 0: no vGPU was made here"
        )
    return nvidia_types.name(number, path, ctx, vf)


def _mdev_type(item: host_mdev.MdevType, ctx: context.Context) -> str:
    path = f"{item.path}/name"
    text = (ctx.tree.read_optional(path) or "").strip()
    # The kernel gives a type without a name its id (mdev_sysfs.c).
    if text and text != item.id:
        return base.shaped(path, text, mdev.WORD, "the name of a vGPU type")
    number = re.fullmatch(r"nvidia-([0-9]{1,9})", item.id)
    if number is None:
        raise errors.DescribeError(
            path, codes.Code.VGPU_TYPE_UNKNOWN, "has no name of a vGPU type"
        )
    return nvidia_types.name(int(number[1]), path, ctx)


def _gpu(item: host_mdev.MdevType, ctx: context.Context) -> pci.PciFunction:
    """The function whose board it is: the parent, or its PF."""
    parent = ctx.functions.get(item.parent.sysname)
    if parent is None:
        raise errors.DescribeError(
            item.parent.path,
            codes.Code.NO_PF,
            "is no PCI function, so its board cannot be told",
        )
    return base.require_pf(parent, ctx) if parent.is_vf else parent


def _manager_version(ctx: context.Context) -> str:
    for module in _MODULES:
        path = f"sys/module/{module}/version"
        text = ctx.tree.read_optional(path)
        if text is not None:
            return base.shaped(path, text, mdev.WORD, "a version")
    raise errors.Missing(
        f"sys/module/{_MODULES[0]}/version",
        f"does not exist, nor does that of {_MODULES[1]}: the vGPU manager "
        "is not loaded",
    )
