# SPDX-License-Identifier: Apache-2.0

"""Answering from a record, as the host that it was made of."""

from __future__ import annotations

from typing import TypeVar

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import options
from nova_vfio_compat.host import record as record_
from nova_vfio_compat.host import store as store_

_T = TypeVar("_T")


class RecordedStore(store_.Store):
    """Answers from a record."""

    def __init__(
        self,
        name: str,
        record: record_.Record,
        known: options.DeviceOptions | None = None,
    ) -> None:
        self.name = name
        self.options = known
        self._record = record
        self._folders: set[str] | None = None

    def check(self) -> None:
        """There is nothing that could be missing."""

    def readlink(self, real: str) -> str | None:
        """Return what was recorded."""
        return self._record.links.get(real)

    def listdir(self, path: str, real: str) -> list[str]:
        """Return what was recorded."""
        names: tuple[str, ...] = self._answer(
            self._record.lists, path, real
        )
        return list(names)

    def read(
        self, path: str, real: str, limit: int, prefix: bytes = b""
    ) -> bytes:
        """Return what was recorded."""
        data = self._answer(self._record.reads, path, real)
        if len(data) > limit:
            raise errors.too_long(path, limit)
        return data

    def read_with_deadline(self, path: str, real: str, limit: int) -> bytes:
        """Return what was recorded."""
        return self.read(path, real, limit)

    def fact(self, path: str, real: str, kind: str, name: str) -> bytes:
        """Return what was recorded."""
        return self.read(path, real, store_.FACT_LIMIT)

    def kind(self, real: str) -> str | None:
        """Return what was recorded, or what follows from it."""
        record = self._record
        if real in record.kinds:
            return record.kinds[real]
        if isinstance(record.reads.get(real), bytes):
            return store_.FILE
        if self._folders is None:
            self._folders = _folders(record)
        return store_.DIRECTORY if real in self._folders else None

    def _answer(
        self, answers: dict[str, _T | record_.Failure], path: str, real: str
    ) -> _T:
        found = answers.get(real)
        if isinstance(found, record_.Failure):
            raise found.error(path)
        if found is not None:
            return found
        if self._is_absent(real):
            raise errors.Missing(path)
        # Not the same as a file that the host does not have.
        raise errors.ReadError(
            path,
            codes.Code.UNREADABLE,
            "is not in the snapshot: make a new one with this version",
        )

    def _is_absent(self, real: str) -> bool:
        """Whether the record shows that there is no such path."""
        record = self._record
        place = real
        while place:
            if record.kinds.get(place, "") is None:
                return True
            place, _, name = place.rpartition("/")
            names = record.lists.get(place)
            if isinstance(names, record_.Failure):
                if names.is_missing:
                    return True
            elif names is not None and name not in names:
                return True
        return False


def _folders(record: record_.Record) -> set[str]:
    found = {
        path for path, names in record.lists.items()
        if not isinstance(names, record_.Failure)
    }
    places = [
        *found,
        *(path for path, data in record.reads.items()
          if isinstance(data, bytes)),
        *(path for path, target in record.links.items() if target),
    ]
    for place in places:
        folder = place.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found
