# SPDX-License-Identifier: Apache-2.0

"""Pruning what hosts leave behind, against a real Placement."""

from __future__ import annotations

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import prune
from nova_vfio_compat.placement import removal
from nova_vfio_compat.placement import withdraw
from tests.functional.placement import base
from tests.functional.placement import removing
from tests.unit.placement import samples

# What stays for schedulers, who ask for these by name.
ASKED_FOR = {
    codec.REPORT, codec.seen_trait(base.TODAY), codec.seen_trait(base.TOMORROW)
}


class PruneTestCase(removing.RemovalTestCase):
    def prune(self) -> list[removal.Step]:
        return list(
            prune.prune(self.client, base.TODAY, self.sleeps.append)
        )

    def plan(self) -> list[removal.Step]:
        """The plan, which must change nothing."""
        before = self.everything()
        steps = list(prune.plan(self.client, base.TODAY))
        self.assertEqual(before, self.everything())
        return steps

    def test_reports_whose_node_is_gone(self) -> None:
        """They go, with the names that only they had; the others stay."""
        self.publish(self.node(1), removing.NIC)
        self.publish(self.node(2), removing.VGPU)
        self.publish(self.node(3), removing.VGPU)
        self.delete_node(2)
        self.delete_node(3)
        plan = self.plan()

        steps = self.prune()

        self.assertEqual(set(plan), set(steps))
        self.assert_steps(
            steps,
            delete_report={"cmp2.example.org", "cmp3.example.org"},
            delete_trait={
                codec.class_trait(samples.vgpu().id),
                *codec.definition_traits(samples.vgpu()),
                "CUSTOM_VFIO1_DEV_MTTY_MTTY_0",
            },
        )
        self.assertIsNone(
            self.server.provider_named("vfio-compat:cmp2.example.org")
        )
        self.assert_published(self.node(1), removing.NIC)
        self.assertEqual(
            self.server.traits_of(self.report_uuid(1)) | ASKED_FOR,
            self.names(),
        )

    def test_a_withdrawn_report_whose_node_is_gone(self) -> None:
        """An empty report provider of a dead node goes too."""
        self.publish(self.node(), removing.NIC)
        list(withdraw.one(self.client, self.node(), self.sleeps.append))
        self.delete_node(1)

        self.assert_steps(self.plan(), delete_report={"cmp1.example.org"})
        self.assert_steps(self.prune(), delete_report={"cmp1.example.org"})

    def test_names_that_nobody_has(self) -> None:
        """Left-overs of ours go, what schedulers ask for and others' stay."""
        self.publish(self.node(), removing.NIC)
        old = "CUSTOM_VFIO1_SEEN_20261001"
        left = {
            *definition("28.44.1036"), old, "CUSTOM_VFIO1_SEEN_TODAY",
            "CUSTOM_VFIO1_FUTURE_THING",
        }
        stay = {codec.seen_trait(base.YESTERDAY), "CUSTOM_VFIO10_GOLD"}
        for name in left | stay:
            self.server.request("PUT", f"/traits/{name}")

        self.assert_steps(self.plan(), delete_trait=left)
        self.assert_steps(self.prune(), delete_trait=left)

        self.assertEqual(
            self.server.traits_of(self.report_uuid(1)) | ASKED_FOR | stay,
            self.names(),
        )
        self.wire.log.clear()
        self.assertEqual([], self.prune())
        self.assertEqual([], [
            line for line in self.wire.log if not line.startswith("GET")
        ])

    def test_a_class_on_a_provider_of_somebody_else(self) -> None:
        """Who has the class needs the definition, had or not."""
        class_ = codec.class_trait(samples.nic().id)
        for name in removing.NIC_NAMES:
            self.server.request("PUT", f"/traits/{name}")
        self.server.request(
            "PUT",
            f"/resource_providers/{self.node().uuid}/traits",
            {"resource_provider_generation": 0, "traits": [class_]},
        )

        self.assertEqual([], self.plan())
        self.assertEqual([], self.prune())
        kept = {
            step.name: step.action
            for step in withdraw.everything(self.client, self.sleeps.append)
        }

        self.assertEqual({class_: removal.Action.KEEP}, kept)
        self.assertEqual(removing.NIC_NAMES, self.names())

    def test_a_name_that_is_taken_into_use_meanwhile(self) -> None:
        """A class that a host has begun to have keeps its definition."""
        for name in sorted(removing.NIC_NAMES, reverse=True):
            self.server.request("PUT", f"/traits/{name}")
        self.wire.accident(
            "DELETE /traits/CUSTOM_VFIO1_CLASS",
            before=lambda: self.publish(self.node(), removing.NIC),
        )

        self.assertEqual([], self.prune())
        self.assert_published(self.node(), removing.NIC)

    def test_names_deleted_under_a_reporter(self) -> None:
        """Between creating names and using them: it creates them again."""
        for pattern in (removing.PUT_TRAITS, "PUT /traits/CUSTOM_VFIO1_CLASS"):
            with self.subTest(pattern):
                self.server.empty()
                self.wire.accident(removing.PUT_TRAITS)
                self.wire.accident(pattern, before=self.prune)

                self.publish(self.node(), removing.NIC)

                self.assert_published(self.node(), removing.NIC)
                self.assertLessEqual(removing.NIC_NAMES, self.names())

    def test_a_node_that_comes_back_meanwhile(self) -> None:
        """A report whose node is there when it is about to go stays."""
        self.publish(self.node(), removing.NIC)
        node = self.node()
        self.delete_node(1)
        self.wire.accident(
            "GET .*/inventories",
            before=lambda: self.server.create_provider(node.name, node.uuid),
        )

        (step,) = self.prune()

        self.assertEqual(
            (removal.Action.KEEP, "its compute node came back"),
            (step.action, step.detail),
        )
        self.assert_published(node, removing.NIC)

    def test_a_long_name_whose_node_comes_back(self) -> None:
        """The same where the report's name has been cut."""
        node = provider.Provider(
            "00000000-0000-4000-8000-000000000077", f"cmp.{'x' * 190}.org"
        )
        self.publish(node, removing.NIC)
        self.wire.accident(
            "GET .*/inventories",
            before=lambda: self.server.create_provider(node.name, node.uuid),
        )

        (step,) = self.prune()

        self.assertIs(removal.Action.KEEP, step.action)

    def test_what_is_not_a_report_stays(self) -> None:
        """Providers that only have the name are shown, with the reason."""
        self.server.create_provider(
            "vfio-compat:gold", "11111111-1111-4111-8111-111111111111"
        )
        for steps in (self.plan(), self.prune()):
            (step,) = steps
            self.assertEqual(
                (removal.Action.KEEP, "gold"), (step.action, step.name)
            )
            self.assertIn("no traits", step.detail)

    def test_accidents(self) -> None:
        """Any request may fail once in any way; the result is the same."""
        for request in (
            "DELETE /resource_providers", "DELETE /traits/.*CLASS",
            "DELETE /traits/.*DEF",
        ):
            for done in (True, False):
                with self.subTest(request, done=done):
                    self.server.empty()
                    self.publish(self.node(), removing.NIC)
                    self.delete_node(1)
                    self.wire.accident(request, done=done, answer=0)

                    self.prune()

                    self.assertEqual(ASKED_FOR, self.names())


def definition(firmware: str) -> set[str]:
    return set(codec.definition_traits(samples.nic(firmware)))
