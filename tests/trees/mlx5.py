# SPDX-License-Identifier: Apache-2.0
"""ConnectX functions as drivers/infiniband/hw/mlx5/main.c shows them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import json
import pathlib
import typing

from tests.trees import files
from tests.trees import functions

if typing.TYPE_CHECKING:
    from tests.trees import builder

VF_BAR = functions.Bar(0x100000)
_VENDOR = 0x15b3

#: Physical functions, by generation.
CX5 = 0x1017
CX6DX = 0x101d
CX7 = 0x1021
CX8 = 0x1023
BF3 = 0xa2dc
#: Virtual functions: of ConnectX-5, and of ConnectX-6 Dx and all later.
CX5_VF = 0x1018
VF = 0x101e


def pf(device: int, revision: int) -> functions.Function:
    """Return a physical function; 0x1021 is ConnectX-7."""
    return functions.Function(
        _VENDOR, device, revision, 0x020000, subsystem_device=0x0026,
        bars={0: functions.Bar(0x2000000)})


def vf(revision: int, bar: functions.Bar) -> functions.Function:
    """Return a virtual function: 0x101e in every generation."""
    return functions.Function(
        _VENDOR, VF, revision, 0x020000, subsystem_device=0x0026,
        bars={0: bar})


def write_infiniband(sysfs: pathlib.Path, function: pathlib.Path, name: str,
                     device: int, firmware: str | None, psid: str | None,
                     link_layer: str | None = "Ethernet") -> None:
    """Write ``infiniband/mlx5_N``; None leaves a file out."""
    path = function / "infiniband" / name
    for attribute, value in {
        "fw_ver": firmware,
        "board_id": psid,
        "hca_type": "MT%d" % device,
        "hw_rev": "0",
        "node_type": "1: CA",
        "node_guid": "b83f:d203:00ab:cd0e",
        "ports/1/link_layer": link_layer,
        "ports/1/state": "4: ACTIVE",
    }.items():
        if value is not None:
            files.write(path / attribute, value)
    files.link(path / "device", function)
    files.link(sysfs / "class/infiniband" / name, path)


def write_net(sysfs: pathlib.Path, function: pathlib.Path, name: str,
              kind: int = 1) -> None:
    """Write a network interface; kind 1 is Ethernet, 32 is IP over IB."""
    path = function / "net" / name
    files.write(path / "type", "%d" % kind)
    files.write(path / "address", "b8:3f:d2:ab:cd:0e")
    files.link(path / "device", function)
    files.link(sysfs / "class/net" / name, path)


def devlink_answer(firmware: str = "28.43.1000",
                   psid: str = "MT_0000000838",
                   stored: str | None = None) -> dict[str, object]:
    """Return what mlx5_core tells; ``stored`` runs after the next reset."""
    def versions(text: str) -> dict[str, str]:
        return {"fw": text, "fw.version": text}

    return {
        "driver": "mlx5_core",
        "versions": {
            "fixed": {"fw.psid": psid},
            "running": versions(firmware),
            "stored": versions(stored or firmware),
        },
    }


def write_devlink(root: pathlib.Path, address: str,
                  answer: Mapping[str, object]) -> None:
    """Write what a snapshot has of ``devlink dev info``."""
    files.write(root / "facts/devlink/pci" / address,
                json.dumps(answer, sort_keys=True))


def add_pf(host: builder.HostBuilder, address: str, *, device: int = CX7,
           firmware: str | None = "28.43.1000",
           psid: str | None = "MT_0000000838", vfs: int = 2,
           vf_driver: str | None | Sequence[str | None] = "mlx5_core",
           total_msix: int | None = 256,
           link_layer: str | None = "Ethernet", infiniband: bool = True,
           net: str | None = None, offset: int = 2,
           devlink: Mapping[str, object] | None = None) -> None:
    """Add a card's physical function as a current kernel shows it.

    :param vf_driver: one for all VFs, or one each
    :param total_msix: vectors of all VFs together; None: Linux before 5.13
    :param link_layer: None if the InfiniBand device shows no ports
    :param infiniband: False where mlx5_ib is not loaded, and for the
        second function of a card with RoCE LAG
    :param net: name of its network interface
    :param devlink: what mlx5_core tells
    """
    host.mlx5_pf(address, device=device, firmware=firmware, psid=psid,
                 vfs=vfs, vf_driver=vf_driver, infiniband=infiniband,
                 offset=offset)
    path = host.path(address)
    if total_msix is not None:
        files.write(path / "sriov_vf_total_msix", "%d" % total_msix)
    for layer in path.glob("infiniband/*/ports/1/link_layer"):
        if link_layer is None:
            layer.unlink()
        else:
            files.write(layer, link_layer)
    if net is not None:
        write_net(host.sys, path, net)
    if devlink is not None:
        write_devlink(host.root, address, devlink)
