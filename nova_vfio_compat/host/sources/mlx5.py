# SPDX-License-Identifier: Apache-2.0

"""NVIDIA ConnectX and BlueField VFs under ``mlx5_vfio_pci``.

The driver checks the framing of its stream only and hands the image to the
firmware (drivers/vfio/pci/mlx5/main.c), so the rule is the vendor's: equal
cards (one PSID) with equal firmware
(https://docs.nvidia.com/doca/archive/2-9-3/sr-iov+live+migration/). The VF's
device id is the same for all generations; the PF's tells them apart. PSID
and firmware are attributes of the PF's InfiniBand device
(drivers/infiniband/hw/mlx5/main.c), which needs ``mlx5_ib``.
"""

from __future__ import annotations

import re

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import context
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base

_VENDOR = "15b3"
# What a value looks like, and how far a wrong one does.
_SHAPES = {
    "fw_ver": (r"[0-9]{1,5}(\.[0-9]{1,5}){2}", r"([0-9]{1,5}\.?){0,3}"),
    "board_id": (r"[A-Za-z0-9_.-]{1,32}", r"[A-Za-z0-9_.-]{0,32}"),
}


class Mlx5Source(base.Source):
    """VFs of functions that ``mlx5_core`` drives."""

    family = "mlx5"
    evidence = codes.Evidence.RULE

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is a VF of an mlx5 function."""
        if not isinstance(device, pci.PciFunction) or not device.is_vf:
            return False
        if device.identity("vendor") != _VENDOR:
            return False
        pf = ctx.pf(device)
        return pf is None or driver.fold(pf.bound) == "mlx5_core"

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a VF, in use or not."""
        if not isinstance(device, pci.PciFunction):
            raise TypeError("not a PCI function")
        _check_driver(device, ctx)
        pf = ctx.pf(device)
        if pf is None:
            raise errors.DescribeError(
                f"{device.path}/physfn",
                codes.Code.NO_PF,
                "does not lead to a physical function",
            )
        exposed, missing = device.exposed()
        state = {
            "device_api": "vfio-pci",
            "firmware": _of_all(ctx.tree, pf, "fw_ver"),
            "psid": _of_all(ctx.tree, pf, "board_id"),
            "pf_device": pf.hexadecimal("device", 4),
        }
        return device_class.DeviceClass(
            family=self.family,
            bus=device.bus,
            evidence=self.evidence,
            state=state,
            accepts=(state,),
            exposed=exposed,
            # A setting in the card's flash, for mlxconfig only.
            unverified=("vf_migration_mode", *missing),
        )


def _check_driver(device: pci.PciFunction, ctx: context.Context) -> None:
    effective = ctx.effective_driver(device)
    if effective.folded == "mlx5_vfio_pci":
        return
    if effective.code is not None:
        raise errors.DescribeError(
            device.path, effective.code, effective.code.text
        )
    code = codes.Code.NO_SOURCE
    if effective.folded == driver.PLAIN:
        code = codes.Code.PLAIN_VFIO_PCI
    raise errors.DescribeError(
        device.path, code, f"a guest gets it from {effective.name}"
    )


def _of_all(
    tree: host_tree.HostTree, pf: pci.PciFunction, attribute: str
) -> str:
    """Return the value that all InfiniBand devices of a PF agree on."""
    folder = f"{pf.path}/infiniband"
    names = tree.listdir(folder)
    if not names:
        raise errors.DescribeError(
            folder,
            codes.Code.FIRMWARE_UNREADABLE,
            "is not there, so the firmware version cannot be read: load "
            "mlx5_ib",
        )
    values = {}
    for name in names:
        path = f"{folder}/{name}/{attribute}"
        text = tree.read(path)
        whole, beginning = _SHAPES[attribute]
        if not re.fullmatch(whole, text):
            good = re.match(beginning, text)
            raise errors.malformed(
                path,
                compat_errors.ParseError(
                    f"not a value of {attribute}",
                    text,
                    good.end() if good else 0,
                ),
            )
        values[text] = name
    if len(values) > 1:
        told = ", ".join(f"{name}: {text}" for text, name in values.items())
        raise errors.DescribeError(
            folder,
            codes.Code.FIRMWARE_UNREADABLE,
            f"has devices that differ in {attribute} ({told})",
        )
    return next(iter(values))
