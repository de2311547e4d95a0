# SPDX-License-Identifier: Apache-2.0
"""Nova's own live migration classes, with the filter switched on.

They know nothing of the filter and must pass as they do without it: once
where no host reports, and once where every host reports devices that are
compatible.
"""

from __future__ import annotations

import typing

from nova.tests.fixtures import libvirt as fakelibvirt

from tests import trees
from tests.functional.nova import harness
from tests.functional.nova import vgpu

_PF = trees.Function(0x8086, 0x1528)
_STATE = {"device_api": "vfio-pci", "type": "vf", "software_version": "1.0.0"}
_DECLARED = trees.Migration(self=_STATE, compatible=[_STATE])


class Silent(harness.FilterMixin):
    """The filter is on and nobody reports."""


class Switched(harness.FilterMixin):
    """The filter is on, and what happens is none of its business."""


class Reporting(harness.ReportsMixin):
    """The filter is on, and a compute reports when it is first started."""

    def start_compute(self, hostname: str = "compute1",
                      *args: typing.Any, **kwargs: typing.Any) -> str:
        """Start a compute; publish the devices that its libvirt shows."""
        started: str = super().start_compute(hostname, *args, **kwargs)
        if started not in self.roots:
            connection = self.computes[started].driver._host.get_connection()
            mirror(self.tree(started), connection.pci_info)
            self.publish(started)
        return started


def mirror(builder: trees.HostBuilder,
           info: fakelibvirt.HostPCIDevicesInfo) -> None:
    """Write the tree of the PCI devices that a fake libvirt has.

    Every virtual function declares the same version.  Every GPU has all the
    types that Nova's fixtures know; nova.conf says which of them it offers.
    """
    # VFs come after their PF; not all of Nova's tests name it rightly.
    pfs: list[tuple[str, list[typing.Any]]] = []
    for device in info.devices.values():
        if device.dev_type == "PF":
            pfs.append((_address(device), []))
        elif device.dev_type == "VF":
            pfs[-1][1].append(device)
        elif device.dev_type == "MDEV_TYPES":
            builder.mdev_parent(
                _address(device), driver="nvidia", function=vgpu.GPU,
                version="550.54.16",
                types={name: {"available_instances": "16"} for name in (
                    fakelibvirt.NVIDIA_11_VGPU_TYPE,
                    fakelibvirt.NVIDIA_12_VGPU_TYPE)})
        else:
            builder.pci(
                _address(device), trees.Function(0x8086, 0x1533), "igb")
    for pf, vfs in pfs:
        product = vfs[0].prod_id if vfs else None
        builder.sriov(
            pf, _PF, trees.Function(
                0x8086, int(product or fakelibvirt.VF_PROD_ID, 16),
                bars={0: trees.Bar(0x4000)}),
            ["ixgbe_vfio_pci"] * len(vfs), pf_driver="ixgbe", offset=1)
        for vf in vfs:
            builder.migration(_address(vf), _DECLARED)


def _address(device: fakelibvirt.FakePCIDevice) -> str:
    return "0000:%02x:%02x.%d" % (device.bus, device.slot, device.function)
