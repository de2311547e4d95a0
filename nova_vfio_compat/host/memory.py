# SPDX-License-Identifier: Apache-2.0

"""What a view of a host remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from typing import TypeVar

from nova_vfio_compat.host import errors

#: kinds of answers that are what is in a file
TEXT = "text"
BYTES = "bytes"
LINES = "lines"

_FILES = frozenset({TEXT, BYTES, LINES})
_T = TypeVar("_T")


class Memory:
    """Asks once; answers and errors are the same for ever after."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], object] = {}

    def text(self, path: str) -> str | None:
        """Return the text of a file if it was read before."""
        known = self._answers.get((TEXT, path))
        return known if isinstance(known, str) else None

    def ask(self, kind: str, path: str, ask: Callable[[], _T]) -> _T:
        """Return what ``ask`` has returned for this kind and path."""
        key = (kind, path)
        if key not in self._answers:
            try:
                self._answers[key] = ask()
            except errors.ReadError as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, errors.ReadError):
            raise answer.with_traceback(None)
        return cast(_T, answer)

    def files(self) -> dict[str, str | errors.ReadError]:
        """Return every file that was asked for: its text, or the error."""
        return {
            path: _text(answer)
            for (kind, path), answer in self._answers.items()
            if kind in _FILES
        }


def _text(answer: object) -> str | errors.ReadError:
    if isinstance(answer, list):
        return "\n".join(answer)
    if isinstance(answer, bytes):
        return answer.decode("utf-8", "backslashreplace").rstrip("\n")
    return cast("str | errors.ReadError", answer)
