# SPDX-License-Identifier: Apache-2.0
"""Which hosts of a fleet may be chosen for a live migration."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from tests.oracle import host
from tests.oracle import rules

Answer = rules.Answer
Ways = Sequence[rules.Device]


def pairing(sources: Ways, destinations: Ways) -> Answer:
    """Every pairing must be accepted."""
    return _worst({
        rules.answer(source, destination)
        for source in sources for destination in destinations})


def nova_pairing(sources: Ways, devices: Sequence[Ways]) -> Answer:
    """Every pairing that Nova could make must be accepted.

    Nova takes a device with mdevs of the source's type where there is one;
    one that does not tell its type may be of any. Whatever a device may be,
    all of it counts.
    """
    answers = set()
    for source in sources:
        kind = (source.state or {}).get("type")
        same = [
            ways for ways in devices
            if source.bus != "mdev" or kind is None
            or _type(ways) in (None, kind)]
        answers |= {rules.answer(source, way)
                    for ways in same or devices for way in ways}
    return _worst(answers)


def _type(ways: Ways) -> str | None:
    types = {(way.state or {}).get("type") for way in ways}
    return types.pop() if len(types) == 1 else None


def _worst(answers: set[Answer]) -> Answer:
    if Answer.NO in answers:
        return Answer.NO
    if answers == {Answer.YES}:
        return Answer.YES
    return Answer.UNKNOWN


def provider_ways(rows: Mapping[str, host.Row],
                  provider: str) -> list[rules.Device]:
    """What Nova may hand out from the provider of this device."""
    return [
        way for row in rows.values()
        if row.provider == provider
        for way in row.ways]


def candidate(sources: Sequence[Ways],
              destinations: Sequence[Sequence[Ways]]) -> Answer:
    """A candidate gives each request its destination providers."""
    return _worst({
        nova_pairing(source, destination) for source, destination
        in zip(sources, destinations, strict=True)})


def best(answers: Iterable[Answer]) -> Answer:
    """A host is as good as its best candidate."""
    found = set(answers)
    for good in (Answer.YES, Answer.UNKNOWN):
        if good in found:
            return good
    return Answer.NO


def kept(hosts: Mapping[str, Answer],
         unknown: str = "last_resort") -> set[str]:
    """The hosts that remain, by what is done with those not known."""
    good = {name for name, found in hosts.items() if found is Answer.YES}
    doubtful = {
        name for name, found in hosts.items() if found is Answer.UNKNOWN}
    if unknown == "accept":
        return good | doubtful
    if unknown == "reject":
        return good
    return good or doubtful
