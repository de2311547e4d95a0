# SPDX-License-Identifier: Apache-2.0

"""The commands, as processes, from files on disk to a real Placement."""

from __future__ import annotations

import datetime
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from tests.functional import placement_server
from tests.functional.placement import base
from tests.unit.placement import samples

_ROOT = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
)
PARENT = "sys/devices/pci0000:80/0000:81:00.0"
SELF = {
    "device_api": "vfio-pci",
    "software_version": "2.1.0",
    "type": "mdev-type-1",
}


class CommandTestCase(base.PlacementTestCase):
    """A host with one declared VF, and its nova.conf."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.host = os.path.join(self.folder, "host")
        self.conf = os.path.join(self.folder, "nova.conf")
        self.placement = {
            "auth_type": "admin_token",
            "endpoint": self.server.url,
            "token": placement_server.TOKEN,
        }
        self.device_spec = '{"vendor_id": "8086", "product_id": "1889"}'
        self.vfio_compat = {"compute_node": self.node().name}
        self.write_function("0000:81:00.0", "1889", SELF)

    def write(self, path: str, text: str) -> None:
        path = os.path.join(self.host, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def write_function(
        self, address: str, product: str, state: dict[str, str]
    ) -> None:
        """A PCI function that declares what it writes and accepts."""
        path = f"sys/devices/pci0000:80/{address}"
        for name, text in {
            "vendor": "0x8086",
            "device": f"0x{product}",
            "class": "0x020000",
            "revision": "0x01",
            "modalias": "pci:v00008086d00001889sv0sd0bc02sc00i00",
        }.items():
            self.write(f"{path}/{name}", f"{text}\n")
        for name, text in state.items():
            for side in ("self", "compatible"):
                self.write(f"{path}/migration/{side}/{name}", f"{text}\n")
        link = os.path.join(self.host, "sys/bus/pci/devices", address)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        if not os.path.lexists(link):
            os.symlink(f"../../../devices/pci0000:80/{address}", link)

    def write_conf(self) -> None:
        lines = [
            "[DEFAULT]",
            # What every installation has and must not matter here.
            f"log_dir = {self.folder}/none/such",
            "[pci]",
            f"device_spec = {self.device_spec}",
        ]
        for section in ("placement", "vfio_compat"):
            lines.append(f"[{section}]")
            lines += [
                f"{name} = {value}"
                for name, value in getattr(self, section).items()
            ]
        with open(self.conf, "w") as file:
            file.write("\n".join(lines))

    def run_command(
        self, module: str, *args: str, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *args],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=60,
        )

    def report(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the reporter with the configuration of now."""
        self.write_conf()
        return self.run_command(
            "nova_vfio_compat.reporter.main",
            *("--config-file", self.conf, "--root", self.host),
            *args,
        )

    def assert_refused(
        self,
        exit_code: int,
        text: str,
        result: subprocess.CompletedProcess[str],
    ) -> None:
        """It ended with one sentence that says what to do."""
        self.assertEqual("", result.stdout)
        lines = result.stderr.splitlines()
        self.assertEqual(1, len(lines), result.stderr)
        self.assertIn(text, lines[0])
        self.assertTrue(lines[0].endswith("."), lines[0])
        self.assertEqual(exit_code, result.returncode)


