# SPDX-License-Identifier: Apache-2.0

"""The files in which a device declares what it writes and accepts.

``migration/`` with directories or with text files, and the one file
``migration_compatible``. Decided where the mails leave it open: any number
may follow ``compatible``; inside of it directories may be numbered; nobody
has directories and text files at once.
"""

from __future__ import annotations

from collections.abc import Mapping
import re

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import migration_text

_COMPATIBLE = re.compile(r"compatible[0-9]{0,8}")
_NUMBER = re.compile(r"[0-9]{1,8}")

#: texts as they were read, each with its header and where it is from
Declared = list[tuple[str, tuple[str, Mapping[str, str]]]]


def read_folder(tree: host_tree.HostTree, folder: str) -> Declared:
    """Return what ``migration/`` declares.

    :raises DescribeError: a file cannot be read or understood
    """
    names = tree.listdir(folder)
    alternatives = [name for name in names if _COMPATIBLE.fullmatch(name)]
    used = [name for name in ("self", *alternatives) if name in names]
    directories = [tree.is_dir(f"{folder}/{name}") for name in used]
    found: Declared = []
    for name, is_directory in zip(used, directories, strict=True):
        path = f"{folder}/{name}"
        if is_directory is not directories[0]:
            # Nobody wrote both; one of them is something else.
            kind = "directory" if directories[0] else "file"
            raise errors.DescribeError(
                path, codes.Code.MALFORMED, f"is no {kind}, as others are"
            )
        header = migration_text.COMPATIBLE
        if name == "self":
            header = migration_text.SELF
        if is_directory:
            places = [path]
            if name != "self":
                places = _alternatives(tree, path)
            found += [
                (header, (place, _attributes(tree, place)))
                for place in places
            ]
        else:
            found += _text_file(tree, path, header)
    return found


def _alternatives(tree: host_tree.HostTree, path: str) -> list[str]:
    """``compatible`` may have numbered directories, each an alternative."""
    inner = tree.listdir(path)
    if inner and all(_NUMBER.fullmatch(name) for name in inner):
        return [f"{path}/{name}" for name in inner]
    return [path]


def _text_file(
    tree: host_tree.HostTree, path: str, header: str
) -> Declared:
    """What ``self`` or ``compatible`` declares if it is a file."""
    found = _blocks(tree, path)
    if header == migration_text.SELF and len(found) != 1:
        raise errors.DescribeError(
            path, codes.Code.MALFORMED, "expected one block of attributes"
        )
    for given, _ in found:
        if given not in ("", header):
            raise errors.DescribeError(
                path, codes.Code.MALFORMED, f"{given} in the wrong file"
            )
    return [(header, (path, block)) for _, block in found]


def read_file(tree: host_tree.HostTree, path: str) -> Declared:
    """Return what ``migration_compatible`` declares.

    :raises DescribeError: it cannot be read or understood
    """
    found = _blocks(tree, path)
    headers = [header for header, _ in found]
    if "" in headers or headers.count(migration_text.SELF) > 1:
        raise errors.DescribeError(
            path,
            codes.Code.MALFORMED,
            f"expected one {migration_text.SELF} and any number of "
            f"{migration_text.COMPATIBLE}",
        )
    return [(header, (path, block)) for header, block in found]


def _blocks(
    tree: host_tree.HostTree, path: str
) -> list[tuple[str, migration_text.Block]]:
    text = tree.read(path, migration_text.MAX_LENGTH)
    try:
        return migration_text.blocks(text)
    except compat_errors.ParseError as error:
        raise errors.malformed(path, error) from None


def _attributes(tree: host_tree.HostTree, folder: str) -> dict[str, str]:
    """Read a directory of attributes; all of them, or it is an error.

    What cannot be read must not look as if it were not there: the rest
    might match.
    """
    if not tree.is_dir(folder):
        raise errors.DescribeError(
            folder, codes.Code.MALFORMED, "is not a directory"
        )
    names = tree.listdir(folder)
    if len(names) > attributes.MAX_ATTRIBUTES:
        raise errors.DescribeError(
            folder,
            codes.Code.MALFORMED,
            f"has more than {attributes.MAX_ATTRIBUTES} attributes",
        )
    return {name: tree.read(f"{folder}/{name}") for name in names}
