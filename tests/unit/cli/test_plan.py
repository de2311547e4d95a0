# SPDX-License-Identifier: Apache-2.0

"""What changes of hosts do to a fleet, and their order."""

from __future__ import annotations

import dataclasses
import itertools
import random

from oslotest import base

from nova_vfio_compat.cli import ordering
from nova_vfio_compat.cli import planning
from nova_vfio_compat.compat import device_class
from tests.unit.placement import samples

OLD, NEW = samples.vgpu("2.1.0"), samples.vgpu("2.2.0")
NIC, NEWER = samples.nic("28.41.1000"), samples.nic("28.43.1000")

Class = device_class.DeviceClass
Fleet = dict[str, frozenset[Class]]


def fleet(**hosts: Class | tuple[Class, ...]) -> Fleet:
    return {
        name: frozenset(classes if isinstance(classes, tuple) else (classes,))
        for name, classes in hosts.items()
    }


class ValueTest(base.BaseTestCase):
    def test_accepts_follows(self) -> None:
        """A class that accepts what it writes still does."""
        self.assertEqual(
            NEWER,
            planning.with_value(NIC, "mlx5", "firmware", "28.43.1000"),
        )

    def test_others_stay(self) -> None:
        """Other families and classes without the attribute stay."""
        for family, name in (("qat", "firmware"), ("mlx5", "colour")):
            self.assertIs(NIC, planning.with_value(NIC, family, name, "x"))
        plain = samples.plain()
        self.assertIs(
            plain, planning.with_value(plain, "pci", "firmware", "x")
        )


class ChangesTest(base.BaseTestCase):
    def changes(
        self, now: Fleet, **after: Class
    ) -> set[tuple[Class, Class, str, str]]:
        ways = planning.Ways(planning.kinds(now, fleet(**after)))
        return {
            (one.source, one.destination, one.when, one.effect)
            for one in ways.changes()
        }

    def test_strict_equality(self) -> None:
        """While only one side is changed nothing moves between them."""
        self.assertEqual(
            {
                (NIC, NEWER, "during", "impossible"),
                (NEWER, NIC, "during", "impossible"),
            },
            self.changes(fleet(a=NIC, b=NIC), a=NEWER, b=NEWER),
        )

    def test_one_way(self) -> None:
        """Up is possible and down is not: both ends are told."""
        self.assertEqual(
            {
                (OLD, NEW, "during", "one-way"),
                (NEW, OLD, "during", "impossible"),
            },
            self.changes(fleet(a=OLD, b=OLD), a=NEW, b=NEW),
        )

    def test_some_hosts_only(self) -> None:
        """Hosts that do not change are cut off for good."""
        self.assertIn(
            (NEWER, NIC, "after", "impossible"),
            self.changes(fleet(a=NIC, b=NIC), a=NEWER),
        )

    def test_reunion(self) -> None:
        """A change that ends a difference opens ways."""
        self.assertIn(
            (NEWER, NEWER, "after", "possible"),
            self.changes(fleet(a=NIC, b=NEWER), a=NEWER),
        )


