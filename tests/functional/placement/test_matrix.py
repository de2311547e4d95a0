# SPDX-License-Identifier: Apache-2.0

"""The matrix of a fleet that has published in a real Placement."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import pathlib
import tempfile
from typing import Any
import warnings

from nova_vfio_compat.cli import main
from nova_vfio_compat.cli import published
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from tests.functional import placement_server
from tests.functional.placement import base
from tests.unit.placement import samples

OLD, NEW = samples.vgpu("2.1.0"), samples.vgpu("2.2.0")
NIC = samples.report_with(pci_0000_81_00_0=samples.nic())


class FleetTestCase(base.PlacementTestCase):
    """Some hosts in Placement, and a nova.conf that leads there."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.conf = self.folder / "nova.conf"
        self.conf.write_text(
            "[placement]\nauth_type = admin_token\n"
            f"endpoint = {self.server.url}\n"
            f"token = {placement_server.TOKEN}\n"
        )
        self.today = datetime.datetime.now(datetime.UTC).date()

    def host(self, number: int, *, age: int = 0, **devices: Any) -> None:
        """A host has published these devices some days ago."""
        self.publish(
            self.node(number), samples.report_with(**devices),
            self.today - datetime.timedelta(days=age),
        )

    def run_command(self, *argv: str) -> int:
        """Run a command; its output is in ``stdout`` and ``stderr``."""
        out, err = io.StringIO(), io.StringIO()
        with (
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main.main([*argv, "--config-file", str(self.conf)])
        self.stdout, self.stderr = out.getvalue(), err.getvalue()
        return code

    def rows(self, *argv: str, code: int = 0) -> list[dict[str, Any]]:
        """Run a command and return what it prints as JSON."""
        got = self.run_command(*argv, "-f", "json")
        self.assertEqual(code, got, self.stderr)
        found: list[dict[str, Any]] = json.loads(self.stdout)
        return found


class ReadTestCase(FleetTestCase):
    def test_many_hosts(self) -> None:
        """The fleet is the same, however few requests it takes."""
        for number in range(1, 13):
            self.host(
                number,
                age=5 if number == 3 else 0,
                pci_0000_81_00_0=samples.nic(),
                **({"mtty_mtty": OLD} if number % 2 else {}),
            )
        self.wire.log.clear()
        found = published.read(self.client, self.today)
        self.assertLess(len(self.wire.log), 12)
        self.assertEqual(12, len(found.hosts))
        self.assertEqual(
            ["cmp3.example.org"], [item.name for item in found.stale]
        )
        self.assertEqual(
            {samples.nic().id, OLD.id}, found.hosts[0].classes
        )
        self.assertEqual({samples.nic().id, OLD.id}, set(found.classes))
        self.assertFalse(found.undefined)

        self.wire.log.clear()
        for number in range(4, 13):
            uuid = found.hosts[number - 1].uuid
            self.server.request("DELETE", f"/resource_providers/{uuid}")
        few = published.read(self.client, self.today)
        self.assertEqual(
            [
                item for item in found.hosts
                if item.uuid in {host.uuid for host in few.hosts}
            ],
            list(few.hosts),
        )
        self.assertEqual(3, len(few.hosts))

    def test_one_host(self) -> None:
        """The devices of a host by libvirt's names, with their classes."""
        self.host(1, pci_0000_81_00_0=samples.nic(), mtty_mtty=OLD)
        found = published.report(self.client, self.node(1).name)
        self.assertEqual(
            {
                "pci_0000_81_00_0": (samples.nic(),),
                "mtty_mtty": (OLD,),
            },
            published.devices(found),
        )
        self.assertEqual(
            {"mtty_mtty", "pci_0000_81_00_0"},
            set(published.named(self.client, self.node(1).name)),
        )
        self.assertRaises(
            errors.NoReport, published.named, self.client, "nobody"
        )

    def test_a_definition_that_is_gone(self) -> None:
        """A class that cannot be read is no class of its device."""
        self.host(1, pci_0000_81_00_0=samples.nic())
        uuid = published.read(self.client, self.today).hosts[0].uuid
        generation = self.server.get(f"/resource_providers/{uuid}")[
            "generation"
        ]
        names = [
            name for name in self.server.traits_of(uuid)
            if not name.startswith(codec.DEFINITION_PREFIX)
        ]
        self.server.request(
            "PUT", f"/resource_providers/{uuid}/traits",
            {"resource_provider_generation": generation, "traits": names},
        )
        for name in self.server.trait_names(codec.DEFINITION_PREFIX):
            self.server.request("DELETE", f"/traits/{name}")
        self.assertEqual(
            {samples.nic().id},
            published.read(self.client, self.today).undefined,
        )
        report = published.report(self.client, self.node(1).name)
        self.assertEqual(
            {"pci_0000_81_00_0": ()}, published.devices(report)
        )


class MatrixTestCase(FleetTestCase):
    def test_rows(self) -> None:
        """Direction and numbers of hosts, as scripts read them."""
        self.host(1, mtty_mtty=OLD)
        self.host(2, mtty_mtty=OLD)
        self.host(3, mtty_mtty=NEW)
        found = {
            (row["Source"], row["Destination"]): row
            for row in self.rows("matrix")
        }
        self.assertEqual(
            ["Source", "Destination", "Hosts", "Verdict", "Evidence",
             "Reasons"],
            list(found[OLD.id, NEW.id]),
        )
        self.assertEqual([2, 1], found[OLD.id, NEW.id]["Hosts"])
        self.assertEqual("compatible", found[OLD.id, NEW.id]["Verdict"])
        self.assertEqual("incompatible", found[NEW.id, OLD.id]["Verdict"])
        self.assertEqual(0, self.run_command("matrix"))
        self.assertIn("software_version=2.1.0", self.stdout)
        self.assertIn("2 -> 1", self.stdout)

    def test_summary_and_page(self) -> None:
        """The page is written beside the table."""
        self.host(1, mtty_mtty=NEW)
        self.host(2, mtty_mtty=OLD, age=5)
        self.server.request(
            "PUT", f"/resource_providers/{self.node(9).uuid}/traits",
            {"resource_provider_generation": 0, "traits": ["COMPUTE_NODE"]},
        )
        file = self.folder / "fleet.html"
        (row,) = self.rows("matrix", "--summary", "--html", str(file))
        self.assertEqual(1, row["Stranded"])
        text = file.read_text()
        for name in ("cmp1.example.org", "cmp2.example.org"):
            self.assertIn(name, text)
        self.assertIn("too old", self.stderr)
        self.assertIn("cmp9.example.org", self.stderr)

    def test_page_that_cannot_be_written(self) -> None:
        """That is wrong usage, in one sentence."""
        self.host(1, mtty_mtty=NEW)
        self.assertEqual(
            2, self.run_command("matrix", "--html", "/none/such/file")
        )
        self.assertIn("cannot be written", self.stderr)

    def test_relax(self) -> None:
        """What the scheduler's nova.conf leaves out is left out."""
        self.host(1, pci_0000_81_00_0=samples.nic())
        self.host(2, pci_0000_81_00_0=samples.nic("28.41.1000"))
        verdicts = {row["Verdict"] for row in self.rows("matrix")}
        self.assertIn("incompatible", verdicts)
        with self.conf.open("a") as file:
            file.write("[vfio_compat]\nrelax = mlx5:firmware\n")
        verdicts = {row["Verdict"] for row in self.rows("matrix")}
        self.assertEqual({"compatible"}, verdicts)

    def test_no_placement(self) -> None:
        """Nobody there is exit code 1; no configuration is 2."""
        self.conf.write_text(
            "[placement]\nauth_type = admin_token\n"
            "endpoint = http://127.0.0.1:9\ntoken = x\n"
        )
        self.assertEqual(1, self.run_command("matrix"))
        self.conf.write_text("")
        self.assertEqual(2, self.run_command("matrix"))

    def test_no_reports(self) -> None:
        """An empty fleet is an empty table and a word on stderr."""
        self.assertEqual([], self.rows("matrix"))
        self.assertIn("no host has published", self.stderr)
