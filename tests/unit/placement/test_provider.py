# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat.placement import provider

NODE = "d33b2a1c-7a3e-4a2e-8f0e-0f6f8a4c1c11"


class ProviderTestCase(base.BaseTestCase):
    def test_the_uuid_never_changes(self) -> None:
        """Readers of any version find the report from the node's uuid."""
        self.assertEqual(
            "b5d27084-b7ab-5205-860d-ec5f160a8940",
            provider.report_provider_uuid(NODE),
        )
        self.assertEqual(
            provider.report_provider_uuid(NODE),
            provider.report_provider_uuid(NODE.upper()),
        )

    def test_the_name_has_the_host_in_it(self) -> None:
        """The name of a report provider leads back to its host."""
        name = provider.report_provider_name("cmp1.example.org")

        self.assertEqual("vfio-compat:cmp1.example.org", name)
        self.assertEqual(
            "cmp1.example.org", provider.hypervisor_hostname(name)
        )

    def test_long_names_fit_and_differ(self) -> None:
        """Placement's 200 characters hold every host, each another name."""
        names = {
            provider.report_provider_name("a" * 240 + tail)
            for tail in ("1", "2")
        }

        self.assertEqual(2, len(names))
        self.assertTrue(all(len(name) <= 200 for name in names))
