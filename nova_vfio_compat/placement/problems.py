# SPDX-License-Identifier: Apache-2.0

"""What is wrong with names that somebody else may have written."""

from __future__ import annotations

from collections.abc import Iterable
import itertools

from nova_vfio_compat.compat import codes
from nova_vfio_compat.placement import report as report_

#: problems kept
MAX_PROBLEMS = 100


class Problems:
    """Collects a bounded number of problems."""

    def __init__(self) -> None:
        self._found: list[report_.TraitProblem] = []

    def add(self, name: str, detail: str) -> None:
        """Note what is wrong with a name."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(
                report_.TraitProblem(
                    name[:255], codes.Code.MALFORMED, detail
                )
            )

    def bounded(
        self, what: str, names: Iterable[str], limit: int
    ) -> list[str]:
        """The first names; more than ``limit`` are a problem of ``what``."""
        found = list(itertools.islice(names, limit + 1))
        if len(found) > limit:
            self.add(what, f"only the first {limit} names were looked at")
        return found[:limit]

    def found(self) -> tuple[report_.TraitProblem, ...]:
        """The problems in the order in which they were noted."""
        return tuple(self._found)
