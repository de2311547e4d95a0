# SPDX-License-Identifier: Apache-2.0

"""A small tar.gz of regular files: the same bytes for the same files.

What is read may come from anybody: nothing is unpacked to disk, sizes and
numbers are bounded, and whatever is no plain file is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
import gzip
import io
import os
import stat
import tarfile
import zlib

#: bytes of an archive
MAX_ARCHIVE = 32 << 20
#: bytes of what is in it
MAX_UNPACKED = 256 << 20
MAX_MEMBERS = 200_000

_ENCODING = "utf-8"
_NAME_ERRORS = "surrogateescape"
_GZIP = b"\x1f\x8b"


class ArchiveError(Exception):
    """What is wrong with an archive, to follow "because it"."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return the archive of these files, in their order.

    :raises ArchiveError: there are too many, or they are too large
    """
    if len(members) > MAX_MEMBERS:
        raise ArchiveError(f"would have more than {MAX_MEMBERS} files")
    if sum(map(len, members.values())) > MAX_UNPACKED // 2:
        raise ArchiveError(
            f"would hold more than {MAX_UNPACKED >> 21} MiB"
        )
    plain = io.BytesIO()
    with tarfile.open(
        fileobj=plain, mode="w", format=tarfile.GNU_FORMAT,
        encoding=_ENCODING, errors=_NAME_ERRORS,
    ) as archive:
        for name, data in members.items():
            # Neither times nor owners: TarInfo has 0 and "" for them.
            item = tarfile.TarInfo(name)
            item.size = len(data)
            archive.addfile(item, io.BytesIO(data))
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as stream:
        stream.write(plain.getbuffer())
    if packed.tell() > MAX_ARCHIVE or plain.tell() > MAX_UNPACKED:
        raise ArchiveError(
            f"would be larger than {MAX_ARCHIVE >> 20} MiB"
        )
    return packed.getvalue()


def load(name: str, limit: int, larger: Mapping[str, int]) -> dict[str, bytes]:
    """Return the files of the archive ``name``.

    :param limit: bytes of each file
    :param larger: bytes of those that may have more
    :raises ArchiveError: it cannot be read or is refused
    """
    try:
        descriptor = os.open(
            name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        )
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ArchiveError("is not a regular file")
            packed = stream.read(MAX_ARCHIVE + 1)
    except OSError as error:
        raise ArchiveError(f"cannot be read: {error.strerror}") from None
    return unpack(packed, limit, larger)


def unpack(
    packed: bytes, limit: int, larger: Mapping[str, int]
) -> dict[str, bytes]:
    """Return the files of an archive; as :func:`load`."""
    plain = _decompress(packed)
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(
            fileobj=io.BytesIO(plain), mode="r:",
            encoding=_ENCODING, errors=_NAME_ERRORS,
        ) as archive:
            for item in archive:
                if len(members) >= MAX_MEMBERS:
                    raise ArchiveError(
                        f"has more than {MAX_MEMBERS} files"
                    )
                _check(item, members)
                most = larger.get(item.name, limit)
                if item.size > most:
                    raise ArchiveError(
                        f"has a file of more than {most} bytes: "
                        f"{_shown(item)}"
                    )
                start = item.offset_data
                data = plain[start:start + item.size]
                if len(data) != item.size:
                    raise ArchiveError("is cut off")
                members[item.name] = data
    except (
        tarfile.TarError, EOFError, OverflowError, RecursionError, ValueError
    ) as error:
        raise ArchiveError(f"is damaged ({error})") from None
    return members


def _decompress(packed: bytes) -> bytes:
    if len(packed) > MAX_ARCHIVE:
        raise ArchiveError(f"is larger than {MAX_ARCHIVE >> 20} MiB")
    if not packed.startswith(_GZIP):
        raise ArchiveError("is not a gzip file")
    # wbits: with gzip's header and checksum.
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(packed, MAX_UNPACKED)
    except zlib.error:
        raise ArchiveError("is damaged (gzip's checksum or data)") from None
    if stream.unconsumed_tail:
        raise ArchiveError(f"holds more than {MAX_UNPACKED >> 20} MiB")
    if not stream.eof:
        raise ArchiveError("is cut off")
    if stream.unused_data:
        raise ArchiveError("has something after its end")
    return plain


def _check(item: tarfile.TarInfo, members: Mapping[str, bytes]) -> None:
    if item.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise ArchiveError(
            f"has something that is no plain file: {_shown(item)}"
        )
    parts = item.name.split("/")
    if "\0" in item.name or not set(parts).isdisjoint(("", ".", "..")):
        raise ArchiveError(
            f"has a name that leads out of it: {_shown(item)}"
        )
    if item.name in members:
        raise ArchiveError(f"has a file twice: {_shown(item)}")


def _shown(item: tarfile.TarInfo) -> str:
    return ascii(item.name[:100])
