# SPDX-License-Identifier: Apache-2.0

"""Firmware, PSID and link layer of an NVIDIA card, from what shows them.

The InfiniBand device of the physical function has all three
(drivers/infiniband/hw/mlx5/main.c, drivers/infiniband/core/sysfs.c); it
takes mlx5_ib. With RoCE LAG one such device stands for both functions of a
card and is below one of them. mlx5_core itself tells firmware and PSID over
devlink (drivers/net/ethernet/mellanox/mlx5/core/devlink.c).
"""

from __future__ import annotations

import dataclasses

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import context
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import devlink
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mlx5_infiniband as infiniband
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree

#: of devlink
_FIRMWARE = "fw.version"

# What functions of one card have in common.
_IDENTITY = (
    "vendor", "device", "revision", "subsystem_vendor", "subsystem_device",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """What decides, of one physical function.

    :ivar link_layer: None if it cannot be told
    """

    psid: str
    firmware: str
    link_layer: str | None

    @property
    def version(self) -> tuple[int, ...]:
        """The firmware's version as numbers."""
        return tuple(int(part) for part in self.firmware.split("."))


def read(ctx: context.Context, pf: pci.PciFunction) -> Card:
    """Return what a physical function's card is.

    :raises ReadError: a file cannot be read or understood
    :raises DescribeError: nothing tells firmware and PSID
    """
    tree = ctx.tree
    if tree.listdir(infiniband.folder(pf)):
        firmware, psid = _of_infiniband(tree, pf)
    else:
        firmware, psid = _without_infiniband(ctx, pf)
    return Card(psid, firmware, infiniband.link_layer(tree, pf))


def pending(
    tree: host_tree.HostTree, pf: pci.PciFunction
) -> tuple[device_.Problem, ...]:
    """Return the firmware that runs after the next reset, if it is another.

    Only devlink tells, so where it does not nothing is known.
    """
    try:
        info = devlink.info(tree, pf.address)
    except errors.ReadError:
        return ()
    if info is None:
        return ()
    running, stored = (
        versions.get(_FIRMWARE) for versions in (info.running, info.stored)
    )
    if stored is None or stored == running:
        return ()
    return (
        device_.Problem(
            devlink.path(pf.address),
            codes.Code.PENDING_FIRMWARE,
            f"firmware {stored} is stored and runs after the next reset; "
            f"{running} runs now, and is what counts",
        ),
    )


def _of_infiniband(
    tree: host_tree.HostTree, pf: pci.PciFunction
) -> tuple[str, str]:
    """Firmware and PSID of a function with InfiniBand device."""
    return (
        infiniband.value(tree, pf, "fw_ver"),
        infiniband.value(tree, pf, "board_id"),
    )


def _without_infiniband(
    ctx: context.Context, pf: pci.PciFunction
) -> tuple[str, str]:
    """Firmware and PSID of a function without InfiniBand device."""
    why = "devlink tells nothing either"
    try:
        found = _of_devlink(ctx.tree, pf)
        if found is not None:
            return found
    except errors.ReadError as error:
        if error.code is codes.Code.MALFORMED:
            raise
        why = error.brief
    twin = _twin(ctx, pf)
    if twin is not None:
        return _of_infiniband(ctx.tree, twin)
    raise errors.DescribeError(
        infiniband.folder(pf),
        codes.Code.FIRMWARE_UNREADABLE,
        "is not there, so the firmware version cannot be read: load mlx5_ib "
        f"({why})",
    )


def _of_devlink(
    tree: host_tree.HostTree, pf: pci.PciFunction
) -> tuple[str, str] | None:
    info = devlink.info(tree, pf.address)
    if info is None:
        return None
    firmware = info.running.get(_FIRMWARE)
    psid = info.fixed.get("fw.psid")
    if firmware is None or psid is None:
        return None
    path = devlink.path(pf.address)
    return (
        infiniband.shaped(path, firmware, "fw_ver"),
        infiniband.shaped(path, psid, "board_id"),
    )


def _twin(
    ctx: context.Context, pf: pci.PciFunction
) -> pci.PciFunction | None:
    """Another function of the same card that has an InfiniBand device.

    Of the same card for sure: functions that share the device number of an
    address are of one chip, which has one firmware.
    """
    slot = pf.address.rpartition(".")[0]
    for number in range(8):
        other = ctx.functions.get(f"{slot}.{number}")
        if (
            other is not None
            and not other.is_vf
            and driver.fold(other.bound) == "mlx5_core"
            and "infiniband" in other.files
            and _identity(other) == _identity(pf)
        ):
            return other
    return None


def _identity(pf: pci.PciFunction) -> list[str]:
    return [pf.tree.read(f"{pf.path}/{name}") for name in _IDENTITY]
