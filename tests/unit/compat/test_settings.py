# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslotest import base

from nova_vfio_compat import compat
from tests.unit.compat import examples

Outcome = compat.Outcome
EQUIVALENT = {
    "type": "V5_{val1:int:2,4,8}",
    "aggregator": "{val1}/2",
}


def vgpu(
    kind: str, aggregator: str | None, *accepts: Mapping[str, str],
    **kwargs: Any,
) -> compat.DeviceClass:
    """A vGPU whose aggregator can be set."""
    state = {"device_api": "vfio-pci", "software_version": "1.0.0"}
    state["type"] = kind
    if aggregator is not None:
        state["aggregator"] = aggregator
    version = kwargs.pop("version", None)
    if version is not None:
        state["software_version"] = version
    return examples.declared(
        state, *accepts, settable=("aggregator",), **kwargs
    )


class SettingsTest(base.BaseTestCase):
    def assert_set(
        self,
        expected: dict[str, str],
        source: compat.DeviceClass,
        destination: compat.DeviceClass,
    ) -> None:
        verdict = compat.judge(source, destination)
        self.assertIs(Outcome.CONDITIONAL, verdict.outcome, repr(verdict))
        self.assertEqual(expected, dict(verdict.to_set))

    def assert_outcome(
        self,
        expected: Outcome,
        source: compat.DeviceClass,
        destination: compat.DeviceClass,
    ) -> None:
        verdict = compat.judge(source, destination)
        self.assertIs(expected, verdict.outcome, repr(verdict))
        self.assertEqual((), verdict.to_set)

    def test_as_the_source(self) -> None:
        """A device of the same type is set as the source is."""
        fresh = vgpu("V5_4", "1", {"aggregator": "1"})
        self.assert_set({"aggregator": "2"}, vgpu("V5_4", "2", {}), fresh)
        self.assert_outcome(
            Outcome.COMPATIBLE, vgpu("V5_4", "1", {}), fresh
        )

    def test_not_in_the_list_at_all(self) -> None:
        """A list need not mention what is set (dynamic_resources)."""
        self.assert_set(
            {"aggregator": "2"}, vgpu("V5_4", "2", {}),
            vgpu("V5_4", "1", {}),
        )
        self.assert_set(
            {"aggregator": "2"}, vgpu("V5_4", "2", {}),
            vgpu("V5_4", None, {}),
        )

    def test_another_type(self) -> None:
        """A device of another type is set as the source's list says."""
        source = vgpu("V5_4", "2", EQUIVALENT)
        fresh = vgpu(
            "V5_8", "1", {"type": "V5_{n:int:2,4,8}", "aggregator": "{n}/8"}
        )
        self.assert_set({"aggregator": "4"}, source, fresh)

    def test_values_of_the_list(self) -> None:
        """A value may be text, numbers and what has only one value."""
        fresh = vgpu("V5_8", "1", {"type": "V5_4"})
        for template, value in (
            ("7", "7"), ("{m:int:7}", "7"), ("x{val1}y{val1}/4", "x8y2"),
        ):
            self.assert_set(
                {"aggregator": value},
                vgpu("V5_4", "2", {**EQUIVALENT, "aggregator": template}),
                fresh,
            )

    def test_what_is_accepted_needs_no_setting(self) -> None:
        """The proposal's example stays a plain yes."""
        source = vgpu("V5_4", "2", EQUIVALENT)
        self.assert_outcome(
            Outcome.COMPATIBLE, source, vgpu("V5_2", "1", EQUIVALENT)
        )
        verdict = compat.judge(examples.UUID2, examples.UUID1)
        self.assertEqual((Outcome.COMPATIBLE, 2), (
            verdict.outcome, verdict.tried
        ))

    def test_what_cannot_be_set(self) -> None:
        """Settings do not help against any other difference."""
        source = vgpu("V5_4", "2", EQUIVALENT, version="1.2.0")
        self.assert_outcome(
            Outcome.INCOMPATIBLE, source, vgpu("V5_4", "1", {})
        )
        self.assert_outcome(
            Outcome.INCOMPATIBLE,
            examples.declared({"type": "V5_4", "aggregator": "2"}, {}),
            examples.declared({"type": "V5_4", "aggregator": "1"}, {}),
        )
        self.assert_set(
            {"aggregator": "2"}, source,
            vgpu("V5_4", "1", {}, version="1.3"),
        )
        both = [
            examples.declared(
                {"type": "t", "a": number, "firmware": number},
                {"a": number, "firmware": number}, settable=("a",),
            )
            for number in ("1", "2")
        ]
        self.assert_outcome(Outcome.INCOMPATIBLE, *both)

    def test_types_that_the_source_does_not_know(self) -> None:
        """Without the source's word another type cannot be set."""
        fresh = vgpu("V5_8", "1", {"type": "{t:string:\"V5_4\",\"V4_4\"}"})
        for accepts in (
            {},
            {"type": "V5_{n:int:2,4}", "aggregator": "{n}/2"},
            {"type": "V5_{n:int:2,4,8}", "aggregator": "{m:int:2,4}"},
            {"type": "V5_{n:int:2,4,8}", "aggregator": "{n}/3"},
            {"type": "V5_{n:int:2,4,8}", "aggregator": ""},
            {"type": "V5_{n:int:2,4,8}"},
        ):
            self.assert_outcome(
                Outcome.INCOMPATIBLE, vgpu("V5_4", "2", accepts), fresh
            )
        self.assert_set(
            {"aggregator": "4"},
            vgpu("V5_4", "2", {"type": "V5_8"}, EQUIVALENT), fresh,
        )

    def test_nothing_left_to_set(self) -> None:
        """A destination that is set alike and refuses, refuses."""
        self.assert_outcome(
            Outcome.INCOMPATIBLE,
            vgpu("V5_4", "2", {}),
            vgpu("V5_4", "2", {"aggregator": "1"}),
        )

    def test_source_without_the_attribute(self) -> None:
        """There is nothing to set it to, unless it may be absent."""
        self.assert_outcome(
            Outcome.INCOMPATIBLE,
            vgpu("V5_4", None, {}),
            vgpu("V5_4", "1", {"aggregator": "1"}),
        )
        both = compat.judge(
            examples.declared({"type": "t", "fps": "6"}, {}),
            examples.declared(
                {"type": "t", "fps": "3", "a": "1"}, {"fps": "3", "a": ""},
                settable=("a", "fps"),
            ),
        )
        self.assertEqual((("fps", "6"),), both.to_set)

    def test_fewest_settings(self) -> None:
        """Of several alternatives, the one with the least to do."""
        def make(a: str, b: str, *accepts: dict[str, str]) -> Any:
            return examples.declared(
                {"type": "t", "a": a, "b": b}, *accepts,
                settable=("a", "b"),
            )

        verdict = compat.judge(
            make("2", "2", {}),
            make("1", "2", {"a": "1"}, {"a": "1", "b": "2"}),
        )
        self.assertEqual((("a", "2"),), verdict.to_set)
        self.assertEqual(2, verdict.tried)

    def test_unknown_goes_first(self) -> None:
        """What is not known of a pair is not for settings to mend."""
        self.assert_outcome(
            Outcome.INCOMPATIBLE,
            vgpu("V5_4", "2", {}, exposed={"vendor": "1"}),
            vgpu("V5_4", "1", {}, exposed={"vendor": "2"}),
        )
        self.assert_outcome(
            Outcome.UNKNOWN,
            vgpu("V5_4", "2", {}, exposed={"vendor": "1"}),
            vgpu("V5_4", "1", {}),
        )

    def test_relaxed(self) -> None:
        """What is not compared need not be set."""
        verdict = compat.judge(
            vgpu("V5_4", "2", {}), vgpu("V5_4", "1", {}),
            frozenset({"migration:aggregator"}),
        )
        self.assertIs(Outcome.COMPATIBLE, verdict.outcome)

    def test_other_families(self) -> None:
        """Two vocabularies do not tell each other what to set."""
        other = compat.DeviceClass(
            family="other", bus="mdev", evidence=compat.Evidence.RULE,
            state={"type": "V4"}, accepts=({"type": "V4"},),
        )
        self.assert_outcome(
            Outcome.INCOMPATIBLE, other,
            vgpu("V5_4", "1", {"type": "V5_4"}),
        )

    def test_too_complex(self) -> None:
        """Lists that would take too long are not worked through."""
        hostile = {**examples.HOSTILE, "a": "{x:int:1}"}
        long = examples.HOSTILE_TEXT
        self.assert_outcome(
            Outcome.UNKNOWN,
            examples.declared({"type": long, "a": "2"}, {}),
            examples.declared(
                {"type": long, "a": "1"}, hostile, {}, settable=("a",)
            ),
        )
        # The source's own list is looked at only for another type.
        self.assert_outcome(
            Outcome.INCOMPATIBLE,
            examples.declared({"type": "t", "a": "2"}, hostile),
            examples.declared(
                {"type": long, "a": "1"}, {"type": "t"}, settable=("a",)
            ),
        )

    def test_part_of_the_class(self) -> None:
        """What can be set counts for the id and is published."""
        one, other = vgpu("V5_4", "1", {}), examples.declared(
            dict(vgpu("V5_4", "1", {}).state or {}), {}
        )
        self.assertNotEqual(one.id, other.id)
        read = compat.DeviceClass.from_canonical(one.canonical())
        self.assertEqual(("aggregator",), read.settable)
        self.assertRaises(
            compat.ParseError, examples.declared, {"type": "t"}, {},
            settable=("a b",),
        )
