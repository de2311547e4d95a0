# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
import contextlib
import io
import pathlib
from typing import Any

from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from tests import golden
from tests import trees
from tests.trees import nvidia
from tests.unit.host import base
from tests.unit.host import listing

UUID3 = base.UUID[:-1] + "3"


class GoldenTest(base.HostTestCase):
    """Ids that no change may touch, and what an operator sees."""

    def classes(
        self, **hosts: Callable[[trees.HostBuilder], object]
    ) -> list[dict[str, Any]]:
        """The classes of hosts that are written here, by name."""
        found = []
        for name, write in hosts.items():
            root = pathlib.Path(self.root.parent / name)
            write(trees.HostBuilder(root))
            devices = scan.scan(host_tree.HostTree(root)).devices
            # The types of one parent have its name.
            for type_id in sorted({one.type or "" for one in devices}):
                found += golden.classes(
                    f"{name} {type_id}".strip(),
                    (one for one in devices if (one.type or "") == type_id),
                )
        return found

    def test_nvidia(self) -> None:
        """mdevs of GPUs, mdevs of their VFs, and the VFs themselves."""
        def l40s(host: trees.HostBuilder) -> None:
            nvidia.add_config(host)
            nvidia.add_vfs(host, types={0: 1145, 1: 1153, 2: 4711})

        def a2(host: trees.HostBuilder) -> None:
            nvidia.add_a2(host, mdevs={
                0: (base.UUID, "nvidia-754"),
                1: (base.UUID2, "nvidia-746"),
                2: (UUID3, "nvidia-751"),
            })

        def t4(host: trees.HostBuilder) -> None:
            nvidia.add_pf_with_mdevs(
                host, "0000:05:00.0", nvidia.T4, ["nvidia-222"],
                version="450.80",
            )

        def a40(host: trees.HostBuilder) -> None:
            nvidia.add_pf_with_mdevs(
                host, "0000:06:00.0", nvidia.A40,
                ["nvidia-557", "nvidia-558"], version="535.129.03",
            )

        golden.check_classes(
            self, "nvidia.json", self.classes(l40s=l40s, a2=a2, t4=t4, a40=a40)
        )
        nvidia.add_config(self.host)
        nvidia.add_vfs(self.host, vfs=4, types={0: 1145, 1: 1153, 2: 4711})
        nvidia.add_pf_with_mdevs(
            self.host, "0000:05:00.0", nvidia.T4,
            ["nvidia-222", "nvidia-223"], version=None,
        )
        # The type that nothing names is told there.
        with contextlib.redirect_stderr(io.StringIO()):
            listing.check(self, self.root, "nvidia")

    def test_mtty(self) -> None:
        """The kernel's sample, with an mdev."""
        _mtty(self.host)
        golden.check_classes(self, "mtty.json", self.classes(mtty=_mtty))
        listing.check(self, self.root, "mtty")

    def test_i915(self) -> None:
        """GVT-g as the kernel has it."""
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})
        self.host.mdev(base.UUID, parent=base.GPU, type=base.GVT)
        golden.check_classes(
            self, "i915.json", golden.classes("i915", self.scan().devices)
        )
        listing.check(self, self.root, "i915")


def _mtty(host: trees.HostBuilder) -> None:
    host.kernel("6.12.1").mtty().mdev(base.UUID, parent="mtty", type="mtty-1")
