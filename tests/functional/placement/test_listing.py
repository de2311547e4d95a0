# SPDX-License-Identifier: Apache-2.0

"""The list of the fleet against a real Placement."""

from __future__ import annotations

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import listing
from nova_vfio_compat.placement import provider
from tests.functional.placement import base
from tests.unit.placement import samples

ONE = samples.report_with(pci_0000_81_00_0=samples.nic())
TWO = samples.report_with(
    pci_0000_81_00_0=samples.nic(), mtty_mtty=samples.vgpu()
)


class ListingTestCase(base.PlacementTestCase):
    def rows(self) -> list[tuple[str, str, int]]:
        """The list, with the requests logged that it takes."""
        self.wire.log.clear()
        return [
            (
                provider.hypervisor_hostname(found.provider.name),
                found.seen,
                found.classes,
            )
            for found in listing.hosts(self.client)
        ]

    def test_no_reports(self) -> None:
        """A fleet without reports is one request and no rows."""
        self.node()

        self.assertEqual([], self.rows())
        self.assertEqual(1, len(self.wire.log))

    def test_few_hosts(self) -> None:
        """Fewer hosts than names: each host is read."""
        self.publish(self.node(1), TWO)
        self.publish(self.node(2), ONE, base.YESTERDAY)

        self.assertEqual(
            [
                ("cmp1.example.org", "20261122", 2),
                ("cmp2.example.org", "20261121", 1),
            ],
            self.rows(),
        )
        self.assertEqual(2 + 2, len(self.wire.log))

    def test_many_hosts(self) -> None:
        """The rows are the same, and the requests do not grow with hosts."""
        expected = []
        for number in range(10, 20):
            stale, report = number == 12, TWO if number % 2 else ONE
            self.publish(
                self.node(number),
                report,
                base.YESTERDAY if stale else base.TODAY,
            )
            expected.append((
                f"cmp{number}.example.org",
                "20261121" if stale else "20261122",
                len(report.classes),
            ))

        self.assertEqual(expected, self.rows())
        # Providers, names; yesterday, today, tomorrow; two classes.
        self.assertEqual(2 + 3 + 2, len(self.wire.log))
        self.server.request("PUT", "/traits/CUSTOM_VFIO1_SEEN_TODAY")
        self.assertEqual(expected, self.rows())

    def test_a_host_that_goes_away(self) -> None:
        """A report that is withdrawn meanwhile is not listed."""
        self.publish(self.node(1), ONE)
        uuid = provider.report_provider_uuid(self.node(1).uuid)
        self.wire.accident(
            "GET .*/traits$",
            before=lambda: self.server.request(
                "DELETE", f"/resource_providers/{uuid}"
            ),
        )

        self.assertEqual([], self.rows())
        self.assertIn(codec.REPORT, self.server.trait_names(codec.PREFIX))
