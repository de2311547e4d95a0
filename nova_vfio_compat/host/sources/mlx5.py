# SPDX-License-Identifier: Apache-2.0

"""NVIDIA ConnectX and BlueField VFs under ``mlx5_vfio_pci``."""

from __future__ import annotations

from collections.abc import Iterable

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import kernel
from nova_vfio_compat.host import mlx5_card
from nova_vfio_compat.host import mlx5_infiniband
from nova_vfio_compat.host import msix
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base

_VENDOR = "15b3"
_PF_DRIVER = "mlx5_core"
_VF_DRIVER = "mlx5_vfio_pci"
_DRIVERS = frozenset({_PF_DRIVER, _VF_DRIVER})

# drivers/net/ethernet/mellanox/mlx5/core/main.c, mlx5_core_pci_table: one
# VF id for every generation since ConnectX-6 Dx. Connect-IB, ConnectX-4,
# -4 Lx, -5, -5 Ex, -6 and the first BlueField have one each, and
# mlx5_vfio_pci is for none of them (drivers/vfio/pci/mlx5/main.c).
_VF = "101e"
_OLD_VFS = frozenset({"1012", "1014", "1016", "1018", "101a", "101c", "a2d3"})

# ConnectX-6 Dx, -6 Lx, BlueField-2: not among the cards that the vendor
# asks for, and where it names ConnectX-6 Dx it is without dirty tracking
# (https://docs.nvidia.com/networking/display/mlnxenv23070512/
# changes+and+new+features).
_WITHOUT_TRACKING = frozenset({"101d", "101f", "a2d6"})

# ConnectX-7 and BlueField-3, with the first firmware, from the vendor's
# requirements
# (https://docs.nvidia.com/doca/archive/2-9-3/sr-iov+live+migration/).
_FIRST_FIRMWARE = {"1021": (28, 41, 1000), "a2dc": (32, 41, 1000)}

# Linux 6.1 writes the state as one image, 6.12 as records with headers and
# loads nothing else (drivers/vfio/pci/mlx5/{main,cmd}.c of both); what lies
# between was not looked at.
_RECORDS = kernel.Change(
    (6, 12), unsure={(6, minor): 0 for minor in range(2, 12)}
)
# The drivers in the kernel's tree have no version, the vendor's have one.
_VENDOR_DRIVERS = f"sys/module/{_PF_DRIVER}/version"


