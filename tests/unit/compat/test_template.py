# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterable

from oslotest import base

from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import errors
from nova_vfio_compat.compat import template
from nova_vfio_compat.compat import unify
from tests.unit.compat import examples


def matches(items: dict[str, str], values: dict[str, str]) -> bool:
    return not alternative.Alternative(items).mismatches(values)


class ParseTest(base.BaseTestCase):
    def assert_refused(self, text: str, message: str, place: int) -> None:
        error = self.assertRaises(
            errors.ParseError, alternative.Alternative, {"type": text}
        )
        self.assertIn(message, str(error))
        self.assertEqual(place, error.position, text)

    def test_bad_braces(self) -> None:
        """Unbalanced or nested braces are refused at their place."""
        self.assert_refused("a{b", "never closed", 1)
        self.assert_refused("ab}", "never opened", 2)
        self.assert_refused("{a:int:{b}}", "inside braces", 7)

    def test_unknown_braces_are_never_literal(self) -> None:
        """Braces of another form are refused."""
        self.assert_refused("x{a:float:1}", "unknown variable type", 4)
        self.assert_refused("{a:any}", "expected {name:type:values}", 0)
        self.assert_refused("{1a}", "name of a variable", 1)
        self.assert_refused("{}", "name of a variable", 1)
        self.assert_refused("{a:min:1}", "unknown variable type", 3)

    def test_bad_values(self) -> None:
        """Values must be of the declared type."""
        self.assert_refused("{a:int:}", "plain integer", 7)
        self.assert_refused("{a:int:1,,2}", "plain integer", 9)
        self.assert_refused("{a:int:1, 02}", "plain integer", 10)
        self.assert_refused("{a:int:1.5}", "plain integer", 7)
        self.assert_refused("{a:string:x}", "double quotes", 10)
        self.assert_refused('{a:string:"x" "y"}', "double quotes", 10)
        values = ",".join(map(str, range(257)))
        error = self.assertRaises(
            errors.ParseError, template.parse, "{a:int:" + values + "}"
        )
        self.assertIn("more than 256", str(error))

    def test_bad_references(self) -> None:
        """A variable is declared once and divided by a number."""
        self.assert_refused("{a}", "not declared", 1)
        self.assert_refused("{a:int:1}{a}/0", "cannot divide", 13)
        self.assert_refused("{a:int:1}{a:int:2}", "declared twice", 0)
        self.assert_refused('{a:string:"x"}{a}/2', "no integer", 15)

    def test_too_long(self) -> None:
        """A text beyond the bound is refused."""
        error = self.assertRaises(
            errors.ParseError, template.parse, "a" * 4097
        )
        self.assertIn("longer than 4096", str(error))

    def test_caret(self) -> None:
        """The text of the error has a caret under the place."""
        error = self.assertRaises(errors.ParseError, template.parse, "ab}")
        self.assertEqual(
            "this brace was never opened\n    ab}\n      ^", str(error)
        )
        self.assertEqual(
            "this brace was never opened (at character 3)", error.one_line()
        )

    def test_caret_in_a_long_text(self) -> None:
        """Only the text around the place is shown."""
        text = "a" * 500 + "}" + "b" * 500
        error = self.assertRaises(errors.ParseError, template.parse, text)
        _, shown, caret = str(error).splitlines()
        self.assertLess(len(shown), 70)
        self.assertEqual("}", shown[len(caret) - 1])


