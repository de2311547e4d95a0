# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.compat import render
from tests.unit.compat import examples


class RenderTest(base.BaseTestCase):
    def test_no(self) -> None:
        """Every mismatch stands in the line, with both sides."""
        verdict = compat.judge(
            examples.function(),
            examples.function(state={"firmware": "28.41.1000"}),
        )
        self.assertEqual(
            "incompatible: mismatch: firmware: source has 28.43.1000, "
            "accepts 28.41.1000 [rule]",
            render.verdict_text(verdict),
        )

    def test_yes(self) -> None:
        """A yes says what it rests on and what was not compared."""
        verdict = compat.judge(
            examples.function(unverified=("ecc",)), examples.function()
        )
        self.assertEqual(
            "compatible [rule; unverified: ecc]",
            render.verdict_text(verdict),
        )
        self.assertEqual("", render.reasons_text(verdict))

    def test_absent_values(self) -> None:
        """What one side lacks is said in words."""
        verdict = compat.judge(
            examples.declared({"type": "t", "a": "1"}, {}),
            examples.declared({"type": "t"}, {"b": "2"}),
        )
        self.assertEqual(
            "unmentioned: a: source has 1, destination does not know it; "
            "missing: b: source has nothing, accepts 2",
            render.reasons_text(verdict),
        )

    def test_codes_have_texts(self) -> None:
        """Every code can be found by its value and has a meaning."""
        for code in compat.Code:
            self.assertIs(code, compat.Code.of(code.value))
            self.assertTrue(code.text)
        verdict = compat.judge(examples.function(), examples.UUID1)
        self.assertEqual((compat.Code.BUS_DIFFERS,), verdict.all_codes)
        self.assertIn("bus_differs: ", render.reasons_text(verdict))
