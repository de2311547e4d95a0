# SPDX-License-Identifier: Apache-2.0

"""Names of traits that nobody has any more; best effort.

Each request that touches traits makes Placement load all their names, so
whoever stops using one tries to delete it: the last leaver succeeds.
"""

from __future__ import annotations

import datetime
import logging

from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors

LOG = logging.getLogger(__name__)


def after(
    client: client_.PlacementClient,
    added: frozenset[str],
    removed: frozenset[str],
    today: datetime.date,
) -> None:
    """Tidy up after traits of a provider have changed; never raises."""
    try:
        if codec.seen_trait(today) in added:
            # Schedulers ask for it as soon as it is tomorrow, and asking
            # for a name that does not exist is an error.
            tomorrow = today + datetime.timedelta(days=1)
            client.create_trait(codec.seen_trait(tomorrow))
        _delete(client, removed)
    except errors.PlacementError as error:
        LOG.info("Names that are no longer used stay for now: %s", error)


def _delete(
    client: client_.PlacementClient, removed: frozenset[str]
) -> None:
    # A class before its definition: no CLASS name without a definition.
    kept = []
    for name in sorted(filter(codec.class_id, removed)):
        if client.delete_trait(name) is not client_.Written.DONE:
            kept.append(
                codec.definition_prefix(codec.class_id(name) or "")
            )
    for name in sorted(removed):
        if (
            name.startswith(codec.PREFIX)
            and name != codec.REPORT
            and codec.class_id(name) is None
            and not name.startswith(tuple(kept))
        ):
            client.delete_trait(name)
