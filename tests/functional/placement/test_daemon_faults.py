# SPDX-License-Identifier: Apache-2.0

"""Whatever happens on the way to Placement, the service gets over it.

Each fault meets a service that has published and now has something new to
publish. It ends with the new report, and with lines in the log from which an
operator can tell what to do, once.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import signal
import threading

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import publish
from tests.functional.placement import proxy
from tests.functional.placement import service as service_

_READ = "GET .*/traits$"
_WRITE = "PUT /resource_providers/.*/traits$"
#: more often than a round tries
_LONG = 4


@dataclasses.dataclass(frozen=True)
class Case:
    """A fault, and what the log must say of it ("": nothing)."""

    name: str
    fault: Callable[[FaultsTestCase], proxy.Fault]
    says: str = ""


def _fault(
    request: str, **what: object
) -> Callable[[FaultsTestCase], proxy.Fault]:
    return lambda _test: proxy.Fault(request, **what)  # type: ignore[arg-type]


CASES = (
    Case("reset in the middle of what is read", _fault(_READ, reset=True)),
    Case(
        "reset in the middle of the answer to a write that was done",
        _fault(_WRITE, reset=True, forward=True),
    ),
    Case(
        "reset again and again",
        _fault(_READ, reset=True, times=_LONG), "cannot be reached",
    ),
    Case("500 to a write that was not done", _fault(_WRITE, status=500)),
    Case(
        "500 to a write that was done",
        _fault(_WRITE, status=500, forward=True),
    ),
    Case(
        "500 because somebody else was faster",
        lambda test: proxy.Fault(_WRITE, before=test.other, status=500),
    ),
    Case(
        "500 again and again",
        _fault("", status=500, times=_LONG), "HTTP 500 .* own log",
    ),
    Case(
        "502 to creating a name",
        _fault("PUT /traits/", status=502, times=2),
    ),
    Case(
        "401, such as while Keystone is restarted",
        _fault(_READ, status=401, times=2), "Access was denied",
    ),
    Case(
        "403, such as after a change of the policy",
        _fault(_WRITE, status=403, times=2), "role service or admin",
    ),
    Case(
        "429",
        _fault(_READ, status=429, times=_LONG), "HTTP 429",
    ),
    Case(
        "409 to a write because somebody else was faster",
        lambda test: proxy.Fault(
            _WRITE, before=test.other, forward=True
        ),
    ),
    Case(
        "409 to every write",
        _fault("(PUT|POST) ", status=409, times=2 * _LONG),
        "[Rr]eport could not be written in 3 attempts",
    ),
    Case(
        "400 because somebody has deleted the names",
        lambda test: proxy.Fault(
            _WRITE, times=2, before=test.prune, forward=True
        ),
    ),
    Case(
        "the report is deleted just before the write",
        lambda test: proxy.Fault(
            _WRITE, before=test.delete, forward=True
        ),
    ),
    Case(
        "an answer that is none of Placement's",
        _fault(_READ, status=200, times=2), "What answers is not Placement",
    ),
)


class FaultsTestCase(service_.ServiceTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.vfio_compat["scan_interval"] = "3600"

    def uuid(self) -> str:
        return publish.report_provider(self.node()).uuid

    def other(self) -> None:
        """Somebody else writes the report, with a part of it."""
        url = f"/resource_providers/{self.uuid()}"
        self.server.request(
            "PUT",
            f"{url}/traits",
            {
                "resource_provider_generation": self.server.get(url)[
                    "generation"
                ],
                "traits": [codec.REPORT],
            },
        )

    def delete(self) -> None:
        """Somebody else deletes the report."""
        self.server.request("DELETE", f"/resource_providers/{self.uuid()}")

    def prune(self) -> None:
        """Somebody else deletes the names that nobody has."""
        found = self.server.get(
            f"/traits?name=startswith:{codec.PREFIX}&associated=false"
        )
        for name in found["traits"]:
            self.server.request("DELETE", f"/traits/{name}")

    def change(self, service: service_.Service, version: str) -> None:
        """Something has changed on the host, and the service is told."""
        self.set_version(version)
        service.signal(signal.SIGHUP)

    def published_times(self, service: service_.Service) -> int:
        return len(service.lines("report of compute node .* was published"))

    def test_faults(self) -> None:
        """The new report is published, and the log says what was wrong."""
        service = self.started()
        for number, case in enumerate(CASES):
            with self.subTest(case.name):
                before = len(service.log)
                count = self.published_times(service)
                version = f"3.{number}.0"
                self.proxy.add(case.fault(self))

                self.change(service, version)
                service.wait_log("compute node .* was published", count + 1)
                if case.says:
                    again = len([
                        one for one in CASES[:number + 1] if one.says
                    ])
                    service.wait_log("published again", again)

                self.proxy.clear()
                self.assertEqual(version, self.version())
                lines = [
                    line for line in service.log[before:]
                    if " WARNING " in line or " ERROR " in line
                ]
                self.assertEqual(1 if case.says else 0, len(lines))
                if case.says:
                    self.assertRegex(lines[0], case.says)
        self.assertEqual(0, service.end())

    def test_refused(self) -> None:
        """Nobody listens for a while: one line, and one when it is over."""
        service = self.started()
        self.proxy.refuse()
        self.change(service, "3.0.0")
        service.wait_told("STATUS=.*cannot be reached")
        self.proxy.listen()

        service.wait_log("published again, after")

        self.assertEqual("3.0.0", self.version())
        self.assertEqual(1, len(service.lines("cannot be reached")))

    def test_no_answer(self) -> None:
        """[placement] timeout ends the wait for it."""
        self.placement["timeout"] = "0.3"
        hang = threading.Event()
        self.addCleanup(hang.set)
        service = self.started()
        self.proxy.add(proxy.Fault(_READ, hang=hang, times=_LONG))
        self.change(service, "3.0.0")

        service.wait_log("cannot be reached.*timed out")
        service.wait_log("published again")

        self.assertEqual("3.0.0", self.version())

    def test_asked_to_wait(self) -> None:
        """Retry-After is what it says: nothing before that time."""
        service = self.started()
        self.proxy.add(
            proxy.Fault(_READ, status=503, headers={"Retry-After": "1"})
        )
        count = len(self.proxy.log)
        self.change(service, "3.0.0")
        service.wait_log("published again")

        index = next(
            index for index in range(count, len(self.proxy.log))
            if self.proxy.log[index].endswith("/traits")
        )
        pause = self.proxy.times[index + 1] - self.proxy.times[index]
        self.assertGreaterEqual(pause, 1.0)
        self.assertEqual("3.0.0", self.version())
        self.assertEqual(1, len(service.lines("HTTP 503")))

    def _use_keystone(self) -> None:
        self.placement = {
            "auth_type": "password",
            "auth_url": f"{self.proxy.url}{proxy.IDENTITY}/v3",
            "username": "nova", "password": "x", "project_name": "service",
            "user_domain_id": "d", "project_domain_id": "d",
        }

    def test_keystone_is_away(self) -> None:
        """That is one line as well, however often it is tried."""
        self._use_keystone()
        url = self.placement["auth_url"]
        self.placement["auth_url"] = "http://127.0.0.1:1"
        service = self.start()
        service.wait_told("STATUS=.*cannot be reached")
        self.placement["auth_url"] = url
        self.write_conf()
        service.signal(signal.SIGHUP)
        service.wait_told("READY=1")
        self.placement["auth_url"] = "http://127.0.0.1:1"
        self.write_conf()
        service.signal(signal.SIGHUP)
        service.wait_told("STATUS=.*cannot be reached", 2)
        service.end()

        self.assertEqual(2, len(service.lines("WARNING|ERROR")))

    def test_an_expired_token(self) -> None:
        """Keystone gives another one, and nobody notices."""
        self._use_keystone()
        service = self.started()
        self.proxy.add(proxy.Fault(_READ, status=401))
        self.change(service, "3.0.0")
        service.wait_log("was published", 2)

        tokens = [line for line in self.proxy.log if "auth/tokens" in line]
        # The first, one for the reload, and one instead of the expired.
        self.assertEqual(3, len(tokens))
        self.assertEqual([], service.lines("denied"))
        self.assertEqual("3.0.0", self.version())

    def test_a_name_that_is_a_strangers(self) -> None:
        """It is left alone until somebody gives it back."""
        name = publish.report_provider(self.node()).name
        other = "11111111-1111-4111-8111-111111111111"
        self.server.create_provider(name, other)
        service = self.start()
        service.wait_log("rename or delete it")
        count = len(self.proxy.log)
        self.proxy.wait("GET .*", count // 2 + 6)
        self.assertEqual(
            other, (self.server.provider_named(name) or {})["uuid"]
        )

        self.server.request("DELETE", f"/resource_providers/{other}")
        service.wait_told("READY=1")

        self.assertEqual("2.1.0", self.version())
        self.assertEqual(1, len(service.lines("rename or delete it")))

    def test_somebody_else_writes(self) -> None:
        """A report that was changed or deleted is put right, with a word."""
        self.vfio_compat["scan_interval"] = "1"
        service = self.started()
        for act, word in ((self.other, "changed"), (self.delete, "deleted")):
            act()
            service.wait_log(f"Somebody else has {word} the report")
            service.wait_log("was published", 2 + (word == "deleted"))
            self.assertEqual("2.1.0", self.version())

    def test_two_reporters(self) -> None:
        """Of one host, by mistake: they agree, and nobody is in the way."""
        services = [self.start(), self.start()]
        for service in services:
            service.wait_told("READY=1")
        for number in range(3):
            self.set_version(f"3.{number}.0")
            for service in services:
                service.signal(signal.SIGHUP)
            for service in services:
                service.wait_log("was published|is unchanged", number + 1)
        for service in services:
            self.assertEqual(0, service.end())

        self.assertEqual("3.2.0", self.version())
        for service in services:
            self.assertEqual([], service.lines("Somebody else|ERROR"))


class EndTestCase(service_.ServiceTestCase):
    """It may be ended at any moment."""

    def _ended_at(self, number: signal.Signals, count: int) -> bool:
        """End it at a request; returns whether it has come to that."""
        self.set_version("2.1.0")
        self.started().end()
        self.set_version("3.0.0")
        self.proxy.log.clear()
        service = self.start()

        def end() -> None:
            if len(self.proxy.log) == count:
                service.signal(number)
                if number == signal.SIGKILL:
                    service.process.wait()

        # Whatever was sent arrives, as it does where the network is slow.
        self.proxy.add(proxy.Fault(before=end, forward=True, times=count))
        reached = number == signal.SIGKILL and self._killed(service)
        if number == signal.SIGTERM:
            service.wait_told("READY=1|STOPPING=1")
        code = service.wait() if reached else service.end()
        self.proxy.clear()
        self.assertEqual(-signal.SIGKILL if reached else 0, code)
        self.assertIn(self.version(), ("2.1.0", "3.0.0"))
        names = self.server.trait_names(codec.PREFIX)
        defined, _ = codec.decode_definitions(names)
        classes = set(filter(None, map(codec.class_id, names)))
        self.assertLessEqual(classes, set(defined))
        return len(self.proxy.log) >= count

    def _killed(self, service: service_.Service) -> bool:
        try:
            service.wait_told("READY=1")
        except AssertionError:
            return True
        return False

    def test_at_every_request(self) -> None:
        """The report is the old or the new, and another run mends all."""
        for number in (signal.SIGKILL, signal.SIGTERM):
            for count in range(1, 99):
                with self.subTest(number.name, count=count):
                    if not self._ended_at(number, count):
                        # There were enough to be sure that it was tried.
                        self.assertGreater(count, 6)
                        break
            self.started().end()
            self.assertEqual("3.0.0", self.version())

