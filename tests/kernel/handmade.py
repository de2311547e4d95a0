# SPDX-License-Identifier: Apache-2.0
"""The hand-built trees of the tests, held against a recorded one."""

from __future__ import annotations

from collections.abc import Iterator
import pathlib

from tests import trees
from tests.kernel import formats

_UUID = "00000000-0000-4000-8000-00000000000a"
_BAR = trees.Bar(0x4000, "mem64")


def _build(root: pathlib.Path) -> trees.HostBuilder:
    """Build the like of a laboratory host with the tests' builder."""
    nvme = trees.Function(
        0x1b36, 0x0010, 2, 0x010802, 0x1af4, 0x1100, {0: _BAR}, {}, -1)
    host = trees.HostBuilder(root).kernel("6.12.1")
    host.sriov(
        "0000:01:00.0", nvme, nvme, ["vfio-pci", None], "nvme", offset=1)
    host.mtty(types=("mtty-1", "mtty-2"))
    host.mdev(_UUID, parent="mtty", type="mtty-1")
    migration = trees.Migration(
        {"device_api": "vfio-pci", "type": "qemu-nvme-vf"},
        [{"device_api": "vfio-pci"}])
    host.migration("0000:01:00.1", migration)
    return host


def differences(
    recorded: pathlib.Path, folder: pathlib.Path
) -> Iterator[str]:
    """Say where a hand-built tree is not like what a kernel shows."""
    built = _build(folder)
    real = recorded / "sys"
    pci = real / "bus" / "pci" / "devices"
    mtty = (real / "class" / "mdev_bus" / "mtty").resolve()
    mdev = next(mtty.glob("*-*-*-*-*"))
    types = "mdev_supported_types/mtty-1"
    for one, other in (
        (pci / "0000:01:00.0", built.path("0000:01:00.0")),
        (pci / "0000:01:00.3", built.path("0000:01:00.1")),
        (pci / "0000:01:00.4", built.path("0000:01:00.2")),
        (pci / "0000:01:00.1/migration",
         built.path("0000:01:00.1") / "migration"),
        (pci / "0000:01:00.1/migration/self",
         built.path("0000:01:00.1") / "migration/self"),
        (mtty, built.path("mtty")),
        (mtty / types, built.path("mtty") / types),
        (mdev, built.path(_UUID)),
        (mdev / "vfio-dev", built.path(_UUID) / "vfio-dev"),
        (real / "class/mdev_bus", built.root / "sys/class/mdev_bus"),
        (real / "bus/pci/devices", built.root / "sys/bus/pci/devices"),
        (real / "module/mtty", built.root / "sys/module/mtty"),
    ):
        for text in formats.differences(one.resolve(), other.resolve()):
            yield f"{one.relative_to(recorded)}: {text}"
