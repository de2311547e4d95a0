# SPDX-License-Identifier: Apache-2.0
"""Write the hosts of the fleet as trees of files, as their kernels would."""

from __future__ import annotations

import pathlib
import uuid

from demo_lib import fleet
from tests import trees

_NAMESPACE = uuid.UUID("5f0c2d1e-9b5a-4c56-8f0e-6a1e0d1d7a11")


def write(host: fleet.Host, root: pathlib.Path) -> None:
    """Write the tree of a host under a folder that is new."""
    builder = trees.HostBuilder(root).kernel("6.12.1")
    for nic in host.nics:
        # The first VF is what a guest would have, the rest are free.
        builder.mlx5_pf(
            nic.address, firmware=nic.firmware, psid=nic.psid,
            vf_driver=["mlx5_vfio_pci"] + ["mlx5_core"] * (fleet.VFS - 1),
        )
    for gpu in host.gpus:
        builder.mdev_parent(
            gpu.address, driver="acme", types={gpu.mdev_type: {
                "available_instances": str(fleet.VGPUS),
                "description": "an invented vGPU",
            }},
        )
        builder.mdev(
            str(uuid.uuid5(_NAMESPACE, host.name + gpu.address)),
            parent=gpu.address, type=gpu.mdev_type, migration=_declared(gpu),
        )


def _declared(gpu: fleet.Gpu) -> trees.Migration:
    own = {"device_api": "vfio-pci", "type": gpu.mdev_type}
    # A version that stands in "compatible" takes the same major version
    # with the same or an older minor one.
    return trees.Migration(
        self={**own, "software_version": _own_version(gpu)},
        compatible=[{**own, "software_version": gpu.stream}],
    )


def _own_version(gpu: fleet.Gpu) -> str:
    return gpu.stream if gpu.stream[0].isdigit() else "1.0.0"
