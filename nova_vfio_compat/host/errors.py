# SPDX-License-Identifier: Apache-2.0

"""What can go wrong while a host is read."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import errors


class HostError(Exception):
    """Base of all errors of this package."""


class NotAHostTree(HostError):
    """The root that was given does not hold a host's files."""


class NoSuchDevice(HostError):
    """The host has no device of a name, or several; the text says which."""


class ConfigError(HostError):
    """nova.conf says something about devices that has no meaning."""


class DescribeError(HostError):
    """A device cannot be described; costs that one device only.

    :ivar path: the file or directory that is the cause, below the root
    :ivar code: the reason that the device's class gets
    :ivar detail: what is wrong, with the place in the text where there is
        one; may have several lines
    :ivar brief: the same in one line
    """

    def __init__(
        self, path: str, code: codes.Code, detail: str, brief: str = ""
    ) -> None:
        super().__init__(path, code, detail)
        self.path = printable(path)
        self.code = code
        self.detail = detail
        self.brief = brief or " ".join(detail.split())

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}"


class ReadError(DescribeError):
    """A file or directory cannot be read, or its content is no text."""


class Missing(ReadError):
    """The file does not exist, or went away while it was read."""

    def __init__(self, path: str, detail: str = "does not exist") -> None:
        super().__init__(path, codes.Code.MISSING_ATTRIBUTE, detail)


def too_long(path: str, limit: int) -> ReadError:
    """Say that a file has more bytes than it may."""
    return ReadError(
        path, codes.Code.MALFORMED, f"is longer than {limit} bytes"
    )


def no_sys(root: str) -> NotAHostTree:
    """Say that a root is not one of a host's files."""
    return NotAHostTree(
        f"{root} has no sys/ directory: give the root of a host's files, "
        "not one of its parts (the running host is /)."
    )


def malformed(path: str, error: errors.ParseError) -> ReadError:
    """Say which file the text came from that could not be understood."""
    return ReadError(
        path, codes.Code.MALFORMED, str(error), error.one_line()
    )


def printable(text: str) -> str:
    """Text that is safe in a log: a file's name may be any bytes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isascii() and c.isprintable() else ascii(c)[1:-1]
        for c in text
    )
