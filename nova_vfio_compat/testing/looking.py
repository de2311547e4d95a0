# SPDX-License-Identifier: Apache-2.0

"""Asking one source about the devices of a host, and watching it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import os
import pathlib
import re
import sys
from typing import Any

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import store
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base

#: the class of a device, or why it has none; None: not of this family
Answer = device_class.DeviceClass | codes.Code | None

def reason(answer: Answer) -> codes.Code | None:
    """Return why a device cannot migrate, None if it can."""
    if isinstance(answer, device_class.DeviceClass):
        return answer.reason
    return answer


# What a source may not read, and why that is.
_FORBIDDEN = (
    (r"dev/.*", "opening a device node may have an effect"),
    (r".*/(config|vpd|rom|resource[0-9]+(_wc)?)", "it touches the device"),
    (r"(.*/)?sriov_(numvfs|vf_total_msix)",
     "its read waits for the device's lock; count virtfn*, or use "
     "read_with_deadline"),
    (r".*/available_instances", "it changes with who uses the device"),
    (r".*/(serial_number|serial|unique_id)", "it identifies one device"),
    (r"etc/nova/nova.*\.conf", "it has credentials"),
    (r"sys/kernel/debug/.*", "hosts do not let everybody read it"),
)
_LISTS = ("os.listdir", "os.scandir")
# What an import opens.
_IMPORTS = (".py", ".pyc", ".so", "__pycache__")
# How the tree finds out whether its files are the running kernel's.
_OF_THE_TREE = "/proc/self/mountinfo"
_watched: list[tuple[str, str]] | None = None


class Recorder(store.DirectoryStore):
    """A store that notes which files are read.

    :ivar reads: real paths below the root, how often each was read
    :ivar slow_reads: the same for reads with a deadline
    """

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.reads: Counter[str] = Counter()
        self.slow_reads: Counter[str] = Counter()

    def read(
        self, path: str, real: str, limit: int, prefix: bytes = b""
    ) -> bytes:
        """Note the name, and read."""
        self.reads[real] += 1
        return super().read(path, real, limit, prefix)

    def read_with_deadline(self, path: str, real: str, limit: int) -> bytes:
        """Note the name, and read."""
        self.slow_reads[real] += 1
        return super().read_with_deadline(path, real, limit)

    def forbidden(self) -> list[str]:
        """Return what was read and must not be, with the reason."""
        return [
            f"{name}: {why}"
            for name in sorted(self.reads)
            for pattern, why in _FORBIDDEN
            if re.fullmatch(pattern, name)
        ]


class Look:
    """One look at a host, for one source.

    :ivar candidates: everything that a source is asked about: functions by
        address, mdevs by uuid, types as ``<parent>/<type>``
    """

    def __init__(self, root: pathlib.Path, source: base.Source) -> None:
        self.store = Recorder(str(root))
        tree = host_tree.HostTree(root, store=self.store).once()
        broken: list[errors.ReadError] = []
        functions = pci.functions(tree, broken)
        mediated = mdev.Mediated(tree, functions, broken)
        self._source = source
        self._ctx = context.Context(tree, functions)
        self.candidates: dict[str, base.Candidate] = {
            **functions,
            **{item.uuid: item for item in mediated.mdevs},
            **{
                f"{item.parent.sysname}/{item.id}": item
                for item in mediated.types.values()
            },
        }

    def claimed(self) -> set[str]:
        """Return the devices that the source claims.

        Whatever else than a DescribeError it raises comes out.
        """
        return {
            name for name, device in self.candidates.items()
            if self._claims(device)
        }

    def answer(self, name: str) -> Answer:
        """Return what the source says of a device.

        Whatever else than a DescribeError or a ParseError it raises comes
        out.
        """
        device = self.candidates.get(name)
        if device is None or not self._claims(device):
            return None
        try:
            found = self._source.describe(device, self._ctx)
            self._source.tracking(device, self._ctx)
            tuple(self._source.remarks(device, self._ctx))
            return found
        except errors.DescribeError as error:
            return error.code
        except compat_errors.ParseError:
            return codes.Code.MALFORMED

    def past_the_tree(self, seen: Iterable[tuple[str, str]]) -> list[str]:
        """Return what was done otherwise than through the tree.

        :param seen: what :func:`watched` has noticed
        """
        allowed = self.store.reads + self.store.slow_reads
        wrong = []
        for event, text in seen:
            path = os.path.relpath(text, self.store.name)
            if event == "open":
                allowed[path] -= 1
                if allowed[path] >= 0:
                    continue
            elif event in _LISTS and not path.startswith(".."):
                continue
            wrong.append(f"{event} of {text}")
        return wrong

    def _claims(self, device: base.Candidate) -> bool:
        try:
            return self._source.claims(device, self._ctx)
        except errors.DescribeError:
            return False


@contextlib.contextmanager
def watched() -> Iterator[list[tuple[str, str]]]:
    """Note what Python opens, lists, starts or connects to meanwhile."""
    global _watched
    if _notice not in _hooks:
        _hooks.append(_notice)
        sys.addaudithook(_notice)
    _watched = []
    try:
        yield _watched
    finally:
        _watched = None


_hooks: list[Any] = []


def _notice(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is None:
        return
    if event == "open" or event in _LISTS:
        name = arguments[0]
        if isinstance(name, bytes | str | os.PathLike):
            text = os.fsdecode(name)
            if not text.endswith(_IMPORTS) and text != _OF_THE_TREE:
                _watched.append((event, text))
    elif event in (
        "os.exec", "os.posix_spawn", "os.system", "socket.connect",
        "subprocess.Popen",
    ):
        _watched.append((event, str(arguments[0])))
