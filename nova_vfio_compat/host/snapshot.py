# SPDX-License-Identifier: Apache-2.0

"""A host in one small file, for another machine to look at.

A snapshot is a tar.gz of the files that the sources have read, each under
its path on the host with what was read of it: of modules.alias the lines
``alias vfio_pci:``. ``nova-vfio-compat.json`` in it has the rest: names in
the directories that were listed, targets of the links that were followed,
what does not exist, what could not be read and why, and of nova.conf which
devices it offers.

So it holds PCI addresses, uuids of mdevs, the names of drivers and network
interfaces, firmware versions and the kernel's release. No host name, no
date, no serial number, and no file that was not read.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import json
import os
from typing import Any
from typing import TypeVar

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import archive
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import options
from nova_vfio_compat.host import record as record_
from nova_vfio_compat.host import recorded
from nova_vfio_compat.host import store

MANIFEST = "nova-vfio-compat.json"
FORMAT = "nova-vfio-compat snapshot"
VERSION = 1

_MAX_FILE = 1 << 20
_MAX_MANIFEST = 16 << 20
_CODES = {code.value: code for code in codes.Code}
_KINDS = (None, store.DIRECTORY, store.FILE, store.OTHER)

_T = TypeVar("_T")


def pack(
    record: record_.Record, known: options.DeviceOptions | None
) -> bytes:
    """Return the bytes of a snapshot; the same for the same record.

    :param known: what nova.conf says of devices
    :raises HostError: the host is too large for one
    """
    files = {
        path: data for path, data in sorted(record.reads.items())
        if isinstance(data, bytes)
    }
    document = {
        "format": FORMAT,
        "version": VERSION,
        "files": len(files),
        "lists": {
            path: names for path, names in record.lists.items()
            if not isinstance(names, record_.Failure)
        },
        "links": {
            path: target for path, target in record.links.items()
            if target is not None
        },
        "kinds": record.kinds,
        "unread": _failures(record.reads),
        "unlisted": _failures(record.lists),
        "nova": None if known is None else {
            "device_spec": known.device_spec,
            "mdev_types": known.mdev_types,
        },
    }
    manifest = json.dumps(document, sort_keys=True, indent=0).encode()
    try:
        if max(map(len, files.values()), default=0) > _MAX_FILE:
            raise archive.ArchiveError("would have too large a file")
        return archive.pack({MANIFEST: manifest, **files})
    except archive.ArchiveError as error:
        raise errors.HostError(
            f"No snapshot was made, because it {error}: please report this "
            "as a bug."
        ) from None


def open_store(root: str) -> store.Store:
    """Return what is at ``root``: a snapshot or a directory.

    :raises NotAHostTree: a file that is no good snapshot
    """
    if os.path.isfile(root):
        return load(root)
    return store.DirectoryStore(root)


def load(name: str) -> recorded.RecordedStore:
    """Return what is in the snapshot ``name``.

    :raises NotAHostTree: it is none, damaged, or of a later version
    """
    try:
        members = archive.load(name, _MAX_FILE, {MANIFEST: _MAX_MANIFEST})
        document = _manifest(members)
    except archive.ArchiveError as error:
        raise errors.NotAHostTree(
            f"{name} is no snapshot that can be used, because it {error}: "
            "make a new one on its host with nova-vfio-compat snapshot "
            "create."
        ) from None
    if document.get("version") != VERSION:
        raise errors.NotAHostTree(
            f"{name} is a snapshot of format "
            f"{ascii(document.get('version'))[:20]} and this version of "
            f"nova-vfio-compat reads format {VERSION}: use the version that "
            "has made it, or make a new one with this version."
        )
    try:
        return recorded.RecordedStore(
            name, _record(document, members), _options(document["nova"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise errors.NotAHostTree(
            f"{name} is no snapshot that can be used, because its "
            f"{MANIFEST} is damaged ({ascii(error)[:80]}): make a new one "
            "on its host with nova-vfio-compat snapshot create."
        ) from None


def _failures(
    answers: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    return {
        path: {
            "code": found.code.value,
            "detail": found.detail,
            "brief": found.brief,
            "missing": found.is_missing,
        }
        for path, found in answers.items()
        if isinstance(found, record_.Failure)
    }


def _manifest(members: dict[str, bytes]) -> dict[str, Any]:
    text = members.pop(MANIFEST, None)
    if text is None:
        raise archive.ArchiveError(f"has no {MANIFEST}")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise archive.ArchiveError(f"has a damaged {MANIFEST}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise archive.ArchiveError(f"has another program's {MANIFEST}")
    return document


def _record(
    document: dict[str, Any], members: dict[str, bytes]
) -> record_.Record:
    if document["files"] != len(members):
        raise ValueError("files are missing or were added")
    return record_.Record(
        reads={**members, **_mapping(document["unread"], _failure)},
        lists={
            **_mapping(document["lists"], _texts),
            **_mapping(document["unlisted"], _failure),
        },
        links=dict(_mapping(document["links"], _text)),
        kinds=dict(_mapping(document["kinds"], _kind)),
    )


def _options(value: Any) -> options.DeviceOptions | None:
    if value is None:
        return None
    return options.DeviceOptions(
        _texts(value["device_spec"]),
        tuple(
            (_text(name), _texts(addresses))
            for name, addresses in value["mdev_types"]
        ),
    )


def _mapping(value: Any, item: Callable[[Any], _T]) -> dict[str, _T]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return {path: item(found) for path, found in value.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return tuple(map(_text, value))


def _kind(value: Any) -> str | None:
    if value not in _KINDS:
        raise ValueError("no kind of file")
    return None if value is None else _text(value)


def _failure(value: Any) -> record_.Failure:
    # Printed as they are: nothing that a terminal would obey.
    return record_.Failure(
        _CODES[value["code"]],
        errors.printable(_text(value["detail"])),
        errors.printable(_text(value["brief"])),
        value["missing"] is True,
    )
