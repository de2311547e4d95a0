# SPDX-License-Identifier: Apache-2.0

"""libumockdev's test bed, through ctypes: it has no Python module of its own.

https://martinpitt.github.io/umockdev/
"""

from __future__ import annotations

import ctypes
import os

_LIBRARY = "libumockdev.so.0"


class Testbed:
    """A /sys of its own for this process and those that it starts.

    :raises RuntimeError: not run under umockdev-wrapper
    """

    def __init__(self) -> None:
        if "libumockdev-preload" not in os.environ.get("LD_PRELOAD", ""):
            raise RuntimeError(
                "run these tests with umockdev-wrapper, of the Debian "
                "package umockdev: umockdev-wrapper stestr --test-path "
                "./tests/umockdev run"
            )
        lib = ctypes.CDLL(_LIBRARY)
        lib.umockdev_testbed_new.restype = ctypes.c_void_p
        lib.umockdev_testbed_get_root_dir.restype = ctypes.c_void_p
        lib.umockdev_testbed_add_devicev.restype = ctypes.c_void_p
        self._lib = lib
        self._bed = ctypes.c_void_p(lib.umockdev_testbed_new())
        root = lib.umockdev_testbed_get_root_dir(self._bed)
        self.root = (ctypes.string_at(root) or b"").decode()

    def add(
        self, subsystem: str, name: str, parent: str | None = None,
        **attributes: str,
    ) -> str:
        """Add a device, with its ``add`` event; returns its path in /sys."""
        flat = [text for item in attributes.items() for text in item]
        found = self._lib.umockdev_testbed_add_devicev(
            self._bed,
            subsystem.encode(),
            name.encode(),
            parent.encode() if parent else None,
            _strings(flat),
            _strings([]),
        )
        return (ctypes.string_at(found) or b"").decode()

    def event(self, path: str, action: str) -> None:
        """Fire an event of a device."""
        self._lib.umockdev_testbed_uevent(
            self._bed, path.encode(), action.encode()
        )

    def close(self) -> None:
        ctypes.CDLL("libgobject-2.0.so.0").g_object_unref(self._bed)


def _strings(texts: list[str]) -> ctypes.Array[ctypes.c_char_p]:
    encoded = [text.encode() for text in texts]
    return (ctypes.c_char_p * (len(texts) + 1))(*encoded, None)
