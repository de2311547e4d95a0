# SPDX-License-Identifier: Apache-2.0

"""The reporter as a service: its life, and what it costs Placement."""

from __future__ import annotations

import os
import pathlib
import signal
import threading
import time

from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import publish
from tests.functional.placement import proxy
from tests.functional.placement import service as service_


class LifeTestCase(service_.ServiceTestCase):
    def test_ready_when_it_has_published(self) -> None:
        """nova-compute starts on a report that is true, and not earlier."""
        hang = threading.Event()
        self.addCleanup(hang.set)
        self.proxy.add(
            proxy.Fault("PUT .*/traits$", forward=True, hang=hang)
        )
        service = self.start()
        self.proxy.wait("PUT .*/traits$")
        self.assertNotIn("READY=1", service.told)

        hang.set()
        service.wait_told("READY=1")

        self.assertEqual("2.1.0", self.version())
        self.assertTrue(any("1 classes" in text for text in service.told))
        self.assertEqual(0, service.end())
        service.wait_told("STOPPING=1")

    def test_an_unchanged_host(self) -> None:
        """A regular look costs one GET, and nothing is written."""
        self.vfio_compat["scan_interval"] = "1"
        service = self.started()
        count = len(self.proxy.log)
        uuid = publish.report_provider(self.node()).uuid

        self.proxy.wait("GET .*", count + 4)
        service.end()

        self.assertEqual(
            [
                f"GET /resource_providers/{self.node().uuid}",
                f"GET /resource_providers/{uuid}/traits",
            ] * 2,
            self.proxy.log[count:count + 4],
        )
        self.assertEqual(1, len(service.lines("was published")))

    def test_a_restart_costs_two_requests(self) -> None:
        """Of an unchanged host: its node, by name, and its report."""
        self.started().end()
        self.proxy.log.clear()

        service = self.started()
        service.end()

        self.assertEqual(
            ["GET", "GET"], [line.split()[0] for line in self.proxy.log]
        )
        self.assertTrue(service.lines("is unchanged"))

    def test_hangup_reads_everything_again(self) -> None:
        """The files of the host, nova.conf and what operators add."""
        self.vfio_compat["scan_interval"] = "3600"
        service = self.started()
        self.device_spec = '{"vendor_id": "ffff"}'
        self.write_conf()

        service.signal(signal.SIGHUP)
        service.wait_told("READY=1", 2)
        service.wait_log("was published", 2)

        self.assertEqual({}, self.published(self.node()).devices)
        reloading = next(
            index for index, text in enumerate(service.told)
            if text.startswith("RELOADING=1\nMONOTONIC_USEC=")
        )
        self.assertIn("READY=1", service.told[reloading + 1:])
        self.assertEqual(0, service.end())

    def test_a_reload_of_nonsense(self) -> None:
        """What was in force stays in force, and the log says why."""
        service = self.started()
        self.device_spec = '{"vendor_id":'
        self.write_conf()

        service.signal(signal.SIGHUP)
        service.wait_log("configuration stays as it was: .*device_spec")
        service.wait_told("READY=1", 2)

        self.assertEqual("2.1.0", self.version())
        self.assertEqual(0, service.end())

    def test_it_ends_while_placement_hangs(self) -> None:
        """Nobody has to wait for the answer of a request."""
        hang = threading.Event()
        self.addCleanup(hang.set)
        self.proxy.add(proxy.Fault(hang=hang, times=99))
        service = self.start()
        self.proxy.wait("GET")

        begin = time.monotonic()
        self.assertEqual(0, service.end())

        # The answer would have been waited for for a minute.
        self.assertLess(time.monotonic() - begin, 10)

    def test_the_watchdog_is_fed(self) -> None:
        """As long as it moves, whatever Placement does."""
        self.proxy.add(proxy.Fault(status=500, times=9999))

        service = self.start(WATCHDOG_USEC="300000")
        service.wait_told("WATCHDOG=1", 3)

        self.assertNotIn("READY=1", service.told)

    def test_a_round_that_is_stuck(self) -> None:
        """The watchdog is not fed while a request never ends."""
        hang = threading.Event()
        self.addCleanup(hang.set)
        self.proxy.add(proxy.Fault(hang=hang, times=99))
        service = self.start(WATCHDOG_USEC="900000")
        self.proxy.wait("GET")

        told = -1
        while told != (told := service.told.count("WATCHDOG=1")):
            threading.Event().wait(0.95)

        self.assertIsNone(service.process.poll())
        self.assertLess(told, 6)

    def test_metrics(self) -> None:
        """The figures are in the file that the options name."""
        path = pathlib.Path(self.folder, "reporter.prom")
        self.vfio_compat["metrics_file"] = str(path)
        before = time.time()
        service = self.started()
        service.end()

        values = dict(
            line.rsplit(" ", 1)
            for line in path.read_text().splitlines()
            if not line.startswith("#")
        )
        name = "nova_vfio_compat_reporter_"
        self.assertEqual("1.0", values[
            f'{name}devices{{reason="",verdict="yes"}}'
        ])
        self.assertEqual("1.0", values[f"{name}healthy"])
        self.assertGreaterEqual(
            float(values[f"{name}last_publish_timestamp_seconds"]),
            int(before),
        )
        self.assertEqual(
            ["reporter.prom"],
            [item.name for item in path.parent.glob("*.prom*")],
        )
        self.assertEqual(0o644, path.stat().st_mode & 0o777)

    def test_a_log_that_cannot_be_written(self) -> None:
        """One sentence, and systemd need not try again."""
        service = self.start()
        service.wait_told("READY=1")
        service.end()
        with open(self.conf, "a") as file:
            file.write("\n[DEFAULT]\nlog_file = /nonexistent/x.log\n")
        again = service_.Service(
            [
                "nova_vfio_compat.reporter.main",
                *("--config-file", self.conf, "--root", self.host),
            ],
            {},
        )
        self.addCleanup(again.close)

        self.assertEqual(2, again.wait())
        (line,) = again.log
        self.assertIn("log cannot be written", line)


