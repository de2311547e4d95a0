# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterable

from oslotest import base

from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import errors
from nova_vfio_compat.compat import template
from nova_vfio_compat.compat import unify


class OwnKindsTest(base.BaseTestCase):
    """``version``, ``set``, ``min`` and ``any``."""

    def assert_refused(self, text: str, message: str, place: int) -> None:
        error = self.assertRaises(
            errors.ParseError, alternative.Alternative, {"a": text}, True
        )
        self.assertIn(message, str(error))
        self.assertEqual(place, error.position, text)

    def assert_matches(
        self, text: str, good: Iterable[str], bad: Iterable[str]
    ) -> None:
        parsed = alternative.Alternative({"a": text}, True)
        for value in good:
            self.assertEqual([], parsed.mismatches({"a": value}), value)
        for value in bad:
            self.assertEqual(["a"], parsed.mismatches({"a": value}), value)

    def test_only_where_they_are_allowed(self) -> None:
        """In what a kernel declares they are unknown braces."""
        for text in (
            "{a:version:1-2}", "{a:set:x}", "{a:min:1}", "{a:any}",
            "{a:any:}",
        ):
            self.assertRaises(errors.ParseError, template.parse, text)

    def test_versions(self) -> None:
        """Ranges hold their bounds; open ends stay within the major."""
        self.assert_matches(
            "{v:version:2.0.2-2.0.4,2.1.0-}",
            ("2.0.2", "2.0.3", "2.0.4", "2.1.0", "2.1", "2.99.1"),
            ("2.0.1", "2.0.5", "2.0.4.1", "1.9", "3.0.0", "", "v2.1.0",
             "2.1.0rc1", "2.1.0-", " 2.1.0"),
        )
        self.assert_matches(
            "{v:version:-2.3}",
            ("2.0", "2", "2.3", "2.3.0"), ("1.9", "2.3.1", "3.0"),
        )
        self.assert_matches(
            "{v:version: 1.9 - 2.1 , 4.0 }",
            ("1.9", "1.10", "2.0", "2.1", "4", "4.0.0"),
            ("1.8", "2.1.1", "3.0", "4.0.1"),
        )
        self.assert_matches(
            "fw-{v:version:16-}.bin",
            ("fw-16.35.4030.bin",), ("fw-15.9.bin", "fw-16.35.4030"),
        )

    def test_bad_versions(self) -> None:
        """What is no range of plain releases is refused at its place."""
        for item in (
            "", "-", "v1", "1.0rc1", "1.0-x", "x-1.0", "2.0-1.9", "1-2-3",
            "1!2", "1.0+b",
        ):
            self.assert_refused(
                "{a:version:1.0," + item + "}", "range of versions", 15
            )

    def test_sets(self) -> None:
        """A source's list has none but these, in any order."""
        self.assert_matches(
            "{s:set:red,green, dark blue}",
            ("red", "green,red", "red, dark blue", "red,red", "",
             "red,green,dark blue"),
            ("black", "red,black", "red,", ",", "redgreen", "red green",
             "Red"),
        )
        self.assert_matches(
            "a{s:set:b,c}d", ("abd", "ab,cd", "ad"), ("abcd", "a,d", "ab")
        )
        self.assertEqual(
            template.parse("{s:set:a,b}", True).parts,
            template.parse("{s:set: b,a , b}", True).parts,
        )

    def test_bad_sets(self) -> None:
        """A set has members, and they have no quotes."""
        self.assert_refused("{s:set:}", "members of a set", 7)
        self.assert_refused("{s:set:a,,b}", "members of a set", 9)
        self.assert_refused('{s:set:a,"b"}', "members of a set", 9)
        self.assert_refused(
            "{s:set:" + ",".join(map(str, range(257))) + "}",
            "more than 256", 7 + len(",".join(map(str, range(256)))) + 1,
        )

    def test_least(self) -> None:
        """The source's integer is at least the one that is given."""
        self.assert_matches(
            "{n:min:100}",
            ("100", "101", "999999999999999999"),
            ("99", "-100", "0100", "1e3", "100.5", "", "9" * 19),
        )
        self.assert_matches(
            "x{n:min:-1}y", ("x-1y", "x0y"), ("x-2y", "xy", "x-y")
        )

    def test_bad_least(self) -> None:
        """It is one plain integer."""
        for number in ("", "x", "1,2", "1.5", "007", "1" * 19):
            self.assert_refused(
                "{n:min:" + number + "}", "plain integer", 7
            )

    def test_any(self) -> None:
        """Any text is fine, and so is none."""
        self.assert_matches("{x:any}", ("", "a", "a, {b}"), ())
        self.assert_matches(
            "a{x:any}b{y:any}c", ("abc", "axbbc", "abbbc"), ("ab", "bc", "")
        )
        self.assert_refused("{x:any:}", "expected {name:type:values}", 0)
        self.assert_refused("{x:any:1}", "expected {name:type:values}", 0)

    def test_bound_across_attributes(self) -> None:
        """A variable of any kind has one text everywhere."""
        for declared, good, bad in (
            ("{x:any}", "anything", "another"),
            ("{x:version:1-2}", "1.5", "1.50"),
            ("{x:set:a,b}", "a,b", "b,a"),
            ("{x:min:3}", "7", "8"),
        ):
            for first, second in (("a", "b"), ("b", "a")):
                parsed = alternative.Alternative(
                    {first: declared, second: "<{x}>"}, True
                )
                self.assertEqual(
                    [],
                    parsed.mismatches({first: good, second: f"<{good}>"}),
                )
                self.assertEqual(
                    [second],
                    parsed.mismatches({first: good, second: f"<{bad}>"}),
                )

    def test_used_left_of_the_declaration(self) -> None:
        """A reference may stand before the declaration in one text."""
        self.assert_matches("{x}-{x:any}", ("a-b-a-b", "-"), ("a-b",))

    def test_no_division(self) -> None:
        """Only an int variable can be divided."""
        for declared in (
            "{x:any}", "{x:min:4}", "{x:version:4}", "{x:set:4}"
        ):
            self.assert_refused(
                declared + "{x}/2", "cannot divide", len(declared) + 1
            )

    def test_declared_twice(self) -> None:
        """Two declarations of one variable must say the same."""
        alternative.Alternative(
            {"a": "{x:set:a,b}", "b": "{x:set:b, a}"}, True
        )
        for other in ("{x:set:a}", "{x:any}", "{x:min:1}", "{x:int:1}"):
            self.assertRaises(
                errors.ParseError, alternative.Alternative,
                {"a": "{x:set:a,b}", "b": other}, True,
            )

    def test_work_is_bounded(self) -> None:
        """Long texts count for what they cost."""
        text = "x".join(f"{{v{n}:any}}{{w{n}:set:a}}" for n in range(9))
        parsed = alternative.Alternative({"a": text}, True)
        self.assertRaises(
            unify.TooComplex, parsed.mismatches, {"a": "a,x" * 300}
        )
