# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import dataclasses

from oslotest import base

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import render
from tests.unit.placement import samples


class RenderTestCase(base.BaseTestCase):
    def test_a_class_is_one_line(self) -> None:
        """Everything that decides about a class is in its line."""
        self.assertEqual(
            "mlx5 on pci, rule; writes device_api=vfio-pci "
            "firmware=28.43.1000 pf_device=1021 psid=MT_0000000838; "
            "accepts the same; "
            "guest sees device=101e vendor=15b3",
            render.class_text(samples.nic()),
        )
        self.assertEqual(
            "pci on pci, rule; plain_vfio_pci: vfio-pci has no migration "
            "support; a variant driver is needed",
            render.class_text(samples.plain()),
        )
        wider = dataclasses.replace(
            samples.plain(),
            reason=None,
            state={"type": "a"},
            accepts=({"type": "a"}, {"type": "b"}),
        )
        self.assertEqual(
            "pci on pci, rule; writes type=a; accepts type=a or type=b",
            render.class_text(wider),
        )

    def test_the_rows_of_a_report(self) -> None:
        """Days, classes, devices and problems, a row each."""
        report = samples.report_with(mtty_mtty=samples.plain())
        report = dataclasses.replace(report, seen=frozenset({"20261122"}))

        rows = render.rows(
            codec.decode({*codec.encode(report), "CUSTOM_VFIO1_X"})
        )

        self.assertEqual(
            [
                ("seen", "20261122"),
                ("class", samples.plain().id),
                ("device", "MTTY_MTTY"),
                ("problem", "CUSTOM_VFIO1_X"),
            ],
            [row[:2] for row in rows],
        )
        self.assertEqual(samples.plain().id, rows[2][2])

    def test_functions_in_a_row_are_one_row(self) -> None:
        """256 VFs of one class do not take 256 lines."""
        report = samples.report_with(
            **{
                f"pci_0000_08_00_{number}": samples.plain()
                for number in (0, 4, 5, 6)
            },
        )

        devices = [row for row in render.rows(report) if row[0] == "device"]

        self.assertEqual(
            ["PCI_0000_08_00_0", "PCI_0000_08_00_4 to PCI_0000_08_00_6"],
            [row[1] for row in devices],
        )
        self.assertEqual({samples.plain().id}, {row[2] for row in devices})

    def test_the_difference_of_two_reports(self) -> None:
        """What goes has a minus, what comes a plus, the rest no line."""
        before = samples.report_with(
            a=samples.plain(), b=samples.vgpu("1.0.0")
        )
        after = samples.report_with(
            a=samples.plain(), b=samples.vgpu("2.0.0")
        )

        lines = render.difference(before, after)

        marks = sorted(line[:7] for line in lines)
        self.assertEqual(["+ class", "+ devic", "- class", "- devic"], marks)
