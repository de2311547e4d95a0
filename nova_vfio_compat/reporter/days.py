# SPDX-License-Identifier: Apache-2.0

"""On which day a host renews that its report was true."""

from __future__ import annotations

import datetime
import hashlib
import uuid

_DAY = datetime.timedelta(days=1)
_MINUTES = 24 * 60


def minute_of(compute_node_uuid: str) -> int:
    """A host's own minute of the day, so that not all write at midnight."""
    digest = hashlib.sha256(uuid.UUID(compute_node_uuid).bytes).digest()
    return int.from_bytes(digest[:8], "big") % _MINUTES


def to_publish(
    now: datetime.datetime, minute: int, published: datetime.date | None
) -> datetime.date:
    """The day to publish.

    Yesterday's stays until the host's own minute; readers take a report for
    fresh for longer than that. One that is ahead by a day stays until the
    clock has caught up: it was set back over midnight. Any other day is
    wrong, whatever has happened to the clock.

    :param now: in UTC
    :param published: the day that is published; None: not known, or none
    """
    today = now.date()
    if published is None:
        return today
    if published == today + _DAY:
        return published
    if published == today - _DAY and now.hour * 60 + now.minute < minute:
        return published
    return today
