# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

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

    def test_what_to_set(self) -> None:
        """What the destination must be given stands first."""
        verdict = compat.judge(
            examples.declared({"type": "t", "fps": "60", "a": "2"}, {}),
            examples.declared(
                {"type": "t", "fps": "30", "a": "1"},
                {"fps": "30", "a": "1"},
                settable=("a", "fps"),
            ),
        )
        self.assertEqual(
            "conditional: set a=2, fps=60 on the destination; mismatch: a: "
            "source has 2, accepts 1; mismatch: fps: source has 60, accepts "
            "30 [declared]",
            render.verdict_text(verdict),
        )
        self.assertEqual("a=2, fps=60", render.settings_text(verdict))

    def test_dictionary(self) -> None:
        """Programs get every part of a verdict under a fixed key."""
        verdict = compat.judge(
            examples.declared({"type": "t", "a": "2"}, {}),
            examples.declared(
                {"type": "t", "a": "1"}, {"a": "1"}, {"b": "1"},
                settable=("a",), unverified=("ecc",),
            ),
        )
        self.assertEqual(
            {
                "verdict": "conditional",
                "evidence": "declared",
                "code": None,
                "side": None,
                "mismatches": [{
                    "attribute": "a",
                    "code": "mismatch",
                    "source": "2",
                    "accepts": "1",
                }],
                "set": {"a": "2"},
                "unverified": ["ecc"],
                "alternatives": 2,
            },
            render.verdict_dict(verdict),
        )
        silent = compat.judge(
            examples.UUID1, examples.declared({"type": "t"})
        )
        self.assertEqual(
            {
                "verdict": "incompatible",
                "evidence": "declared",
                "code": "accepts_nothing",
                "side": "destination",
                "mismatches": [],
                "set": {},
                "unverified": [],
                "alternatives": 0,
            },
            json.loads(json.dumps(render.verdict_dict(silent))),
        )

    def test_codes_have_texts(self) -> None:
        """Every code can be found by its value and has a meaning."""
        for code in compat.Code:
            self.assertIs(code, compat.Code.of(code.value))
            self.assertTrue(code.text)
        verdict = compat.judge(examples.function(), examples.UUID1)
        self.assertEqual((compat.Code.BUS_DIFFERS,), verdict.all_codes)
        verdict = compat.judge(examples.UUID1, examples.UUID2)
        self.assertEqual(
            (compat.Code.UNMENTIONED, compat.Code.MAJOR_DIFFERS),
            verdict.all_codes,
        )
        verdict = compat.judge(examples.function(), examples.UUID1)
        self.assertIn("bus_differs: ", render.reasons_text(verdict))
