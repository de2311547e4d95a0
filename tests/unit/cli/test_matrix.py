# SPDX-License-Identifier: Apache-2.0

"""What the matrix works out of a fleet's reports."""

from __future__ import annotations

import dataclasses

from oslotest import base

from nova_vfio_compat.cli import matrix
from nova_vfio_compat.cli import relations
from nova_vfio_compat.compat import codes
from tests.unit.cli import fleets
from tests.unit.placement import samples

OLD, NEW = samples.vgpu("2.1.0"), samples.vgpu("2.2.0")


class RelationsTest(base.BaseTestCase):
    def test_direction(self) -> None:
        """Old to new and not back is one way, told once."""
        known = relations.Relations(
            fleets.fleet(("a", (OLD,)), ("b", (NEW,)))
        )
        (way,) = known.one_way()
        self.assertEqual((OLD, NEW), (way.source, way.destination))
        self.assertIs(codes.Outcome.INCOMPATIBLE, way.back.outcome)

    def test_stranded(self) -> None:
        """A class strands where no other host accepts it."""
        known = relations.Relations(fleets.fleet(
            ("a", (OLD,)), ("b", (NEW,)), ("c", (NEW,)),
            ("d", (samples.nic(),)),
        ))
        self.assertEqual(
            ([], [], ["d"]),
            tuple(map(known.stranded, (OLD, NEW, samples.nic()))),
        )
        alone = relations.Relations(
            fleets.fleet(("a", (OLD,)), ("b", (NEW,)))
        )
        self.assertEqual(["b"], alone.stranded(NEW))

    def test_what_cannot_move_is_not_stranded(self) -> None:
        """Where to is no question for a device that cannot migrate."""
        known = relations.Relations(
            fleets.fleet(("a", (samples.plain(),)))
        )
        self.assertEqual([], known.stranded(samples.plain()))

    def test_stale_hosts_are_no_destinations(self) -> None:
        """A host that schedulers do not believe saves nobody."""
        known = relations.Relations(
            fleets.fleet(("a", (OLD,)), ("b", (OLD,)), stale=("b",))
        )
        self.assertEqual(["a"], known.stranded(OLD))

    def test_relaxed(self) -> None:
        """What the operator leaves out is left out here too."""
        fleet = fleets.small()
        relaxed = relations.Relations(fleet, frozenset({"mlx5:firmware"}))
        self.assertEqual([], [
            one for one in relaxed.classes if relaxed.stranded(one)
        ])

    def test_labels_tell_classes_apart(self) -> None:
        """A label has what siblings differ in; twins get their id."""
        nic = samples.nic()
        twin = dataclasses.replace(nic, unverified=("p2p",))
        found = relations.labels([nic, samples.nic("28.41.1000")])
        self.assertEqual("mlx5 firmware=28.43.1000", found[nic.id])
        found = relations.labels([nic, twin])
        self.assertEqual(2, len(set(found.values())))
        self.assertIn(relations.short(twin.id), found[twin.id])


class RowsTest(base.BaseTestCase):
    def test_ordered_pairs(self) -> None:
        """A row per ordered pair, with the hosts of both sides."""
        known = relations.Relations(
            fleets.fleet(("a", (OLD,)), ("b", (OLD,)), ("c", (NEW,)))
        )
        rows = {
            (row[0].machine_readable(), row[1].machine_readable()): row[2:]
            for row in matrix.pairs(known)
        }
        self.assertEqual(4, len(rows))
        hosts, verdict, evidence, reasons = rows[OLD.id, NEW.id]
        self.assertEqual(([2, 1], "2 -> 1"), (
            hosts.machine_readable(), hosts.human_readable()
        ))
        self.assertEqual(
            ("compatible", "declared", ""), (verdict, evidence, reasons)
        )
        self.assertEqual("incompatible", rows[NEW.id, OLD.id][1])
        self.assertIn("minor_newer", rows[NEW.id, OLD.id][3])

    def test_summary(self) -> None:
        """A row per class: hosts, to where, from where, stranded."""
        known = relations.Relations(
            fleets.fleet(("a", (OLD,)), ("b", (OLD,)), ("c", (NEW,)))
        )
        rows = {
            row[0].machine_readable(): row[3:7]
            for row in matrix.summary(known)
        }
        self.assertEqual(
            {OLD.id: (2, 3, 2, 0), NEW.id: (1, 1, 3, 1)}, rows
        )

    def test_classes_of_stale_hosts_only(self) -> None:
        """What no believed host has is no row, and the host is named."""
        fleet = fleets.upgrading()
        stale = fleets.fleet(("a", (OLD,)), ("b", (NEW,)), stale=("b",))
        self.assertEqual(
            1, len(list(matrix.pairs(relations.Relations(stale))))
        )
        lines = list(matrix.notes(fleet))
        self.assertIn("epsilon", lines[0])
        self.assertIn("zeta", lines[1])
