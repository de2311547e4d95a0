# SPDX-License-Identifier: Apache-2.0
"""A recorded host as one JSON text: every file and link, with its mode."""

from __future__ import annotations

from collections.abc import Mapping
import json
import os
import pathlib
from typing import Any

RECORDED = pathlib.Path(__file__).parent / "recorded"
Entries = Mapping[str, Mapping[str, str]]


def take(root: pathlib.Path) -> dict[str, dict[str, str]]:
    """Read a tree: path to ``link``, or to ``text`` and ``mode``."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = {"link": os.readlink(path)}
        elif path.is_dir():
            if not any(path.iterdir()):
                found[name] = {"mode": _mode(path)}
        else:
            found[name] = {"mode": _mode(path), "text": path.read_text()}
    return found


def _mode(path: pathlib.Path) -> str:
    return f"{path.stat().st_mode & 0o777:04o}"


def write(entries: Entries, root: pathlib.Path) -> None:
    """Make the tree again, modes and all."""
    for name, entry in entries.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "link" in entry:
            path.symlink_to(entry["link"])
        elif "text" in entry:
            path.write_text(entry["text"])
            path.chmod(int(entry["mode"], 8))
        else:
            path.mkdir()


def dump(data: Any, path: pathlib.Path) -> None:
    """Write JSON that changes line by line."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")


def recorded(name: str) -> Any:
    """Return a recording: the name of a host, or ``verdicts``."""
    return json.loads((RECORDED / f"{name}.json").read_text())
