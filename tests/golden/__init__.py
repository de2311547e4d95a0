# SPDX-License-Identifier: Apache-2.0

"""Texts and class ids that must not change by accident.

A class id is a promise to every host and scheduler of a fleet: one that
changes without a new vocabulary version splits the fleet when half of it is
upgraded. Set ``NOVA_VFIO_COMPAT_GOLDEN=write`` to write the files anew, and
read what changed before you commit it.
"""

from __future__ import annotations

from collections.abc import Iterable
import json
import os
import pathlib
from typing import Any
import unittest

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import device as device_

_HOME = pathlib.Path(__file__).parent
_WRITE = "NOVA_VFIO_COMPAT_GOLDEN"


def check(test: unittest.TestCase, name: str, text: str) -> None:
    """Compare a text with the file of that name, or write the file."""
    path = _HOME / name
    if os.environ.get(_WRITE) == "write":
        path.write_text(text, encoding="ascii")
    wanted = path.read_text(encoding="ascii") if path.exists() else ""
    test.maxDiff = None
    test.assertEqual(wanted, text, f"{path.name} differs; see {__name__}")


def classes(
    host: str, devices: Iterable[device_.Device]
) -> list[dict[str, Any]]:
    """Return the classes of a host's devices, each named once.

    :param host: what kind of host it is, in words
    """
    found: dict[device_class.DeviceClass, str] = {}
    for device in devices:
        for one in device.classes:
            found.setdefault(one, device.name)
    return [
        {
            "host": host,
            "device": name,
            "vocabulary": one.vocabulary,
            "id": one.id,
            "class": json.loads(one.canonical()),
        }
        for one, name in found.items()
    ]


def check_classes(
    test: unittest.TestCase, name: str, found: list[dict[str, Any]]
) -> None:
    """Compare classes with the file of that name.

    A class that has another id than the file says, and the same vocabulary
    version, is a mistake even where the file is written anew.
    """
    path = _HOME / name
    if path.exists():
        known = {
            (item["host"], item["device"], item["vocabulary"]): item["id"]
            for item in json.loads(path.read_text(encoding="ascii"))
        }
        for item in found:
            key = (item["host"], item["device"], item["vocabulary"])
            test.assertEqual(
                known.get(key, item["id"]),
                item["id"],
                f"{path.name}: the class of {item['device']} of "
                f"{item['host']} changed without a new vocabulary version",
            )
    check(test, name, json.dumps(found, indent=2, sort_keys=True) + "\n")
