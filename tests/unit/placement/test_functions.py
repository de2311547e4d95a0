# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat.placement import functions

# The first and the last VF of an SR-IOV GPU, and the VF of a NIC whose VFs
# go on on the next bus.
VFS = ["PCI_0000_08_00_4", "PCI_0000_08_04_3", "PCI_0000_09_00_0"]


class FunctionsTestCase(base.BaseTestCase):
    def test_places(self) -> None:
        """A function's number on its bus is slot times 8 plus function."""
        self.assertEqual(
            [("PCI_0000_08", 4), ("PCI_0000_08", 35), ("PCI_0000_09", 0)],
            [functions.place(device) for device in VFS],
        )
        self.assertEqual(
            ("PCI_10000_E1", 255), functions.place("PCI_10000_E1_1F_7")
        )
        for device in VFS:
            bus, number = functions.place(device) or ("", 0)
            self.assertEqual(device, functions.name(bus, number))

    def test_what_is_no_function(self) -> None:
        """Whatever only looks like a PCI function is named as it is."""
        devices = {
            "MTTY_MTTY", "PCI_0000_08", "PCI_0000_08_20_0",
            "PCI_0000_08_00_8", "PCI_0000_08_00_4_0", "XPCI_0000_08_00_4",
            "PCI_000_08_00_4", "PCI_0000_8_00_4", "CSS_0_0_0313", "",
        }
        self.assertEqual((devices, {}), functions.collapse(devices))

    def test_functions_of_a_bus_are_put_together(self) -> None:
        """Two or more on one bus are bits; one is a name of its own."""
        self.assertEqual(
            ({"PCI_0000_09_00_0"}, {"PCI_0000_08": "800000010"}),
            functions.collapse(VFS),
        )
        whole = [functions.name("PCI_0000_08", n) for n in range(256)]
        self.assertEqual(
            (set(), {"PCI_0000_08": "F" * 64}), functions.collapse(whole)
        )
        self.assertEqual(
            whole, list(functions.expand("PCI_0000_08", "F" * 64))
        )

    def test_bits_name_exactly_what_was_put_in(self) -> None:
        """A function between two that are named is not covered."""
        _, shared = functions.collapse(VFS)

        self.assertEqual(
            VFS[:2],
            [
                device
                for bus, bits in shared.items()
                for device in functions.expand(bus, bits)
            ],
        )

    def test_rows_for_people(self) -> None:
        """An unbroken row is its first and its last function."""
        devices = [
            functions.name("PCI_0000_08", n) for n in (*range(4, 36), 40)
        ]
        self.assertEqual(
            [
                ("MTTY_MTTY", "MTTY_MTTY"),
                ("PCI_0000_08_00_4", "PCI_0000_08_04_3"),
                ("PCI_0000_08_05_0", "PCI_0000_08_05_0"),
                ("PCI_0000_09_05_1", "PCI_0000_09_05_1"),
            ],
            functions.ranges(
                {*devices, "MTTY_MTTY", "PCI_0000_09_05_1"}
            ),
        )
