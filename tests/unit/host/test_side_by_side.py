# SPDX-License-Identifier: Apache-2.0

"""Two versions of a family's vocabulary in one fleet.

The older release is data: the names that its reporters have published
(``tests/data/vocabulary``), which must stay readable for ever. The newer is
a source that knows an attribute more and shows the guest one thing more.
What judges is this release, which knows neither of the two; what a newer
``judge`` would do is not shown.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import ClassVar

from nova_vfio_compat import compat
from nova_vfio_compat.host import context
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mlx5
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import report as report_
from tests import trees
from tests.trees import mlx5 as mlx5_trees
from tests.unit.host import family

DATA = pathlib.Path(__file__).parents[2] / "data" / "vocabulary"
PF, VF = "0000:81:00.0", "0000:81:00.2"
Outcome = compat.Outcome


def plain(host: trees.HostBuilder) -> None:
    """A ConnectX-7."""
    mlx5_trees.add_pf(host, PF)


def newer_firmware(host: trees.HostBuilder) -> None:
    """The same card with newer firmware."""
    mlx5_trees.add_pf(host, PF, firmware="28.44.1036")


def more_functions(host: trees.HostBuilder) -> None:
    """The same card with more VFs, which have fewer vectors each."""
    mlx5_trees.add_pf(host, PF, vfs=16)


HOSTS = {
    "plain": plain, "newer firmware": newer_firmware,
    "more functions": more_functions,
}


class NextSource(mlx5.Mlx5Source):
    """The next version of a source."""

    vocabulary = 2
    since = {"steering": 2, "exposed:numa": 2}
    mandatory = {
        **mlx5.Mlx5Source.mandatory,
        "steering": "how the PF steers packets",
        "exposed:numa": "the node that the guest sees the VF at",
    }
    steering: ClassVar[str] = "smfs"

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> compat.DeviceClass:
        found = super().describe(device, ctx)
        state = {**(found.state or {}), "steering": self.steering}
        return dataclasses.replace(
            found, state=state, accepts=(state,),
            exposed={**found.exposed, "numa": "0"},
        )


class OtherSteering(NextSource):
    """The same, on a host that is set up differently."""

    steering = "dmfs"


class CarelessSource(NextSource):
    """Somebody has forgotten to say what is new."""

    since: ClassVar[dict[str, int]] = {}


class SideBySideTest(family.FamilyTestCase):
    driver = "mlx5_vfio_pci"

    def described(
        self, source: type[base.Source]
    ) -> dict[str, compat.DeviceClass]:
        """Each host, as this source describes its VFs."""
        self.source = source  # type: ignore[misc]
        return {
            name: self.at(self.folder(build), VF)
            for name, build in HOSTS.items()
        }

    def older(self) -> dict[str, compat.DeviceClass]:
        """Each host, as an older release has published it."""
        published = json.loads(
            (DATA / "mlx5-1.json").read_text(encoding="ascii")
        )
        found = {}
        for name, traits in published.items():
            read = codec.decode(traits)
            self.assertEqual((), read.problems)
            (found[name],) = read.classes.values()
        return found

    def test_what_was_published_is_what_is_described(self) -> None:
        """A vocabulary that did not change gives the ids that it gave."""
        self.assertEqual(self.older(), self.described(mlx5.Mlx5Source))

    def test_nothing_new_is_rejected(self) -> None:
        """Old and new judge each other as the old judge themselves."""
        older, newer = self.older(), self.described(NextSource)
        seen = set()
        for one in HOSTS:
            for other in HOSTS:
                wanted = compat.judge(older[one], older[other])
                seen.add(wanted.outcome)
                for source, destination in (
                    (older[one], newer[other]), (newer[one], older[other])
                ):
                    self.assertNotEqual(source.id, destination.id)
                    found = compat.judge(source, destination)
                    self.assertEqual(wanted.outcome, found.outcome)
                    self.assertEqual(wanted.all_codes, found.all_codes)
                    # It is said that this was not compared.
                    self.assertLessEqual(
                        {"steering", "exposed:numa"}, {*found.unverified}
                    )
        self.assertEqual({Outcome.COMPATIBLE, Outcome.INCOMPATIBLE}, seen)

    def test_the_new_know_better(self) -> None:
        """Among new hosts the new attribute decides."""
        newer, others = (
            self.described(NextSource), self.described(OtherSteering)
        )
        verdict = compat.judge(newer["plain"], others["plain"])
        self.assertIs(Outcome.INCOMPATIBLE, verdict.outcome)
        self.assertEqual(
            ["steering"], [item.attribute for item in verdict.mismatches]
        )

    def test_a_report_of_both(self) -> None:
        """Both are read from one list of names, and judged alike."""
        both = [*self.older().values(), *self.described(NextSource).values()]
        names = codec.encode(report_.Report(
            classes={one.id: one for one in both}, devices={}
        ))
        read = codec.decode(names)
        self.assertEqual((), read.problems)
        self.assertEqual({one.id for one in both}, set(read.classes))
        for one in both:
            for other in both:
                self.assertEqual(
                    compat.judge(one, other),
                    compat.judge(read.classes[one.id], read.classes[other.id]),
                )

    def test_forgetting_to_say_so_splits_the_fleet(self) -> None:
        """Without ``since`` a half-upgraded fleet rejects: it is needed."""
        verdict = compat.judge(
            self.described(CarelessSource)["plain"], self.older()["plain"]
        )
        self.assertIs(Outcome.INCOMPATIBLE, verdict.outcome)
