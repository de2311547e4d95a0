# SPDX-License-Identifier: Apache-2.0

"""Which class a host has, where a query asked for several at once.

Needed only to say why a host was rejected, never to reject it. Asking for
one class after the other would take as many requests as there are classes.
Instead each class gets a code: a set of queries, of the same size for all.
A host with one class answers exactly the queries of its code; a host with
several answers more and is told apart by their number. Six queries tell 20
classes apart.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import itertools
import math
import threading

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.scheduler import fleet

Class = device_class.DeviceClass
#: the hosts that have one of some classes, by uuid of report provider
Query = Callable[[Sequence[Class]], Iterable[str]]

#: queries that an explanation may cost
MAX_QUERIES = 6


def codes(count: int) -> list[frozenset[int]] | None:
    """As many different sets of queries, all of one size.

    :returns: None if it takes more than MAX_QUERIES
    """
    for queries in range(1, MAX_QUERIES + 1):
        size = (queries + 1) // 2
        if math.comb(queries, size) >= count:
            found = itertools.combinations(range(queries), size)
            return [frozenset(code) for code in itertools.islice(found, count)]
    return None


class Owners:
    """Classes of hosts, remembered as long as their reports stay."""

    _MAX = 50_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, Class]] = {}

    def identify(
        self, part: fleet.Part, wanted: Iterable[str], query: Query
    ) -> dict[str, Class]:
        """Find the class that each host has of a part.

        :param wanted: uuids of report providers, of the part's hosts
        :returns: the class of those hosts that have exactly one of them
        :raises CannotDecide, UnknownTrait: as ``query`` does
        """
        if len(part.classes) == 1:
            return dict.fromkeys(wanted, part.classes[0])
        found = {}
        unknown = set()
        with self._lock:
            for uuid in wanted:
                generation, known = self._known.get(uuid, (None, None))
                if known in part.classes and generation == part.hosts[uuid]:
                    assert known is not None  # noqa: S101
                    found[uuid] = known
                else:
                    unknown.add(uuid)
        words = codes(len(part.classes))
        if not unknown or words is None:
            return found
        coded = dict(zip(words, part.classes, strict=True))
        answered: dict[str, set[int]] = {uuid: set() for uuid in unknown}
        for number in range(1 + max(max(word) for word in words)):
            asked = [one for word, one in coded.items() if number in word]
            for uuid in unknown.intersection(query(asked)):
                answered[uuid].add(number)
        with self._lock:
            if len(self._known) > self._MAX:
                self._known.clear()
            for uuid, numbers in answered.items():
                one = coded.get(frozenset(numbers))
                if one is not None:
                    found[uuid] = one
                    self._known[uuid] = (part.hosts[uuid], one)
        return found
