# SPDX-License-Identifier: Apache-2.0
"""Tables for people, and the same as data."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from kernel_lab import matrix

_WORDS = ("compatible", "conditional", "incompatible", "mixed", "unknown")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A plain table, columns as wide as they need."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths),
                      *lines[1:]])


def confusion(pairs: Sequence[matrix.Pair]) -> str:
    """The package's word against the kernel's."""
    counts = collections.Counter(
        (pair.package.word, pair.kernel.yes) for pair in pairs)
    words = [word for word in _WORDS if counts[word, True]
             or counts[word, False] or word in ("compatible", "unknown")]
    return table(
        ("package says", "kernel loads it", "kernel does not"),
        [(word, counts[word, True], counts[word, False]) for word in words])


def groups(pairs: Sequence[matrix.Pair]) -> str:
    """Pairs that are alike in one line, with one of them."""
    found: dict[tuple[str, ...], list[matrix.Pair]] = {}
    for pair in pairs:
        key = (pair.package.word, ", ".join(pair.package.codes),
               pair.kernel.text)
        found.setdefault(key, []).append(pair)
    return table(
        ("package", "because of", "kernel", "pairs", "for example"),
        [(*key, len(alike),
          f"{alike[0].source} -> {alike[0].destination}")
         for key, alike in sorted(found.items())])


def data(pairs: Iterable[matrix.Pair]) -> list[dict[str, Any]]:
    """Every pair, for JSON."""
    return [{
        "source": pair.source,
        "destination": pair.destination,
        "kernel": pair.kernel.text,
        "package": pair.package.word,
        "codes": list(pair.package.codes),
        "reasons": pair.package.reasons,
    } for pair in pairs]
