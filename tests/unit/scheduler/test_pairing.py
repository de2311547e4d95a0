# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import source
from tests.unit.compat import examples

Outcome = compat.Outcome

# An mdev whose migration/ cannot be understood.
DARK = compat.DeviceClass(
    family="migration",
    bus="mdev",
    evidence=compat.Evidence.DECLARED,
    reason=compat.Code.MALFORMED,
)


def vgpu(
    name: str, version: str = "1.0", accepts: str = "1.0"
) -> compat.DeviceClass:
    return examples.declared(
        {"type": name, "software_version": version},
        {"type": name, "software_version": accepts},
    )


def mdevs(*classes: compat.DeviceClass) -> source.Group:
    return source.Group(None, "mdev", frozenset({"VGPU"}), (), (), classes)


def functions(
    *classes: compat.DeviceClass, spec: dict[str, str] | None = None
) -> source.Group:
    specs = () if spec is None else (spec,)
    return source.Group("r", "pci", frozenset(), specs, (), classes)


class PairingTest(base.BaseTestCase):
    def test_every_pairing_must_be_accepted(self) -> None:
        """Two sources that each fit one of two devices do not fit."""
        a = vgpu("t", "1.0", "1.0")
        b = vgpu("t", "2.0", "2.0")
        answer = pairing.answer(mdevs(a, b), [[a], [b]])
        self.assertIs(Outcome.INCOMPATIBLE, answer.outcome)
        self.assertEqual(
            {(a.id, b.id), (b.id, a.id)},
            {reason.classes for reason in answer.reasons},
        )

    def test_mdevs_pair_by_type(self) -> None:
        """Nova never crosses two types, so each needs only its own."""
        a, b = vgpu("t"), vgpu("u")
        self.assertIs(
            Outcome.COMPATIBLE,
            pairing.answer(mdevs(a, b), [[a], [b]]).outcome,
        )

    def test_functions_cross_within_a_request(self) -> None:
        """PCI functions of one request may be paired in any order."""
        a = examples.function()
        b = examples.function(state={"firmware": "28.44.1000"})
        self.assertIs(
            Outcome.INCOMPATIBLE,
            pairing.answer(functions(a, b), [[a, b]]).outcome,
        )
        self.assertIs(
            Outcome.COMPATIBLE, pairing.answer(functions(a), [[a]]).outcome
        )

    def test_unknown_is_weaker_than_no(self) -> None:
        """One sure no makes the whole a no."""
        one = vgpu("t")
        self.assertIs(
            Outcome.UNKNOWN, pairing.answer(mdevs(one), [[DARK]]).outcome
        )
        self.assertIs(
            Outcome.INCOMPATIBLE,
            pairing.answer(
                mdevs(one), [[vgpu("t", "2.0", "2.0"), DARK]]
            ).outcome,
        )

    def test_mdev_that_does_not_tell_its_type(self) -> None:
        """An mdev that cannot be read may be the one that Nova takes."""
        one = vgpu("t")
        self.assertIs(
            Outcome.UNKNOWN,
            pairing.answer(mdevs(one), [[one], [DARK]]).outcome,
        )

    def test_device_with_an_mdev_of_another_declared_type(self) -> None:
        """Every class that a device may be of counts, whatever its type."""
        one = vgpu("t")
        other = vgpu("signature")
        half = compat.DeviceClass(
            family="migration",
            bus="mdev",
            evidence=compat.Evidence.DECLARED,
            accepts=({"type": "{v:string:\"t\"}", "a": "1"},),
            reason=compat.Code.NO_STATE,
        )
        for odd in (other, half):
            self.assertIs(
                Outcome.INCOMPATIBLE,
                pairing.answer(mdevs(one), [[one, odd]]).outcome,
            )

    def test_device_that_is_not_reported(self) -> None:
        """A device of which nothing is published is unknown."""
        answer = pairing.answer(mdevs(vgpu("t")), None)
        self.assertIs(Outcome.UNKNOWN, answer.outcome)
        self.assertIs(
            compat.Code.DEVICE_NOT_REPORTED, answer.reasons[0].code
        )

    def test_source_that_cannot_leave(self) -> None:
        """A source that cannot migrate is a no before any host is asked."""
        plain = compat.DeviceClass(
            family="pci",
            bus="pci",
            evidence=compat.Evidence.INFERRED,
            reason=compat.Code.PLAIN_VFIO_PCI,
        )
        reason = pairing.immovable(functions(plain))
        assert reason is not None
        self.assertIs(compat.Code.PLAIN_VFIO_PCI, reason.code)
        self.assertIsNone(pairing.immovable(functions(examples.function())))

    def test_all_groups_together(self) -> None:
        """The worst group decides and gives the reasons."""
        good = pairing.answer(mdevs(vgpu("t")), [[vgpu("t")]])
        bad = pairing.answer(mdevs(vgpu("t")), [[vgpu("u")]])
        dark = pairing.answer(mdevs(vgpu("t")), None)
        together = pairing.together([good, dark, bad])
        self.assertIs(Outcome.INCOMPATIBLE, together.outcome)
        self.assertEqual(bad.reasons, together.reasons)
        self.assertIs(
            Outcome.UNKNOWN, pairing.together([good, dark]).outcome
        )
        self.assertIs(Outcome.COMPATIBLE, pairing.together([]).outcome)


