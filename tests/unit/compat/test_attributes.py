# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import errors


class StateTest(base.BaseTestCase):
    def test_drifted_names_and_spellings(self) -> None:
        """Names and values of all mails become the same."""
        expected = {
            "device_api": "vfio-pci",
            "type": "i915-GVTg_V5_4",
            "pci_id": "8086591d",
            "software_version": "1.0.0",
        }
        self.assertEqual(
            expected,
            attributes.normalise_state(
                {
                    "device_type": "vfio_pci",
                    "mdev_type": "i915-GVTg_V5_4",
                    "device_id": "0x8086591D",
                    "interface_version": "1.0.0\n",
                }
            ),
        )
        self.assertEqual(expected, attributes.normalise_state(expected))

    def test_spelled_once(self) -> None:
        """What has its one spelling keeps it, however odd it was."""
        for given, wanted in (
            (": 861234", "861234"), ("0x0x12", "12"), (":0x12", "12"),
            ("0x 12 :", "12"), ("8086:591D", "8086591d"),
        ):
            found = attributes.normalise_state({"pci_id": given})
            self.assertEqual({"pci_id": wanted}, found)
            self.assertEqual(found, attributes.normalise_state(found))

    def test_identity_is_left_out(self) -> None:
        """What identifies one device never gets into a class."""
        self.assertEqual(
            {"type": "t"},
            attributes.normalise_state(
                {
                    "type": "t",
                    "serial": "1",
                    "uuid": "2",
                    "remote_url": "nvme://x",
                    "available_instances": "3",
                }
            ),
        )

    def test_empty_is_absent(self) -> None:
        """An empty value is no attribute."""
        self.assertEqual({}, attributes.normalise_state({"pv_mode": " \n"}))

    def test_two_spellings_of_one_name(self) -> None:
        """One attribute twice is fine only with one value."""
        self.assertEqual(
            {"type": "t"},
            attributes.normalise_state({"type": "t", "mdev_type": "t"}),
        )
        self.assertRaises(
            errors.ParseError,
            attributes.normalise_state,
            {"type": "t", "mdev_type": "u"},
        )

    def test_bad_values(self) -> None:
        """A value that cannot be one is refused with its attribute."""
        for value in ("a{b}", "a\nb", "caf\u00e9", "a\0", "x" * 1025):
            error = self.assertRaises(
                errors.ParseError, attributes.normalise_state, {"a": value}
            )
            self.assertIn("a: ", str(error))

    def test_bad_names(self) -> None:
        """A name that cannot be one is refused."""
        for name in ("", "a b", "a:b", "x" * 65, "\u00e9"):
            self.assertRaises(
                errors.ParseError, attributes.normalise_state, {name: "1"}
            )
        self.assertRaises(
            errors.ParseError,
            attributes.normalise_state,
            {f"a{number}": "1" for number in range(65)},
        )


class TemplatesTest(base.BaseTestCase):
    def test_spelling(self) -> None:
        """Literal text and strings are brought into one form."""
        self.assertEqual(
            {
                "device_api": "vfio-pci",
                "pci_id": '8086{A_b:string:"591d"}',
                "pv_mode": '{s:string:"A}B"}C',
            },
            attributes.normalise_templates(
                {
                    "device_api": "vfio_pci",
                    "pci_id": '8086{A_b:string:"591D"}',
                    "pv_mode": '{s:string:"A}B"}C',
                }
            ),
        )
        self.assertEqual(
            {"device_api": '{d:string:"vfio-pci","vfio-ap"}'},
            attributes.normalise_templates(
                {"device_type": '{d:string:"pci","vfio_ap"}'}
            ),
        )

    def test_parts_of_a_value(self) -> None:
        """A part is spelled as a part and not as if it were the value."""
        for name, given, wanted in (
            ("device_api", '{a:string:"vfio-"}pci', '{a:string:"vfio-"}pci'),
            ("device_api", '{a:string:"pci"}', '{a:string:"vfio-pci"}'),
            ("pci_id", '0x{a:string:"80","90"}0X86',
             '{a:string:"80","90"}0x86'),
            ("pci_id", ': 0x {a:string:"0x80"} :', '{a:string:"80"}'),
        ):
            found = attributes.normalise_templates({name: given})
            self.assertEqual({name: wanted}, found)
            self.assertEqual(found, attributes.normalise_templates(found))

    def test_errors_name_the_attribute(self) -> None:
        """A template that is none is refused with its attribute."""
        error = self.assertRaises(
            errors.ParseError,
            attributes.normalise_templates,
            {"type": "V5_{n:int:x}"},
        )
        self.assertIn("type: expected a plain integer", str(error))
        self.assertEqual(10, error.position)

    def test_undeclared_variables(self) -> None:
        """A variable without a declaration is refused."""
        self.assertRaises(
            errors.ParseError,
            attributes.normalise_templates,
            {"aggregator": "{val1}/2"},
        )

    def test_own_kinds(self) -> None:
        """Where they are allowed, sets get one spelling too."""
        raw = {
            "device_id": "{p:set:591D, 0x591B,591d}",
            "firmware": "{f:version:1.0-}",
            "features": "{s:set:b,a}",
            "anything": "{a:any}",
        }
        self.assertRaises(
            errors.ParseError, attributes.normalise_templates, raw
        )
        self.assertEqual(
            {
                "pci_id": "{p:set:591b,591d}",
                "firmware": "{f:version:1.0-}",
                "features": "{s:set:a,b}",
                "anything": "{a:any}",
            },
            attributes.normalise_templates(raw, extended=True),
        )


class SetTest(base.BaseTestCase):
    def test_one_spelling(self) -> None:
        """A set is sorted, without blanks, repetitions and order."""
        self.assertEqual(
            "a,b c,d", attributes.joined_set(["d", " a", "b c", "a"])
        )
        self.assertEqual("", attributes.joined_set([]))

    def test_not_a_member(self) -> None:
        """What would not come back from the list is refused."""
        for member in ("", " ", "a,b", 'a"', "{a}", "a}"):
            self.assertRaises(
                errors.ParseError, attributes.joined_set, ["x", member]
            )

    def test_template(self) -> None:
        """Its template accepts the set itself; none accepts none."""
        self.assertEqual(
            "{features:set:a,b}", attributes.set_template(["b", "a"])
        )
        self.assertEqual(
            "{caps:set:x}", attributes.set_template(["x"], "caps")
        )
        self.assertEqual("", attributes.set_template([]))
