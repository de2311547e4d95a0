# SPDX-License-Identifier: Apache-2.0
"""The kinds of devices that Nova hands out, alone and together."""

from __future__ import annotations

import json
import uuid

import fixtures
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.virt.libvirt import driver
from oslo_utils import versionutils

from tests import trees
from tests.functional.nova import vf
from tests.functional.nova import vgpu

PCI_PRODUCT = 0x1533
#: Two functions of the fake libvirt that are no VFs and have none.
WHOLE = ("0000:81:00.0", "0000:81:01.0")


class TestWholeFunctions(vf.VfFleet):
    """A function that is no VF, whose driver declares what it can load."""

    PCI_DEVICE_SPEC = [json.dumps({
        "vendor_id": vf.VENDOR, "product_id": "%04x" % PCI_PRODUCT,
        "live_migratable": "yes"})]
    PCI_ALIAS = [json.dumps({
        "name": vf.ALIAS, "vendor_id": vf.VENDOR,
        "product_id": "%04x" % PCI_PRODUCT, "device_type": "type-PCI",
        "live_migratable": "yes"})]

    def start(self, host: str, *versions: str | None,
              preferred: bool = False, cell: str | None = None) -> None:
        """Start a compute with functions of these versions."""
        self.start_compute(
            hostname=host, cell_name=cell,
            host_info=fakelibvirt.HostInfo(
                cpu_nodes=2, cpu_sockets=1, cpu_cores=2, cpu_threads=2,
                kB_mem=16780000 * (4 if preferred else 1)),
            pci_info=fakelibvirt.HostPCIDevicesInfo(
                num_pci=len(versions), num_pfs=0, num_vfs=0, numa_node=0),
            libvirt_version=versionutils.convert_version_to_int(
                driver.MIN_VFIO_PCI_VARIANT_LIBVIRT_VERSION),
            qemu_version=versionutils.convert_version_to_int(
                driver.MIN_VFIO_PCI_VARIANT_QEMU_VERSION))
        self.report(host, *versions)

    def report(self, host: str, *versions: str | None, age: int = 0) -> None:
        """Write and publish a host with functions of these versions."""
        builder = self.tree(host)
        for address, one in zip(WHOLE, versions, strict=False):
            builder.pci(
                address,
                trees.Function(
                    int(vf.VENDOR, 16), PCI_PRODUCT,
                    bars={0: trees.Bar(0x4000)}),
                "nvme_vfio_pci")
            state = {"device_api": "vfio-pci", "type": "nvme",
                     "software_version": str(one)}
            builder.migration(address, trees.Migration(
                self=state, compatible=[state]))
        self.publish(host, age)

    def test_lands_on_the_only_compatible_host(self) -> None:
        """A whole function is decided on like a VF."""
        self.start("src", "2.1.0")
        self.start("older", "2.0.0", preferred=True)
        self.start("newer", "2.2.0")
        server = self.boot("src")
        self.assertEqual("newer", self.live_migrate(server))
        self.assert_refused(server, host="older")

    def test_lands_on_the_right_function(self) -> None:
        """Of two functions the server gets the one that can take it."""
        self.start("src", "2.1.0")
        self.start("mixed", "2.0.0", "2.2.0")
        server = self.boot("src")
        self.assertEqual("mixed", self.live_migrate(server))
        (held,) = (
            name for name, resources in self.allocations(server).items()
            if any(item.startswith("CUSTOM_PCI") for item in resources))
        self.assertEqual("mixed_" + WHOLE[1].upper(), held)


class TestWholeFunctionsWithoutPlacement(TestWholeFunctions):
    """The same where Placement does not know them."""

    PCI_IN_PLACEMENT = False

    def test_lands_on_the_right_function(self) -> None:
        """Which function Nova takes is not known, so all must be right."""
        self.start("src", "2.1.0")
        self.start("mixed", "2.0.0", "2.2.0")
        self.assert_refused(self.boot("src"))


class TestVgpuAndVf(vgpu.VgpuFleet):
    """Servers that hold a vGPU and a VF."""

    PCI_DEVICE_SPEC = vf.VfFleet.PCI_DEVICE_SPEC
    PCI_ALIAS = vf.VfFleet.PCI_ALIAS
    #: Where the fake libvirt puts a PF if there is one GPU before it.
    PF = "0000:81:01.0"

    def setUp(self) -> None:
        """Start Nova without computes."""
        self.flags(report_in_placement=True, group="pci")
        self.flags(pci_in_placement=True, group="filter_scheduler")
        self.flags(device_spec=self.PCI_DEVICE_SPEC, alias=self.PCI_ALIAS,
                   group="pci")
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            "nova.tests.fixtures.libvirt.PCI_VEND_ID", vf.VENDOR))
        self.flavor = self._create_flavor(extra_spec={
            "resources:VGPU": "1",
            "pci_passthrough:alias": vf.ALIAS + ":1"})

    def add(self, host: str, version: str, firmware: str,
            preferred: bool = False) -> None:
        """Start and report a compute with a GPU and a PF."""
        self.start_compute(
            hostname=host,
            host_info=fakelibvirt.HostInfo(
                cpu_nodes=2, cpu_sockets=1, cpu_cores=2, cpu_threads=2,
                kB_mem=16780000 * (4 if preferred else 1)),
            pci_info=fakelibvirt.HostPCIDevicesInfo(
                num_mdevcap=1, num_pfs=1, num_vfs=1, numa_node=0,
                product_ids=[vf.VF_PRODUCT]),
            libvirt_version=versionutils.convert_version_to_int(
                driver.MIN_VFIO_PCI_VARIANT_LIBVIRT_VERSION),
            qemu_version=versionutils.convert_version_to_int(
                driver.MIN_VFIO_PCI_VARIANT_QEMU_VERSION))
        builder = self.tree(host)
        builder.mdev_parent(
            vgpu.GPUS[0], driver="nvidia", function=vgpu.GPU,
            types={vgpu.TYPE: {"available_instances": "16"}})
        builder.mdev(
            str(uuid.uuid5(uuid.NAMESPACE_OID, host)),
            parent=vgpu.GPUS[0], type=vgpu.TYPE,
            migration=vgpu.declared(version))
        builder.mlx5_pf(self.PF, firmware=firmware, vfs=1, offset=1)
        self.publish(host)

    def test_both_must_fit(self) -> None:
        """A host that can take one of the two devices is refused."""
        self.add("src", "2.0.0", "28.43.1000")
        self.add("vf-differs", "2.0.0", "28.41.1000", preferred=True)
        self.add("gpu-differs", "3.0.0", "28.43.1000")
        server = self.boot("src")
        self.assert_refused(server)
        for host, word in (("vf-differs", "firmware"),
                           ("gpu-differs", "software_version")):
            self.assertNotEqual([], self.logged(" INFO ", host, word), host)
        self.add("same", "2.0.0", "28.43.1000")
        self.assertEqual("same", self.live_migrate(server))
