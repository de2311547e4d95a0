# SPDX-License-Identifier: Apache-2.0

"""How large the MSI-X tables of a physical function's VFs are.

QEMU compares the table's size (hw/pci/msix.c and the capability's bytes in
hw/pci/pci.c), and it is in no file: a VF's ``config`` is not for reading.
"""

from __future__ import annotations

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base


def share(pf: pci.PciFunction) -> str | None:
    """Return how many of a PF's vectors for VFs there are for each.

    Linux since 5.13 shows what all VFs may have together
    (Documentation/ABI/testing/sysfs-bus-pci, sriov_vf_total_msix).

    :returns: a number; None if the PF does not tell
    :raises ReadError: the kernel does not answer, or with no number
    """
    vfs = sum(1 for name in pf.files if name.startswith("virtfn"))
    path = f"{pf.path}/sriov_vf_total_msix"
    try:
        text = pf.tree.read_with_deadline(path)
    except errors.Missing:
        return None
    total = int(base.shaped(path, text, "[0-9]{1,10}", "a number"))
    # 0: the driver or the firmware cannot share them out.
    return str(total // vfs) if total and vfs else None
