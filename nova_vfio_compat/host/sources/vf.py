# SPDX-License-Identifier: Apache-2.0

"""What the rules of several families ask of a VF."""

from __future__ import annotations

import re

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import context
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base

_VIRTFN = re.compile(r"virtfn(?:0|[1-9][0-9]{0,4})")
_NUMBER = r"0|[1-9][0-9]{0,19}"


def claims(
    device: base.Candidate,
    ctx: context.Context,
    vendor: str,
    devices: frozenset[str],
    name: str,
) -> bool:
    """Whether a driver is meant for a function.

    It is not asked for a PF that shares itself among VFs.

    :param devices: the ids that it is known to be for; it may have learnt
        of others
    :param name: of the driver, with ``_`` for ``-``
    """
    if (
        not isinstance(device, pci.PciFunction)
        or device.has_vfs
        or device.identity("vendor") != vendor
    ):
        return False
    if device.identity("device") in devices:
        return True
    return device.is_vf and ctx.effective_driver(device).folded == name


def require(
    device: base.Candidate, ctx: context.Context, name: str, *pf_drivers: str
) -> tuple[pci.PciFunction, pci.PciFunction]:
    """Return a VF that a guest gets from a driver, and its PF.

    :param name: of the driver, with ``_`` for ``-``
    :param pf_drivers: one of them must have the PF, or the VFs cannot
        migrate; the same spelling
    :raises DescribeError: it is no such VF, with the reason
    """
    if not isinstance(device, pci.PciFunction):
        raise TypeError("not a PCI function")
    base.require_driver(device, ctx, name)
    if not device.is_vf:
        raise errors.DescribeError(
            device.path, codes.Code.NOT_A_VF, codes.Code.NOT_A_VF.text
        )
    pf = base.require_pf(device, ctx)
    if driver.fold(pf.bound) not in pf_drivers:
        raise errors.DescribeError(
            f"{pf.path}/driver",
            codes.Code.PF_DRIVER_MISSING,
            f"is {pf.bound or 'not there'}; the VFs can migrate only while "
            f"the PF is bound to {' or '.join(pf_drivers)}",
        )
    return device, pf


def count(pf: pci.PciFunction) -> int:
    """How many VFs a PF has now; the kernel numbers them from 0."""
    return max(_numbers(pf), default=-1) + 1


def index(
    device: pci.PciFunction, pf: pci.PciFunction, ctx: context.Context
) -> int:
    """Return the number of a VF among those of its PF, from 0.

    :raises DescribeError: the PF has no link to it
    """
    # One link is enough where the addresses follow each other.
    ahead = _ahead(device.address, pf, ctx)
    if ahead is not None and _leads(pf, ahead, device, ctx):
        return ahead
    for place in sorted(_numbers(pf)):
        if _leads(pf, place, device, ctx):
            return place
    raise errors.DescribeError(
        pf.path, codes.Code.NO_PF, f"has no link to {device.address}"
    )


def _numbers(pf: pci.PciFunction) -> list[int]:
    return [
        int(name.removeprefix("virtfn"))
        for name in pf.files if _VIRTFN.fullmatch(name)
    ]


def _leads(
    pf: pci.PciFunction,
    place: int,
    device: pci.PciFunction,
    ctx: context.Context,
) -> bool:
    """Whether one of a PF's links leads to a VF."""
    path = f"{pf.path}/virtfn{place}"
    return ctx.tree.link_name(path) == device.address


def _ahead(
    address: str, pf: pci.PciFunction, ctx: context.Context
) -> int | None:
    """Where the VF should be (PCI Express, 9.2.1.2)."""
    try:
        offset, stride = (
            int(number(pf, ctx, name)) for name in (
                "sriov_offset", "sriov_stride"
            )
        )
    except errors.ReadError:
        return None
    distance = _routing_id(address) - _routing_id(pf.address) - offset
    if distance < 0 or stride == 0 or distance % stride:
        return None
    return distance // stride


def _routing_id(address: str) -> int:
    bus, slot, function = re.split("[:.]", address)[1:]
    return int(bus, 16) << 8 | int(slot, 16) << 3 | int(function)


def number(pf: pci.PciFunction, ctx: context.Context, name: str) -> str:
    """Return a file of a PF that holds an unsigned decimal number.

    :raises ReadError: it cannot be read, or is no number
    """
    path = f"{pf.path}/{name}"
    return base.shaped(path, ctx.tree.read(path), _NUMBER, "a number")


def setting(path: str, error: errors.ReadError) -> errors.DescribeError:
    """Say that a setting of the PF which decides is not there to be read."""
    return errors.DescribeError(
        path, codes.Code.CONFIGURATION_UNREADABLE, error.detail
    )


def one_of(name: str, *values: str) -> str:
    """Return a template: one of these, or a source that does not know."""
    listed = ",".join(f'"{value}"' for value in ("", *values))
    return f"{{{name}:string:{listed}}}"


def anything(name: str) -> str:
    """Return a template for what the destination does not know of itself."""
    return f"{{{name}:any}}"
