# SPDX-License-Identifier: Apache-2.0

"""Many rounds with faults at random: nothing leaks, and the end is right."""

from __future__ import annotations

import os
import pathlib
import random
import signal

from tests.functional.placement import proxy
from tests.functional.placement import service as service_

ROUNDS = 40
_WARM = 9
SEED = 20261122


class SoakTestCase(service_.ServiceTestCase):
    def test_random_faults(self) -> None:
        """The last report is published; descriptors and threads are flat."""
        self.vfio_compat["scan_interval"] = "3600"
        self.vfio_compat["max_retry_interval"] = "0.05"
        self.vfio_compat["metrics_file"] = os.path.join(self.folder, "m.prom")
        chance = random.Random(SEED)
        service = self.started()
        before = 0, 0
        for number in range(ROUNDS):
            self.set_version(f"3.{number}.0")
            for _ in range(chance.randrange(4)):
                self.proxy.add(self._fault(chance))
            service.signal(signal.SIGHUP)
            service.wait_log("compute node .* was published", number + 2)
            self.proxy.clear()
            if number == _WARM:
                before = self._resources(service)
        after = self._resources(service)

        self.assertEqual(f"3.{ROUNDS - 1}.0", self.version())
        # A round may still hold its connection; one leak each would be 30.
        self.assertLessEqual(after[0], before[0] + 3)
        self.assertEqual(before[1], after[1])
        self.assertEqual(0, service.end())
        self.assertEqual([], service.lines("Traceback|something unexpected"))

    def _fault(self, chance: random.Random) -> proxy.Fault:
        request = chance.choice(("GET", "PUT", "POST", "DELETE", "traits"))
        times = chance.randrange(1, 5)
        if chance.random() < 0.4:
            return proxy.Fault(
                request, times, reset=True, forward=chance.random() < 0.5
            )
        return proxy.Fault(
            request, times, status=chance.choice((401, 409, 500, 502, 503)),
            forward=chance.random() < 0.5,
        )

    def _resources(self, service: service_.Service) -> tuple[int, int]:
        """Open descriptors and threads."""
        process = pathlib.Path("/proc", str(service.process.pid))
        return (
            len(list(process.joinpath("fd").iterdir())),
            len(list(process.joinpath("task").iterdir())),
        )
