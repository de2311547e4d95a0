# SPDX-License-Identifier: Apache-2.0
"""What a person sees: sections, lines, aligned tables, progress."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import os
import sys
import textwrap
import time

WIDTH = 79
CODES = {"bold": "1", "green": "32", "red": "31", "yellow": "33", "dim": "2"}


def paint(text: str, style: str) -> str:
    """Colour a text, on a terminal only (and not with NO_COLOR set)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return "\033[%sm%s\033[0m" % (CODES[style], text)


def line(text: str = "", indent: int = 2) -> None:
    """Print one line, at once."""
    print(" " * indent + text if text else "", flush=True)


def prose(text: str, indent: int = 2, label: str = "") -> None:
    """Print a text folded to the width of a terminal, after a label."""
    for folded in textwrap.wrap(
        " ".join(text.split()), WIDTH - indent,
        # A path or an option should be fit to be copied.
        break_on_hyphens=False, break_long_words=False,
    ):
        print(("  " + label).ljust(indent) + folded, flush=True)
        label = ""


def section(title: str) -> None:
    """Start a new part of the output."""
    line()
    line(paint(title, "bold"), 0)
    line("-" * len(title), 0)


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], indent: int = 2
) -> None:
    """Print rows in aligned columns; the last column may be of any width."""
    widths = [
        max(len(row[column]) for row in [head, *rows])
        for column in range(len(head))
    ]
    for row in [head, *rows]:
        cells = [
            cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        line("  ".join(cells).rstrip(), indent)


@contextlib.contextmanager
def step(text: str) -> Iterator[list[str]]:
    """Show that something is under way, then what came of it and when.

    The caller may append words to the list: they are shown at the end.
    """
    print("  %s ... " % text, end="", flush=True)
    said: list[str] = []
    begun = time.monotonic()
    try:
        yield said
    except Exception:
        print(paint("failed", "red"), flush=True)
        raise
    except BaseException:
        print(flush=True)
        raise
    print(
        "%s (%.1f s)" % (" ".join(said) or "done", time.monotonic() - begun),
        flush=True,
    )
