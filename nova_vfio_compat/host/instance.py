# SPDX-License-Identifier: Apache-2.0

"""Attributes that are set on each mdev, after it was made.

The proposal's rule: an attribute of ``migration/self`` that a tool may set
is a file of the same name elsewhere below the device, such as
``intel_vgpu/aggregator`` (Yan Zhao, 19 August 2020).
"""

from __future__ import annotations

from collections.abc import Iterable

from nova_vfio_compat.compat import attributes as common
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev

# Directories of an mdev that are no attribute groups of its driver.
_OTHERS = frozenset({"migration", "power", "vfio-dev"})


def is_settable(item: mdev.Mdev, attributes: Iterable[str]) -> bool:
    """Whether one of the attributes is set on the device itself.

    If so, what an existing mdev declares says nothing of one that is made
    next: it starts with the driver's defaults.
    """
    wanted = set(attributes).difference(common.COMMON)
    if not wanted.isdisjoint(item.files):
        return True
    tree = item.tree
    for name in item.files - _OTHERS:
        path = f"{item.path}/{name}"
        if tree.link_name(path) is not None or not tree.is_dir(path):
            continue
        try:
            if not wanted.isdisjoint(tree.listdir(path)):
                return True
        except errors.ReadError:
            # What cannot be listed may hold it.
            return True
    return False
