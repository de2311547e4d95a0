# SPDX-License-Identifier: Apache-2.0

"""Whether a scheduling request is about devices, without any I/O."""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any

from nova import objects
from nova.scheduler import utils

_DEVICE_RESOURCE = re.compile(r"resources[^:]*:(VGPU|CUSTOM_[A-Z0-9_]+)")


def may_be_live_migration(spec: Any) -> bool:
    """Whether the request could be a live migration that carries devices.

    True says only that it is worth a look into the database. A boot and a
    rebuild never get that far: a live migration always leaves out the
    source host and names the cell.
    """
    if utils.request_is_rebuild(spec):
        return False
    if not spec.obj_attr_is_set("ignore_hosts") or not spec.ignore_hosts:
        return False
    if cell(spec) is None:
        return False
    return bool(alias_requests(spec) or device_resources(spec))


def cell(spec: Any) -> Any:
    """The cell that the destination must be in, or None."""
    if not spec.obj_attr_is_set("requested_destination"):
        return None
    destination = spec.requested_destination
    if destination is None or not destination.obj_attr_is_set("cell"):
        return None
    return destination.cell


def alias_requests(spec: Any) -> list[Any]:
    """The PCI requests of the flavor's aliases.

    Those of Neutron ports are left out: such a VF is unplugged before the
    migration and plugged after it, no state moves.
    """
    if not spec.obj_attr_is_set("pci_requests") or not spec.pci_requests:
        return []
    return [
        request
        for request in spec.pci_requests.requests
        if request.source == objects.InstancePCIRequest.FLAVOR_ALIAS
    ]


def device_resources(spec: Any) -> frozenset[str]:
    """The resource classes of the flavor that may stand for an mdev."""
    found = set()
    extra_specs: Mapping[str, str] = spec.flavor.get("extra_specs") or {}
    for key, value in extra_specs.items():
        match = _DEVICE_RESOURCE.fullmatch(key)
        if match and str(value).strip() not in ("", "0"):
            found.add(match[1])
    return frozenset(found)
