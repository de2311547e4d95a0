# SPDX-License-Identifier: Apache-2.0

"""The phases of the plugin, and the files that come out of them."""

from __future__ import annotations

from nova_vfio_compat.cli import status_settings
from tests.devstack import plugin

UNIT = "devstack@vfio-compat-reporter.service"
ALL_FILTERS = "nova_vfio_compat.scheduler.all_filters"


class StackTest(plugin.PluginTestCase):
    def test_all_in_one(self) -> None:
        """Package, filter and reporter, on one host."""
        self.stack()

        self.assertIn(f"-e {self.scratch}/dest/nova-vfio-compat", self.calls())
        conf = self.load(self.nova_conf)
        found = status_settings.scheduler_filter(conf)
        self.assertEqual("VfioCompatFilter is available and enabled.",
                         found.details)
        enabled = conf.filter_scheduler.enabled_filters
        self.assertEqual("VfioCompatFilter", enabled[-1])
        self.assertIn("ComputeFilter", enabled)
        self.assertIn(f"FILTERS FOR TEMPEST: {','.join(enabled)}", self.output)
        self.assertIn(f"systemctl start {UNIT}", self.calls())

    def test_the_reporter_is_started_after_nova_compute(self) -> None:
        """With nova-compute's file, which exists by then, and its own."""
        self.stack("VFIO_COMPAT_UNKNOWN=accept")

        calls = self.calls().splitlines()
        self.assertLess(
            calls.index("systemctl start devstack@n-cpu.service"),
            calls.index(f"systemctl start {UNIT}"),
        )
        unit = (self.scratch / "units" / UNIT).read_text()
        self.assertIn(
            f"ExecStart = {self.scratch}/venv/bin/nova-vfio-compat-reporter "
            f"--config-file {self.cpu_conf} "
            f"--config-file {self.reporter_conf}\n",
            unit,
        )
        conf = self.load(self.cpu_conf, self.reporter_conf)
        self.assertEqual("accept", conf.vfio_compat.unknown)
        self.assertEqual("/", conf.vfio_compat.host_root)

    def test_a_controller(self) -> None:
        """The filter, and no reporter."""
        self.stack("VFIO_COMPAT_MODE=audit", services="n-sch")

        conf = self.load(self.nova_conf)
        self.assertEqual("audit", conf.vfio_compat.mode)
        self.assertEqual(
            [ALL_FILTERS], conf.filter_scheduler.available_filters
        )
        self.assertNotIn(UNIT, self.calls())
        self.assertFalse(self.reporter_conf.exists())

    def test_a_compute_node(self) -> None:
        """The reporter, and no filter."""
        self.stack(services="n-cpu")

        self.assertIn(f"systemctl start {UNIT}", self.calls())
        text = self.nova_conf.read_text()
        self.assertNotIn("VfioCompatFilter", text)
        self.assertNotIn(ALL_FILTERS, text)

    def test_a_node_without_either(self) -> None:
        """Nothing is installed where nothing of it runs."""
        self.stack(services="n-api")

        self.assertNotIn("-e ", self.calls())
        self.assertNotIn(UNIT, self.calls())

    def test_without_the_reporter(self) -> None:
        """A disabled service stays disabled."""
        self.stack("disable_service vfio-compat-reporter")

        self.assertNotIn(UNIT, self.calls())

    def test_filters_of_other_plugins(self) -> None:
        """What others have made available and enabled stays so, once."""
        (self.scratch / "other-plugin").write_text(
            "iniset_multiline $NOVA_CONF filter_scheduler available_filters"
            " nova.scheduler.filters.all_filters other.Filter\n"
            "iniset $NOVA_CONF filter_scheduler enabled_filters"
            " ComputeFilter,Filter\n"
            # Somebody stacks again on the same files.
            "run_phase stack post-config\n"
        )

        self.stack()

        conf = self.load(self.nova_conf)
        self.assertEqual(
            [
                "nova.scheduler.filters.all_filters", "other.Filter",
                ALL_FILTERS,
            ],
            conf.filter_scheduler.available_filters,
        )
        self.assertEqual(
            ["ComputeFilter", "Filter", "VfioCompatFilter"],
            conf.filter_scheduler.enabled_filters,
        )

    def test_the_files_of_another_host(self) -> None:
        """They are the reporter's alone; nova-compute sees none of it."""
        host = self.scratch / "host"
        host.mkdir()
        spec = '{"vendor_id": "15b3", "product_id": "101e"}'

        self.stack(
            f"VFIO_COMPAT_HOST_ROOT={host}",
            f"VFIO_COMPAT_DEVICE_SPEC='{spec}'",
        )

        conf = self.load(self.cpu_conf, self.reporter_conf)
        self.assertEqual(str(host), conf.vfio_compat.host_root)
        self.assertEqual([spec], conf.pci.device_spec)
        self.assertEqual([], self.load(self.cpu_conf).pci.device_spec)

    def test_files_that_are_not_there(self) -> None:
        """Stacking ends with the setting that is wrong."""
        result = self.run_script("stack", "VFIO_COMPAT_HOST_ROOT=/no/such")

        self.assertNotEqual(0, result.returncode)
        self.assertIn("there is no /no/such", self.output)


class UndoTest(plugin.PluginTestCase):
    def test_unstack(self) -> None:
        """The reporter is stopped and not started at the next boot."""
        self.stack()

        self.assertEqual(0, self.run_script("unstack").returncode)

        self.assertIn(f"systemctl stop {UNIT}", self.calls())
        self.assertIn(f"systemctl disable {UNIT}", self.calls())

    def test_clean(self) -> None:
        """Its file and the package are gone; without both it is no error."""
        self.stack()
        self.run_script("unstack")

        self.assertEqual(0, self.run_script("clean").returncode)

        self.assertFalse(self.reporter_conf.exists())
        self.assertIn(
            "pip uninstall -y nova-vfio-compat", self.calls().splitlines()
        )
        self.assertEqual(0, self.run_script("clean").returncode)
