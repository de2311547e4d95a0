# SPDX-License-Identifier: Apache-2.0

"""Reading one file of an operator: its entries, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import functools
from typing import Any

from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.compat import unify
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import knowledge_entry
from nova_vfio_compat.host import knowledge_schema
from nova_vfio_compat.host import knowledge_yaml

#: bytes of a file
MAX_BYTES = 64 * 1024
#: of one file, so that a wrong one cannot flood the log
MAX_FAULTS = 20

_Path = knowledge_yaml.Path


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """Something in a file that is wrong.

    :ivar line: counted from 1
    """

    line: int
    text: str


@functools.lru_cache(maxsize=128)
def parse(
    path: str, data: bytes
) -> tuple[
    tuple[knowledge_entry.Entry, ...], tuple[errors.DescribeError, ...]
]:
    """Return the entries of a file, and what is wrong with it.

    A bad entry does not stop the others. Remembered: a host is looked at
    again and again, its files change rarely.

    :param path: of the file, below the root
    """
    try:
        entries, faults = _entries(path, data)
    except knowledge_yaml.Unusable as error:
        entries, faults = [], [Fault(error.line, error.text)]
    faults.sort(key=lambda fault: fault.line)
    more = len(faults) - MAX_FAULTS
    if more > 0:
        faults[MAX_FAULTS:] = [
            Fault(faults[MAX_FAULTS].line, f"and {more} more mistakes")
        ]
    return tuple(entries), tuple(
        errors.ReadError(
            f"{path}:{fault.line}", codes.Code.MALFORMED, fault.text
        )
        for fault in faults
    )


def _entries(
    path: str, data: bytes
) -> tuple[list[knowledge_entry.Entry], list[Fault]]:
    reader = knowledge_yaml.Reader(_decode(data))
    document = reader.document()
    if document is None and not reader.faults:
        # All of it is a comment.
        return [], []
    found: list[Fault] = []
    bad = set()
    for place, text in (
        *reader.faults, *knowledge_schema.document_faults(document)
    ):
        if place in ((), ("devices",)):
            raise knowledge_yaml.Unusable(reader.line(place), text)
        # ("devices", 3, ...) is about one entry.
        bad.add(place[:2])
        found.append(Fault(reader.line(place), text))
    entries = []
    for index, raw in enumerate(document["devices"]):
        here: _Path = ("devices", index)
        if here in bad:
            continue
        faults = list(knowledge_schema.entry_faults(raw))
        if not faults:
            entry = _entry(f"{path}:{reader.line(here)}", raw)
            faults = list(_meaning(entry, raw))
            if not faults:
                entries.append(entry)
        found += (
            Fault(reader.line((*here, *place)), text)
            for place, text in faults
        )
    return entries, found


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise knowledge_yaml.Unusable(
            line,
            f"byte 0x{data[error.start]:02x} is no UTF-8: write the file in "
            "plain ASCII",
        ) from None


def _entry(place: str, raw: Any) -> knowledge_entry.Entry:
    match = dict(raw["match"])
    for name in ("address", "vendor", "device"):
        if name in match:
            match[name] = match[name].lower().removeprefix("0x")
    state = raw.get("state", {})
    return knowledge_entry.Entry(
        place,
        knowledge_entry.Match(**match),
        state,
        {**state, **raw.get("accepts", {})},
        "dirty_tracking" in raw,
        frozenset(raw.get("verified", ())),
        errors.printable(raw.get("comment", "")),
    )


def _meaning(
    entry: knowledge_entry.Entry, raw: Any
) -> Iterator[tuple[_Path, str]]:
    """Yield what no schema can tell."""
    for name, value in entry.state.items():
        try:
            found = attributes.normalise_state({name: value})
        except compat_errors.ParseError as error:
            yield ("state", name), error.one_line()
            continue
        if not found:
            yield ("state", name), (
                f"{name} tells one device from another, so it cannot decide "
                "where devices migrate: remove it"
            )
        elif found != {name: value}:
            ((known, spelling),) = found.items()
            yield ("state", name), f"write it as {known}: {spelling}"
    for name in raw.get("accepts", ()):
        if name not in entry.state:
            yield ("accepts", name), (
                f"{name} is not in state: say what the device has before "
                "what it accepts"
            )
            continue
        value, accepted = entry.state[name], entry.accepts[name]
        try:
            attributes.check({name: accepted}, True, True)
            admits = _admits(name, accepted, value)
        except compat_errors.ParseError as error:
            yield ("accepts", name), error.one_line()
            continue
        if not admits:
            yield ("accepts", name), (
                f"{name} does not accept the device's own {value}: what a "
                "device writes it can load as well"
            )


def _admits(name: str, accepted: str, value: str) -> bool:
    if name == "software_version":
        # A literal one has a rule of its own.
        return True
    parsed = alternative.parse(((name, accepted),), True)
    try:
        return not parsed.mismatches({name: value})
    except unify.TooComplex:
        return False
