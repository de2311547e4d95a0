# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from tests.unit.cli import base

GVT = "i915-GVTg_V5_4"
GPU = "0000:00:02.0"


class DeviceListTest(base.CommandTestCase):
    def list(self, *argv: str) -> dict[str, dict[str, str]]:
        found = self.rows(
            "device", "list", "--root", str(self.folder / "a"), *argv
        )
        return {row["Device"]: row for row in found}

    def test_columns(self) -> None:
        """Scripts rely on the columns, their order and their words."""
        self.host("a").mlx5_pf("0000:81:00.0", vfs=1)
        found = self.list()
        self.assertEqual(
            ["Device", "Kind", "Driver", "Type", "Class", "Migratable",
             "Evidence", "Reason"],
            list(found["pci_0000_81_00_2"]),
        )
        row = found["pci_0000_81_00_2"]
        self.assertRegex(row.pop("Class"), "^[A-Z2-7]{26}$")
        self.assertEqual(
            {
                "Device": "pci_0000_81_00_2", "Kind": "vf",
                "Driver": "mlx5_vfio_pci", "Type": "", "Migratable": "yes",
                "Evidence": "rule", "Reason": "",
            },
            row,
        )
        row = found["pci_0000_81_00_0"]
        self.assertEqual(("pf", "no"), (row["Kind"], row["Migratable"]))
        # Without a nova.conf everything counts as offered.
        self.assertEqual("", row["Reason"])

    def test_reasons(self) -> None:
        """What cannot migrate says why; what is unknown too."""
        self.host("a").mlx5_pf(
            "0000:81:00.0", vfs=1, vf_driver="vfio-pci"
        ).mlx5_pf("0000:91:00.0", vfs=1, infiniband=False)
        found = self.list()
        plain = found["pci_0000_81_00_2"]
        self.assertEqual(
            ("no", "plain_vfio_pci"), (plain["Migratable"], plain["Reason"])
        )
        unknown = found["pci_0000_91_00_2"]
        self.assertEqual(
            ("unknown", "firmware_unreadable"),
            (unknown["Migratable"], unknown["Reason"]),
        )

    def test_problems_are_lines_on_stderr(self) -> None:
        """Each problem is one line with device, file and what is wrong."""
        self.host("a").mlx5_pf("0000:81:00.0", vfs=1, firmware="28.x")
        self.list()
        (line,) = self.stderr.splitlines()
        self.assertIn("pci_0000_81_00_2: sys/devices", line)
        self.assertIn("fw_ver", line)
        self.assertIn("character 4", line)

    def test_nova_conf_marks_what_is_not_offered(self) -> None:
        """With a nova.conf the rest is marked and still shown."""
        self.host("a").mlx5_pf(
            "0000:81:00.0", vfs=2, vf_driver=["mlx5_core", "vfio-pci"]
        ).mdev_parent(GPU, types={GVT: {}})
        conf = self.folder / "nova.conf"
        conf.write_text(
            '[pci]\ndevice_spec = {"address": "0000:81:00.2"}\n'
        )
        found = self.list("--config-file", str(conf))
        self.assertEqual(
            {
                "pci_0000_00_02_0": "driver_cannot_migrate; not_offered",
                "pci_0000_81_00_0": "not_offered",
                "pci_0000_81_00_2": "",
                "pci_0000_81_00_3": "plain_vfio_pci; not_offered",
            },
            {name: row["Reason"] for name, row in found.items()},
        )

    def test_bad_configuration(self) -> None:
        """A configuration without meaning is one sentence and code 2."""
        self.host("a")
        conf = self.folder / "nova.conf"
        conf.write_text("[pci]\ndevice_spec = {broken\n")
        binary = self.folder / "binary.conf"
        binary.write_bytes(b"[DEFAULT]\nhost = \xff\n")
        unknown = self.folder / "unknown.conf"
        unknown.write_text("[vfio_compat]\nunknown = maybe\n")
        for path, word in (
            (conf, "{broken"), (self.folder / "none", "none"),
            (self.folder, str(self.folder)), (binary, "UTF-8"),
            (unknown, "last_resort"),
        ):
            self.assertEqual(
                2,
                self.run_command(
                    "device", "list", "--root", str(self.folder / "a"),
                    "--config-file", str(path),
                ),
            )
            self.assertEqual("", self.stdout)
            (line,) = self.stderr.splitlines()
            self.assertIn(word, line)

    def test_no_host(self) -> None:
        """A root without a host is one sentence and code 2."""
        root = str(self.folder / "none")
        self.assertEqual(2, self.run_command("device", "list", "--root", root))
        self.assertEqual("", self.stdout)
        (line,) = self.stderr.splitlines()
        self.assertIn(root, line)

    def test_no_devices(self) -> None:
        """An empty list says on stderr that it is empty."""
        self.host("a")
        self.assertEqual({}, self.list())
        self.assertIn("has no device", self.stderr)

    def test_wrong_usage(self) -> None:
        """Wrong arguments and unknown commands are code 2."""
        self.assertEqual(2, self.run_command("device", "list", "--rot", "/"))
        self.assertEqual(2, self.run_command("device", "lost"))
        self.assertEqual(0, self.run_command("--help"))
        self.assertIn("compare", self.stdout)
