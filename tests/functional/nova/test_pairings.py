# SPDX-License-Identifier: Apache-2.0
"""Servers with several devices: Nova decides which meets which.

A and B are sources of different classes; on the destination there is one
device for each.  Where Nova could cross them the host is refused.
"""

from __future__ import annotations

from importlib import metadata
import json
import uuid

import nova.conf
from nova.tests.fixtures import libvirt as fakelibvirt
from packaging import version
import testtools

from tests.functional.nova import vf
from tests.functional.nova import vgpu

CONF = nova.conf.CONF
A, B = "28.43.1000", "28.41.1000"


class TestOneRequest(vf.VfFleet):
    """Two devices of one request are paired by their order."""

    def setUp(self) -> None:
        """Make servers that have two VFs."""
        super().setUp()
        self.flavor = self._create_flavor(
            extra_spec={"pci_passthrough:alias": vf.ALIAS + ":2"})

    def test_could_be_crossed(self) -> None:
        """A to A' and B to B' would do, but A to B' could come out."""
        self.start("src", A, B)
        self.start("dst", A, B)
        server = self.boot("src")
        self.assert_refused(server)
        self.assertNotEqual([], self.logged(" INFO ", "dst", "firmware"))

    def test_of_one_class(self) -> None:
        """Devices of one class may be crossed as Nova likes."""
        self.start("src", A, A)
        self.start("dst", A, A)
        self.assertEqual("dst", self.live_migrate(self.boot("src")))


class TestOneRequestWithoutPlacement(TestOneRequest):
    """The same where Placement does not know the devices."""

    PCI_IN_PLACEMENT = False


class TestTwoRequests(vf.VfFleet):
    """Devices of different requests never meet."""

    PCI_DEVICE_SPEC = [
        json.dumps({
            "vendor_id": vf.VENDOR, "product_id": vf.VF_PRODUCT,
            "address": "*:81:0%d.*" % slot,
            "resource_class": "CUSTOM_" + name, "live_migratable": "yes",
        }) for slot, name in enumerate(("VF_A", "VF_B"))]
    PCI_ALIAS = [
        json.dumps({
            "name": name, "resource_class": "CUSTOM_" + name,
            "device_type": "type-VF", "live_migratable": "yes",
        }) for name in ("VF_A", "VF_B")]

    def setUp(self) -> None:
        """Make servers that have a VF of each kind."""
        super().setUp()
        self.flavor = self._create_flavor(
            extra_spec={"pci_passthrough:alias": "VF_A:1,VF_B:1"})

    def test_cannot_be_crossed(self) -> None:
        """A goes to A' and B to B', as Placement's candidates say."""
        self.start("src", A, B)
        self.start("dst", A, B)
        server = self.boot("src")
        self.assertEqual("dst", self.live_migrate(server))

    def test_wrong_way_round(self) -> None:
        """A host that has the right devices for the wrong requests is no."""
        self.start("src", A, B)
        self.start("dst", B, A)
        self.assert_refused(self.boot("src"))


@testtools.skipIf(
    version.parse(metadata.version("nova")).major < 33,
    "before 2026.1 Nova takes all vGPUs of a server from one GPU")
class TestVgpus(vgpu.VgpuFleet):
    """All vGPUs of a server are one group; Nova pairs them by type."""

    def setUp(self) -> None:
        """Make servers that have vGPUs of two GPUs."""
        super().setUp()
        self.flavor = self._create_flavor(extra_spec={
            "resources1:VGPU": "1", "resources2:VGPU": "1",
            "group_policy": "isolate"})

    def test_could_be_crossed(self) -> None:
        """Two vGPUs of one type and two classes could be crossed."""
        self.start("src", "2.0.0", "3.0.0")
        self.start("dst", "2.0.0", "3.0.0")
        self.assert_refused(self.boot("src"))

    def test_of_one_class(self) -> None:
        """Two vGPUs of one class may be crossed as Nova likes."""
        self.start("src", "3.0.0", "3.0.0")
        self.start("dst", "3.0.0", "3.0.0")
        self.assertEqual("dst", self.live_migrate(self.boot("src")))


class TestTypes(vgpu.VgpuFleet):
    """Two types of vGPUs, one of them with a resource class of its own."""

    TYPES = (fakelibvirt.NVIDIA_11_VGPU_TYPE, fakelibvirt.NVIDIA_12_VGPU_TYPE)

    def setUp(self) -> None:
        """Give each of two GPUs a type."""
        super().setUp()
        self.flags(enabled_mdev_types=list(self.TYPES), group="devices")
        nova.conf.devices.register_dynamic_opts(CONF)
        for type_id, address in zip(self.TYPES, vgpu.GPUS, strict=False):
            self.flags(device_addresses=[address], group="mdev_" + type_id)
        self.flags(mdev_class="CUSTOM_BIG", group="mdev_" + self.TYPES[1])

    def start(self, host: str, *versions: str | None,
              preferred: bool = False) -> None:
        """Start a compute whose GPUs have one type each."""
        super().start(host, None, preferred=preferred)
        connection = self.computes[host].driver._host.get_connection()
        connection.pci_info = fakelibvirt.HostPCIDevicesInfo(
            num_pci=0, num_pfs=0, num_vfs=0, num_mdevcap=2,
            multiple_gpu_types=True)
        self.restart_compute_service(host)
        self.report(host, *versions)

    def report(self, host: str, *versions: str | None) -> None:
        """Write and publish a host with both types on both GPUs."""
        builder = self.tree(host)
        for address, type_id, one in zip(
                vgpu.GPUS, self.TYPES, versions, strict=False):
            builder.mdev_parent(
                address, driver="nvidia", function=vgpu.GPU,
                types={name: {"available_instances": "16"}
                       for name in self.TYPES})
            assert one is not None
            builder.mdev(
                str(uuid.uuid5(uuid.NAMESPACE_OID, host + address)),
                parent=address, type=type_id,
                migration=vgpu.declared(one, type_id))
        self.publish(host)

    def test_own_resource_class(self) -> None:
        """A vGPU of a class that the operator named is found like others."""
        self.start("src", "1.0.0", "3.0.0")
        self.start("other", "3.0.0", "1.0.0", preferred=True)
        self.start("same", "1.0.0", "3.0.0")
        self.flavor = self._create_flavor(
            extra_spec={"resources:CUSTOM_BIG": "1"})
        server = self.boot("src")
        self.assertEqual("same", self.live_migrate(server))

    @testtools.skipIf(
        version.parse(metadata.version("nova")).major < 33,
        "before 2026.1 Nova takes all vGPUs of a server from one GPU")
    def test_of_two_types(self) -> None:
        """vGPUs of two types are never crossed."""
        self.start("src", "2.0.0", "3.0.0")
        self.start("dst", "2.0.0", "3.0.0")
        self.start("other", "3.0.0", "2.0.0", preferred=True)
        self.flavor = self._create_flavor(extra_spec={
            "resources:VGPU": "1", "resources:CUSTOM_BIG": "1"})
        server = self.boot("src")
        self.assertEqual("dst", self.live_migrate(server))
