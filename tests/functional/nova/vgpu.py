# SPDX-License-Identifier: Apache-2.0
"""Computes with mdev-capable GPUs, and servers that hold one vGPU each."""

from __future__ import annotations

import typing
import uuid

import fixtures
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import test_pci_sriov_servers
from nova.tests.functional.libvirt import test_vgpu

from tests import trees
from tests.functional.nova import harness

IMAGE = "155d900f-4e14-4e4c-a73d-069cbf4541e6"
TYPE = fakelibvirt.NVIDIA_11_VGPU_TYPE
#: The PCI addresses that fakelibvirt gives to its GPUs, in order.
GPUS = tuple("0000:81:%02x.0" % slot for slot in range(4))
GPU = trees.Function(0x10de, 0x0ffe, 0xa1, 0x030000,
                      bars={0: trees.Bar(0x1000000, "mem32")})


class VgpuFleet(harness.ReportsMixin, test_vgpu.VGPUTestBase):
    """Any number of computes; every GPU offers one type of vGPU."""

    # What Nova asks for before it live migrates an mdev.
    FAKE_LIBVIRT_VERSION = 8006000
    FAKE_QEMU_VERSION = 8001000

    _migrate_stub = (
        test_pci_sriov_servers._PCIServersWithMigrationTestBase._migrate_stub)

    def setUp(self) -> None:
        """Start Nova without computes."""
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            "nova.tests.fixtures.libvirt.Domain.migrateToURI3",
            self._migrate_stub))
        self.flags(enabled_mdev_types=[TYPE], group="devices")
        self.flavor = self._create_flavor(
            extra_spec={"resources:VGPU": "1"})

    def start(self, host: str, *versions: str | None,
              preferred: bool = False) -> None:
        """Start a compute, write its tree and report it.

        :param versions: software_version of the vGPUs of each of its GPUs;
            None: the compute has one GPU and is not reported.
        :param preferred: give it so much memory that Nova's weigher takes it
            before any other that passes the filters.
        """
        self.start_compute(
            hostname=host,
            host_info=fakelibvirt.HostInfo(
                cpu_nodes=2, cpu_sockets=1, cpu_cores=2, cpu_threads=2,
                kB_mem=16780000 * (4 if preferred else 1)),
            pci_info=fakelibvirt.HostPCIDevicesInfo(
                num_pci=0, num_pfs=0, num_vfs=0, num_mdevcap=len(versions)),
            libvirt_version=self.FAKE_LIBVIRT_VERSION,
            qemu_version=self.FAKE_QEMU_VERSION)
        if versions != (None,):
            self.report(host, *versions)

    def report(self, host: str, *versions: str | None) -> None:
        """Write a host's tree as it is from now on, and publish it.

        A GPU whose version is None has no mdev that declares anything.
        """
        builder = self.tree(host)
        for address, version in zip(GPUS, versions, strict=False):
            builder.mdev_parent(
                address, driver="nvidia", function=GPU, version="550.54.16",
                types={TYPE: {"available_instances": "16"}})
            if version is not None:
                builder.mdev(
                    str(uuid.uuid5(uuid.NAMESPACE_OID, host + address)),
                    parent=address, type=TYPE, migration=declared(version))
        self.publish(host)

    def boot(self, host: str | None = None,
             **kwargs: typing.Any) -> harness.Server:
        """Create a server with a vGPU, on a host or where Nova puts it."""
        return typing.cast(harness.Server, self._create_server(
            image_uuid=IMAGE, flavor_id=self.flavor, networks="none",
            host=host, **kwargs))

    def gpu_of(self, server: harness.Server) -> str:
        """Return the name of the provider that a server's vGPU is from."""
        (name,) = (name for name, resources in self.allocations(server).items()
                   if "VGPU" in resources)
        return name


def declared(version: str, type_id: str = TYPE) -> trees.Migration:
    """Return what a vGPU declares: it writes and loads one version.

    A plain version accepts the same major version and its own minor version
    or an older one.
    """
    state = {"device_api": "vfio-pci", "type": type_id,
             "software_version": version}
    return trees.Migration(self=state, compatible=[state])


def provider(host: str, gpu: str = GPUS[0]) -> str:
    """Return Nova's name for the provider of a GPU's vGPUs."""
    return "%s_pci_%s" % (host, gpu.replace(":", "_").replace(".", "_"))
