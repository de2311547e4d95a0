# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from tests.unit.host import base


class ProblemLinesTestCase(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.kernel()

    def add_nic(self, address: str, firmware: str, vfs: int = 8) -> None:
        self.host.mlx5_pf(
            address, vfs=vfs, firmware=firmware, vf_driver="mlx5_vfio_pci"
        )

    def test_a_file_of_a_pf(self) -> None:
        """What all VFs of a PF miss is one line, with file and number."""
        self.add_nic("0000:81:00.0", "garbage")
        self.add_nic("0000:c1:00.0", "garbage", vfs=1)

        one, other = self.scan().problem_lines()

        self.assertRegex(
            one, "^pci_0000_81_00_2 and 7 more: sys/.*81:00.0/.*/fw_ver: "
        )
        self.assertRegex(
            other, "^pci_0000_c1_00_2: sys/.*c1:00.0/.*/fw_ver: "
        )

    def test_the_same_file_of_each_vf(self) -> None:
        """What is wrong in the same way with each VF is one line."""
        self.add_nic("0000:81:00.0", "28.43.1000")
        for function in (2, 3, 4, 5):
            path = self.host.path(f"0000:81:00.{function}") / "resource"
            path.unlink()
            path.write_text("nonsense\n" if function < 5 else "other\n")

        lines = self.scan().problem_lines()

        self.assertEqual(
            [
                "pci_0000_81_00_2 and 2 more",
                "pci_0000_81_00_5",
            ],
            [line.partition(":")[0] for line in lines],
        )
        self.assertIn("81:00.2/resource", lines[0])

    def test_other_problems(self) -> None:
        """What is of no device comes first and has no device's name."""
        self.add_nic("0000:81:00.0", "garbage")
        self.host.break_file("sys/class/mdev_bus")

        lines = self.scan().problem_lines()

        self.assertEqual(2, len(lines))
        self.assertTrue(lines[0].startswith("sys/class/mdev_bus"), lines[0])

    def test_no_problems(self) -> None:
        """A sound host has nothing to say."""
        self.add_nic("0000:81:00.0", "28.43.1000")

        self.assertEqual([], self.scan().problem_lines())
