# SPDX-License-Identifier: Apache-2.0

"""The command's rules for pairings against the scheduler's own."""

from __future__ import annotations

import dataclasses
import random

from oslotest import base

from nova_vfio_compat.cli import landing
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import source
from tests.unit.placement import samples

Class = device_class.DeviceClass


def _pool() -> list[Class]:
    """Classes of every kind that a pairing can go wrong with."""
    gpus = [samples.vgpu(version) for version in ("2.1.0", "2.2.0", "3.0.0")]
    other = {**(gpus[0].state or {}), "type": "nvidia-223"}
    nic = samples.nic()
    return [
        *gpus,
        dataclasses.replace(gpus[0], state=other, accepts=(other,)),
        nic, samples.nic("28.41.1000"), samples.plain(),
        dataclasses.replace(nic, limits=(device_class.SINGLE_DEVICE,)),
        dataclasses.replace(
            nic, state=None, accepts=(),
            reason=codes.Code.FIRMWARE_UNREADABLE,
        ),
        dataclasses.replace(nic, exposed={"vendor": "15b3"}),
        dataclasses.replace(nic, family="other"),
    ]


class AgreementTest(base.BaseTestCase):
    def test_random_hosts(self) -> None:
        """Whatever has to move and whatever is there: the same answer."""
        dice = random.Random(8)
        pool = _pool()
        seen = set()
        for _ in range(3000):
            relax = frozenset(
                {"mlx5:firmware"} if dice.random() < 0.2 else ()
            )
            ours, theirs, devices = [], [], []
            for number in range(dice.randint(1, 2)):
                bus = dice.choice(["pci", "mdev"])
                mine = [one for one in pool if one.bus == bus]
                classes = tuple(dice.sample(mine, dice.randint(1, 2)))
                ours.append(landing.Group(bus, classes))
                theirs.append(source.Group(
                    str(number), bus, frozenset(), (), (), classes, relax
                ))
                devices.append([
                    tuple(dice.sample(mine, dice.randint(1, 3)))
                    for _ in range(dice.randint(0, 3))
                ])
            got = landing.staying(ours) or landing.together(
                landing.answer(group, taken, relax)
                for group, taken in zip(ours, devices, strict=True)
            )
            staying = next(
                filter(None, map(pairing.immovable, theirs)), None
            ) or pairing.crowded(theirs, len(theirs))
            outcome = staying.outcome if staying else pairing.together(
                pairing.answer(group, taken)
                for group, taken in zip(theirs, devices, strict=True)
            ).outcome
            self.assertIs(outcome, got.outcome)
            self.assertEqual(
                outcome is codes.Outcome.COMPATIBLE, not got.reasons
            )
            seen.add(outcome)
        self.assertEqual(3, len(seen))

    def test_best_of_candidates(self) -> None:
        """One candidate that fits is enough, as for the scheduler."""
        outcomes = list(codes.Outcome)
        for one in outcomes:
            for other in outcomes:
                self.assertIs(
                    pairing.best([one, other]),
                    landing.best(
                        [landing.Answer(one), landing.Answer(other)]
                    ).outcome,
                )


class NotSureTest(base.BaseTestCase):
    def test_depends_on_the_device(self) -> None:
        """If nobody knows which class it is, only agreement is an answer."""
        nic, other = samples.nic(), samples.nic("28.41.1000")
        group = landing.Group("pci", (nic, other), sure=False)
        self.assertIs(
            codes.Outcome.UNKNOWN, landing.answer(group, [[nic]]).outcome
        )
        third = samples.nic("28.45.1000")
        self.assertIs(
            codes.Outcome.INCOMPATIBLE,
            landing.answer(group, [[third]]).outcome,
        )

    def test_one_of_two_cannot_leave(self) -> None:
        """That it is this one is not sure."""
        group = landing.Group(
            "pci", (samples.nic(), samples.plain()), sure=False
        )
        self.assertIsNone(landing.staying([group]))
        self.assertIsNotNone(
            landing.staying([dataclasses.replace(group, sure=True)])
        )
