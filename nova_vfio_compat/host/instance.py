# SPDX-License-Identifier: Apache-2.0

"""Attributes that are set on each mdev, after it was made.

The proposal's rule: an attribute of ``migration/self`` that a tool may set
is a file of the same name elsewhere below the device, such as
``intel_vgpu/aggregator`` (Yan Zhao, 19 August 2020).
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator

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
    try:
        return bool(paths(item, wanted))
    except errors.ReadError:
        # What cannot be listed may hold it.
        return True


def paths(item: mdev.Mdev, attributes: Iterable[str]) -> dict[str, str]:
    """The files by which attributes are set on a device, by attribute.

    :raises ReadError: a directory that may hold one cannot be listed
    """
    wanted = set(attributes)
    return {
        name: f"{folder}/{name}"
        for folder, names in _groups(item)
        for name in sorted(wanted & names)
    }


def _groups(item: mdev.Mdev) -> Iterator[tuple[str, frozenset[str]]]:
    """The directories that have attributes of the device, and what they have.

    The device's own comes last: that is where its attributes belong.
    """
    tree = item.tree
    for name in sorted(item.files - _OTHERS):
        path = f"{item.path}/{name}"
        if tree.link_name(path) is None and tree.is_dir(path):
            yield path, frozenset(tree.listdir(path))
    yield item.path, item.files
