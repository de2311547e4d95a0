# SPDX-License-Identifier: Apache-2.0

"""Every source of the package keeps the contract of sources."""

from __future__ import annotations

import pathlib
import unittest

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import loader
from nova_vfio_compat.host.sources import ap as ap_source
from nova_vfio_compat.host.sources import ccw as ccw_source
from nova_vfio_compat.host.sources import hisi_acc as hisi_acc_source
from nova_vfio_compat.host.sources import i915
from nova_vfio_compat.host.sources import mdev
from nova_vfio_compat.host.sources import migration
from nova_vfio_compat.host.sources import migration_version
from nova_vfio_compat.host.sources import mlx5
from nova_vfio_compat.host.sources import mtty
from nova_vfio_compat.host.sources import nvidia as nvidia_source
from nova_vfio_compat.host.sources import pds as pds_source
from nova_vfio_compat.host.sources import qat as qat_source
from nova_vfio_compat.host.sources import variant as variant_source
from nova_vfio_compat.host.sources import virtio as virtio_source
from nova_vfio_compat.host.sources import xe as xe_source
from nova_vfio_compat.testing import source_contract
from tests import trees
from tests.trees import ap
from tests.trees import ccw
from tests.trees import hisi_acc
from tests.trees import mlx5 as mlx5_trees
from tests.trees import nvidia
from tests.trees import pds
from tests.trees import qat
from tests.trees import variant
from tests.trees import virtio
from tests.trees import xe

PF = "0000:81:00.0"
VF = "0000:81:00.1"
VF2 = "0000:81:00.2"
VF3 = "0000:81:00.3"
GPU = "0000:00:02.0"
UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
GVT = "i915-GVTg_V5_4"


class Mlx5Contract(source_contract.SourceContract, unittest.TestCase):
    source = mlx5.Mlx5Source
    devices = (VF2, VF3)
    host_driver = "mlx5_core"
    vfio_driver = "mlx5_vfio_pci"

    def write_host(self, root: pathlib.Path) -> None:
        mlx5_trees.add_pf(trees.HostBuilder(root).kernel(), PF)


class Mlx5DevlinkContract(Mlx5Contract):
    """Where mlx5_ib is not loaded."""

    def write_host(self, root: pathlib.Path) -> None:
        mlx5_trees.add_pf(
            trees.HostBuilder(root).kernel(), PF, infiniband=False,
            net="ens1f0", devlink=mlx5_trees.devlink_answer(),
        )


class HisiAccContract(source_contract.SourceContract, unittest.TestCase):
    source = hisi_acc_source.HisiAccSource
    devices = (VF, VF2)
    host_driver = "hisi_sec2"
    vfio_driver = "hisi_acc_vfio_pci"

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).kernel(variants=[self.vfio_driver])
        hisi_acc.add_pf(host, PF, drivers=[self.host_driver] * 2)


class QatContract(source_contract.SourceContract, unittest.TestCase):
    source = qat_source.QatSource
    devices = (VF, VF2)
    host_driver = "4xxxvf"
    vfio_driver = "qat_vfio_pci"

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).kernel(variants=[self.vfio_driver])
        qat.add_pf(host, PF, drivers=[self.host_driver] * 2)


class XeContract(source_contract.SourceContract, unittest.TestCase):
    source = xe_source.XeSource
    devices = (VF, VF2)
    host_driver = "xe"
    vfio_driver = "xe-vfio-pci"

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).kernel(variants=["xe_vfio_pci"])
        xe.add_pf(host, PF, drivers=[self.host_driver] * 2)


class PdsContract(source_contract.SourceContract, unittest.TestCase):
    source = pds_source.PdsSource
    devices = (VF, VF2)
    vfio_driver = "pds_vfio_pci"

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).kernel(variants=[self.vfio_driver])
        pds.add_pf(host, PF, drivers=[None] * 2)


class VirtioContract(source_contract.SourceContract, unittest.TestCase):
    source = virtio_source.VirtioSource
    devices = (VF, VF2)
    host_driver = "virtio-pci"
    vfio_driver = "virtio_vfio_pci"

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).kernel(
            "6.13.2", [self.vfio_driver]
        )
        virtio.add_pf(host, PF, drivers=[self.host_driver] * 2)


class VariantContract(source_contract.SourceContract, unittest.TestCase):
    source = variant_source.VariantSource
    devices = (VF, VF2)
    host_driver = variant.HOST_DRIVER
    vfio_driver = variant.DRIVER

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).kernel()
        variant.add_pf(host, PF, drivers=[None] * 2, version="1.2.3")
        variant.add_alias(host)


