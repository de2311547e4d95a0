# SPDX-License-Identifier: Apache-2.0

"""Remembering what was asked of a host, with the answers."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
from typing import Self
from typing import TypeVar

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import store as store_

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """Why something could not be read."""

    code: codes.Code
    detail: str
    brief: str
    is_missing: bool

    @classmethod
    def of(cls, error: errors.ReadError) -> Self:
        """Return what an error says, without the path."""
        return cls(
            error.code,
            error.detail,
            error.brief,
            isinstance(error, errors.Missing),
        )

    def error(self, path: str) -> errors.ReadError:
        """Return the error for who asks for ``path``."""
        if self.is_missing:
            return errors.Missing(path, self.detail)
        return errors.ReadError(path, self.code, self.detail, self.brief)


@dataclasses.dataclass(slots=True)
class Record:
    """Every answer of a store, by path without links.

    :ivar reads: what files and facts hold
    :ivar lists: the names in directories
    :ivar links: the targets of links, seen from the root; None: no link
    :ivar kinds: what is there; None: nothing
    """

    reads: dict[str, bytes | Failure] = dataclasses.field(
        default_factory=dict
    )
    lists: dict[str, tuple[str, ...] | Failure] = dataclasses.field(
        default_factory=dict
    )
    links: dict[str, str | None] = dataclasses.field(default_factory=dict)
    kinds: dict[str, str | None] = dataclasses.field(default_factory=dict)


class Recorder(store_.Store):
    """Passes questions on and remembers the answers.

    The same question gets the same answer again, except whether a thing is
    there: a device that goes away meanwhile is not to be in the record.

    :ivar record: the answers so far
    """

    def __init__(self, store: store_.Store) -> None:
        self.name = store.name
        self.options = store.options
        self.record = Record()
        self._store = store

    def check(self) -> None:
        """Ask the store."""
        self._store.check()

    def readlink(self, real: str) -> str | None:
        """Ask the store once."""
        found = self.record.links
        if real not in found:
            found[real] = self._store.readlink(real)
        return found[real]

    def listdir(self, path: str, real: str) -> list[str]:
        """Ask the store once."""
        names: tuple[str, ...] = _once(
            self.record.lists, path, real,
            lambda: tuple(self._store.listdir(path, real)),
        )
        return list(names)

    def read(
        self, path: str, real: str, limit: int, prefix: bytes = b""
    ) -> bytes:
        """Ask the store once; a file has one prefix, always."""
        return _once(
            self.record.reads, path, real,
            lambda: self._store.read(path, real, limit, prefix),
        )

    def read_with_deadline(self, path: str, real: str, limit: int) -> bytes:
        """Ask the store once."""
        return _once(
            self.record.reads, path, real,
            lambda: self._store.read_with_deadline(path, real, limit),
        )

    def fact(self, path: str, real: str, kind: str, name: str) -> bytes:
        """Ask the store once."""
        return _once(
            self.record.reads, path, real,
            lambda: self._store.fact(path, real, kind, name),
        )

    def kind(self, real: str) -> str | None:
        """Ask the store."""
        found = self._store.kind(real)
        self.record.kinds[real] = found
        return found


def _once(
    answers: dict[str, _T | Failure],
    path: str,
    real: str,
    ask: Callable[[], _T],
) -> _T:
    if real not in answers:
        try:
            answers[real] = ask()
        except errors.ReadError as error:
            answers[real] = Failure.of(error)
    found = answers[real]
    if isinstance(found, Failure):
        raise found.error(path)
    return found