class ConcernsTest(base.BaseTestCase):
    def test_what_the_alias_asks_for(self) -> None:
        """Only classes that match the alias could be handed out."""
        one = examples.function()
        for spec, expected in (
            (None, True),
            ({"vendor_id": "15b3", "product_id": "101e"}, True),
            ({"vendor_id": "15B3", "product_id": "101E"}, True),
            ({"vendor_id": "15b3"}, True),
            ({"vendor_id": "*", "product_id": "101e"}, True),
            ({"vendor_id": "8086", "product_id": "101e"}, False),
            ({"vendor_id": "15b3", "product_id": "1018"}, False),
            ({"resource_class": "CUSTOM_X"}, True),
        ):
            self.assertEqual(
                expected, functions(one, spec=spec).concerns(one), str(spec)
            )

    def test_ids_that_are_not_known(self) -> None:
        """A function without known ids could be any that is asked for."""
        dark = compat.DeviceClass(
            family="pci",
            bus="pci",
            evidence=compat.Evidence.INFERRED,
            reason=compat.Code.UNREADABLE,
        )
        group = functions(
            examples.function(), spec={"vendor_id": "15b3"}
        )
        self.assertTrue(group.concerns(dark))

    def test_buses(self) -> None:
        """An mdev never stands for a PCI request."""
        self.assertFalse(
            functions(examples.function()).concerns(vgpu("t"))
        )
        self.assertTrue(mdevs(vgpu("t")).concerns(vgpu("u")))


class CrowdedTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.free = vgpu("t")
        self.limited = compat.DeviceClass(
            family="hisi_acc",
            bus="pci",
            evidence=compat.Evidence.RULE,
            state={"device_api": "vfio-pci"},
            accepts=({"device_api": "vfio-pci"},),
            limits=(device_class.SINGLE_DEVICE,),
        )

    def test_alone(self) -> None:
        """A device without P2P migrates if it is the only one."""
        self.assertIsNone(pairing.crowded([functions(self.limited)], 1))

    def test_with_any_other(self) -> None:
        """A device without P2P stays, whatever the others can do."""
        groups = [mdevs(self.free), functions(self.limited)]
        reason = pairing.crowded(groups, 2)
        assert reason is not None
        self.assertIs(Outcome.INCOMPATIBLE, reason.outcome)
        self.assertIs(compat.Code.P2P_MISSING, reason.code)

    def test_others_without_the_limit(self) -> None:
        """Several devices that all have P2P migrate."""
        self.assertIsNone(pairing.crowded([mdevs(self.free)], 2))

    def test_perhaps(self) -> None:
        """Where only one of the possible classes has the limit, who knows."""
        reason = pairing.crowded([functions(self.free, self.limited)], 2)
        assert reason is not None
        self.assertIs(Outcome.UNKNOWN, reason.outcome)
