# SPDX-License-Identifier: Apache-2.0

"""A report as a set of Placement traits, and back.

The names are an interface between versions of this project: what one
release writes, the others read. Reading takes any strings: whatever is
wrong with a name costs that name, and a definition counts only if it
hashes to the id in its name.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
import datetime
import re

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.placement import functions
from nova_vfio_compat.placement import problems as problems_
from nova_vfio_compat.placement import report as report_

PREFIX = "CUSTOM_VFIO1_"
REPORT = PREFIX + "REPORT"
CLASS_PREFIX = PREFIX + "CLASS_"
DEFINITION_PREFIX = PREFIX + "DEF_"
SEEN_PREFIX = PREFIX + "SEEN_"
DEVICE_PREFIX = PREFIX + "DEV_"
#: of several PCI functions of one bus
DEVICES_PREFIX = PREFIX + "DEVS_"

#: characters of a definition in one name; Placement allows 255 in all
CHUNK = 200

#: names looked at in one report; a host publishes some sixty
MAX_REPORT_NAMES = 4096
#: devices that the names of one report may give
MAX_REPORT_DEVICES = 16384
#: names looked at in a list of definitions; a fleet has some thousands
MAX_DEFINITION_NAMES = 65536

_CLASS = re.compile(CLASS_PREFIX + r"([A-Z2-7]{26})")
_DEFINITION = re.compile(
    DEFINITION_PREFIX
    + r"([A-Z2-7]{26})_([1-9][0-9]?)_([1-9][0-9]?)_([A-Z2-7]{1,200})"
)
_SEEN = re.compile(SEEN_PREFIX + r"([0-9]{8})")
# Whatever a device is called, what follows the last _ is the class.
_DEVICE = re.compile(DEVICE_PREFIX + r"([A-Z0-9_]+)_(0|[1-9][0-9]{0,2})")
_DEVICES = re.compile(
    rf"{DEVICES_PREFIX}({functions.BUS})_({functions.BITS})_"
    r"(0|[1-9][0-9]{0,2})"
)


def class_trait(class_id: str) -> str:
    """The trait of hosts that have a device of this class."""
    return CLASS_PREFIX + class_id


def definition_prefix(class_id: str) -> str:
    """What the traits that hold the definition of a class start with."""
    return f"{DEFINITION_PREFIX}{class_id}_"


def seen_trait(day: datetime.date) -> str:
    """The trait of hosts whose report was true on ``day`` (UTC)."""
    return SEEN_PREFIX + day.strftime("%Y%m%d")


def device_trait_name(nodedev: str) -> str:
    """What DEV traits call the device with this libvirt nodedev name."""
    return report_.device_name(nodedev)


def class_id(trait: str) -> str | None:
    """The id in a CLASS trait; None if it is no such trait."""
    match = _CLASS.fullmatch(trait)
    return match[1] if match else None


def definition_traits(value: device_class.DeviceClass) -> tuple[str, ...]:
    """The traits that hold the definition of a class, in order."""
    text = base64.b32encode(value.canonical()).decode("ascii").rstrip("=")
    chunks = [
        text[start:start + CHUNK] for start in range(0, len(text), CHUNK)
    ]
    return tuple(
        f"{definition_prefix(value.id)}{number}_{len(chunks)}_{chunk}"
        for number, chunk in enumerate(chunks, 1)
    )


def encode(report: report_.Report) -> frozenset[str]:
    """The traits that say what ``report`` says."""
    names = {REPORT}
    names.update(SEEN_PREFIX + day for day in report.seen)
    order = {id_: index for index, id_ in enumerate(sorted(report.classes))}
    for id_, value in report.classes.items():
        names.add(class_trait(id_))
        names.update(definition_traits(value))
    members: dict[int, list[str]] = {}
    for device, ids in report.devices.items():
        for id_ in ids:
            members.setdefault(order[id_], []).append(device)
    for index, devices in members.items():
        alone, shared = functions.collapse(devices)
        names.update(f"{DEVICE_PREFIX}{name}_{index}" for name in alone)
        names.update(
            f"{DEVICES_PREFIX}{bus}_{bits}_{index}"
            for bus, bits in shared.items()
        )
    return frozenset(names)


def decode(traits: Iterable[str]) -> report_.Report:
    """The report that these traits of a provider are.

    Traits of others are passed over. Never raises on bad names: they are
    in the ``problems`` of the report.
    """
    problems = problems_.Problems()
    names = sorted(
        name
        for name in problems.bounded(PREFIX, traits, MAX_REPORT_NAMES)
        if name.startswith(PREFIX)
    )
    ids = sorted(filter(None, map(class_id, names)))
    seen = set()
    devices: dict[str, set[str]] = {}
    for name in names:
        if match := _SEEN.fullmatch(name):
            if _is_day(match[1]):
                seen.add(match[1])
            else:
                problems.add(name, "not a day")
        elif named := _named(name):
            index = named[1]
            if index >= len(ids):
                problems.add(name, f"there is no class number {index}")
            elif len(devices) >= MAX_REPORT_DEVICES:
                problems.add(name, f"more than {MAX_REPORT_DEVICES} devices")
            else:
                for device in named[0]:
                    devices.setdefault(device, set()).add(ids[index])
        elif (
            name != REPORT
            and not name.startswith(DEFINITION_PREFIX)
            and class_id(name) is None
        ):
            problems.add(name, "not a name that this version knows")
    classes = _definitions(names, problems)
    for id_ in ids:
        if id_ not in classes:
            problems.add(class_trait(id_), "the definition is missing")
    return report_.Report(
        classes={id_: classes[id_] for id_ in ids if id_ in classes},
        devices={name: frozenset(found) for name, found in devices.items()},
        seen=frozenset(seen),
        present=REPORT in names,
        problems=problems.found(),
    )


def decode_definitions(
    names: Iterable[str],
) -> tuple[
    dict[str, device_class.DeviceClass], tuple[report_.TraitProblem, ...]
]:
    """The classes that are completely defined by DEF traits among ``names``.

    Other names are passed over. Never raises on bad names.

    :returns: the classes by their ids, and what is wrong with the others
    """
    problems = problems_.Problems()
    bounded = problems.bounded(PREFIX, names, MAX_DEFINITION_NAMES)
    return _definitions(bounded, problems), problems.found()


def _named(name: str) -> tuple[Iterable[str], int] | None:
    """The devices that a name is about, and the number of their class."""
    if match := _DEVICE.fullmatch(name):
        return (match[1],), int(match[2])
    if match := _DEVICES.fullmatch(name):
        return functions.expand(match[1], match[2]), int(match[3])
    return None


def _is_day(text: str) -> bool:
    try:
        datetime.datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return False
    return True


def _definitions(
    names: Iterable[str], problems: problems_.Problems
) -> dict[str, device_class.DeviceClass]:
    # A definition is a function of its class, so two texts for one piece
    # mean that somebody else wrote one of them; neither is believed.
    pieces: dict[tuple[str, int], dict[int, set[str]]] = {}
    for name in names:
        if not name.startswith(DEFINITION_PREFIX):
            continue
        match = _DEFINITION.fullmatch(name)
        if match is None or int(match[2]) > int(match[3]):
            problems.add(name, "not a piece of a definition")
            continue
        of_class = pieces.setdefault((match[1], int(match[3])), {})
        of_class.setdefault(int(match[2]), set()).add(match[4])
    classes = {}
    for (id_, count), texts in pieces.items():
        try:
            classes[id_] = _definition(id_, count, texts)
        except compat_errors.ParseError as error:
            problems.add(definition_prefix(id_), error.one_line())
    return classes


def _definition(
    id_: str, count: int, texts: dict[int, set[str]]
) -> device_class.DeviceClass:
    if len(texts) < count:
        raise compat_errors.ParseError(
            f"{count - len(texts)} of {count} pieces are missing"
        )
    if any(len(found) > 1 for found in texts.values()):
        raise compat_errors.ParseError("two texts for one piece")
    text = "".join(texts[number].pop() for number in range(1, count + 1))
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise compat_errors.ParseError("not base32") from None
    value = device_class.DeviceClass.from_canonical(data)
    if value.id != id_:
        raise compat_errors.ParseError(f"hashes to {value.id}")
    return value
