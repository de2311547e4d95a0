# SPDX-License-Identifier: Apache-2.0
"""Computes with SR-IOV adapters, and servers that hold virtual functions."""

from __future__ import annotations

import json
import typing

import fixtures
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import test_pci_sriov_servers
from nova.virt.libvirt import driver
from oslo_utils import versionutils

from tests.functional.nova import harness

ALIAS = "cx7-vf"
RESOURCE_CLASS = "CUSTOM_CX7_VF"
VENDOR = "15b3"
VF_PRODUCT = "101e"
#: The PCI addresses that fakelibvirt gives to its PFs, in order; each has its
#: one VF at function 1.
PFS = tuple("0000:81:%02x.0" % slot for slot in range(4))
BUS = 0x81


class VfFleet(harness.ReportsMixin,
              test_pci_sriov_servers._PCIServersWithMigrationTestBase):
    """Any number of computes with PCI devices in Placement."""

    ADMIN_API = True
    microversion = "latest"
    PCI_IN_PLACEMENT = True
    #: where the computes have their PFs
    BUS = BUS
    #: product id of their VFs
    PRODUCT = VF_PRODUCT
    PCI_DEVICE_SPEC = [json.dumps({
        "vendor_id": VENDOR,
        "product_id": VF_PRODUCT,
        "resource_class": RESOURCE_CLASS,
        "live_migratable": "yes",
    })]
    PCI_ALIAS = [json.dumps({
        "name": ALIAS,
        "resource_class": RESOURCE_CLASS,
        "vendor_id": VENDOR,
        "product_id": VF_PRODUCT,
        "device_type": "type-VF",
        "live_migratable": "yes",
    })]

    def setUp(self) -> None:
        """Start Nova without computes."""
        self.flags(report_in_placement=self.PCI_IN_PLACEMENT, group="pci")
        self.flags(pci_in_placement=self.PCI_IN_PLACEMENT,
                   group="filter_scheduler")
        super().setUp()
        # fakelibvirt's adapters are Intel's unless told otherwise.
        self.useFixture(fixtures.MonkeyPatch(
            "nova.tests.fixtures.libvirt.PCI_VEND_ID", VENDOR))
        self.flavor = self._create_flavor(
            extra_spec={"pci_passthrough:alias": ALIAS + ":1"})

    def start(self, host: str, *firmwares: str | None,
              preferred: bool = False, cell: str | None = None) -> None:
        """Start a compute, write its tree and report it.

        :param firmwares: firmware version of each of its PFs, which have one
            VF each; None: the compute has one PF and is not reported.
        :param preferred: give it so much memory that Nova's weigher takes it
            before any other that passes the filters.
        :param cell: its cell, where there are several
        """
        self.start_compute(
            hostname=host, cell_name=cell,
            host_info=fakelibvirt.HostInfo(
                cpu_nodes=2, cpu_sockets=1, cpu_cores=2, cpu_threads=2,
                kB_mem=16780000 * (4 if preferred else 1)),
            pci_info=fakelibvirt.HostPCIDevicesInfo(
                num_pfs=len(firmwares), num_vfs=len(firmwares), numa_node=0,
                bus=self.BUS, product_ids=[self.PRODUCT]),
            libvirt_version=versionutils.convert_version_to_int(
                driver.MIN_VFIO_PCI_VARIANT_LIBVIRT_VERSION),
            qemu_version=versionutils.convert_version_to_int(
                driver.MIN_VFIO_PCI_VARIANT_QEMU_VERSION))
        if firmwares != (None,):
            self.report(host, *firmwares)

    def report(self, host: str, *firmwares: str | None,
               age: int = 0) -> None:
        """Write a host's tree as it is from now on, and publish it."""
        builder = self.tree(host)
        for address, firmware in zip(PFS, firmwares, strict=False):
            address = address.replace("81", "%02x" % self.BUS)
            builder.mlx5_pf(address, firmware=firmware, vfs=1, offset=1)
        self.publish(host, age)

    def boot(self, host: str | None = None,
             **kwargs: typing.Any) -> harness.Server:
        """Create a server with a VF, on a host or where Nova puts it."""
        return typing.cast(harness.Server, self._create_server(
            flavor_id=self.flavor, networks="none", host=host, **kwargs))

    def pf_of(self, server: harness.Server) -> str:
        """Return the name of the provider that a server's VF is from."""
        (name,) = (name for name, resources in self.allocations(server).items()
                   if RESOURCE_CLASS in resources)
        return name


def provider(host: str, pf: str = PFS[0]) -> str:
    """Return Nova's name for the provider of a PF's VFs."""
    return "%s_%s" % (host, pf.upper())
