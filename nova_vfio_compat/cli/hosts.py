# SPDX-License-Identifier: Apache-2.0

"""What the commands share that read hosts."""

from __future__ import annotations

from typing import TextIO

from nova_vfio_compat.cli import main
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import offered as offered_
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree

YES = "yes"
NO = "no"
UNKNOWN = "unknown"


def read(
    root: str, offered: offered_.Offered | None = None
) -> device_.HostScan:
    """Scan the host below ``root``.

    :raises UsageError: there is no host
    """
    try:
        return scan.scan(tree.HostTree(root), offered)
    except errors.NotAHostTree as error:
        raise main.UsageError(str(error)) from None


def print_problems(
    host: device_.HostScan, stream: TextIO, prefix: str = ""
) -> None:
    """Print what could not be read, a line each."""
    for problem in host.problems:
        print(f"{prefix}{problem.line}", file=stream)
    for item in host.devices:
        for problem in item.problems:
            print(f"{prefix}{item.name}: {problem.line}", file=stream)


def migratable(item: device_.Device) -> str:
    """Whether a device can migrate at all: yes, no or unknown."""
    answers = {_migratable(one) for one in item.classes}
    if not answers:
        return NO if item.kind == device_.PF else UNKNOWN
    return answers.pop() if len(answers) == 1 else UNKNOWN


def _migratable(one: device_class.DeviceClass) -> str:
    if one.reason is None:
        return YES
    return UNKNOWN if one.reason.is_unknown else NO


def reasons(item: device_.Device, configured: bool) -> str:
    """The codes that explain a device, joined.

    :param configured: whether a nova.conf says what is offered
    """
    found = [one.reason for one in item.classes if one.reason is not None]
    if not item.classes and item.kind != device_.PF:
        found.append(codes.Code.UNREADABLE)
    if configured and not item.offered:
        found.append(codes.Code.NOT_OFFERED)
    return "; ".join(dict.fromkeys(code.value for code in found))
