# SPDX-License-Identifier: Apache-2.0

"""Whatever goes wrong on the way, the report is the old or the new one."""

from __future__ import annotations

import threading

from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import publish
from tests.functional.placement import base
from tests.unit.placement import samples

OLD = samples.report_with(pci_0000_81_00_0=samples.nic("28.43.1000"))
NEW = samples.report_with(pci_0000_81_00_0=samples.nic("28.44.1036"))
PUT_TRAITS = "PUT /resource_providers/.*/traits"


class AccidentTestCase(base.PlacementTestCase):
    def test_a_lost_race_is_won_the_next_time(self) -> None:
        """409 to PUT traits: read again, write again."""
        node = self.node()
        self.publish(node, OLD)
        uuid = provider.report_provider_uuid(node.uuid)

        def other() -> None:
            self.server.request(
                "PUT",
                f"/resource_providers/{uuid}/traits",
                {
                    "resource_provider_generation": (
                        self.server.get(f"/resource_providers/{uuid}")
                    )["generation"],
                    "traits": [codec.REPORT],
                },
            )

        self.wire.accident(PUT_TRAITS, before=other)
        self.publish(node, NEW)

        self.assertEqual(1, len(self.sleeps))
        self.assert_published(node, NEW)

    def test_an_error_of_the_server_says_nothing(self) -> None:
        """5xx or a lost answer: what was done is read, not guessed."""
        for answer in (500, 503, 0):
            for done in (True, False):
                with self.subTest(answer=answer, done=done):
                    self.server.empty()
                    node = self.node()
                    self.publish(node, OLD)
                    self.wire.accident(PUT_TRAITS, done=done, answer=answer)

                    change = self.publish(node, NEW)

                    self.assertTrue(change.any)
                    self.assert_published(node, NEW)

    def test_accidents_to_other_requests(self) -> None:
        """Creating the provider or a name may fail once in any way."""
        for request in (
            "GET /resource_providers",
            "POST /resource_providers",
            "GET /traits",
            "PUT /traits/CUSTOM_VFIO1_DEF",
            "PUT /traits/CUSTOM_VFIO1_CLASS",
        ):
            for done in (True, False):
                with self.subTest(request, done=done):
                    self.server.empty()
                    self.wire.accident(request, done=done, answer=502)

                    self.publish(self.node(), OLD)

                    self.assert_published(self.node(), OLD)

    def test_giving_up_leaves_the_old_report(self) -> None:
        """If it never works, it ends, soon, with what was there before."""
        node = self.node()
        self.publish(node, OLD)
        self.wire.accident(PUT_TRAITS, done=False, answer=500, times=99)

        error = self.assertRaises(errors.GaveUp, self.publish, node, NEW)

        self.assertIn("HTTP 500", str(error))
        self.assertEqual(publish.ATTEMPTS - 1, len(self.sleeps))
        self.assertLess(sum(self.sleeps), 10)
        self.assert_published(node, OLD)

    def test_names_that_vanish_are_created_again(self) -> None:
        """Another host may tidy up a name just before it gets used."""
        class_ = codec.class_trait(samples.nic("28.43.1000").id)

        def tidy() -> None:
            self.server.request("DELETE", f"/traits/{class_}")

        self.wire.accident(PUT_TRAITS)
        self.wire.accident(PUT_TRAITS, before=tidy)
        self.publish(self.node(), OLD)

        self.assertEqual(1, len(self.sleeps))
        self.assert_published(self.node(), OLD)

    def test_somebody_else_creates_the_provider_first(self) -> None:
        """Two reporters of one host end with one provider."""
        node = self.node()
        target = publish.report_provider(node)

        self.wire.accident(
            "POST /resource_providers",
            before=lambda: self.server.create_provider(
                target.name, target.uuid
            ),
        )
        self.publish(node, OLD)

        self.assert_published(node, OLD)

    def test_failing_to_tidy_up_is_no_failure(self) -> None:
        """The report is published; names may stay for another time."""
        node = self.node()
        self.publish(node, OLD)
        self.wire.accident("DELETE /traits", done=False, answer=500)

        self.publish(node, NEW)

        self.assert_published(node, NEW)

    def test_killed_after_any_request(self) -> None:
        """Readers see the old report or the new, and its classes whole."""
        survived = 0
        for requests in range(100):
            self.server.empty()
            self.wire = base.Wire(self.server)
            self.client = client_.PlacementClient(self.wire)
            node = self.node()
            self.publish(node, OLD)
            self.wire.die_after(requests)
            try:
                self.publish(node, NEW)
                survived = requests
            except base.Died:
                pass

            names = self.server.trait_names(codec.PREFIX)
            defined, problems = codec.decode_definitions(names)
            classes = set(filter(None, map(codec.class_id, names)))
            self.assertLessEqual(classes, set(defined))
            found = self.published(node)
            self.assertEqual((), found.problems)
            self.assertIn(found.devices, (OLD.devices, NEW.devices))

            self.wire.die_after(100)
            self.publish(node, NEW)
            self.assert_published(node, NEW)
            if survived:
                break
        # More than ten places where it can die were looked at.
        self.assertGreater(survived, 5)

    def test_two_hosts_at_the_same_time(self) -> None:
        """Hosts of one new type that start together do not disturb."""
        nodes = [self.node(number) for number in range(4)]
        failures: list[BaseException] = []

        def run(node: provider.Provider) -> None:
            client = client_.PlacementClient(self.server.adapter())
            try:
                publish.publish(client, node, OLD, base.TODAY)
            except BaseException as error:
                failures.append(error)

        threads = [
            threading.Thread(target=run, args=(node,)) for node in nodes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual([], failures)
        for node in nodes:
            self.assert_published(node, OLD)


class OrphanTestCase(base.PlacementTestCase):
    NAME = "vfio-compat:cmp1.example.org"
    OTHER = "11111111-1111-4111-8111-111111111111"

    def _taken_by(self, *traits: str) -> None:
        self.server.create_provider(self.NAME, self.OTHER)
        for trait in traits:
            self.server.request("PUT", f"/traits/{trait}")
        self.server.request(
            "PUT",
            f"/resource_providers/{self.OTHER}/traits",
            {"resource_provider_generation": 0, "traits": list(traits)},
        )

    def _refused(self) -> str:
        error = self.assertRaises(
            errors.NameTaken, self.publish, self.node(), OLD
        )
        found = self.server.provider_named(self.NAME)
        assert found is not None
        self.assertEqual(self.OTHER, found["uuid"])
        return str(error)

    def test_a_node_that_came_back_gets_its_name(self) -> None:
        """The report of its former self is deleted."""
        former = provider.Provider(uuid=self.OTHER, name="cmp1.example.org")
        self.publish(former, OLD)

        self.publish(self.node(), NEW)

        self.assert_published(self.node(), NEW)
        found = self.server.provider_named(self.NAME)
        assert found is not None
        self.assertEqual(
            provider.report_provider_uuid(self.node().uuid), found["uuid"]
        )

    def test_a_stranger_is_left_alone(self) -> None:
        """A provider of that name which is no report stays."""
        self._taken_by("CUSTOM_GOLD")

        self.assertIn("lacks the trait", self._refused())

    def test_traits_of_others_are_left_alone(self) -> None:
        """A report that somebody has added to is not only ours."""
        self._taken_by(codec.REPORT, "CUSTOM_GOLD")

        self.assertIn("traits of others", self._refused())

    def test_an_inventory_is_left_alone(self) -> None:
        """Reports provide nothing; what does is somebody else's."""
        self._taken_by(codec.REPORT)
        self.server.request(
            "PUT",
            f"/resource_providers/{self.OTHER}/inventories",
            {
                "resource_provider_generation": 1,
                "inventories": {"VCPU": {"total": 1}},
            },
        )

        self.assertIn("inventory", self._refused())

    def test_a_parent_is_left_alone(self) -> None:
        """Reports have no children."""
        self._taken_by(codec.REPORT)
        self.server.create_provider(
            "child", "22222222-2222-4222-8222-222222222222", self.OTHER
        )

        self.assertIn("in use", self._refused())

    def test_a_child_is_left_alone(self) -> None:
        """Reports are no children."""
        self.server.create_provider(
            self.NAME, self.OTHER, parent=self.node(7).uuid
        )

        self.assertIn("child", self._refused())
