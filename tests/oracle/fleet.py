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


def nova_pairing(sources: Ways, destinations: Ways) -> Answer:
    """Every pairing that Nova could make must be accepted.

    Nova takes an mdev of the source's type where there is one; a device
    that does not tell its type may be of any.
    """
    answers = set()
    for source in sources:
        kind = (source.state or {}).get("type")
        same = [
            device for device in destinations
            if source.bus != "mdev" or kind is None
            or (device.state or {}).get("type", kind) == kind]
        answers |= {rules.answer(source, device)
                    for device in same or destinations}
    return _worst(answers)


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
              destinations: Sequence[Ways]) -> Answer:
    """A candidate gives each source device one destination provider."""
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
