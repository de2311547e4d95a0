# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat import compat
from tests.unit.compat import examples

Code = compat.Code
Outcome = compat.Outcome
declared = examples.declared
function = examples.function


class AcceptanceTest(base.BaseTestCase):
    def assert_verdict(
        self,
        expected: Outcome,
        source: compat.DeviceClass,
        destination: compat.DeviceClass,
        *mismatches: tuple[str, Code],
        code: Code | None = None,
    ) -> compat.Verdict:
        verdict = compat.judge(source, destination)
        self.assertIs(expected, verdict.outcome, repr(verdict))
        self.assertEqual(
            list(mismatches),
            [(item.attribute, item.code) for item in verdict.mismatches],
        )
        self.assertIs(code, verdict.code)
        return verdict

    def test_example_of_the_proposal(self) -> None:
        """UUID2 may go to UUID1 and not back, as its author said."""
        self.assert_verdict(
            Outcome.COMPATIBLE, examples.UUID2, examples.UUID1
        )
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            examples.UUID1,
            examples.UUID2,
            ("pv_mode", Code.UNMENTIONED),
            ("software_version", Code.MAJOR_DIFFERS),
        )

    def test_direction(self) -> None:
        """An older minor loads into a newer one, not the reverse."""
        old = declared({"software_version": "1.0.9", "type": "t"}, {})
        new = declared({"software_version": "1.1.0", "type": "t"}, {})
        self.assert_verdict(Outcome.COMPATIBLE, old, new)
        verdict = self.assert_verdict(
            Outcome.INCOMPATIBLE,
            new,
            old,
            ("software_version", Code.MINOR_NEWER),
        )
        self.assertEqual("1.1.0", verdict.mismatches[0].source)
        self.assertEqual("1.0.9", verdict.mismatches[0].accepts)

    def test_a_version_template_means_what_it_says(self) -> None:
        """The rule of versions is for literals only."""
        one = declared({"software_version": "1", "type": "t"}, {})
        other = declared(
            {"software_version": "2", "type": "t"},
            {"software_version": "{v:int:2,3}"},
        )
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            one,
            other,
            ("software_version", Code.MISMATCH),
        )

    def test_version_missing_at_the_source(self) -> None:
        """A source that states no version is refused where one counts."""
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            declared({"type": "t"}, {}),
            declared({"type": "t", "software_version": "1"}, {}),
            ("software_version", Code.MISSING),
        )

    def test_silent_alternative_is_completed(self) -> None:
        """What an alternative leaves out comes from the device's state."""
        source = declared({"type": "a", "device_api": "vfio-pci"}, {})
        destination = declared({"type": "b", "device_api": "vfio-ccw"}, {})
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            source,
            destination,
            ("device_api", Code.MISMATCH),
            ("type", Code.MISMATCH),
        )

    def test_unmentioned_attribute(self) -> None:
        """What the destination does not mention, it does not accept."""
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            declared({"type": "t", "colour": "red"}, {}),
            declared({"type": "t"}, {}),
            ("colour", Code.UNMENTIONED),
        )

    def test_parent_of_an_mdev_is_informational(self) -> None:
        """An mdev's parent counts only where the destination asks."""
        source = declared({"type": "t", "pci_id": "80861234"}, {})
        silent = declared({"type": "t", "pci_id": "80865678"}, {})
        asking = declared(
            {"type": "t", "pci_id": "80865678"}, {"pci_id": "80865678"}
        )
        self.assert_verdict(Outcome.COMPATIBLE, source, silent)
        self.assert_verdict(
            Outcome.INCOMPATIBLE, source, asking, ("pci_id", Code.MISMATCH)
        )
        one, other = (
            declared({"type": "t", "pci_id": number}, {}, bus="pci")
            for number in ("80861234", "80865678")
        )
        self.assert_verdict(
            Outcome.INCOMPATIBLE, one, other, ("pci_id", Code.UNMENTIONED)
        )

    def test_any_alternative(self) -> None:
        """One accepting alternative is enough, wherever it stands."""
        source = declared({"type": "t", "a": "2"}, {"a": "2"})
        for accepts in (
            [{"a": "1"}, {"a": "2"}, {"a": "3"}],
            [{"a": "2"}, {"z": "2"}],
        ):
            self.assert_verdict(
                Outcome.COMPATIBLE,
                source,
                declared({"type": "t", "b": "0"}, *accepts),
            )

    def test_closest_alternative(self) -> None:
        """All mismatches of the alternative with the fewest are given."""
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            declared({"type": "t", "a": "1", "b": "1", "c": "1"}, {}),
            declared(
                {"type": "t"},
                {"a": "2", "b": "2", "c": "2"},
                {"a": "1", "b": "2", "d": "1"},
                {"a": "2", "b": "1", "c": "2"},
            ),
            ("a", Code.MISMATCH),
            ("c", Code.MISMATCH),
        )

    def test_missing_attribute(self) -> None:
        """What the destination needs, the source must have."""
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            declared({"type": "t"}, {}),
            declared({"type": "t", "a": "1"}, {"a": "1"}),
            ("a", Code.MISSING),
        )

    def test_itself(self) -> None:
        """An identical class is fine unless it accepts nothing."""
        odd = declared({"type": "t", "a": "1"}, {"a": "2"})
        self.assert_verdict(Outcome.COMPATIBLE, odd, odd)
        deaf = declared({"type": "t", "a": "1"})
        verdict = self.assert_verdict(
            Outcome.INCOMPATIBLE, deaf, deaf, code=Code.ACCEPTS_NOTHING
        )
        self.assertEqual("destination", verdict.side)

    def test_device_that_cannot_migrate(self) -> None:
        """A sure no is no, whichever side has it."""
        plain = function_without(Code.PLAIN_VFIO_PCI)
        for pair, side in (
            ((plain, function()), "source"),
            ((function(), plain), "destination"),
        ):
            verdict = self.assert_verdict(
                Outcome.INCOMPATIBLE, *pair, code=Code.PLAIN_VFIO_PCI
            )
            self.assertEqual(side, verdict.side)

    def test_device_of_which_nothing_is_known(self) -> None:
        """What cannot be read is neither yes nor no."""
        dark = function_without(Code.FIRMWARE_UNREADABLE)
        for pair in ((dark, function()), (function(), dark), (dark, dark)):
            self.assert_verdict(
                Outcome.UNKNOWN, *pair, code=Code.FIRMWARE_UNREADABLE
            )

    def test_sure_and_unknown(self) -> None:
        """A sure no of one side counts whatever is unknown of the other."""
        dark = function_without(Code.FIRMWARE_UNREADABLE)
        plain = function_without(Code.PLAIN_VFIO_PCI)
        for pair in ((dark, plain), (plain, dark)):
            self.assert_verdict(
                Outcome.INCOMPATIBLE, *pair, code=Code.PLAIN_VFIO_PCI
            )

    def test_exposed(self) -> None:
        """What the guest sees must be equal whatever is accepted."""
        verdict = self.assert_verdict(
            Outcome.INCOMPATIBLE,
            function(),
            function(exposed={"vendor": "15b3", "device": "1018"}),
            ("exposed:device", Code.EXPOSED_DIFFERS),
        )
        self.assertEqual("101e", verdict.mismatches[0].source)
        self.assertEqual("1018", verdict.mismatches[0].accepts)

    def test_exposed_decides_no_without_a_state(self) -> None:
        """A difference that the guest sees needs no other knowledge."""
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            function(),
            function_without(
                Code.MALFORMED, exposed={"vendor": "8086", "device": "1"}
            ),
            ("exposed:device", Code.EXPOSED_DIFFERS),
            ("exposed:vendor", Code.EXPOSED_DIFFERS),
            code=Code.MALFORMED,
        )

    def test_exposed_on_one_side(self) -> None:
        """What one side cannot tell of it leaves the whole unknown."""
        more = {"vendor": "15b3", "device": "101e", "bars": "none"}
        for pair in (
            (function(), function(exposed=more)),
            (function(exposed=more), function()),
        ):
            verdict = self.assert_verdict(
                Outcome.UNKNOWN, *pair, code=Code.MISSING_ATTRIBUTE
            )
            self.assertEqual(("exposed:bars",), verdict.unverified)

    def test_exposed_that_is_younger(self) -> None:
        """What the older side cannot know yet stays unverified."""
        verdict = self.assert_verdict(
            Outcome.COMPATIBLE,
            function(),
            function(
                exposed={"vendor": "15b3", "device": "101e", "msix": "8"},
                vocabulary=2,
                since={"exposed:msix": 2},
            ),
        )
        self.assertEqual(("exposed:msix",), verdict.unverified)

    def test_families(self) -> None:
        """Two vocabularies can say no together, never yes."""
        inferred = compat.DeviceClass(
            family="mdev",
            bus="mdev",
            evidence=compat.Evidence.INFERRED,
            state={"type": "t", "driver_version": "1"},
            accepts=({"type": "t", "driver_version": "1"},),
        )
        same = declared({"type": "t", "software_version": "1"}, {})
        other = declared({"type": "u", "software_version": "1"}, {})
        pattern = declared({"type": "t"}, {"type": "{a:string:\"t\"}"})
        for pair in (
            (inferred, same), (same, inferred), (inferred, pattern)
        ):
            verdict = self.assert_verdict(
                Outcome.UNKNOWN, *pair, code=Code.FAMILIES_DIFFER
            )
            self.assertIs(compat.Evidence.INFERRED, verdict.evidence)
        for pair in ((inferred, other), (other, inferred)):
            self.assert_verdict(
                Outcome.INCOMPATIBLE, *pair, ("type", Code.MISMATCH)
            )

    def test_bus(self) -> None:
        """A PCI function and an mdev never match."""
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            function(),
            examples.UUID1,
            code=Code.BUS_DIFFERS,
        )

    def test_younger_attribute(self) -> None:
        """An attribute that the older side cannot know is left out."""
        old = function()
        new = function(
            state={"vf_count": "4"}, vocabulary=2, since={"vf_count": 2}
        )
        newest = function(
            state={"vf_count": "8"}, vocabulary=2, since={"vf_count": 2}
        )
        for pair in ((old, new), (new, old)):
            verdict = self.assert_verdict(Outcome.COMPATIBLE, *pair)
            self.assertEqual(("vf_count",), verdict.unverified)
        self.assert_verdict(
            Outcome.INCOMPATIBLE, new, newest, ("vf_count", Code.MISMATCH)
        )

    def test_variable_of_a_younger_attribute(self) -> None:
        """A variable stays declared where its attribute is left out."""
        old = declared({"type": "t", "a": "2"}, {"a": "2"})
        new = declared(
            {"type": "t", "a": "2", "b": "2"},
            {"a": "{v}", "b": "{v:int:1,2}"},
            vocabulary=2,
            since={"b": 2},
        )
        self.assert_verdict(Outcome.COMPATIBLE, old, new)
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            declared({"type": "t", "a": "3"}, {"a": "3"}),
            new,
            ("a", Code.MISMATCH),
        )

    def test_relaxed(self) -> None:
        """A relaxed attribute is not compared, and the verdict says so."""
        pair = (
            function(),
            function(
                state={"firmware": "0"},
                exposed={"vendor": "15b3", "device": "1"},
            ),
        )
        relax = frozenset({"mlx5:firmware", "mlx5:exposed:device", "x:y"})
        verdict = compat.judge(*pair, relax)
        self.assertIs(Outcome.COMPATIBLE, verdict.outcome)
        self.assertEqual(
            ("exposed:device", "firmware"), verdict.unverified
        )

    def test_too_complex(self) -> None:
        """A pattern that cannot be answered in bounds is unknown."""
        self.assert_verdict(
            Outcome.UNKNOWN,
            declared({"type": examples.HOSTILE_TEXT}, {}),
            declared({"type": "1"}, examples.HOSTILE),
            code=Code.TOO_COMPLEX,
        )

    def test_too_complex_beside_a_match(self) -> None:
        """An alternative that is answered counts, whatever the others."""
        text = examples.HOSTILE_TEXT
        self.assert_verdict(
            Outcome.COMPATIBLE,
            declared({"type": text}, {}),
            declared({"type": "1"}, examples.HOSTILE, {"type": text}),
        )

    def test_opaque(self) -> None:
        """What only the driver can compare is unknown where it differs."""
        def opaque(version: str, **state: str) -> compat.DeviceClass:
            state = {"type": "t", "version": version, **state}
            return declared(state, state, opaque=("version",))

        self.assert_verdict(Outcome.COMPATIBLE, opaque("1"), opaque("1"))
        verdict = self.assert_verdict(
            Outcome.UNKNOWN, opaque("1"), opaque("2"),
            ("version", Code.MISMATCH), code=Code.OPAQUE_DIFFERS,
        )
        self.assertTrue(Code.OPAQUE_DIFFERS.is_unknown)
        self.assertEqual("2", verdict.mismatches[0].accepts)
        self.assert_verdict(
            Outcome.INCOMPATIBLE, opaque("1", type="u"), opaque("2"),
            ("type", Code.MISMATCH), ("version", Code.MISMATCH),
        )
        self.assertEqual(
            ("version",),
            compat.DeviceClass.from_canonical(
                opaque("1").canonical()
            ).opaque,
        )

    def test_what_one_side_could_not_see(self) -> None:
        """An attribute that one side says it could not see is unknown."""
        def mdev(*unverified: str, **state: str) -> compat.DeviceClass:
            state = {"type": "t", **state}
            return declared(state, state, unverified=unverified)

        seen, unseen = mdev(version="1"), mdev("version")
        for pair in ((seen, unseen), (unseen, seen)):
            verdict = compat.judge(*pair)
            self.assertIs(Outcome.UNKNOWN, verdict.outcome)
            self.assertIs(Code.MISSING_ATTRIBUTE, verdict.code)
            self.assertEqual(
                "source" if pair[0] is unseen else "destination",
                verdict.side,
            )
            self.assertEqual("version", verdict.mismatches[0].attribute)
        # Where another attribute differs for sure, it is a no.
        self.assert_verdict(
            Outcome.INCOMPATIBLE,
            mdev("version", clock="1"), mdev(clock="2", version="1"),
            ("clock", Code.MISMATCH), ("version", Code.MISSING),
        )
        self.assertIs(
            Outcome.INCOMPATIBLE,
            compat.judge(seen, mdev(version="2")).outcome,
        )

    def test_source_that_cannot_migrate(self) -> None:
        """What a device would write does not make it migrate."""
        state = {"device_api": "vfio-ccw"}
        source = compat.DeviceClass(
            family="ccw", bus="mdev", evidence=compat.Evidence.RULE,
            state=state, reason=Code.DRIVER_CANNOT_MIGRATE,
        )
        able = compat.DeviceClass(
            family="ccw", bus="mdev", evidence=compat.Evidence.RULE,
            state=state, accepts=(state,),
        )
        self.assert_verdict(
            Outcome.INCOMPATIBLE, source, able,
            code=Code.DRIVER_CANNOT_MIGRATE,
        )

    def test_unverified_of_both(self) -> None:
        """A verdict names what neither side can see."""
        verdict = self.assert_verdict(
            Outcome.COMPATIBLE,
            function(unverified=("ecc",)),
            function(unverified=("clock",)),
        )
        self.assertEqual(("clock", "ecc"), verdict.unverified)


def function_without(
    reason: Code, exposed: dict[str, str] | None = None
) -> compat.DeviceClass:
    return compat.DeviceClass(
        family="mlx5",
        bus="pci",
        evidence=compat.Evidence.RULE,
        exposed=exposed or {"vendor": "15b3", "device": "101e"},
        reason=reason,
    )