class OnceTestCase(CommandTestCase):
    def test_a_host_is_published(self) -> None:
        """What the files of a host say is what everybody can read."""
        result = self.report("--once")

        self.assertEqual(0, result.returncode, result.stderr)
        found = self.published(self.node())
        (class_,) = found.classes.values()
        self.assertEqual("migration", class_.family)
        self.assertEqual(SELF, dict(class_.state or {}))
        self.assertEqual(
            {"PCI_0000_81_00_0": frozenset({class_.id})}, found.devices
        )
        today = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")
        self.assertEqual({today}, found.seen)
        self.assertIn("was published", result.stderr)

    def test_doing_it_again_changes_nothing(self) -> None:
        """The second run finds the report as it is."""
        self.report("--once")
        uuid = provider.report_provider_uuid(self.node().uuid)
        before = self.server.get(f"/resource_providers/{uuid}")

        result = self.report("--once")

        self.assertEqual(0, result.returncode)
        self.assertIn("unchanged", result.stderr)
        after = self.server.get(f"/resource_providers/{uuid}")
        self.assertEqual(before, after)

    def test_a_dry_run_writes_nothing(self) -> None:
        """It prints what would change and leaves Placement alone."""
        result = self.report("--dry-run")

        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("Would create the resource provider", result.stdout)
        self.assertIn("+ device PCI_0000_81_00_0", result.stdout)
        self.assertIn("software_version=2.1.0", result.stdout)
        self.assertIn("+ CUSTOM_VFIO1_REPORT", result.stdout)
        self.assertEqual(set(), self.server.trait_names(codec.PREFIX))

    def test_a_dry_run_shows_the_difference(self) -> None:
        """An upgraded device is its old class and its new one."""
        self.report("--once")
        self.assertIn("Nothing", self.report("--dry-run").stdout)
        self.write_function(
            "0000:81:00.0", "1889", {**SELF, "software_version": "2.2.0"}
        )

        result = self.report("--dry-run")

        self.assertRegex(result.stdout, r"- class .*software_version=2\.1\.0")
        self.assertRegex(
            result.stdout, r"\+ class .*software_version=2\.2\.0"
        )
        self.assertRegex(result.stdout, r"- CUSTOM_VFIO1_CLASS_")

    def test_a_bad_device_costs_only_itself(self) -> None:
        """The others are published; the log has file and place."""
        self.write_function("0000:81:00.1", "1889", SELF)
        self.write(
            "sys/devices/pci0000:80/0000:81:00.1/migration/compatible/type",
            "type-{x:float:1}",
        )

        result = self.report("--once")

        self.assertEqual(0, result.returncode, result.stderr)
        found = self.published(self.node())
        reasons = {
            name: [found.classes[id_].reason for id_ in ids]
            for name, ids in found.devices.items()
        }
        self.assertEqual([None], reasons["PCI_0000_81_00_0"])
        (reason,) = reasons["PCI_0000_81_00_1"]
        self.assertTrue(reason is not None and reason.is_unknown)
        self.assertIn("0000:81:00.1/migration/compatible/type", result.stderr)
        self.assertIn("float", result.stderr)
        self.assertIn("character", result.stderr)

    def test_what_nova_does_not_offer_is_not_published(self) -> None:
        """nova.conf decides which devices are in the report."""
        self.device_spec = '{"vendor_id": "ffff"}'

        self.report("--once")

        self.assertEqual({}, self.published(self.node()).devices)

    def test_the_compute_node_in_compute_id(self) -> None:
        """Without a name in nova.conf, Nova's own file has the uuid."""
        for path in (f"{self.host}/var/lib/nova", self.folder):
            with self.subTest(path):
                self.server.empty()
                self.vfio_compat = {}
                os.makedirs(path, exist_ok=True)
                name = os.path.join(path, "compute_id")
                with open(name, "w") as file:
                    file.write(f"{self.node(2).uuid}\n")

                result = self.report("--once")
                os.remove(name)

                self.assertEqual(0, result.returncode, result.stderr)
                self.assertTrue(self.published(self.node(2)).present)


