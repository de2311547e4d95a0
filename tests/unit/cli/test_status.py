# SPDX-License-Identifier: Apache-2.0

"""upgrade check, as far as it reads nova.conf."""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
import tempfile

from oslotest import base

from nova_vfio_compat.cli import status
from nova_vfio_compat.placement import listing
from nova_vfio_compat.scheduler import names

SUCCESS, WARNING, FAILURE = 0, 1, 2
AVAILABLE = "available_filters = nova_vfio_compat.scheduler.all_filters"
VF = '{"vendor_id": "15b3", "product_id": "101e"%s}'
DEVICES = "[pci]\ndevice_spec = " + VF % ', "live_migratable": "yes"'


class StatusTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.conf = pathlib.Path(folder.name) / "nova.conf"

    def run_check(self, text: str, *options: str) -> int:
        """Run the command with a nova.conf; output in stdout, stderr."""
        self.conf.write_text(text)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = status.main(
                ["--config-file", str(self.conf), "upgrade", "check", *options]
            )
        self.stdout, self.stderr = out.getvalue(), err.getvalue()
        return code

    def assert_check(
        self, check: str, code: int, words: str, text: str
    ) -> None:
        """A check of a nova.conf has this result, in a sentence."""
        self.run_check(text, "--json")
        (found,) = (
            item for item in json.loads(self.stdout)["checks"]
            if item["check"] == check
        )
        self.assertEqual(code, found["result"], found["details"])
        self.assertIn(words, found["details"])
        self.assertTrue(found["details"].endswith("."))


class FilterTest(StatusTestCase):
    def assert_filter(self, code: int, words: str, *lines: str) -> None:
        self.assert_check(
            "Scheduler filter", code, words,
            "\n".join(("[filter_scheduler]", *lines)),
        )

    def test_enabled_and_available(self) -> None:
        """Behind the filters that leave out most hosts, all is well."""
        for available in (
            AVAILABLE,
            "available_filters = nova.scheduler.filters.all_filters\n"
            "available_filters = "
            "nova_vfio_compat.scheduler.filter.VfioCompatFilter",
        ):
            self.assert_filter(
                SUCCESS, "available and enabled", available,
                "enabled_filters = ComputeFilter,PciPassthroughFilter,"
                "VfioCompatFilter,ServerGroupAffinityFilter",
            )

    def test_enabled_and_not_available(self) -> None:
        """What nova-scheduler does not start with is a failure."""
        for available in (
            "", "available_filters = nova.scheduler.filters.all_filters"
        ):
            self.assert_filter(
                FAILURE, "does not start", available,
                "enabled_filters = ComputeFilter,VfioCompatFilter",
            )

    def test_available_and_not_enabled(self) -> None:
        """A filter that is never asked is a warning."""
        for enabled in ("", "enabled_filters = ComputeFilter"):
            self.assert_filter(WARNING, "append it", AVAILABLE, enabled)
        self.assert_filter(
            WARNING, "append it", "enabled_filters = ComputeFilter"
        )

    def test_too_early(self) -> None:
        """Filters that belong before it are named."""
        self.assert_filter(
            WARNING,
            "NUMATopologyFilter and PciPassthroughFilter should",
            AVAILABLE,
            "enabled_filters = ComputeFilter,VfioCompatFilter,"
            "PciPassthroughFilter,NUMATopologyFilter",
        )

    def test_a_compute_host(self) -> None:
        """Where no filters are set it says that this does not apply."""
        self.assert_check(
            "Scheduler filter", SUCCESS, "Does not apply", DEVICES
        )