class MatchTest(base.BaseTestCase):
    def test_integer_list(self) -> None:
        """An int variable stands for exactly the listed numbers."""
        items = {"type": "V5_{n:int:1,2,4,8}"}
        self.assertTrue(matches(items, {"type": "V5_8"}))
        self.assertFalse(matches(items, {"type": "V5_3"}))
        self.assertFalse(matches(items, {"type": "V5_08"}))
        self.assertFalse(matches(items, {"type": "V5_88"}))

    def test_longer_value_first(self) -> None:
        """A value that starts another one does not hide it."""
        items = {"type": "{n:int:1,10}x"}
        self.assertTrue(matches(items, {"type": "10x"}))
        self.assertTrue(matches(items, {"type": "1x"}))

    def test_strings(self) -> None:
        """A string may hold commas, colons and braces."""
        items = {"pv": '{s:string:"a,b", "c:d", "e}"}'}
        for value in ("a,b", "c:d", "e}"):
            self.assertTrue(matches(items, {"pv": value}))
        self.assertFalse(matches(items, {"pv": "a"}))

    def test_bound_across_attributes(self) -> None:
        """A variable has one value in all attributes, in any order."""
        for reference, declaration in (("a", "b"), ("b", "a")):
            items = {declaration: "V{n:int:2,4,8}", reference: "{n}/2"}
            good = {declaration: "V8", reference: "4"}
            bad = {declaration: "V8", reference: "2"}
            self.assertTrue(matches(items, good))
            self.assertFalse(matches(items, bad))

    def test_expansion_of_the_proposal(self) -> None:
        """The three combinations that Yan Zhao expanded, and no other."""
        items = {
            "type": "i915-GVTg_V5_{val1:int:2,4,8}",
            "aggregator": "{val1}/2",
        }
        accepted = {
            (kind, aggregator)
            for kind in (1, 2, 4, 8)
            for aggregator in ("0", "0.5", "1", "2", "4", "8")
            if matches(
                items,
                {"type": f"i915-GVTg_V5_{kind}", "aggregator": aggregator},
            )
        }
        self.assertEqual({(2, "1"), (4, "2"), (8, "4")}, accepted)

    def test_no_integer_result(self) -> None:
        """A division without an integer result matches nothing."""
        items = {"type": "{n:int:1}", "aggregator": "{n}/2"}
        for value in ("0", "0.5", "1", ""):
            self.assertFalse(
                matches(items, {"type": "1", "aggregator": value})
            )

    def test_use_before_declaration_in_one_text(self) -> None:
        """A variable may be used left of where it is declared."""
        items = {"type": "{n}-{n:int:1,2}"}
        self.assertTrue(matches(items, {"type": "2-2"}))
        self.assertFalse(matches(items, {"type": "1-2"}))

    def test_absent_is_empty(self) -> None:
        """An absent attribute counts as the empty text."""
        self.assertTrue(matches({"pv": ""}, {}))
        self.assertFalse(matches({"pv": ""}, {"pv": "x"}))
        self.assertTrue(matches({"pv": '{s:string:"","a"}'}, {}))

    def test_all_mismatches(self) -> None:
        """Every attribute that does not match is named."""
        parsed = alternative.Alternative(
            {"a": "1", "b": "2", "c": "{n:int:1,2}", "d": "{n}"}
        )
        self.assertEqual(
            ["a", "d"],
            sorted(
                parsed.mismatches({"a": "x", "b": "2", "c": "1", "d": "2"})
            ),
        )

    def test_fewest_mismatches(self) -> None:
        """A variable is bound so that most attributes match."""
        parsed = alternative.Alternative(
            {"a": "{n:int:1,2}", "b": "{n}", "c": "{n}", "d": "{n}"}
        )
        self.assertEqual(
            ["a"], parsed.mismatches({"a": "1", "b": "2", "c": "2", "d": "2"})
        )
        self.assertEqual(
            ["c", "d"],
            parsed.mismatches({"a": "1", "b": "1", "c": "2", "d": "2"}),
        )
        self.assertEqual(
            ["a", "b", "c"],
            parsed.mismatches({"a": "3", "b": "4", "c": "5", "d": "2"}),
        )

    def test_fewest_mismatches_of_a_hostile_pattern(self) -> None:
        """Where that would take too long, the first ones found will do."""
        items = {
            **{f"a{n}": "{v%d:int:1,2}" % n for n in range(16)},
            **{f"b{n}": "{v%d}" % n for n in range(16)},
        }
        values = dict.fromkeys(items, "1") | {
            f"b{n}": "2" for n in range(16)
        }
        self.assertEqual(
            sorted(f"b{n}" for n in range(16)),
            sorted(alternative.Alternative(items).mismatches(values)),
        )

    def test_work_is_bounded(self) -> None:
        """A pattern that explodes is given up, not waited for."""
        parsed = alternative.Alternative(examples.HOSTILE)
        self.assertRaises(
            unify.TooComplex,
            parsed.mismatches,
            {"type": examples.HOSTILE_TEXT},
        )

    def test_variables_used_once(self) -> None:
        """Variables that nothing else refers to do not multiply."""
        parsed = alternative.Alternative({"type": examples.HOSTILE["type"]})
        self.assertEqual(
            [], parsed.mismatches({"type": examples.HOSTILE_TEXT})
        )


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
