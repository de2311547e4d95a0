# SPDX-License-Identifier: Apache-2.0

"""Opening and reading one file, whatever it turns out to be.

Only :mod:`store` and what it reads through use this.
"""

from __future__ import annotations

import errno
import os
import re
import stat

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import errors

# A device or attribute that went away answers one of these.
_GONE = frozenset({
    errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR
})
# What is neither printable ASCII nor a newline or tab.
_NO_TEXT = re.compile(r"[^\n\t -~]")
# Nothing of a host may stop a scan: no waiting for the writer of a FIFO,
# no terminal that becomes ours, no link that was put there meanwhile.
_FLAGS = (
    os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
)


def read(path: str, name: str, limit: int) -> bytes:
    """Return what is in a regular file.

    :param path: the file as errors should call it
    :param name: the file to open, without links in its path
    :param limit: bytes that it may have
    :raises Missing: it does not exist, or its device went away
    :raises ReadError: anything else
    """
    try:
        # Looked at before it is opened: opening a device node may have an
        # effect.
        _check_regular(path, os.lstat(name))
        descriptor = os.open(name, _FLAGS)
    except ValueError:
        raise errors.Missing(path) from None
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        _check_regular(path, os.fstat(descriptor))
        return _read_all(path, descriptor, limit)
    except OSError as error:
        raise unreadable(path, error) from None
    finally:
        os.close(descriptor)


def unreadable(path: str, error: OSError) -> errors.ReadError:
    """Return what an error of the system means for a scan."""
    if error.errno in _GONE:
        return errors.Missing(path)
    return errors.ReadError(
        path,
        codes.Code.UNREADABLE,
        f"cannot be read: {os.strerror(error.errno or 0)}",
    )


def text(path: str, data: bytes) -> str:
    """Return an attribute's text, without newlines at its end.

    :raises ReadError: it is not ASCII text; the detail shows the place
    """
    found = data.decode("latin-1").rstrip("\n")
    bad = _NO_TEXT.search(found)
    if bad is None:
        return found
    raise errors.malformed(
        path,
        compat_errors.ParseError(
            f"expected ASCII text, found byte 0x{ord(bad[0]):02x}",
            "".join(c if c.isascii() else "?" for c in found),
            bad.start(),
        ),
    )


def with_prefix(data: bytes, prefix: bytes) -> bytes:
    """Return the lines that start with ``prefix``, after white space."""
    return b"".join(
        line + b"\n" for line in data.split(b"\n")
        if line.lstrip().startswith(prefix)
    )


def _check_regular(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise errors.ReadError(
            path, codes.Code.MALFORMED, "is not a regular file"
        )


def _read_all(path: str, descriptor: int, limit: int) -> bytes:
    pieces: list[bytes] = []
    room = limit + 1
    while room:
        piece = os.read(descriptor, min(room, 1 << 20))
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        room -= len(piece)
    raise errors.too_long(path, limit)
