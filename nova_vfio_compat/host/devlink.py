# SPDX-License-Identifier: Apache-2.0

"""What a device's driver tells over devlink: its firmware, for instance.

The same as ``devlink dev info pci/0000:81:00.0`` of iproute2. On a running
host the kernel is asked; a snapshot has the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import json
import re

from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import deadline
from nova_vfio_compat.host import devlink_kernel
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import tree as host_tree

KIND = "devlink"

_GROUPS = ("fixed", "running", "stored")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_VALUE = re.compile(r"[!-~]([ -~]{0,126}[!-~])?")

# One for the process: it knows which questions still wait.
_KERNEL = deadline.Deadline(devlink_kernel.Kernel().read)


@dataclasses.dataclass(frozen=True, slots=True)
class Info:
    """What a driver tells of a device.

    :ivar driver: its name
    :ivar fixed: versions that only another board would have, by name:
        ``fw.psid``
    :ivar running: versions of what runs now: ``fw.version``
    :ivar stored: versions of what runs after the next reset
    """

    driver: str | None
    fixed: Mapping[str, str]
    running: Mapping[str, str]
    stored: Mapping[str, str]


def path(address: str) -> str:
    """Return how errors call what is told of a PCI function."""
    return f"facts/{KIND}/pci/{address}"


def info(tree: host_tree.HostTree, address: str) -> Info | None:
    """Return what the driver of a PCI function tells.

    :returns: None if it tells nothing
    :raises ReadError: it cannot be asked, or the answer not be understood
    """
    text = tree.fact(KIND, f"pci/{address}")
    if text is None:
        return None
    try:
        return _parse(text)
    except compat_errors.ParseError as error:
        raise errors.malformed(path(address), error) from None


def ask(name: str) -> str | None:
    """Ask the running kernel, for :meth:`HostTree.fact`.

    Never takes longer than :data:`deadline.SECONDS`: the kernel answers
    while the question is sent, after waiting for the device's lock, which
    no timeout of a socket ends.

    :param name: bus and device: ``pci/0000:81:00.0``
    :returns: JSON: the driver's name and some versions, nothing that
        identifies one device; None if the kernel has nothing to tell
    :raises ReadError: it cannot be asked or does not answer
    """
    try:
        return _KERNEL.read(f"facts/{KIND}/{name}", name, 0).decode("ascii")
    except errors.Missing:
        return None


def _parse(text: str) -> Info:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise compat_errors.ParseError(
            error.msg, text, error.pos
        ) from None
    except RecursionError:
        raise compat_errors.ParseError("nested too deeply", text) from None
    if not isinstance(document, dict):
        raise compat_errors.ParseError("expected a JSON object", text)
    versions = document.pop("versions", {})
    driver = document.pop("driver", None)
    if driver is not None:
        _check(driver, _WORD, text)
    if document or not isinstance(versions, dict):
        raise compat_errors.ParseError("expected driver and versions", text)
    found = {group: versions.pop(group, {}) for group in _GROUPS}
    if versions:
        raise compat_errors.ParseError(f"expected {_GROUPS}", text)
    for group in found.values():
        if not isinstance(group, dict):
            raise compat_errors.ParseError("expected versions by name", text)
        for name, value in group.items():
            _check(name, _WORD, text)
            _check(value, _VALUE, text)
    return Info(driver, **found)


def _check(value: object, shape: re.Pattern[str], text: str) -> None:
    if not isinstance(value, str) or not shape.fullmatch(value):
        position = text.find(json.dumps(value))
        raise compat_errors.ParseError(
            "not a name or a version", text, max(position, 0)
        )
