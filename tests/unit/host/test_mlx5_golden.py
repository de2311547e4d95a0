# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests import golden
from tests import trees
from tests.trees import mlx5
from tests.unit.host import base
from tests.unit.host import listing

ONE = "0000:81:00.0"
TWO = "0000:81:00.1"
OTHER = "0000:c1:00.0"


def connectx_7(host: trees.HostBuilder) -> None:
    """Eight VFs, some in use."""
    mlx5.add_pf(
        host, ONE, net="enp129s0np0", vfs=8,
        vf_driver=["mlx5_vfio_pci"] * 3 + ["mlx5_core"] * 4 + [None],
    )


def more_vfs(host: trees.HostBuilder) -> None:
    """The same card with twice as many VFs."""
    mlx5.add_pf(host, ONE, vfs=16)


def before_5_13(host: trees.HostBuilder) -> None:
    """A kernel that does not show how many vectors VFs have."""
    mlx5.add_pf(host, ONE, total_msix=None)


def bluefield_3(host: trees.HostBuilder) -> None:
    """A DPU."""
    mlx5.add_pf(
        host, ONE, device=mlx5.BF3, firmware="32.43.1000",
        psid="MT_0000000884",
    )


def connectx_8(host: trees.HostBuilder) -> None:
    """Newer than what the vendor's rule names."""
    mlx5.add_pf(
        host, ONE, device=mlx5.CX8, firmware="40.44.1036",
        psid="MT_0000001222",
    )


def connectx_6_dx(host: trees.HostBuilder) -> None:
    """Older than what the vendor's rule names."""
    mlx5.add_pf(
        host, ONE, device=mlx5.CX6DX, firmware="22.41.1000",
        psid="MT_0000000359",
    )


def mixed(host: trees.HostBuilder) -> None:
    """Two cards, of which one has got new firmware."""
    mlx5.add_pf(host, ONE)
    mlx5.add_pf(host, OTHER, firmware="28.44.1036")


def lag(host: trees.HostBuilder) -> None:
    """Two functions with one InfiniBand device."""
    mlx5.add_pf(host, ONE, net="p0")
    mlx5.add_pf(host, TWO, net="p1", infiniband=False, offset=4)


def without_mlx5_ib(host: trees.HostBuilder) -> None:
    """One card whose driver was asked over devlink, and one that was not."""
    mlx5.add_pf(
        host, ONE, infiniband=False, net="p0", devlink=mlx5.devlink_answer()
    )
    mlx5.add_pf(host, OTHER, infiniband=False, net="p1")


def without_mlx5_core(host: trees.HostBuilder) -> None:
    """A PF that its driver has left behind."""
    mlx5.add_pf(host, ONE, vf_driver="mlx5_vfio_pci")
    host.bind(ONE, None)


def plain(host: trees.HostBuilder) -> None:
    """VFs that somebody has bound to vfio-pci."""
    mlx5.add_pf(host, ONE, vf_driver="vfio-pci")


def infiniband(host: trees.HostBuilder) -> None:
    """A card in the other mode."""
    mlx5.add_pf(host, ONE, link_layer="InfiniBand")


HOSTS: tuple[Callable[[trees.HostBuilder], None], ...] = (
    connectx_7, more_vfs, before_5_13, bluefield_3, connectx_8,
    connectx_6_dx, mixed, lag, without_mlx5_ib, without_mlx5_core, plain,
    infiniband,
)


class Mlx5GoldenTest(base.HostTestCase):
    def test_classes(self) -> None:
        """The ids of classes are promises."""
        found = []
        for build in HOSTS:
            self.root = self.root.parent / build.__name__
            build(trees.HostBuilder(self.root).kernel())
            found += golden.classes(build.__name__, self.scan().devices)
        golden.check_classes(self, "mlx5.json", found)

    def test_list(self) -> None:
        """What an operator sees of a host with cards of all conditions."""
        self.host.kernel()
        conditions: tuple[dict[str, Any], ...] = (
            {"vf_driver": ["mlx5_vfio_pci", "mlx5_core", None, "vfio-pci"]},
            {"firmware": "28.44.1036"},
            {"firmware": "28.39.1002"},
            {"firmware": "28.x"},
            {"device": mlx5.CX6DX, "firmware": "22.41.1000"},
            {"link_layer": "InfiniBand"},
            {"infiniband": False},
        )
        for bus, differs in enumerate(conditions):
            mlx5.add_pf(
                self.host, f"0000:{0x81 + bus:02x}:00.0",
                **{"vfs": 1, **differs},
            )
        listing.check(self, self.root, "mlx5")