class NodeTestCase(service_.ServiceTestCase):
    """Which compute node it is may become known late, and change."""

    def test_nova_compute_has_never_run(self) -> None:
        """It lets nova-compute start, waits, and says so once."""
        self.vfio_compat["compute_node"] = "cmp7.example.org"
        service = self.start()
        service.wait_told("READY=1")
        count = len(self.proxy.log)
        self.proxy.wait("GET .*cmp7", 5)
        self.assertEqual(1, len(service.lines("waiting for it")))

        self.node(7)
        service.wait_log("was published")
        service.wait_log("published again")

        self.assertTrue(self.published(self.node(7)).present)
        self.assertGreater(len(self.proxy.log), count)
        self.assertEqual(1, len(service.lines("waiting for it")))

    def test_a_node_that_comes_back_as_another(self) -> None:
        """A node of the same name with another uuid gets a report."""
        self.vfio_compat["scan_interval"] = "1"
        service = self.started()
        old = self.node()
        self.server.request("DELETE", f"/resource_providers/{old.uuid}")
        service.wait_log("waiting for it")
        new = provider.Provider(
            uuid="77777777-7777-4777-8777-777777777777", name=old.name
        )
        self.server.create_provider(new.name, new.uuid)

        service.wait_log("was published", 2)

        self.assertTrue(self.published(new).present)
        found = self.server.provider_named("vfio-compat:cmp1.example.org")
        assert found is not None
        self.assertEqual(publish.report_provider(new).uuid, found["uuid"])

    def test_a_compute_id_that_appears(self) -> None:
        """nova-compute writes its file while the reporter waits."""
        self.vfio_compat.pop("compute_node")
        service = self.start()
        service.wait_log("waiting for it")
        path = os.path.join(self.host, "var/lib/nova/compute_id")
        os.makedirs(os.path.dirname(path))
        with open(path, "w") as file:
            file.write(self.node(3).uuid)

        service.wait_log("was published")

        self.assertTrue(self.published(self.node(3)).present)