class Mlx5Source(base.Source):
    """VFs of NVIDIA ConnectX and BlueField cards, driven by mlx5_core.

    The driver checks the framing of its stream and hands the rest to the
    firmware (drivers/vfio/pci/mlx5/main.c), so the rule is the vendor's:
    equal cards (one PSID) with equal firmware, ConnectX-7 or BlueField-3
    or newer, Ethernet
    (https://docs.nvidia.com/doca/archive/2-9-3/sr-iov+live+migration/).

    A VF's id is the same in every generation; the PF's tells them apart.
    mlx5_core shares the PF's MSI-X vectors out when the VFs are made:
    max(min(total / VFs, max / 2), min), where max and min are the
    firmware's (drivers/net/ethernet/mellanox/mlx5/core/pci_irq.c,
    mlx5_get_default_msix_vec_count). With equal firmware an equal
    total / VFs means equal tables; another one may, and is taken for a
    difference.
    """

    family = "mlx5"
    evidence = codes.Evidence.RULE
    # drivers/vfio/pci/mlx5/cmd.c, mlx5vf_cmd_set_migratable
    dirty_tracking = base.DirtyTracking.DEVICE
    p2p = True
    mandatory = {
        "device_api": "vfio-pci, as of every PCI function",
        "firmware": "fw_ver of the PF's InfiniBand device, or devlink's "
                    "running fw.version",
        "pf_device": "device of the PF",
        "psid": "board_id of the PF's InfiniBand device, or devlink's "
                "fw.psid",
    }
    optional = {
        "exposed:msix": "sriov_vf_total_msix of the PF, divided by its VFs",
    }

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is a VF of an mlx5 function."""
        if not isinstance(device, pci.PciFunction) or not (
            device.is_vf or driver.fold(device.bound) in _DRIVERS
        ):
            return False
        if device.identity("vendor") != _VENDOR:
            return False
        identity = device.identity("device")
        if identity == _VF or identity in _OLD_VFS:
            return True
        pf = ctx.pf(device)
        return pf is not None and driver.fold(pf.bound) == _PF_DRIVER

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a VF, in use or not."""
        if not isinstance(device, pci.PciFunction):
            raise TypeError("not a PCI function")
        if device.identity("device") in _OLD_VFS:
            raise errors.DescribeError(
                device.path,
                codes.Code.HARDWARE_TOO_OLD,
                f"{_VF_DRIVER} is for ConnectX-6 Dx and newer",
            )
        base.require_driver(device, ctx, _VF_DRIVER)
        if not device.is_vf:
            raise errors.DescribeError(
                device.path,
                codes.Code.NOT_A_VF,
                "the kernel does not know it as a virtual function",
            )
        pf = base.require_pf(device, ctx)
        if driver.fold(pf.bound) != _PF_DRIVER:
            raise errors.DescribeError(
                pf.path,
                codes.Code.PF_DRIVER_MISSING,
                f"is bound to {pf.bound or 'no driver'}, and {_VF_DRIVER} "
                f"needs {_PF_DRIVER} there",
            )
        return self._of_vf(device, ctx, pf)

    def tracking(
        self, device: base.Candidate, ctx: context.Context
    ) -> base.DirtyTracking:
        """Return who tracks dirty pages: older cards do not."""
        pf = ctx.pf(device) if isinstance(device, pci.PciFunction) else None
        if pf is not None and pf.identity("device") in _WITHOUT_TRACKING:
            return base.DirtyTracking.IOMMU
        return self.dirty_tracking

    def remarks(
        self, device: base.Candidate, ctx: context.Context
    ) -> Iterable[device_.Problem]:
        """Tell of firmware that waits for a reset."""
        pf = ctx.pf(device) if isinstance(device, pci.PciFunction) else None
        return () if pf is None else mlx5_card.pending(ctx.tree, pf)

    def _of_vf(
        self,
        device: pci.PciFunction,
        ctx: context.Context,
        pf: pci.PciFunction,
    ) -> device_class.DeviceClass:
        pf_device = pf.hexadecimal("device", 4)
        card = mlx5_card.read(ctx, pf)
        if card.link_layer == mlx5_infiniband.INFINIBAND:
            raise errors.DescribeError(
                pf.path,
                codes.Code.LINK_LAYER_UNSUPPORTED,
                "the vendor supports migration with Ethernet only",
            )
        first = _FIRST_FIRMWARE.get(pf_device)
        if first is not None and card.version < first:
            raise errors.DescribeError(
                pf.path,
                codes.Code.FIRMWARE_TOO_OLD,
                f"has firmware {card.firmware}; migration takes "
                f"{'.'.join(map(str, first))}",
            )
        # A setting in the card's flash, for mlxconfig only.
        unverified = {"vf_migration_mode"}
        if not _writes_records(ctx):
            unverified.add("stream_format")
        if card.link_layer is None:
            unverified.add("link_layer")
        if first is None:
            # None of those that the vendor's requirements name.
            unverified.add("hardware_support")
        exposed, missing = device.exposed()
        unverified.update(missing)
        vectors = msix.share(pf)
        if vectors is None:
            unverified.add("exposed:msix")
        else:
            exposed["msix"] = vectors
            # One VF's share can be changed, and not be read.
            unverified.add("sriov_vf_msix_count")
        return self.classify(
            device,
            {
                "device_api": "vfio-pci",
                "firmware": card.firmware,
                "pf_device": pf_device,
                "psid": card.psid,
            },
            exposed=exposed,
            unverified=unverified,
        )


def _writes_records(ctx: context.Context) -> bool:
    """Whether the driver surely writes what today's kernels load.

    :raises DescribeError: it surely does not
    """
    if ctx.tree.read_optional(_VENDOR_DRIVERS) is not None:
        return False
    system = kernel.read(ctx.tree)
    found = _RECORDS.is_in(system)
    if found is False:
        raise errors.DescribeError(
            kernel.RELEASE,
            codes.Code.KERNEL_TOO_OLD,
            f"{system.release}: {_VF_DRIVER} writes what newer kernels do "
            "not load; the vendor asks for Linux 6.7",
        )
    return found is True
