# SPDX-License-Identifier: Apache-2.0

"""Withdrawing reports, against a real Placement."""

from __future__ import annotations

from nova_vfio_compat.placement import attempts
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import removal
from nova_vfio_compat.placement import withdraw
from tests.functional.placement import base
from tests.functional.placement import removing
from tests.unit.placement import samples


class WithdrawOneTestCase(removing.RemovalTestCase):
    def withdraw(self, number: int = 1) -> list[removal.Step]:
        return list(
            withdraw.one(self.client, self.node(number), self.sleeps.append)
        )

    def test_the_provider_stays_and_its_generation_moves_on(self) -> None:
        """Deleted and made again it would count from 0: caches would lie."""
        self.publish(self.node(), removing.NIC)
        uuid = self.report_uuid(1)
        before = self.server.get(f"/resource_providers/{uuid}")["generation"]

        self.withdraw()

        self.assertEqual(set(), self.server.traits_of(uuid))
        after = self.server.get(f"/resource_providers/{uuid}")["generation"]
        self.assertGreater(after, before)
        self.publish(self.node(), removing.NIC)
        self.assert_published(self.node(), removing.NIC)

    def test_the_last_one_takes_the_names_along(self) -> None:
        """Names that another host has stay, and are no part of the list."""
        for number in (1, 2):
            self.publish(self.node(number), removing.NIC)
        device = "CUSTOM_VFIO1_DEV_PCI_0000_81_00_0_0"

        self.assert_steps(self.withdraw(1), empty_report={"cmp1.example.org"})
        self.assert_published(self.node(2), removing.NIC)
        plan = set(withdraw.plan_one(self.client, self.node(2)))
        steps = self.withdraw(2)

        self.assertEqual(plan, set(steps))
        self.assert_steps(
            steps,
            empty_report={"cmp2.example.org"},
            delete_trait={
                *removing.NIC_NAMES, device, codec.seen_trait(base.TODAY)
            },
        )
        self.assertEqual(
            {codec.REPORT, codec.seen_trait(base.TOMORROW)}, self.names()
        )

    def test_a_second_time_is_nothing(self) -> None:
        """Nothing is left to do, with or without a provider."""
        self.assertEqual([], self.withdraw())
        self.publish(self.node(), removing.NIC)
        self.withdraw()
        before = self.everything()

        self.assertEqual([], self.withdraw())
        self.assertEqual(before, self.everything())

    def test_traits_of_others_stay(self) -> None:
        """Only names with our prefix are taken away."""
        self.publish(self.node(), removing.NIC)
        uuid = self.report_uuid(1)
        found = self.server.get(f"/resource_providers/{uuid}")
        others = ["CUSTOM_GOLD", "CUSTOM_VFIO10_GOLD"]
        for name in others:
            self.server.request("PUT", f"/traits/{name}")
        self.server.request(
            "PUT",
            f"/resource_providers/{uuid}/traits",
            {
                "resource_provider_generation": found["generation"],
                "traits": [*others, *self.server.traits_of(uuid)],
            },
        )

        self.withdraw()

        self.assertEqual(set(others), self.server.traits_of(uuid))

    def test_a_lost_race_is_won_the_next_time(self) -> None:
        """A report published in the same moment is withdrawn too."""
        self.publish(self.node(), removing.NIC)
        self.wire.accident(
            removing.PUT_TRAITS,
            before=lambda: self.publish(self.node(), removing.VGPU),
        )

        self.withdraw()

        self.assertEqual(1, len(self.sleeps))
        self.assertEqual(set(), self.server.traits_of(self.report_uuid(1)))
        self.assertEqual(set(), removing.NIC_NAMES & self.names())

    def test_a_lost_answer(self) -> None:
        """Whether it was done is read, and the names go all the same."""
        for done in (True, False):
            with self.subTest(done=done):
                self.server.empty()
                self.publish(self.node(), removing.NIC)
                self.wire.accident(removing.PUT_TRAITS, done=done, answer=0)

                steps = self.withdraw()

                self.assertEqual("cmp1.example.org", steps[0].name)
                self.assertEqual(set(), removing.NIC_NAMES & self.names())

    def test_giving_up(self) -> None:
        """A server that always fails ends it, and the report stays."""
        self.publish(self.node(), removing.NIC)
        self.wire.accident(
            removing.PUT_TRAITS, done=False, answer=500, times=99
        )

        error = self.assertRaises(errors.GaveUp, self.withdraw)

        self.assertIn("HTTP 500", str(error))
        self.assertEqual(attempts.ATTEMPTS - 1, len(self.sleeps))
        self.assert_published(self.node(), removing.NIC)

    def test_a_withdrawn_report_gives_its_name_away(self) -> None:
        """A node that comes back as another finds its name free."""
        self.publish(self.node(), removing.NIC)
        self.withdraw()
        self.delete_node(1)
        self.server.create_provider(
            "cmp1.example.org", "00000000-0000-4000-8000-00000000beef"
        )
        again = provider.Provider(
            "00000000-0000-4000-8000-00000000beef", "cmp1.example.org"
        )

        self.publish(again, removing.NIC)

        self.assert_published(again, removing.NIC)


