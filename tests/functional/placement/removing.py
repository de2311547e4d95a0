# SPDX-License-Identifier: Apache-2.0

"""What the tests of withdrawing and pruning share."""

from __future__ import annotations

from collections.abc import Iterable

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import removal
from tests.functional.placement import base
from tests.unit.placement import samples

NIC = samples.report_with(pci_0000_81_00_0=samples.nic())
VGPU = samples.report_with(mtty_mtty=samples.vgpu())
NIC_NAMES = {
    codec.class_trait(samples.nic().id),
    *codec.definition_traits(samples.nic()),
}
PUT_TRAITS = "PUT /resource_providers/.*/traits"


class RemovalTestCase(base.PlacementTestCase):
    def report_uuid(self, number: int) -> str:
        """Uuid of the report provider of a node, whether that exists."""
        return provider.report_provider_uuid(
            f"00000000-0000-4000-8000-{number:012d}"
        )

    def delete_node(self, number: int) -> None:
        """What deleting a compute service does to its node."""
        self.server.request(
            "DELETE", f"/resource_providers/{self.node(number).uuid}"
        )

    def names(self) -> set[str]:
        return self.server.trait_names(codec.PREFIX)

    def everything(self) -> object:
        """All that Placement has."""
        found = self.server.get("/resource_providers")["resource_providers"]
        return (
            sorted((item["uuid"], item["generation"]) for item in found),
            self.server.trait_names("CUSTOM_"),
        )

    def assert_steps(
        self, steps: Iterable[removal.Step], **expected: set[str]
    ) -> None:
        """The names of the steps, by action and kind."""
        found: dict[str, set[str]] = {}
        for step in steps:
            found.setdefault(
                f"{step.action.value}_{step.kind.value}", set()
            ).add(step.name)
        self.assertEqual(expected, found)
