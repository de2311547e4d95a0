# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from typing import Any

from oslotest import base

from nova_vfio_compat import compat
from tests.unit.compat import examples


class IdentityTest(base.BaseTestCase):
    def test_golden(self) -> None:
        """The bytes and the ids of classes never change."""
        self.assertEqual(
            b'{"bus":"pci","evidence":"rule","exposed":{"device":"101e",'
            b'"vendor":"15b3"},"family":"mlx5","state":{"device_api":'
            b'"vfio-pci","firmware":"28.43.1000"},"vocabulary":1}',
            examples.function().canonical(),
        )
        self.assertEqual("YACTNEWLS2ZQIQJ2SZNXGC5AZE", examples.function().id)
        self.assertEqual("RVNEIL2QNTFUD5DRXDHZV2EOMY", examples.UUID1.id)
        self.assertEqual("TNJ7SMWWHBMPCWL5IQ74I4MV7Y", examples.UUID2.id)

    def test_order_has_no_meaning(self) -> None:
        """Order of attributes, alternatives and repeats give one id."""
        one = examples.declared(
            {"type": "t", "a": "1"}, {"a": "1", "b": "2"}, {"a": "3"}
        )
        other = examples.declared(
            {"a": "1", "type": "t"},
            {"a": "3"},
            {"b": "2", "a": "1"},
            {"a": "3"},
        )
        self.assertEqual(one, other)
        self.assertEqual(one.id, other.id)
        self.assertEqual(hash(one), hash(other))

    def test_every_part_counts(self) -> None:
        """Each part of a class changes its id."""
        base_class = examples.function()
        others = [
            examples.function(state={"firmware": "28.43.1001"}),
            examples.function(exposed={"vendor": "15b3"}),
            examples.function(unverified=("ecc",)),
            examples.function(vocabulary=2),
            examples.function(since={"firmware": 1}),
        ]
        ids = {one.id for one in (base_class, *others)}
        self.assertEqual(len(others) + 1, len(ids))
        self.assertNotEqual(base_class, "a class")

    def test_round_trip(self) -> None:
        """A class is what its canonical JSON says."""
        silent = compat.DeviceClass(
            family="pci",
            bus="pci",
            evidence=compat.Evidence.INFERRED,
            reason=compat.Code.PLAIN_VFIO_PCI,
        )
        full = examples.function(
            unverified=("b", "a"), since={"firmware": 2}, vocabulary=2
        )
        for one in (examples.UUID1, examples.UUID2, silent, full):
            self.assertEqual(
                one, compat.DeviceClass.from_canonical(one.canonical())
            )

    def test_accepting_the_same_is_left_out(self) -> None:
        """What a device writes is not said twice, and only then not."""
        same, more, none = (
            examples.declared({"type": "t"}, *accepts)
            for accepts in (
                ({"type": "t"},), ({"type": "t"}, {"type": "u"}), ()
            )
        )
        self.assertNotIn(b"accepts", same.canonical())
        self.assertIn(b'"accepts":[', more.canonical())
        for one in (same, more, none):
            again = compat.DeviceClass.from_canonical(one.canonical())
            self.assertEqual(one.accepts, again.accepts)
        twice = json.loads(same.canonical())
        twice["accepts"] = [{"type": "t"}]
        self.assertRaises(
            compat.ParseError,
            compat.DeviceClass.from_canonical,
            json.dumps(
                twice, sort_keys=True, separators=(",", ":")
            ).encode(),
        )

    def test_a_reason_where_something_is_missing(self) -> None:
        """A class says why it writes or accepts nothing, and only then."""
        self.assertRaises(
            compat.ParseError,
            compat.DeviceClass,
            family="pci",
            bus="pci",
            evidence=compat.Evidence.INFERRED,
        )
        self.assertRaises(
            compat.ParseError,
            examples.function,
            reason=compat.Code.PLAIN_VFIO_PCI,
        )

    def test_values_are_checked(self) -> None:
        """No braces, lines or controls get into a class from anywhere."""
        for value in ("{x", "a\nb", "\x1b[31m", "caf\u00e9", "x" * 1025):
            for parts in (
                {"state": {"type": value}},
                {"state": {"type": "t", f"a{value}": "1"}},
                {"exposed": {"bars": value}},
            ):
                self.assertRaises(
                    compat.ParseError, examples.function, **parts
                )

    def test_state_without_attributes(self) -> None:
        """An empty state would come back from its traits as none."""
        self.assertRaises(compat.ParseError, examples.declared, {}, {})

    def test_own_kinds_of_variables(self) -> None:
        """A rule may use them; what a kernel declares cannot."""
        for text in (
            "{a:any}", "{a:min:1}", "{a:set:x,y}", "{a:version:1.0-}"
        ):
            parts: dict[str, Any] = {
                "family": "f", "bus": "pci", "state": {"type": "t"},
                "accepts": ({"a": text},),
            }
            for evidence in compat.Evidence:
                if evidence is compat.Evidence.DECLARED:
                    continue
                made = compat.DeviceClass(evidence=evidence, **parts)
                data = made.canonical()
                self.assertEqual(
                    made, compat.DeviceClass.from_canonical(data)
                )
                self.assertRaises(
                    compat.ParseError,
                    compat.DeviceClass.from_canonical,
                    data.replace(evidence.value.encode(), b"declared"),
                )
            self.assertRaises(
                compat.ParseError, compat.DeviceClass,
                evidence=compat.Evidence.DECLARED, **parts,
            )

    def test_size_is_bounded(self) -> None:
        """A class that could not be published is refused."""
        state = {f"a{number}": "x" * 900 for number in range(9)}
        error = self.assertRaises(
            compat.ParseError, examples.declared, state
        )
        self.assertIn("at most 8192", str(error))


class FromCanonicalTest(base.BaseTestCase):
    def assert_refused(self, data: bytes) -> None:
        self.assertRaises(
            compat.ParseError, compat.DeviceClass.from_canonical, data
        )

    def test_not_json(self) -> None:
        """Bytes that are no JSON are refused."""
        for data in (
            b"", b"\xff", b"{", b"[" * 8000, b"1" * 8000, b"x" * 8193,
            b'"caf\xc3\xa9"', b"NaN", b"[]", b"null",
        ):
            self.assert_refused(data)

    def test_other_spelling(self) -> None:
        """Only the one spelling of a class is accepted."""
        data = examples.function().canonical()
        document = json.loads(data)
        self.assert_refused(json.dumps(document, sort_keys=True).encode())
        self.assert_refused(
            json.dumps(
                dict(reversed(document.items())), separators=(",", ":")
            ).encode()
        )

    def test_wrong_parts(self) -> None:
        """Parts that are missing, unknown or of a wrong type are refused."""
        good = json.loads(examples.UUID1.canonical())
        for key, value in (
            ("family", None), ("family", 1), ("family", "A B"),
            ("bus", None), ("evidence", "guess"), ("evidence", []),
            ("vocabulary", "1"), ("vocabulary", True), ("vocabulary", 0),
            ("vocabulary", 1.0), ("state", []), ("state", {"a": 1}),
            ("accepts", {}), ("accepts", [1]), ("accepts", [{"a": "{"}]),
            ("exposed", "x"), ("unverified", "x"), ("unverified", [1, []]),
            ("since", []), ("since", {"a": "b"}), ("reason", "bored"),
            ("reason", "mismatch"), ("extra", 1),
        ):
            document = {**good, key: value}
            if value is None:
                del document[key]
            self.assert_refused(
                json.dumps(
                    document, sort_keys=True, separators=(",", ":")
                ).encode()
            )
