# SPDX-License-Identifier: Apache-2.0
"""The kernel's own files: its release and depmod's list of aliases."""

from __future__ import annotations

from collections.abc import Iterable
import pathlib

from tests.trees import files

#: Lines of a real modules.alias among which the wanted one must be found.
#: vfio_pci's own fits every function: the fewest wildcards win.
_ALIASES = (
    "alias pci:v000015B3d00001021sv*sd*bc*sc*i* mlx5_core",
    "alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core",
    "alias pci:v00008086d*sv*sd*bc03sc00i* i915",
    "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci",
)
_VARIANTS = {
    "mlx5_vfio_pci": ("000015B3d0000101E",),
    "hisi_acc_vfio_pci": (
        "000019E5d0000A251", "000019E5d0000A256", "000019E5d0000A259"),
    "pds_vfio_pci": ("00001DD8d00001003",),
    "qat_vfio_pci": (
        "00008086d00004941", "00008086d00004943", "00008086d00004945",
        "00008086d00004947", "00008086d00004949"),
    "virtio_vfio_pci": ("00001AF4d00001041", "00001AF4d00001042"),
    "xe_vfio_pci": (
        "00008086d0000B080", "00008086d0000E20B", "00008086d0000E211"),
}


def write_kernel(root: pathlib.Path, release: str,
                 variants: Iterable[str]) -> None:
    """Write osrelease and the modules.alias of these variant drivers."""
    files.write(root / "proc/sys/kernel/osrelease", release)
    lines = ["# Aliases extracted from modules themselves.", *_ALIASES]
    for name in variants:
        for ids in _VARIANTS[name]:
            lines.append(
                "alias vfio_pci:v%ssv*sd*bc*sc*i* %s" % (ids, name))
    files.write(root / "usr/lib/modules" / release / "modules.alias",
                "\n".join(lines), 0o644)
    # Every current distribution has /lib as a link into /usr.
    files.link(root / "lib", root / "usr/lib")
