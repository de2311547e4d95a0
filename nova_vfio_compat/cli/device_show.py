# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat device show DEVICE``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from cliff import columns
from cliff import show

from nova_vfio_compat.cli import hosts
from nova_vfio_compat.cli import main
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import inspect

COLUMNS = (
    "Device", "Kind", "Parent", "Type", "Driver", "Driver from", "Bound",
    "Offered", "Migratable", "Evidence", "Reason", "Source", "Rule",
    "Classes", "Problems", "Files",
)

# Where attributes are from that the device's source does not know of.
_ELSEWHERE = {
    codes.Evidence.DECLARED: "migration/self",
    codes.Evidence.OPERATOR: "/etc/nova/vfio-compat.d",
}


class DeviceShow(show.ShowOne):
    """Show all that is known of one device, and where it comes from.

    Classes has what the device writes (state) and what it can load
    (accepts), each attribute with the place that it is from, what a guest
    sees of it (exposed), and what decides as well and cannot be seen
    (unverified). Files has every file that was read for it. With -f json
    or yaml these are lists and objects.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Add the command's arguments."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "device",
            metavar="DEVICE",
            help=(
                "name as device list shows it, NAME/TYPE for one of several "
                "types of a parent, PCI address, or uuid of an mdev"
            ),
        )
        hosts.add_arguments(
            parser, "says what is offered to guests, and managed by libvirt."
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        """Look at the device."""
        tree = hosts.open_tree(parsed_args.root)
        offered = hosts.offered(tree, parsed_args.config_file)
        try:
            found = inspect.inspect_device(
                tree, parsed_args.device, offered
            )
        except (errors.NotAHostTree, errors.NoSuchDevice) as error:
            raise main.UsageError(str(error)) from None
        return COLUMNS, _values(found, offered is not None)


class _Reasons(columns.FormattableColumn[list[dict[str, str]]]):
    def human_readable(self) -> str:
        return "\n".join(
            f"{item['code']}: {item['text']}" for item in self._value
        )


class _Classes(columns.FormattableColumn[list[dict[str, Any]]]):
    def human_readable(self) -> str:
        return "\n".join(map(_class_text, self._value))


class _Problems(columns.FormattableColumn[list[dict[str, str]]]):
    def human_readable(self) -> str:
        return "\n".join(
            f"{item['path']}: {item['detail']}" for item in self._value
        )


class _Files(columns.FormattableColumn[list[dict[str, str]]]):
    def human_readable(self) -> str:
        return "\n".join(map(_file_text, self._value))


def _values(
    found: inspect.Inspection, configured: bool
) -> tuple[Any, ...]:
    item = found.device
    offered = hosts.YES if item.offered else hosts.NO
    return (
        item.name,
        item.kind,
        item.parent or "",
        errors.printable(item.type or ""),
        errors.printable(item.driver or ""),
        found.driver_from,
        errors.printable(item.bound or ""),
        offered if configured else hosts.UNKNOWN,
        hosts.migratable(item),
        hosts.evidence(item),
        _Reasons([
            {"code": code.value, "text": code.text}
            for code in hosts.reasons(item, configured)
        ]),
        found.source or "",
        found.rule,
        _Classes([_class(one, found) for one in item.classes]),
        _Problems([
            {
                "path": problem.path,
                "code": problem.code.value,
                "detail": problem.detail,
            }
            for problem in item.problems
        ]),
        _Files([
            {"path": one.path, "value": one.value}
            if one.value is not None
            else {"path": one.path, "error": one.error or ""}
            for one in found.readings
        ]),
    )


def _class(
    one: device_class.DeviceClass, found: inspect.Inspection
) -> dict[str, Any]:
    elsewhere = _ELSEWHERE.get(one.evidence, "")
    return {
        "id": one.id,
        "family": one.family,
        "evidence": one.evidence.value,
        "reason": "" if one.reason is None else one.reason.value,
        "state": None if one.state is None else [
            {
                "attribute": name,
                "value": value,
                "from": found.origins.get(name, elsewhere),
            }
            for name, value in one.state.items()
        ],
        "accepts": [dict(item) for item in one.accepts],
        "exposed": [
            {
                "attribute": name,
                "value": value,
                "from": found.origins.get(f"exposed:{name}", ""),
            }
            for name, value in one.exposed.items()
        ],
        "unverified": list(one.unverified),
        "settable": list(one.settable),
        "limits": list(one.limits),
    }


def _class_text(one: dict[str, Any]) -> str:
    lines = [f"{one['id']} ({one['family']}, {one['evidence']})"]
    if one["reason"]:
        lines.append(f"  reason: {one['reason']}")
    state = {}
    for part in ("state", "exposed"):
        for item in one[part] or ():
            origin = f"  (from {item['from']})" if item["from"] else ""
            lines.append(
                f"  {part}: {item['attribute']} = {item['value']}{origin}"
            )
            if part == "state":
                state[item["attribute"]] = item["value"]
    for items in one["accepts"]:
        text = "what it writes" if items == state else ", ".join(
            f"{name} = {value}" for name, value in items.items()
        )
        lines.append(f"  accepts: {text}")
    for part in ("unverified", "settable", "limits"):
        if one[part]:
            lines.append(f"  {part}: {', '.join(one[part])}")
    return "\n".join(lines)


def _file_text(one: dict[str, str]) -> str:
    if "error" in one:
        return f"{one['path']}: {one['error']}"
    first, *more = one["value"].split("\n")
    rest = f" ... ({len(more) + 1} lines)" if more else ""
    return f"{one['path']} = {errors.printable(first)}{rest}"