class WithdrawAllTestCase(removing.RemovalTestCase):
    def test_the_project_is_gone(self) -> None:
        """Nothing stays but an empty provider per living node."""
        self.publish(self.node(1), removing.NIC)
        self.publish(self.node(2), removing.VGPU)
        self.publish(self.node(3), removing.VGPU)
        self.delete_node(3)
        self.server.request("PUT", "/traits/CUSTOM_VFIO10_GOLD")
        names = self.names() - {"CUSTOM_VFIO10_GOLD"}
        before = self.everything()
        plan = set(withdraw.plan_all(self.client))
        self.assertEqual(before, self.everything())

        steps = list(withdraw.everything(self.client, self.sleeps.append))

        self.assertEqual(plan, set(steps))
        self.assert_steps(
            steps,
            empty_report={"cmp1.example.org", "cmp2.example.org"},
            delete_report={"cmp3.example.org"},
            delete_trait=names,
        )
        self.assertEqual(
            {"CUSTOM_VFIO10_GOLD"}, self.server.trait_names("CUSTOM_")
        )
        self.assertEqual([], list(withdraw.plan_all(self.client)))
        self.assertEqual(
            [], list(withdraw.everything(self.client, self.sleeps.append))
        )
        for number in (1, 2):
            uuid = self.report_uuid(number)
            self.assertEqual(set(), self.server.traits_of(uuid))
            self.publish(self.node(number), removing.NIC)
            self.assert_published(self.node(number), removing.NIC)

    def test_a_host_that_publishes_meanwhile(self) -> None:
        """Its names stay, with the definitions, and are said to stay."""
        for number in (1, 2):
            self.publish(self.node(number), removing.NIC)
        self.wire.accident(
            "GET /traits",
            before=lambda: self.publish(self.node(1), removing.NIC),
        )

        steps = list(withdraw.everything(self.client, self.sleeps.append))

        self.assert_published(self.node(1), removing.NIC)
        kept = {
            step.name for step in steps
            if step.action is removal.Action.KEEP
        }
        self.assertIn(codec.class_trait(samples.nic().id), kept)

    def test_it_breaks_off_and_goes_on(self) -> None:
        """What was done is known, and the next run does the rest."""
        self.publish(self.node(1), removing.NIC)
        self.publish(self.node(2), removing.NIC)
        self.wire.accident(
            f"PUT /resource_providers/{self.report_uuid(2)}",
            done=False,
            answer=500,
            times=attempts.ATTEMPTS,
        )
        steps = withdraw.everything(self.client, self.sleeps.append)

        self.assertEqual("cmp1.example.org", next(steps).name)
        self.assertRaises(errors.GaveUp, next, steps)
        self.assert_published(self.node(2), removing.NIC)

        list(withdraw.everything(self.client, self.sleeps.append))
        self.assertEqual(set(), self.names())
