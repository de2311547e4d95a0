# SPDX-License-Identifier: Apache-2.0
"""What a fleet is like after years: old reports, odd names, lost nodes."""

from __future__ import annotations

import typing

import fixtures
from nova import exception
from nova.compute import rpcapi
import requests

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from tests.functional.nova import vf

GOOD, OLD = "28.43.1000", "28.41.1000"


class TestCircumstances(vf.VfFleet):
    """What is unknown is rejected, so a move is a known good one."""

    def test_stale_source(self) -> None:
        """A source whose reporter died says nothing of its devices."""
        self.start("src", None)
        self.report("src", GOOD, age=3)
        self.start("dst", GOOD)
        server = self.boot("src")
        self.assert_refused(server)
        self.assertNotEqual([], self.logged(" WARNING ", "report of src"))
        self.report("src", GOOD)
        self.assertEqual("dst", self.live_migrate(server))

    def test_node_that_was_made_again(self) -> None:
        """A deleted and re-created compute node needs a report of its own.

        Its new provider has another uuid, and so has its report.
        """
        self.start("src", GOOD)
        self.start("dst", GOOD)
        server = self.boot("src")
        old = self.compute_rp_uuids["dst"]
        report = provider.report_provider_uuid(old)
        self.placement.put(
            "/resource_providers/%s/traits" % report,
            {"resource_provider_generation":
                self._generation(report), "traits": []},
            version="1.39")
        self.assert_refused(server)
        self.report("dst", GOOD)
        self.assertEqual("dst", self.live_migrate(server))

    def _generation(self, uuid: str) -> int:
        found = self.placement.get(
            "/resource_providers/%s" % uuid, version="1.39").body
        return typing.cast(int, found["generation"])

    def test_underscores(self) -> None:
        """A node's name may look like the beginning of a device's."""
        for host in ("src_pci", "dst_pci_0000", "dst_pci_0000_81_00_0"):
            self.start(host, OLD if host == "dst_pci_0000" else GOOD)
        server = self.boot("src_pci")
        self.assertEqual("dst_pci_0000_81_00_0", self.live_migrate(server))

    def test_class_is_pruned_meanwhile(self) -> None:
        """A name that vanishes between two requests costs a second try."""
        self.start("src", GOOD)
        self.start("dst", GOOD)
        self.start("old", OLD)
        server = self.boot("src")
        self.assertEqual("dst", self.live_migrate(server))
        gone = self._classes_of("old")
        self.report("old", GOOD)
        asked: list[str] = []

        def answer(url: str) -> None:
            # The names have been listed; now the last leaver cleans up.
            if url.startswith("/resource_providers?") and not asked:
                asked.append(url)
                for name in gone:
                    self.placement.delete("/traits/%s" % name, version="1.39")

        self.filtering.answer = answer
        self.assertIn(self.live_migrate(server), ("src", "old"))
        self.assertNotEqual([], asked)

    def _classes_of(self, host: str) -> list[str]:
        report = provider.report_provider_uuid(self.compute_rp_uuids[host])
        names = self.placement.get(
            "/resource_providers/%s/traits" % report, version="1.39",
        ).body["traits"]
        return [name for name in names
                if name.startswith(codec.CLASS_PREFIX)]

    def test_name_vanishes_while_a_report_is_read(self) -> None:
        """On PostgreSQL that looks as if there were no report; ask again."""
        self.start("src", GOOD)
        self.start("dst", GOOD)
        server = self.boot("src")
        torn: list[str] = []

        def answer(url: str) -> requests.Response | None:
            if not url.endswith("/traits") or len(torn) == 2:
                return None
            torn.append(url)
            response = requests.Response()
            response.status_code = 404
            response._content = b"No such trait(s): CUSTOM_VFIO1_SEEN_1."
            return response

        self.filtering.answer = answer
        self.assertEqual("dst", self.live_migrate(server))
        self.assertEqual(2, len(torn))

    def test_tries_the_next_destination(self) -> None:
        """A host that its own pre-check refuses is not offered again."""
        self.start("src", GOOD)
        self.start("old", OLD, preferred=True)
        for host in ("one", "two", "three"):
            self.start(host, GOOD)
        server = self.boot("src")
        original = rpcapi.ComputeAPI.check_can_live_migrate_destination
        refused: list[str] = []

        def check(api: typing.Any, ctxt: typing.Any, instance: typing.Any,
                  destination: str, *args: typing.Any,
                  **kwargs: typing.Any) -> typing.Any:
            if len(refused) < 2:
                refused.append(destination)
                raise exception.MigrationPreCheckError(reason="not today")
            return original(
                api, ctxt, instance, destination, *args, **kwargs)

        self.useFixture(fixtures.MonkeyPatch(
            "nova.compute.rpcapi.ComputeAPI"
            ".check_can_live_migrate_destination", check))
        landed = self.live_migrate(server)
        self.assertEqual({"one", "two", "three"}, {*refused, landed})

    def test_only_candidates_beyond_the_mixed_host(self) -> None:
        """A host of which no candidate is right does not hide the others.

        Its right PF is taken, so what Placement offers of it is wrong.
        """
        self.start("src", GOOD, GOOD)
        self.start("mixed", GOOD, OLD, preferred=True)
        self.start("plain", GOOD)
        first, second = self.boot("src"), self.boot("src")
        self.assertEqual("mixed", self.live_migrate(first, host="mixed"))
        self.assertEqual(
            vf.provider("mixed", vf.PFS[0]), self.pf_of(first))
        self.assertEqual("plain", self.live_migrate(second))


class TestCapitals(vf.VfFleet):
    """Nova's PCI provider names have their digits in capitals."""

    BUS = 0xfa

    def test_address_with_letters(self) -> None:
        """Devices are found whatever letters are in their address."""
        pfs = [pf.replace("81", "fa") for pf in vf.PFS]
        self.start("src", GOOD)
        self.start("mixed", OLD, GOOD, OLD, OLD)
        server = self.boot("src")
        self.assertEqual("mixed", self.live_migrate(server))
        self.assertEqual(vf.provider("mixed", pfs[1]), self.pf_of(server))


class TestCapitalsWithoutPlacement(vf.VfFleet):
    """Nova's database has them in small letters."""

    BUS = 0xfa
    PCI_IN_PLACEMENT = False

    def test_address_with_letters(self) -> None:
        """Devices of the source are found by their addresses."""
        self.start("src", GOOD)
        self.start("old", OLD, preferred=True)
        self.start("same", GOOD)
        server = self.boot("src")
        self.assertEqual("same", self.live_migrate(server))
