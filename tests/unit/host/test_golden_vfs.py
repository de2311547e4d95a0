# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from nova_vfio_compat.host import context
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import loader
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from tests import golden
from tests import trees
from tests.trees import hisi_acc
from tests.trees import pds
from tests.trees import qat
from tests.trees import virtio
from tests.trees import xe
from tests.unit.host import base
from tests.unit.host import listing

ONE = "0000:81:00.0"
GIB = 1 << 30
DEBIAN = "6.12.38+deb13-arm64"
#: what differs between the devices of a family, by what they are called
Devices = Mapping[str, Mapping[str, Any]]

HISI_ACC: Devices = {
    "sec": {"drivers": ("hisi_acc_vfio_pci", "hisi_sec2", None)},
    "hpre, uneven": {"kind": "hisi_hpre", "queues": 255,
                     "drivers": ("hisi_hpre", None)},
    "zip": {"kind": "hisi_zip", "drivers": (None,)},
    "newer hardware": {"revision": 0x51},
    "old hardware": {"revision": 0x21},
    "without parameter": {"kind": "hisi_zip", "queues": -1},
    "without driver": {"bound": None},
}
QAT: Devices = {
    "4xxx": {"drivers": ("qat_vfio_pci", "4xxx", None, "vfio-pci")},
    "401xx, compression": {"kind": "401xx", "services": "dc"},
    "402xx, chaining": {"kind": "402xx", "services": "dcc"},
    "420xx": {"kind": "420xx", "services": "asym;sym"},
    "6xxx": {"kind": "6xxx", "services": "sym;asym;decomp"},
    "6xxx, symmetric alone": {"kind": "6xxx", "services": "sym"},
    "without services": {"services": None},
}
XE: Devices = {
    "battlemage": {"quotas": [2 * GIB, 4 * GIB, 2 * GIB],
                   "drivers": ("xe-vfio-pci", None, "vfio-pci")},
    "battlemage, silent": {},
    "panther lake": {"device": xe.PTL, "drivers": (None,)},
    "without driver": {"bound": None},
}
PDS: Devices = {
    "card": {"drivers": ("pds_vfio_pci", "pds_core", None, "vfio-pci")},
    "newer firmware": {"firmware": "1.80.1-C-3"},
    "silent": {"firmware": None},
    "without driver": {"bound": None, "drivers": (None,)},
}
VIRTIO: Devices = {
    "network": {"drivers": ("virtio_vfio_pci", "virtio-pci", "vfio-pci")},
    "block": {"device": 0x1042, "drivers": (None,)},
    "without admin queue": {"admin_queue": False},
}


class GoldenVfsTest(base.HostTestCase):
    def check(self, family: str, variant: str, devices: Devices,
              add: Callable[..., None], release: str = "7.2.13",
              distribution: str | None = None) -> None:
        """Compare the classes of hosts of one device each, and a list.

        :param release: of the kernel of the host that is listed
        """
        found = []
        for name, differs in devices.items():
            for kernel in dict.fromkeys(("7.2.13", release)):
                self.root = self.root.parent / f"{name} {kernel}"
                self.make(variant, kernel, distribution)
                add(self.host, ONE, **differs)
                label = f"{name}, Linux {kernel}"
                found += golden.classes(label, self.scan().devices)
                # What the operator gets who has the IOMMU track.
                found += golden.classes(
                    f"{label}, rule alone", self.by_rule(family))
        golden.check_classes(self, f"{family}.json", found)
        self.root = self.root.parent / "list"
        self.make(variant, release, distribution)
        for bus, differs in enumerate(devices.values()):
            # A parameter is one of all devices of a module.
            if "queues" in differs and differs["queues"] == -1:
                continue
            add(self.host, f"0000:{0x81 + bus:02x}:00.0", **differs)
        listing.check(self, self.root, family)

    def make(self, variant: str, release: str,
             distribution: str | None) -> None:
        """Begin one more host."""
        self.host = trees.HostBuilder(self.root).kernel(release, [variant])
        if distribution is not None:
            self.write("etc/os-release", f"ID={distribution}\n")

    def by_rule(self, family: str) -> list[device_.Device]:
        """Describe the VFs that can be by the family's source alone."""
        tree = host_tree.HostTree(self.root).once()
        functions = pci.functions(tree, [])
        ctx = context.Context(tree, functions)
        (source,) = (
            item.source for item in loader.load()[0]
            if item.name == family)
        found = []
        for item in self.scan().devices:
            (one,) = item.classes or (None,)
            if one is None or one.reason is None or (
                    one.reason.value != "iommu_dirty_tracking"):
                continue
            function = functions[item.name[4:].replace("_", ":", 2)
                                 .replace("_", ".")]
            described = source.describe(function, ctx)
            found.append(device_.Device(
                item.name, item.kind, item.parent, item.driver, item.bound,
                item.type, (described,), item.offered))
        return found

    def test_hisi_acc(self) -> None:
        """Accelerators of all conditions, on an older and a new kernel."""
        self.check("hisi_acc", "hisi_acc_vfio_pci", HISI_ACC,
                   hisi_acc.add_pf, DEBIAN, "debian")

    def test_qat(self) -> None:
        """QuickAssist devices of every generation."""
        self.check("qat", "qat_vfio_pci", QAT, qat.add_pf)

    def test_xe(self) -> None:
        """GPUs with and without VRAM, on kernels that tell and do not."""
        self.check("xe", "xe_vfio_pci", XE, xe.add_pf)

    def test_pds(self) -> None:
        """Cards whose firmware is told, and others."""
        self.check("pds", "pds_vfio_pci", PDS, pds.add_pf)

    def test_virtio(self) -> None:
        """Network and block devices, on a kernel that is too old as well."""
        self.check("virtio", "virtio_vfio_pci", VIRTIO, virtio.add_pf,
                   "6.12.107")
