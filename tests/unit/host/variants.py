# SPDX-License-Identifier: Apache-2.0

"""Hosts with VFs of every family that has a VFIO driver of its own."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses

from tests import trees
from tests.trees import hisi_acc
from tests.trees import pds
from tests.trees import qat
from tests.trees import variant
from tests.trees import virtio
from tests.trees import xe
from tests.unit.host import base


@dataclasses.dataclass(frozen=True, slots=True)
class Family:
    """VFs of one family on a host.

    :ivar build: writes a PF and two VFs that no driver is bound to
    :ivar vfs: their addresses
    :ivar host_driver: the one of a free VF, None if it has none
    :ivar variant: the one under which a guest gets a VF
    """

    build: Callable[[trees.HostBuilder], object]
    vfs: tuple[str, str]
    host_driver: str | None
    variant: str


def _mlx5(host: trees.HostBuilder) -> None:
    host.kernel().mlx5_pf(base.PF, vfs=2, vf_driver=None)


def _variant(host: trees.HostBuilder) -> None:
    host.kernel()
    variant.add_alias(host)
    variant.add_pf(host, base.PF, drivers=_UNBOUND, version="2.1")


def _with(add: Callable[..., object], module: str) -> Callable[
    [trees.HostBuilder], object
]:
    """Return what builds a host of one of the kernel's variant drivers."""
    return lambda host: add(
        host.kernel("7.2.13", [module]), base.PF, drivers=_UNBOUND
    )


_UNBOUND = (None, None)
_FIRST_TWO = ("0000:81:00.1", "0000:81:00.2")
FAMILIES = {
    "mlx5": Family(
        _mlx5, ("0000:81:00.2", "0000:81:00.3"), "mlx5_core", "mlx5_vfio_pci"
    ),
    "hisi_acc": Family(
        _with(hisi_acc.add_pf, "hisi_acc_vfio_pci"),
        _FIRST_TWO, "hisi_sec2", "hisi_acc_vfio_pci",
    ),
    # The kernel has no driver of its own for these VFs.
    "qat": Family(
        _with(qat.add_pf, "qat_vfio_pci"), _FIRST_TWO, None, "qat_vfio_pci"
    ),
    "pds": Family(
        _with(pds.add_pf, "pds_vfio_pci"), _FIRST_TWO, None, "pds_vfio_pci"
    ),
    "xe": Family(
        _with(xe.add_pf, "xe_vfio_pci"), _FIRST_TWO, "xe", "xe-vfio-pci"
    ),
    "virtio": Family(
        _with(virtio.add_pf, "virtio_vfio_pci"),
        _FIRST_TWO, "virtio-pci", "virtio_vfio_pci",
    ),
    "variant": Family(
        _variant, _FIRST_TWO, variant.HOST_DRIVER, variant.DRIVER
    ),
}
