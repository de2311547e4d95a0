# SPDX-License-Identifier: Apache-2.0

"""What a DevStack job runs after stacking, on a Placement of its own."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys

from nova_vfio_compat.placement import provider
from tests.functional.placement import commands
from tests.unit.placement import samples

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "devstack" / "tools" / "integration-test.sh"
UUID = "00000000-0000-4000-8000-00000000beef"
FILTERS = """
[filter_scheduler]
available_filters = nova.scheduler.filters.all_filters
available_filters = nova_vfio_compat.scheduler.all_filters
enabled_filters = ComputeFilter,VfioCompatFilter
"""


class IntegrationScriptTest(commands.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.name = socket.gethostname()
        self.server.create_provider(self.name, UUID)
        self.enable("n-sch", "n-cpu", "vfio-compat-reporter")
        for name, module in (
            ("nova-vfio-compat", "main"), ("nova-vfio-compat-status", "status")
        ):
            self.program(
                name, f"exec {sys.executable} -m nova_vfio_compat.cli.{module}"
                ' "$@"'
            )
        self.conf.write_text(self.conf.read_text() + FILTERS)

    def program(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def enable(self, *services: str) -> None:
        """The services of DevStack that run here."""
        units = "|".join(f"devstack@{name}.service" for name in services)
        # systemctl VERB -q UNIT
        self.program("systemctl", f"case $3 in {units}) ;; *) exit 3 ;; esac")

    def published_here(self) -> None:
        self.publish(
            provider.Provider(UUID, self.name),
            samples.report_with(
                pci_0000_81_00_0=samples.nic(), mtty_mtty=samples.vgpu()
            ),
            self.today,
        )

    def run_script(
        self, code: int, **environment: str
    ) -> list[set[str]]:
        """Run it; returns what is well and what is not."""
        result = subprocess.run(
            [str(SCRIPT)],
            env={
                **os.environ,
                "NOVA_CONF": str(self.conf),
                "NOVA_CPU_CONF": str(self.conf),
                "BIN_DIR": str(self.folder),
                "SYSTEMCTL": str(self.folder / "systemctl"),
                "PYTHONPATH": str(ROOT),
                "TIMEOUT": "0",
                **environment,
            },
            capture_output=True,
            text=True,
        )
        self.assertEqual(code, result.returncode, result.stdout)
        lines = result.stdout.splitlines()
        return [
            {
                line.removeprefix(word).strip() for line in lines
                if line.startswith(f"{word} ")
            }
            for word in ("ok", "FAILED")
        ]

    def test_all_is_well(self) -> None:
        """Services, filter, report with its devices, upgrade checks."""
        self.published_here()

        good, bad = self.run_script(0, VFIO_COMPAT_DEVICES="2")

        self.assertEqual(set(), bad)
        self.assertIn("with 2 devices or more", good)
        self.assertIn("the filter is available and enabled", good)
        self.assertEqual(7, len(good))

    def test_fewer_devices(self) -> None:
        """A report of fewer devices than there are is a failure."""
        self.published_here()

        _, bad = self.run_script(1, VFIO_COMPAT_DEVICES="3")

        self.assertEqual({"with 3 devices or more"}, bad)

    def test_nothing_is_there(self) -> None:
        """Each part that is missing is a failure of its own."""
        self.conf.write_text(
            self.conf.read_text().replace(
                ",VfioCompatFilter", ",VfioCompatFilterX"
            )
        )
        self.enable("n-sch", "n-cpu")

        _, bad = self.run_script(1)

        self.assertEqual(
            {
                "the filter is available and enabled", "the reporter runs",
                "this host has published a report",
            },
            bad,
        )

    def test_a_controller(self) -> None:
        """Where nova-compute does not run, no report is asked for."""
        self.enable("n-sch")

        good, bad = self.run_script(0)

        self.assertEqual(set(), bad)
        self.assertNotIn("the reporter runs", good)

    def test_placement_refuses(self) -> None:
        """An upgrade check that fails is a failure."""
        self.write_conf(token="nobody")
        self.conf.write_text(self.conf.read_text() + FILTERS)
        self.enable("n-sch")

        _, bad = self.run_script(1)

        self.assertEqual({"upgrade check on the scheduler"}, bad)
