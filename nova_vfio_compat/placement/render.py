# SPDX-License-Identifier: Apache-2.0

"""A report as rows of text for people."""

from __future__ import annotations

from collections.abc import Mapping

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import functions
from nova_vfio_compat.placement import report as report_

#: what the three texts of a row are
COLUMNS = ("Kind", "Name", "Value")


def rows(report: report_.Report) -> list[tuple[str, str, str]]:
    """A report, a row per thing that it says."""
    found = [("seen", day, "") for day in sorted(report.seen, reverse=True)]
    found += [
        ("class", id_, class_text(value))
        for id_, value in sorted(report.classes.items())
    ]
    members: dict[str, list[str]] = {}
    for name, ids in report.devices.items():
        members.setdefault(", ".join(sorted(ids)), []).append(name)
    found += sorted(
        ("device", first if first == last else f"{first} to {last}", ids)
        for ids, names in members.items()
        for first, last in functions.ranges(names)
    )
    found += [
        ("problem", item.trait, f"{item.code.value}: {item.detail}")
        for item in report.problems
    ]
    return found


def class_text(value: device_class.DeviceClass) -> str:
    """A class in one line."""
    parts = [f"{value.family} on {value.bus}, {value.evidence.value}"]
    if value.reason is not None:
        parts.append(f"{value.reason.value}: {value.reason.text}")
    if value.state is not None:
        parts.append(f"writes {_attributes(value.state)}")
    if value.state is not None and value.accepts == (value.state,):
        parts.append("accepts the same")
    elif value.accepts:
        parts.append(
            "accepts "
            + " or ".join(_attributes(items) for items in value.accepts)
        )
    if value.exposed:
        parts.append(f"guest sees {_attributes(value.exposed)}")
    if value.unverified:
        parts.append(f"unverified {', '.join(value.unverified)}")
    return "; ".join(parts)


def difference(before: report_.Report, after: report_.Report) -> list[str]:
    """What ``after`` says that ``before`` does not (+), and the other way."""
    old, new = set(rows(before)), set(rows(after))
    marked = [("-", row) for row in old - new]
    marked += [("+", row) for row in new - old]
    return [
        f"{mark} {kind} {name} {value}".rstrip()
        for mark, (kind, name, value) in sorted(
            marked, key=lambda item: (item[1], item[0])
        )
    ]


def _attributes(items: Mapping[str, str]) -> str:
    return " ".join(f"{name}={text}" for name, text in sorted(items.items()))
