# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

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