class OptionsTest(StatusTestCase):
    def assert_options(self, code: int, words: str, text: str) -> None:
        self.assert_check("Options", code, words, text)

    def test_good(self) -> None:
        """Families that some source knows can be relaxed."""
        self.assert_options(
            SUCCESS, "can be used",
            "[vfio_compat]\nrelax = mlx5:firmware,qat:exposed:bars\n",
        )

    def test_an_unknown_family(self) -> None:
        """A mistyped family has no effect and is named."""
        self.assert_options(
            WARNING, "no family mlx6",
            "[vfio_compat]\nrelax = mlx5:firmware,mlx6:firmware\n",
        )

    def test_a_bad_device_spec(self) -> None:
        """What Nova does not start with is a failure, and no traceback."""
        self.assert_options(
            FAILURE, "{broken", "[pci]\ndevice_spec = {broken\n"
        )

    def test_a_value_that_cannot_be_read(self) -> None:
        """A value without meaning ends the command with one sentence."""
        for text, word in (
            ("[vfio_compat]\nunknown = maybe\n", "last_resort"),
            ("no section\n", "nova.conf"),
        ):
            self.assertEqual(FAILURE, self.run_check(text))
            self.assertEqual("", self.stdout)
            (line,) = self.stderr.splitlines()
            self.assertIn(word, line)


class MigrationTest(StatusTestCase):
    def assert_migration(self, code: int, words: str, text: str) -> None:
        self.assert_check("Nova's migration settings", code, words, text)

    def test_good(self) -> None:
        """Devices that may move, and nothing in their way."""
        self.assert_migration(SUCCESS, "Nothing", DEVICES)

    def test_no_devices(self) -> None:
        """Where no devices are handed out it says so."""
        self.assert_migration(
            SUCCESS, "Does not apply",
            "[libvirt]\nlive_migration_permit_post_copy = True\n",
        )

    def test_post_copy(self) -> None:
        """Post-copy makes every migration of these devices fail."""
        self.assert_migration(
            FAILURE, "live_migration_permit_post_copy = False",
            f"{DEVICES}\n[libvirt]\nlive_migration_permit_post_copy = True\n",
        )

    def test_not_live_migratable(self) -> None:
        """Nova refuses devices that nobody has declared migratable."""
        for name in ("device_spec", "alias"):
            self.assert_migration(
                WARNING, f"[pci] {name} does not say so",
                f"{DEVICES}\nalias = {VF % ''}\n" if name == "alias"
                else f"[pci]\ndevice_spec = {VF % ''}\n",
            )

    def test_one_that_moves_is_enough(self) -> None:
        """Who uses the tag knows of it; Neutron's devices need none."""
        self.assert_migration(
            SUCCESS, "Nothing", f"{DEVICES}\ndevice_spec = {VF % ''}\n"
        )
        network = VF % ', "physical_network": "physnet1"'
        self.assert_migration(
            SUCCESS, "Nothing", f"[pci]\ndevice_spec = {network}\n"
        )

    def test_bad_entries(self) -> None:
        """Entries that cannot be read are another check's business."""
        self.assert_migration(
            SUCCESS, "Nothing", f"{DEVICES}\nalias = {{\nalias = 1\n"
        )

    def test_the_downtime_of_vgpus(self) -> None:
        """Nova's default is far too short for a vGPU."""
        text = "[devices]\nenabled_mdev_types = nvidia-222\n[libvirt]\n"
        self.assert_migration(WARNING, "live_migration_downtime", text)
        self.assert_migration(
            SUCCESS, "Nothing", f"{text}live_migration_downtime = 500000\n"
        )


class OutputTest(StatusTestCase):
    def test_table(self) -> None:
        """The table has every check; the worst result is the exit code."""
        self.assertEqual(FAILURE, self.run_check(DEVICES))
        for check in ("Options", "Placement", "Reports", "Scheduler filter"):
            self.assertIn(f"Check: {check}", self.stdout)
        self.assertIn("auth_type is not set", self.stdout)
        self.assertEqual(2, self.stdout.count("Not checked"))
        self.assertNotIn("Traceback", self.stdout)


class FreshTest(base.BaseTestCase):
    def test_stale_is_what_schedulers_take_for_stale(self) -> None:
        """The command and the filter count the same days."""
        self.assertEqual(names.FRESH_DAYS, listing.FRESH_DAYS)
