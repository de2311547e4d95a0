# SPDX-License-Identifier: Apache-2.0

"""What the commands share that read hosts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import pathlib
from typing import TextIO

from oslo_config import cfg

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.cli import main
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.compat import neutral
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import nova_conf
from nova_vfio_compat.host import offered as offered_
from nova_vfio_compat.host import options
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree

YES = "yes"
NO = "no"
UNKNOWN = "unknown"


def add_arguments(parser: argparse.ArgumentParser, effect: str) -> None:
    """Add the options that say which host to read.

    :param effect: what a nova.conf is for
    """
    parser.add_argument(
        "--root",
        default="/",
        metavar="ROOT",
        help=(
            "root of the host's files, or a snapshot of a host (default: /, "
            "the running host)"
        ),
    )
    parser.add_argument(
        "--config-file",
        action="append",
        default=[],
        metavar="FILE",
        help=f"nova.conf of the host; {effect} May be repeated.",
    )


def open_tree(root: str) -> host_tree.HostTree:
    """Return the host at ``root``: a directory or a snapshot.

    :raises UsageError: it is a file and no good snapshot
    """
    try:
        return host_tree.HostTree(root)
    except errors.NotAHostTree as error:
        raise main.UsageError(str(error)) from None


def device_options(files: Sequence[str]) -> options.DeviceOptions | None:
    """Return what nova.conf says of devices, None if there is none.

    :raises UsageError: it cannot be read or has no meaning
    """
    if not files:
        return None
    conf = cfg.ConfigOpts()
    try:
        conf_.load(conf, [], "nova-vfio-compat", list(files))
        return nova_conf.device_options(conf)
    except (conf_.ConfigurationError, errors.ConfigError) as error:
        raise main.UsageError(str(error)) from None


def offered(
    tree: host_tree.HostTree, files: Sequence[str] = ()
) -> offered_.Offered | None:
    """Return what Nova offers: as nova.conf says, else as a snapshot does.

    :raises UsageError: nova.conf cannot be read or has no meaning
    """
    known = device_options(files) or tree.options
    try:
        return None if known is None else nova_conf.offered(known)
    except errors.ConfigError as error:
        # Not a nova.conf that was just read.
        raise main.UsageError(f"{tree.root}: {error}") from None


def read(root: str) -> device_.HostScan:
    """Scan the host at ``root``, or take one class for its only device.

    :param root: a directory, a snapshot, or a file ``*.json`` with a class
        in the form that ``compat.neutral`` reads
    :raises UsageError: there is no host
    """
    path = pathlib.Path(root)
    if path.suffix == ".json" and not path.is_dir():
        return _of_class(path)
    tree = open_tree(root)
    return look(tree, offered(tree))


def _of_class(path: pathlib.Path) -> device_.HostScan:
    """A host whose only device is of the class in this file."""
    try:
        # One more, so that what is too long is said to be.
        with path.open(encoding="utf-8") as file:
            found = neutral.loads(file.read(neutral.MAX_LENGTH + 1))
    except compat_errors.ParseError as error:
        raise main.UsageError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise main.UsageError(f"{path}: not UTF-8") from None
    except OSError as error:
        raise main.UsageError(f"{path}: {error.strerror}") from None
    return device_.HostScan((device_.Device(
        name=errors.printable(path.stem),
        kind=device_.MDEV if found.bus == "mdev" else device_.VF,
        parent=None,
        driver=None,
        bound=None,
        type=(found.state or {}).get("type"),
        classes=(found,),
        offered=True,
    ),))


def look(
    tree: host_tree.HostTree, offered: offered_.Offered | None
) -> device_.HostScan:
    """Scan a host.

    :raises UsageError: there is none
    """
    try:
        return scan.scan(tree, offered)
    except errors.NotAHostTree as error:
        raise main.UsageError(str(error)) from None


def print_problems(
    host: device_.HostScan, stream: TextIO, prefix: str = ""
) -> None:
    """Print what could not be read, a line for each thing to mend."""
    for line in host.problem_lines():
        print(f"{prefix}{line}", file=stream)


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


def evidence(item: device_.Device) -> str:
    """What a device's classes rest on, joined."""
    return ", ".join(sorted({one.evidence.value for one in item.classes}))


def reasons(
    item: device_.Device, configured: bool
) -> tuple[codes.Code, ...]:
    """The codes that explain a device.

    :param configured: whether a nova.conf says what is offered
    """
    found = [one.reason for one in item.classes if one.reason is not None]
    if not item.classes and item.kind != device_.PF:
        found.append(codes.Code.UNREADABLE)
    if configured and not item.offered:
        found.append(codes.Code.NOT_OFFERED)
    return tuple(dict.fromkeys(found))
