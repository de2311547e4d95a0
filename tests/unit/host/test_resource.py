# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat.compat import errors
from nova_vfio_compat.host import resource

_EMPTY = "0x%016x 0x%016x 0x%016x" % (0, 0, 0)
_PREF64 = "0x0000023ffe000000 0x0000023ffe0fffff 0x000000000014220c"
_MEM32 = "0x00000000fb200000 0x00000000fb20ffff 0x0000000000040200"
_IO = "0x000000000000e000 0x000000000000e01f 0x0000000000040101"


class BarsTest(base.BaseTestCase):
    def test_size_and_kind(self) -> None:
        """Size and kind count, the address does not; empty ones neither."""
        text = "\n".join([_PREF64, _EMPTY, _MEM32, _IO, _EMPTY, _EMPTY])
        self.assertEqual(
            "0:mem64pref:0x100000,2:mem32:0x10000,3:io:0x20",
            resource.bars(text),
        )

    def test_only_the_standard_bars(self) -> None:
        """The ROM and the BARs for VFs are left out."""
        text = "\n".join([_EMPTY] * 6 + [_MEM32] * 7)
        self.assertEqual("none", resource.bars(text))

    def test_garbage_has_a_place(self) -> None:
        """A line that cannot be understood is pointed at."""
        error = self.assertRaises(
            errors.ParseError, resource.bars, f"{_EMPTY}\nbars\n"
        )
        self.assertEqual(len(_EMPTY) + 1, error.position)