class OrderTest(base.BaseTestCase):
    def order(self, now: Fleet, **after: Class) -> ordering.Order:
        return ordering.Planner(
            planning.kinds(now, fleet(**after))
        ).order()

    def test_forward_compatible(self) -> None:
        """Where old moves to new every host can be changed, in any order."""
        names = [f"h{number:02d}" for number in range(20)]
        found = self.order(
            fleet(**dict.fromkeys(names, OLD)), **dict.fromkeys(names, NEW)
        )
        self.assertTrue(found.complete)
        (step,) = found.steps
        self.assertEqual(names, list(step.hosts))

    def test_strict_equality_ends(self) -> None:
        """Equal firmware only: the last old host cannot be emptied."""
        names = [f"h{number}" for number in range(5)]
        found = self.order(
            fleet(**dict.fromkeys(names, NIC)), **dict.fromkeys(names, NEWER)
        )
        self.assertFalse(found.complete)
        self.assertTrue(found.searched)
        self.assertEqual(
            names[:3], [name for step in found.steps for name in step.hosts]
        )
        (obstacle,) = found.obstacles
        self.assertEqual(
            ("h3", NIC, "h4", False),
            (obstacle.host, obstacle.stranded, obstacle.on,
             obstacle.leaving),
        )

    def test_order_matters(self) -> None:
        """A host that another one needs is changed after that one."""
        one, two = samples.nic("1"), samples.nic("2")
        # What it writes any host takes, and it alone takes what is newer.
        broad = dataclasses.replace(
            one, accepts=(*one.accepts, *two.accepts)
        )
        found = self.order(
            fleet(a=broad, b=two, c=one, d=one), a=one, b=one
        )
        self.assertEqual(
            (True, [("b",), ("a",)]),
            (found.complete, [step.hosts for step in found.steps]),
        )

    def test_cannot_be_emptied(self) -> None:
        """A device without another host stops its host from the start."""
        found = self.order(fleet(a=NIC, b=NEWER, c=NEWER), a=NEWER)
        self.assertFalse(found.complete)
        (obstacle,) = found.obstacles
        self.assertTrue(obstacle.leaving)
        self.assertEqual(("a", "a"), (obstacle.host, obstacle.on))

    def test_thousands_of_hosts(self) -> None:
        """The search does not grow with the number of hosts."""
        names = [f"h{number}" for number in range(3000)]
        found = self.order(
            fleet(**dict.fromkeys(names, OLD)), **dict.fromkeys(names, NEW)
        )
        self.assertTrue(found.complete)
        self.assertEqual(3000, len(found.steps[0].hosts))

    def test_orders_hold(self) -> None:
        """Replayed host by host, no step of an order strands anybody.

        And where the search says that there is none, trying them all finds
        none: both against an independent reading of the rule.
        """
        pool = [samples.vgpu(f"{major}.{minor}.0")
                for major in (1, 2) for minor in (1, 2)]
        dice = random.Random(8)
        complete = 0
        for _ in range(150):
            names = "abcde"[:dice.randint(2, 5)]
            now = {name: frozenset({dice.choice(pool)}) for name in names}
            after = {
                name: frozenset({dice.choice(pool)})
                for name in names if dice.random() < 0.8
            }
            moving = [name for name in after if after[name] != now[name]]
            if not moving:
                continue
            found = ordering.Planner(planning.kinds(now, after)).order()
            order = [name for step in found.steps for name in step.hosts]
            if found.complete:
                complete += 1
                self.assertEqual(sorted(moving), sorted(order))
                self.assertTrue(_holds(now, after, order))
            else:
                self.assertFalse(any(
                    _holds(now, after, list(some))
                    for some in itertools.permutations(moving)
                ))
        self.assertGreater(complete, 10)


def _fits(one: Class, other: Class) -> bool:
    """Of the vGPUs above: same major version, no older minor one."""
    ours, theirs = (
        [int(part) for part in (item.state or {})["software_version"]
         .split(".")]
        for item in (one, other)
    )
    return ours[0] == theirs[0] and ours[1] <= theirs[1]


def _alone(hosts: Fleet, name: str) -> bool:
    (mine,) = hosts[name]
    return not any(
        _fits(mine, other)
        for host, (other,) in hosts.items() if host != name
    )


def _holds(now: Fleet, after: Fleet, order: list[str]) -> bool:
    lost = {now[name] for name in now if _alone(now, name)}
    hosts = dict(now)
    for number, name in enumerate(order, 1):
        if _alone(hosts, name):
            return False
        hosts[name] = after[name]
        for other in hosts:
            fresh = hosts[other] not in now.values()
            if (
                _alone(hosts, other) and hosts[other] not in lost
                and (number == len(order) or not fresh)
            ):
                return False
    return True