class RefusedTestCase(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.publish(
            self.node(), samples.report_with(mtty_mtty=samples.vgpu())
        )
        self.before = self.published(self.node())

    def tearDown(self) -> None:
        # Whatever went wrong: the last good report is still there.
        self.assertEqual(self.before, self.published(self.node()))
        super().tearDown()

    def test_no_configuration(self) -> None:
        """Without credentials it says where they come from."""
        self.placement = {}

        self.assert_refused(2, "--config-file", self.report("--once"))

    def test_incomplete_credentials(self) -> None:
        """A missing option is named."""
        self.placement = {"auth_type": "password", "username": "nova"}

        self.assert_refused(2, "auth_url", self.report("--once"))

    def test_an_auth_type_that_does_not_exist(self) -> None:
        """A mistyped auth_type is named."""
        self.placement["auth_type"] = "pasword"

        self.assert_refused(2, "pasword", self.report("--once"))

    def test_a_missing_file(self) -> None:
        """The file that is not there is named."""
        result = self.run_command(
            "nova_vfio_compat.reporter.main",
            *("--once", "--config-file", "/nonexistent.conf"),
        )

        self.assert_refused(2, "/nonexistent.conf", result)

    def test_an_option_that_is_no_number(self) -> None:
        """A value that cannot be understood is named."""
        self.vfio_compat["max_classes"] = "many"

        self.assert_refused(2, "max_classes", self.report("--once"))

    def test_a_bad_device_spec(self) -> None:
        """What Nova would not start with, the reporter refuses."""
        self.device_spec = '{"vendor_id":'

        self.assert_refused(2, "device_spec", self.report("--once"))

    def test_a_root_that_is_no_host(self) -> None:
        """An unmounted host is not one without devices."""
        empty = os.path.join(self.folder, "empty")
        os.makedirs(os.path.join(empty, "sys"))
        for path, text in (
            (os.path.join(self.folder, "none"), "not a directory"),
            (self.folder, "no sys/"),
            (empty, "empty sys/"),
        ):
            with self.subTest(path):
                self.assert_refused(
                    2, text, self.report("--once", "--root", path)
                )

    def test_too_many_classes(self) -> None:
        """More classes than max_classes are not published."""
        self.write_function(
            "0000:81:00.1", "1889", {**SELF, "software_version": "3.0.0"}
        )
        self.vfio_compat["max_classes"] = "1"

        self.assert_refused(1, "max_classes is 1", self.report("--once"))

    def test_a_serial_number_in_the_state(self) -> None:
        """Under a name that nobody knows it is a class for each device."""
        for number in range(33):
            self.write_function(
                f"0000:81:{number // 8:02x}.{number % 8}",
                "1889",
                {**SELF, "board_sn": f"MT2042X{number:05d}"},
            )

        self.assert_refused(
            1, "33 classes of devices", self.report("--once")
        )

    def test_no_compute_node_yet(self) -> None:
        """Before nova-compute's first start there is nothing to do."""
        self.vfio_compat["compute_node"] = "cmp9.example.org"

        self.assert_refused(
            1, "start nova-compute first", self.report("--once")
        )

    def test_a_compute_id_without_a_node(self) -> None:
        """A node that Placement does not know yet is waited for."""
        self.vfio_compat = {}
        self.write("var/lib/nova/compute_id", "7" * 32)

        self.assert_refused(
            1, "start nova-compute first", self.report("--once")
        )

    def test_a_broken_compute_id(self) -> None:
        """Nova could not start with it either."""
        self.vfio_compat = {}
        self.write("var/lib/nova/compute_id", "cmp1")

        self.assert_refused(2, "compute_id", self.report("--once"))

    def test_placement_is_down(self) -> None:
        """Nobody listens: one sentence, with the address."""
        self.placement["endpoint"] = "http://127.0.0.1:1"

        result = self.report("--once")

        self.assert_refused(1, "cannot be reached", result)
        self.assertIn("127.0.0.1:1/: [Errno 111]", result.stderr)

    def test_wrong_credentials(self) -> None:
        """A user without rights: one sentence, with the roles."""
        self.placement["token"] = "nobody"

        self.assert_refused(
            1, "role service or admin", self.report("--once")
        )

    def test_an_old_placement(self) -> None:
        """A version document without 1.39 ends it."""
        self.placement["endpoint"] = _fake(
            self, {"versions": [{"id": "v1.0", "max_version": "1.38"}]}
        )

        self.assert_refused(1, "up to version 1.38", self.report("--once"))

    def test_something_else_than_placement(self) -> None:
        """An endpoint of another service is recognised."""
        for document in (
            {"versions": {"values": [{"id": "v3.14"}]}},
            {"versions": [{"id": "v2.1", "version": "2.96"}]},
            ["?"],
            None,
        ):
            with self.subTest(document):
                self.placement["endpoint"] = _fake(self, document)

                self.assert_refused(
                    1, "not Placement", self.report("--once")
                )


class HostCommandTestCase(CommandTestCase):
    def _cli(
        self, *args: str, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        self.write_conf()
        return self.run_command(
            "nova_vfio_compat.cli.main", *args, stdin=stdin
        )

    def test_the_fleet(self) -> None:
        """host list and host show say what hosts have published."""
        conf = ("--config-file", self.conf)
        self.assertEqual("[]\n", self._cli(
            "host", "list", "-f", "json", *conf
        ).stdout)
        self.report("--once")

        listed = self._cli("host", "list", "-f", "json", *conf)
        shown = self._cli(
            "host", "show", "cmp1.example.org", "-f", "json", *conf
        )

        today = time.strftime("%Y%m%d", time.gmtime())
        uuid = provider.report_provider_uuid(self.node().uuid)
        self.assertEqual(
            [
                {
                    "Host": "cmp1.example.org",
                    "Provider": uuid,
                    "Seen": today,
                    "Classes": 1,
                }
            ],
            json.loads(listed.stdout),
        )
        kinds = [row["Kind"] for row in json.loads(shown.stdout)]
        self.assertEqual(["provider", "seen", "class", "device"], kinds)
        self.assertIn("software_version=2.1.0", shown.stdout)

    def test_a_host_without_report(self) -> None:
        """Asking for it fails with what to do."""
        self.write_conf()

        result = self._cli(
            "host", "show", "cmp9", "--config-file", self.conf
        )

        self.assert_refused(1, "cmp9", result)

    def test_a_fleet_without_credentials(self) -> None:
        """A missing configuration is exit code 2."""
        self.placement = {}
        self.write_conf()

        result = self._cli("host", "list", "--config-file", self.conf)

        self.assert_refused(2, "auth_type", result)

    def test_traits_are_decoded(self) -> None:
        """trait show takes names, also as another command prints them."""
        self.report("--once")
        uuid = provider.report_provider_uuid(self.node().uuid)
        names = sorted(self.server.traits_of(uuid))

        given = self._cli("trait", "show", *names)
        piped = self._cli(
            "trait", "show", "-", stdin=json.dumps([{"name": names}])
        )
        bad = self._cli("trait", "show", "CUSTOM_VFIO1_DEV_X_0")

        self.assertIn("software_version=2.1.0", given.stdout)
        self.assertEqual(0, given.returncode)
        self.assertIn("software_version=2.1.0", piped.stdout)
        self.assertEqual(1, bad.returncode)
        self.assertIn("there is no class number 0", bad.stdout)


def _fake(test: CommandTestCase, document: object) -> str:
    """The url of a server that answers anything with this document."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode() if document else b"<html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    test.addCleanup(server.server_close)
    test.addCleanup(thread.join)
    test.addCleanup(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"