class MigrationContract(source_contract.SourceContract, unittest.TestCase):
    source = migration.MigrationSource
    devices = (UUID,)
    open_vocabulary = True

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).mdev_parent(GPU, types={GVT: {}})
        host.mdev(UUID, parent=GPU, type=GVT, migration=trees.Migration(
            self={
                "device_api": "vfio-pci", "type": GVT,
                "software_version": "1.0.0",
            },
            compatible=[{"type": GVT}],
        ))


class MigrationVersionContract(
    source_contract.SourceContract, unittest.TestCase
):
    source = migration_version.MigrationVersionSource
    devices = (f"{GPU}/acme-1", UUID)

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).mdev_parent(
            GPU, driver="acme", types={"acme-1": {}}
        )
        host.mdev(UUID, parent=GPU, type="acme-1")
        types = root / f"sys/devices/pci0000:00/{GPU}/mdev_supported_types"
        (types / "acme-1/migration_version").write_text("8086-193b-1\n")


class MttyContract(source_contract.SourceContract, unittest.TestCase):
    source = mtty.MttySource
    devices = ("mtty/mtty-1", "mtty/mtty-2", UUID)

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).mtty()
        host.mdev(UUID, parent="mtty", type="mtty-1")


class NvidiaMdevContract(source_contract.SourceContract, unittest.TestCase):
    source = nvidia_source.NvidiaSource
    devices = (f"{PF}/nvidia-558", UUID)

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root)
        nvidia.add_pf_with_mdevs(host, PF, nvidia.A40, ["nvidia-558"])
        host.mdev(UUID, parent=PF, type="nvidia-558")


class NvidiaVfContract(source_contract.SourceContract, unittest.TestCase):
    source = nvidia_source.NvidiaSource
    devices = ("0000:41:00.4", "0000:41:00.5", "0000:41:00.6")
    never = {"0000:41:00.6": codes.Code.VGPU_TYPE_UNSET}

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).kernel()
        vfs = nvidia.add_vfs(host, vfs=3)
        nvidia.add_config(host)
        nvidia.assign(host, vfs, {0: 1155, 1: 1155})

    def use_host(self, root: pathlib.Path) -> None:
        """A third vGPU shortens the lists of the others."""
        nvidia.assign(trees.HostBuilder(root), self.devices, {2: 1155})


class I915Contract(source_contract.SourceContract, unittest.TestCase):
    source = i915.I915Source
    devices = (f"{GPU}/{GVT}", UUID)
    never = dict.fromkeys(devices, codes.Code.DRIVER_CANNOT_MIGRATE)

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).mdev_parent(GPU, types={GVT: {}})
        host.mdev(UUID, parent=GPU, type=GVT)


class CcwContract(source_contract.SourceContract, unittest.TestCase):
    source = ccw_source.CcwSource
    devices = ("0.0.0313/vfio_ccw-io",)
    never = dict.fromkeys(devices, codes.Code.DRIVER_CANNOT_MIGRATE)

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root)
        ccw.add_path(host, "40")
        ccw.add_path(host, "41")
        ccw.add_subchannel(host)


class ApContract(source_contract.SourceContract, unittest.TestCase):
    source = ap_source.ApSource
    devices = ("matrix/vfio_ap-passthrough", UUID)
    never = dict.fromkeys(devices, codes.Code.DRIVER_CANNOT_MIGRATE)

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root)
        ap.add_matrix(host, {"05": "CEX7C"})
        ap.add_mdev(host, UUID, adapters=["05"], domains=["0004"])


class MdevContract(source_contract.SourceContract, unittest.TestCase):
    source = mdev.MdevSource
    devices = (f"{GPU}/acme-1", UUID)

    def write_host(self, root: pathlib.Path) -> None:
        host = trees.HostBuilder(root).mdev_parent(
            GPU, driver="acme", types={"acme-1": {}}, version="1.2.3"
        )
        host.mdev(UUID, parent=GPU, type="acme-1")


class EverySourceTest(unittest.TestCase):
    def test_every_source(self) -> None:
        """No source of the package is without its contract."""
        held = {
            item.source for item in globals().values()
            if isinstance(item, type)
            and issubclass(item, source_contract.SourceContract)
        }
        own = {
            type(item.source) for item in loader.load()[0]
            if type(item.source).__module__.startswith("nova_vfio_compat.")
        }
        self.assertEqual(set(), own - held)
