# SPDX-License-Identifier: Apache-2.0

"""Reports of compute nodes that are gone, whose name is in the way.

A compute node that was deleted and came back has another uuid, so its
report provider has another one too, but the same name.
"""

from __future__ import annotations

import uuid

from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider

# Made with uuid5, see provider.report_provider_uuid.
_REPORT_UUID_VERSION = 5


def free_name(
    client: client_.PlacementClient, target: provider.Provider
) -> None:
    """Delete the orphan that has ``target``'s name, if that is what it is.

    Placement has just said that the uuid or the name of ``target`` is in
    use. Does nothing if it no longer is, or if the provider was created by
    somebody else in the same moment.

    :raises NameTaken: the name is somebody else's
    """
    found = client.provider_by_name(target.name)
    if found is None or found.uuid == target.uuid:
        return
    reason = why_not_ours(client, found)
    if reason is None:
        # Placement refuses (409) if it has children or allocations.
        deleted = client.delete_provider(found.uuid)
        if deleted is client_.Written.DONE:
            return
        reason = "it is in use"
    raise errors.NameTaken(found.name, found.uuid, reason)


def why_not_ours(
    client: client_.PlacementClient, found: provider.Provider
) -> str | None:
    """Why a provider with the name of a report is none; None if it is one.

    One without traits is a report that was withdrawn, or whose reporter
    was stopped before it could publish.
    """
    # Its uuid cannot be checked: it came from that of a node which is gone.
    if found.parent is not None:
        return "it is a child of another provider"
    traits = client.provider_traits(found.uuid)
    if traits is not None and not traits.names:
        if uuid.UUID(found.uuid).version != _REPORT_UUID_VERSION:
            return "it has no traits, and another kind of uuid than reports"
    elif traits is not None:
        if codec.REPORT not in traits.names:
            return f"it lacks the trait {codec.REPORT}"
        if not all(name.startswith(codec.PREFIX) for name in traits.names):
            return "it has traits of others"
    if client.has_inventory(found.uuid):
        return "it has an inventory"
    return None
