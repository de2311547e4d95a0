# SPDX-License-Identifier: Apache-2.0
"""Mediated devices as drivers/vfio/mdev/mdev_sysfs.c shows them."""

from __future__ import annotations

from collections.abc import Mapping
import pathlib

from tests.trees import files
from tests.trees import functions

GVT_GPU = functions.Function(
    0x8086, 0x591d, 0x04, 0x030000, subsystem_vendor=0x103c,
    subsystem_device=0x8276,
    bars={0: functions.Bar(0x1000000, "mem64"), 2: functions.Bar(0x10000000)})
_GVT_DESCRIPTION = ("low_gm_size: 128MB\nhigh_gm_size: 512MB\nfence: 4\n"
                    "resolution: 1920x1200\nweight: 4")
#: What a type has unless told otherwise, by the first part of its id.
_USUAL: Mapping[str, Mapping[str, str]] = {
    "i915": {"description": _GVT_DESCRIPTION, "available_instances": "4"},
    "nvidia": {"description": "num_heads=4, frl_config=60, framebuffer=4096M,"
                              " max_resolution=7680x4320, max_instance=6",
               "available_instances": "1"},
    "mtty": {"available_instances": "24"},
}
_NAMES = {
    "mtty-1": "Single port serial", "mtty-2": "Dual port serial",
    # NVIDIA's drivers before R510 said GRID.
    "nvidia-11": "GRID M60-0B", "nvidia-12": "GRID M60-0Q",
    "nvidia-35": "GRID M60-1A", "nvidia-36": "GRID M60-2A",
    "nvidia-222": "GRID T4-1B", "nvidia-223": "GRID T4-2B",
    "nvidia-557": "NVIDIA A40-1B", "nvidia-558": "NVIDIA A40-2B",
    "nvidia-742": "NVIDIA A2-1B", "nvidia-743": "NVIDIA A2-2B",
    "nvidia-744": "NVIDIA A2-1Q", "nvidia-745": "NVIDIA A2-2Q",
    "nvidia-746": "NVIDIA A2-4Q", "nvidia-747": "NVIDIA A2-8Q",
    "nvidia-748": "NVIDIA A2-16Q", "nvidia-751": "NVIDIA A2-4A",
    "nvidia-754": "NVIDIA A2-4C",
}
_MDEV_DRIVERS = {
    "i915": "intel_vgpu_mdev", "nvidia": "nvidia-vgpu-vfio", "mtty": "mtty"}


def write_parent(sysfs: pathlib.Path, parent: pathlib.Path,
                 types: Mapping[str, Mapping[str, str | bytes]]) -> None:
    """Write ``mdev_supported_types`` and the class link of a parent."""
    for type_id, differs in types.items():
        path = parent / "mdev_supported_types" / type_id
        attributes: dict[str, str | bytes] = {
            "name": _NAMES.get(type_id, type_id),
            "device_api": "vfio-pci",
            "available_instances": "1",
            **_USUAL.get(type_id.split("-")[0], {}),
            **differs,
        }
        (path / "devices").mkdir(parents=True, exist_ok=True)
        for name, value in attributes.items():
            files.write(path / name, value)
        files.write(path / "create", b"", 0o200)
    files.link(sysfs / "class/mdev_bus" / parent.name, parent)


def write_mdev(sysfs: pathlib.Path, parent: pathlib.Path, uuid: str,
               type_id: str) -> pathlib.Path:
    """Create an mdev of a type that its parent has; return its folder."""
    type_path = parent / "mdev_supported_types" / type_id
    if not type_path.is_dir():
        raise KeyError(type_id)
    path = parent / uuid
    path.mkdir()
    family = type_id.split("-")[0]
    driver = _MDEV_DRIVERS.get(family, family + "_mdev")
    files.write(path / "uevent", "DRIVER=%s" % driver, 0o644)
    files.write(path / "remove", b"", 0o200)
    files.link(path / "mdev_type", type_path)
    files.link(path / "subsystem", sysfs / "bus/mdev")
    home = sysfs / "bus/mdev/drivers" / driver
    files.link(path / "driver", home)
    files.link(home / uuid, path)
    files.link(sysfs / "bus/mdev/devices" / uuid, path)
    files.link(type_path / "devices" / uuid, path)
    available = type_path / "available_instances"
    text = available.read_text().strip()
    if text.isdigit() and int(text) > 0:
        files.write(available, "%d" % (int(text) - 1))
    return path
