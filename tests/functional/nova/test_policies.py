# SPDX-License-Identifier: Apache-2.0
"""What the operator can ask of the filter, in the running scheduler."""

from __future__ import annotations

import copy
import typing

import fixtures
from nova.api.validation.extra_specs import validators
from nova.tests.functional.api import client as api_client

from nova_vfio_compat.scheduler import filter as filter_
from nova_vfio_compat.scheduler import policy
from tests.functional.nova import vf

GOOD, OLD = "28.43.1000", "28.41.1000"


class Candidates(fixtures.Fixture):
    """Remembers what the filter was given and what it left."""

    def _setUp(self) -> None:
        self.before: list[dict[str, typing.Any]] = []
        self.after: list[dict[str, typing.Any]] = []
        original = filter_.VfioCompatFilter.filter_all

        def watched(
            this: filter_.VfioCompatFilter, hosts: typing.Any, spec: typing.Any
        ) -> list[typing.Any]:
            hosts = list(hosts)
            self.before.append(_of(hosts))
            kept = original(this, hosts, spec)
            self.after.append(_of(kept))
            return kept

        self.useFixture(fixtures.MonkeyPatch(
            "nova_vfio_compat.scheduler.filter.VfioCompatFilter.filter_all",
            watched))


def _of(hosts: list[typing.Any]) -> dict[str, typing.Any]:
    return {host.host: copy.deepcopy(host.allocation_candidates)
            for host in hosts}


class TestPolicies(vf.VfFleet):
    """Options and extra specs; what is unknown is rejected."""

    def set(self, **options: typing.Any) -> None:
        """Set options of the running scheduler."""
        self.flags(group="vfio_compat", **options)

    def start_three(self) -> typing.Any:
        """Start a source, an older host that Nova prefers, an equal one."""
        self.start("src", GOOD)
        self.start("other", OLD, preferred=True)
        self.start("same", GOOD)
        return self.boot("src")

    def test_audit(self) -> None:
        """In audit mode nothing changes, and the log says what would."""
        self.start("src", GOOD)
        self.start("mixed", GOOD, OLD)
        self.start("other", OLD, preferred=True)
        self.set(mode="audit")
        server = self.boot("src")
        seen = self.useFixture(Candidates())
        self.assertEqual("other", self.live_migrate(server))
        self.assertEqual(["mixed", "other"], sorted(seen.before[-1]))
        self.assertEqual(seen.before, seen.after)
        self.assertNotEqual([], self.logged(
            " INFO ", "would be rejected", "other", GOOD, OLD))
        self.assertNotEqual([], self.logged(" INFO ", "1 of 2 hosts would"))

    def test_off(self) -> None:
        """Switched off, the filter does not even look."""
        server = self.start_three()
        self.set(mode="off")
        self.filtering.clear()
        self.assertEqual("other", self.live_migrate(server))
        self.assertEqual([], self.filtering.requests)
        self.assertEqual([], self.filtering.statements)

    def test_roll_out(self) -> None:
        """The documented way: audit, read the log, enforce."""
        server = self.start_three()
        self.set(mode="audit", unknown="last_resort")
        self.assertEqual("other", self.live_migrate(server))
        self.assertNotEqual([], self.logged("would be rejected", "other"))
        self.set(mode="enforce")
        # It runs on "other" now, whose firmware nobody else has.
        self.assert_refused(server)
        self.report("src", OLD)
        self.assertEqual("src", self.live_migrate(server))

    def test_relax(self) -> None:
        """An attribute that the operator leaves out decides no longer."""
        server = self.start_three()
        self.set(relax=["mlx5:firmware"])
        self.assertEqual("other", self.live_migrate(server))
        self.set(relax=[])
        self.assert_refused(server)

    def test_relax_another(self) -> None:
        """Leaving out one attribute lets no other through."""
        server = self.start_three()
        self.set(relax=["mlx5:psid", "hisi_acc:firmware"])
        self.assertEqual("same", self.live_migrate(server))

    def test_exempt_host(self) -> None:
        """A host that the operator exempts is never rejected."""
        server = self.start_three()
        self.set(exempt_hosts=["oth*"])
        self.assertEqual("other", self.live_migrate(server))
        self.assertNotEqual([], self.logged(" INFO ", "kept (exempt)"))

    def test_flavor(self) -> None:
        """A flavor chooses its own mode."""
        self.start("src", GOOD, GOOD, GOOD)
        self.start("other", OLD, OLD, OLD, preferred=True)
        self.start("same", GOOD, GOOD, GOOD)
        for mode, host in (("audit", "other"), ("off", "other"),
                           ("enforce", "same")):
            with self.subTest(mode):
                self.flavor = self._create_flavor(extra_spec={
                    "pci_passthrough:alias": vf.ALIAS + ":1",
                    policy.EXTRA_SPEC: mode})
                self.assertEqual(
                    host, self.live_migrate(self.boot("src")))

    def test_flavor_is_validated(self) -> None:
        """Nova's API knows the extra spec and refuses a mode like no other."""
        validators.validate(policy.EXTRA_SPEC, "audit")
        error = self.assertRaises(
            api_client.OpenStackApiException, self._create_flavor,
            extra_spec={policy.EXTRA_SPEC: "audited"})
        self.assertEqual(400, error.response.status_code)
        self.assertIn("enforce, audit, off", str(error))

    def test_nobody_left(self) -> None:
        """When all hosts are refused, a summary says what would help."""
        self.start("src", GOOD)
        self.start("old", OLD)
        self.start("older", "28.42.1000")
        self.start("silent", None)
        self.assert_refused(self.boot("src"))
        (line,) = self.logged(" INFO ", "no host: firmware")
        self.assertIn("the source has %s" % GOOD, line)
        self.assertIn("%s (1 host(s))" % OLD, line)
        self.assertNotEqual([], self.logged(
            " INFO ", "no host: the host has published no report: 1"))
