# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.scheduler import fleet
from nova_vfio_compat.scheduler import whose
from tests.unit.compat import examples


class CodesTest(base.BaseTestCase):
    def test_no_code_hides_in_others(self) -> None:
        """Codes differ and have one size, so that two never look like one."""
        for count in range(1, 21):
            codes = whose.codes(count)
            assert codes is not None
            self.assertEqual(count, len(set(codes)))
            self.assertEqual(1, len({len(code) for code in codes}))
            self.assertTrue(all(codes))
            used = frozenset[int]().union(*codes)
            self.assertLessEqual(len(used), whose.MAX_QUERIES)
        self.assertIsNone(whose.codes(21))


class OwnersTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.classes = tuple(
            examples.function(state={"firmware": f"28.{number}.0"})
            for number in range(7)
        )
        self.fleet = {
            "one": {self.classes[0]},
            "another": {self.classes[6]},
            "two": {self.classes[1], self.classes[2]},
        }
        self.part = fleet.Part(self.classes, dict.fromkeys(self.fleet, 5))
        self.owners = whose.Owners()
        self.queries = 0

    def query(self, asked: Sequence[compat.DeviceClass]) -> list[str]:
        self.queries += 1
        return [
            uuid for uuid, classes in self.fleet.items()
            if classes.intersection(asked)
        ]

    def test_hosts_with_one_class(self) -> None:
        """Each host with one class gets it, one with two gets none."""
        self.assertEqual(
            {"one": self.classes[0], "another": self.classes[6]},
            self.owners.identify(self.part, self.fleet, self.query),
        )
        self.assertLess(self.queries, len(self.classes))

    def test_remembered_until_the_report_changes(self) -> None:
        """What is known is not asked for again, unless it is outdated."""
        self.owners.identify(self.part, ["one"], self.query)
        asked = self.queries
        self.owners.identify(self.part, ["one"], self.query)
        self.assertEqual(asked, self.queries)
        self.fleet["one"] = {self.classes[3]}
        changed = fleet.Part(self.classes, {**self.part.hosts, "one": 6})
        self.assertEqual(
            {"one": self.classes[3]},
            self.owners.identify(changed, ["one"], self.query),
        )

    def test_one_class_needs_no_query(self) -> None:
        """Where a part has one class there is nothing to ask."""
        part = fleet.Part(self.classes[:1], {"one": 5})
        self.assertEqual(
            {"one": self.classes[0]},
            self.owners.identify(part, ["one"], self.query),
        )
        self.assertEqual(0, self.queries)

    def test_too_many_classes(self) -> None:
        """Beyond what a few queries tell apart, nothing is asked."""
        many = tuple(
            examples.function(state={"firmware": f"29.{number}.0"})
            for number in range(21)
        )
        part = fleet.Part(many, {"one": 5})
        self.assertEqual(
            {}, self.owners.identify(part, ["one"], self.query)
        )
        self.assertEqual(0, self.queries)
