# SPDX-License-Identifier: Apache-2.0

"""Devices that declare what they write and accept: ``migration/``.

The layout that Yan Zhao proposed on 19 August 2020
(https://lore.kernel.org/all/20200819033035.GA21172@joy-OptiPlex-7040/),
first form: a directory ``self`` with one file per attribute of what the
device writes, and a directory ``compatible`` likewise for what it accepts.
Several ``compatible`` directories are allowed; the thread never named them,
so any number may follow the word.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import re

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base

_FOLDER = "migration"
_COMPATIBLE = re.compile(r"compatible[0-9]{0,8}")
_MAX_ALTERNATIVES = 64

#: What the proposal demands of ``self``; everything else is the vendor's.
MANDATORY = ("device_api", "type", "software_version")


class MigrationSource(base.Source):
    """PCI functions and mdevs that have ``migration/``."""

    family = "migration"
    evidence = codes.Evidence.DECLARED

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device declares anything."""
        return declares(device)

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class that the device declares."""
        folder = f"{device.path}/{_FOLDER}"
        state = _state(ctx.tree, folder)
        accepts = _accepts(ctx.tree, folder)
        exposed: Mapping[str, str] = {}
        missing: tuple[str, ...] = ()
        if isinstance(device, pci.PciFunction):
            exposed, missing = device.exposed()
        reason = None
        if state is None:
            reason = codes.Code.NO_STATE
        elif not accepts:
            reason = codes.Code.ACCEPTS_NOTHING
        return device_class.DeviceClass(
            family=self.family,
            bus=device.bus,
            evidence=self.evidence,
            state=state,
            accepts=accepts,
            exposed=exposed,
            unverified=missing,
            reason=reason,
        )


def declares(device: base.Candidate) -> bool:
    """Whether a device has ``migration/``."""
    return (
        isinstance(device, pci.PciFunction | mdev.Mdev)
        and _FOLDER in device.files
    )


def _state(tree: host_tree.HostTree, folder: str) -> dict[str, str] | None:
    path = f"{folder}/self"
    if not tree.exists(path):
        return None
    raw = _attributes(tree, path)
    state = _normalised(path, raw, attributes.normalise_state)
    for name in MANDATORY:
        if name not in state:
            raise errors.DescribeError(
                path,
                codes.Code.MISSING_ATTRIBUTE,
                f"has no {name}",
            )
    return state


def _accepts(
    tree: host_tree.HostTree, folder: str
) -> tuple[dict[str, str], ...]:
    names = [n for n in tree.listdir(folder) if _COMPATIBLE.fullmatch(n)]
    if len(names) > _MAX_ALTERNATIVES:
        raise errors.DescribeError(
            folder,
            codes.Code.MALFORMED,
            f"has more than {_MAX_ALTERNATIVES} alternatives",
        )
    found = []
    for name in names:
        path = f"{folder}/{name}"
        raw = _attributes(tree, path)
        found.append(_normalised(path, raw, attributes.normalise_templates))
    return tuple(found)


def _attributes(tree: host_tree.HostTree, folder: str) -> dict[str, str]:
    """Read a directory of attributes; all of them, or it is an error.

    What cannot be read must not look as if it were not there: the rest
    might match.
    """
    if not tree.is_dir(folder):
        raise errors.DescribeError(
            folder, codes.Code.MALFORMED, "is not a directory"
        )
    names = tree.listdir(folder)
    if len(names) > attributes.MAX_ATTRIBUTES:
        raise errors.DescribeError(
            folder,
            codes.Code.MALFORMED,
            f"has more than {attributes.MAX_ATTRIBUTES} attributes",
        )
    return {name: tree.read(f"{folder}/{name}") for name in names}


def _normalised(
    folder: str,
    raw: Mapping[str, str],
    normalise: Callable[[Mapping[str, str]], dict[str, str]],
) -> dict[str, str]:
    try:
        return normalise(raw)
    except compat_errors.ParseError as error:
        # The message names the attribute by its one name; the file may
        # have another.
        path = folder
        for name, value in raw.items():
            if error.text and error.text in (value.strip(" \t\n"), name):
                path = f"{folder}/{name}"
                break
        raise errors.malformed(path, error) from None
