# SPDX-License-Identifier: Apache-2.0

"""What is remembered of the trait names in Placement.

A class never changes, so its definition is read once. Which classes exist
is asked on every decision: a host that was upgraded to a class never seen
before is found without a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import threading

from oslo_log import log as logging

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import codec
from nova_vfio_compat.scheduler import api

LOG = logging.getLogger(__name__)

#: days after which a report that was not renewed is stale
FRESH_DAYS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What Placement's trait names say of the fleet.

    :ivar classes: the classes that some host has or had, by id
    :ivar undefined: ids of classes whose definition cannot be used
    :ivar fresh: names of the SEEN traits of reports that are not stale
    """

    classes: Mapping[str, device_class.DeviceClass]
    undefined: frozenset[str]
    fresh: frozenset[str]


class Names:
    """The classes of the fleet, shared by all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._definitions: dict[str, device_class.DeviceClass] = {}
        self._seen: frozenset[str] = frozenset()
        self._seen_on: datetime.date | None = None
        # A newer release's class, say: it stays for months, and is news once.
        self._unusable: frozenset[tuple[str, str]] = frozenset()

    def read(self) -> Known:
        """Read which classes exist now.

        One request; two where a class was never seen before or the day
        changed.

        :raises CannotDecide: Placement does not answer
        """
        today = datetime.datetime.now(datetime.UTC).date()
        with self._lock:
            cold = self._seen_on is None
        if cold:
            # Once in the life of a process: everything in one request.
            listed = api.trait_names(codec.PREFIX)
            self._learn(listed)
            self._remember_seen(listed, today)
        else:
            listed = api.trait_names(codec.CLASS_PREFIX)
        ids = set(filter(None, map(codec.class_id, listed)))
        self._define(ids)
        with self._lock:
            fresh, known_on = self._seen, self._seen_on
            classes = {
                key: self._definitions[key]
                for key in ids
                if key in self._definitions
            }
        # Reporters make tomorrow's name a day ahead, so today's is there
        # unless all of them were down: then it is asked for every time.
        if known_on != today or codec.seen_trait(today) not in fresh:
            listed = api.existing_traits(_window(today))
            fresh = self._remember_seen(listed, today)
        return Known(classes, frozenset(ids - classes.keys()), fresh)

    def forget_seen(self) -> None:
        """Placement refused a name: read the SEEN names again."""
        with self._lock:
            self._seen = frozenset()

    def _define(self, ids: set[str]) -> None:
        with self._lock:
            missing = ids - self._definitions.keys()
        if len(missing) == 1:
            prefix = codec.definition_prefix(missing.pop())
            self._learn(api.trait_names(prefix))
        elif missing:
            self._learn(api.trait_names(codec.DEFINITION_PREFIX))

    def _learn(self, names: Iterable[str]) -> None:
        definitions, problems = codec.decode_definitions(names)
        found = frozenset((one.trait, one.detail) for one in problems)
        with self._lock:
            news = found - self._unusable
            self._unusable = found
            self._definitions.update(definitions)
        for trait, detail in sorted(news):
            LOG.warning(
                "A definition in Placement cannot be used: %s: %s",
                trait,
                detail,
            )

    def _remember_seen(
        self, names: Iterable[str], today: datetime.date
    ) -> frozenset[str]:
        fresh = frozenset(names) & _window(today)
        with self._lock:
            self._seen, self._seen_on = fresh, today
        return fresh


def is_fresh(seen: Iterable[str]) -> bool:
    """Whether a report with these SEEN dates is fresh today."""
    today = datetime.datetime.now(datetime.UTC).date()
    names = {codec.SEEN_PREFIX + day for day in seen}
    return not names.isdisjoint(_window(today))


def _window(today: datetime.date) -> frozenset[str]:
    # Tomorrow too: a host's clock may be a little ahead of ours.
    return frozenset(
        codec.seen_trait(today - datetime.timedelta(days=age))
        for age in range(-1, FRESH_DAYS + 1)
    )
