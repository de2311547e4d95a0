# SPDX-License-Identifier: Apache-2.0

"""What ends up in Placement, and with how many requests."""

from __future__ import annotations

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import report as report_
from tests.functional.placement import base
from tests.unit.placement import samples

OLD = samples.report_with(pci_0000_81_00_0=samples.nic("28.43.1000"))
NEW = samples.report_with(pci_0000_81_00_0=samples.nic("28.44.1036"))
VGPU = samples.report_with(mtty_mtty=samples.vgpu())


class PublishTestCase(base.PlacementTestCase):
    def test_the_report_is_a_root_provider_of_its_own(self) -> None:
        """The compute node's tree stays as Nova has made it."""
        node = self.node()
        before = self.server.get(f"/resource_providers?in_tree={node.uuid}")

        change = self.publish(node, OLD)

        self.assertTrue(change.any)
        self.assert_published(node, OLD)
        found = self.server.provider_named("vfio-compat:cmp1.example.org")
        assert found is not None
        self.assertEqual(
            provider.report_provider_uuid(node.uuid), found["uuid"]
        )
        self.assertIsNone(found["parent_provider_uuid"])
        self.assertEqual(
            before,
            self.server.get(f"/resource_providers?in_tree={node.uuid}"),
        )

    def test_a_known_type_of_host_needs_four_requests(self) -> None:
        """The second host of a type creates its provider and no names."""
        self.publish(self.node(1), OLD)

        self.publish(self.node(2), OLD)

        self.assertEqual(
            [
                "GET /rps/UUID/traits",
                "POST /rps",
                "PUT /rps/UUID/traits",
                "PUT /traits/CUSTOM_VFIO1_SEEN_20261123",
            ],
            self.wire.log,
        )
        self.assert_published(self.node(2), OLD)

    def test_a_new_type_creates_its_names_definitions_first(self) -> None:
        """A CLASS name never exists without its definition."""
        self.publish(self.node(1), OLD)

        self.publish(self.node(2), NEW)

        pieces = len(codec.definition_traits(samples.nic("28.44.1036")))
        self.assertEqual(
            [
                "GET /rps/UUID/traits",
                "POST /rps",
                "PUT /rps/UUID/traits",
                "GET /traits?name=startswith%3ACUSTOM_VFIO1_",
                *["PUT /traits/CUSTOM_VFIO1_DEF"] * pieces,
                "PUT /traits/CUSTOM_VFIO1_CLASS",
                "PUT /rps/UUID/traits",
                "PUT /traits/CUSTOM_VFIO1_SEEN_20261123",
            ],
            self.wire.log,
        )

    def test_an_unchanged_report_is_only_read(self) -> None:
        """The same report on the same day is one GET and no write."""
        node = self.node()
        self.publish(node, OLD)

        change = self.publish(node, OLD)

        self.assertFalse(change.any)
        self.assertEqual(["GET /rps/UUID/traits"], self.wire.log)

    def test_a_plan_only_reads(self) -> None:
        """Planning says what publishing would do, and does nothing."""
        node = self.node()

        plan = publish.plan(self.client, node, OLD, base.TODAY)

        self.assertEqual(["GET /rps/UUID/traits"], self.wire.log)
        self.assertIsNone(plan.before)
        self.assertEqual(plan, self.publish(node, OLD))

    def test_the_last_leaver_deletes_the_names(self) -> None:
        """Names of a class stay while a host has it, and no longer."""
        names = {
            codec.class_trait(samples.nic().id),
            *codec.definition_traits(samples.nic()),
        }
        for number in (1, 2):
            self.publish(self.node(number), OLD)

        self.publish(self.node(1), NEW)
        self.assertLessEqual(names, self.server.trait_names(codec.PREFIX))
        self.assert_published(self.node(2), OLD)

        self.publish(self.node(2), NEW)
        left = self.server.trait_names(codec.PREFIX)
        self.assertEqual(set(), names & left)
        self.assert_published(self.node(2), NEW)

    def test_a_device_that_is_gone_leaves_no_name(self) -> None:
        """A host without its devices still says that it was looked at."""
        node = self.node()
        self.publish(node, VGPU)

        self.publish(node, samples.report_with())

        self.assertEqual(
            {
                codec.REPORT,
                codec.seen_trait(base.TODAY),
                codec.seen_trait(base.TOMORROW),
            },
            self.server.trait_names(codec.PREFIX),
        )

    def test_foreign_traits_of_the_fleet_are_not_touched(self) -> None:
        """Names that are not ours stay, used or not."""
        self.server.request("PUT", "/traits/CUSTOM_GOLD")
        node = self.node()

        self.publish(node, OLD)
        self.publish(node, NEW)

        self.assertEqual(
            {"CUSTOM_GOLD"}, self.server.trait_names("CUSTOM_GOLD")
        )


class SeenTestCase(base.PlacementTestCase):
    def _days(self) -> set[str]:
        names = self.server.trait_names(codec.SEEN_PREFIX)
        return {name.removeprefix(codec.SEEN_PREFIX) for name in names}

    def test_the_next_day_is_one_write(self) -> None:
        """A new day adds its name, whose name was made the day before."""
        node = self.node()
        self.publish(node, OLD, base.YESTERDAY)

        change = self.publish(node, OLD)

        self.assertEqual({codec.seen_trait(base.TODAY)}, change.added)
        self.assertEqual(
            [
                "GET /rps/UUID/traits",
                "PUT /rps/UUID/traits",
                "PUT /traits/CUSTOM_VFIO1_SEEN_20261123",
            ],
            self.wire.log,
        )
        self.assert_published(node, OLD, base.YESTERDAY, base.TODAY)

    def test_older_days_go(self) -> None:
        """Only today and yesterday stay, and no name of an older day."""
        node = self.node()
        for day in (base.YESTERDAY, base.TODAY, base.TOMORROW):
            self.publish(node, OLD, day)

        self.assert_published(node, OLD, base.TODAY, base.TOMORROW)
        self.assertEqual({"20261122", "20261123", "20261124"}, self._days())

    def test_a_day_stays_while_a_host_has_it(self) -> None:
        """A host that is late keeps its day; the others do not fail."""
        late = self.node(2)
        self.publish(late, OLD, base.YESTERDAY)
        for day in (base.YESTERDAY, base.TODAY, base.TOMORROW):
            self.publish(self.node(1), OLD, day)

        self.assert_published(late, OLD, base.YESTERDAY)
        self.assertIn("20261121", self._days())


class ManyHostsTestCase(base.PlacementTestCase):
    def test_a_fleet_has_as_many_names_as_types(self) -> None:
        """Ten equal hosts have the names of one."""
        both = report_.Report(
            classes={**OLD.classes, **VGPU.classes},
            devices={**OLD.devices, **VGPU.devices},
        )
        self.publish(self.node(0), both)
        names = self.server.trait_names(codec.PREFIX)

        for number in range(1, 10):
            self.publish(self.node(number), both)

        self.assertEqual(names, self.server.trait_names(codec.PREFIX))
        found = self.client.providers_with(codec.REPORT)
        self.assertEqual(10, len(found))
