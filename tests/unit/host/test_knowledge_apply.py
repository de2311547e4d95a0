# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import dataclasses

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import knowledge
from tests.unit.host import knowing

CLASS = knowing.CLASS
STATE = knowing.STATE
SUBJECT = knowing.SUBJECT


class ApplyTest(knowing.KnowledgeTestCase):
    def test_attribute(self) -> None:
        """An attribute is compared as if the source had read it."""
        self.say("  - {match: {vendor: 15b3}, state: {ecc_mode: on}}\n")
        found = self.apply()
        self.assertEqual({**STATE, "ecc_mode": "on"}, found.state)
        self.assertEqual(
            [{**STATE, "ecc_mode": "on"}, {"ecc_mode": "on", "type": "b"}],
            sorted(found.accepts, key=len, reverse=True),
        )
        self.assertIs(codes.Evidence.OPERATOR, found.evidence)
        self.assertEqual(("p2p",), found.unverified)
        self.say("  - {match: {vendor: 15b3}, state: {ecc_mode: off}}\n")
        verdict = compat.judge(found, self.apply())
        self.assertEqual(
            ["ecc_mode"], [one.attribute for one in verdict.mismatches]
        )

    def test_host_without_it(self) -> None:
        """A host that does not state the attribute is no destination."""
        self.say("  - {match: {vendor: 15b3}, state: {numa: 1}}\n")
        found = self.apply()
        for pair in ((found, CLASS), (CLASS, found)):
            self.assertIs(
                codes.Outcome.INCOMPATIBLE, compat.judge(*pair).outcome
            )

    def test_template(self) -> None:
        """What is accepted may be more than what is written."""
        self.say("""\
  - match: {vendor: 15b3}
    state: {level: 4}
    accepts: {level: "{x:set:3,4}"}
""")
        new = self.apply()
        self.say("  - {match: {vendor: 15b3}, state: {level: 3}}\n")
        old = self.apply()
        self.assertIs(
            codes.Outcome.COMPATIBLE, compat.judge(old, new).outcome
        )
        self.assertIs(
            codes.Outcome.INCOMPATIBLE, compat.judge(new, old).outcome
        )

    def test_all_that_match(self) -> None:
        """Every entry that fits applies, from whatever file."""
        self.say("  - {match: {vendor: 15b3}, state: {a: 1}}\n")
        self.say("  - {match: {driver: mlx5*}, state: {b: 2}}\n", "20.yaml")
        self.say("  - {match: {driver: qat*}, state: {c: 3}}\n", "30.yaml")
        self.assertEqual({**STATE, "a": "1", "b": "2"}, self.apply().state)

    def test_match(self) -> None:
        """An entry is about the devices that fit all that it gives."""
        for match, fits in (
            ("driver: mlx5-vfio-pci", True),
            ("driver: mlx5_core", False),
            ("type: Type*", True),
            ("type: A", False),
            ("address: '0000:81:00.[1-3]'", True),
            ("address: 0000:81:00.0", True),
            ("address: 0000:82:*", False),
            ("address: CARD_*", True),
            ("vendor: 0x15B3, device: 101e", True),
            ("vendor: 15b3, device: 1021", False),
            ("family: 't?st'", True),
            ("family: t", False),
        ):
            with self.subTest(match):
                self.say(f"  - {{match: {{{match}}}, state: {{a: 1}}}}\n")
                self.assertEqual(fits, "a" in (self.apply().state or {}))

    def test_no_driver(self) -> None:
        """A device without driver fits no pattern of one."""
        self.say("  - {match: {driver: '*'}, state: {a: 1}}\n")
        self.assertEqual(
            (),
            self.load().matching(dataclasses.replace(SUBJECT, driver=None)),
        )

    def test_verified(self) -> None:
        """A name that the operator vouches for is unverified no more."""
        self.say("  - {match: {vendor: 15b3}, verified: [p2p, other]}\n")
        found = self.apply()
        self.assertEqual(("ecc_mode",), found.unverified)
        self.assertEqual(STATE, found.state)
        self.assertIs(codes.Evidence.OPERATOR, found.evidence)

    def test_nothing_changes(self) -> None:
        """A class about which nothing new is said stays what it was."""
        self.say("""\
  - {match: {vendor: 15b3}, verified: [other], dirty_tracking: true}
  - {match: {vendor: 8086}, state: {a: 1}}
""")
        self.assertIs(CLASS, self.apply())

    def test_dirty_tracking(self) -> None:
        """Dirty pages are tracked where the operator says so."""
        self.say("""\
  - {match: {driver: qat*}, dirty_tracking: true}
  - {match: {driver: mlx5*}, verified: [a]}
""")
        known = self.load()
        self.assertFalse(known.tracks_dirty_pages(SUBJECT))
        qat = dataclasses.replace(SUBJECT, driver="qat_vfio_pci")
        self.assertTrue(known.tracks_dirty_pages(qat))
        found = dataclasses.replace(
            CLASS, unverified=("dirty_tracking", "p2p")
        )
        self.assertEqual(("p2p",), known.apply(found, qat).unverified)
        lifted = known.apply(CLASS, qat, lifted=True)
        self.assertIs(codes.Evidence.OPERATOR, lifted.evidence)
        self.assertEqual(CLASS.state, lifted.state)

    def test_silent(self) -> None:
        """A device that writes nothing does not start to."""
        self.say("  - {match: {vendor: 15b3}, state: {a: 1}}\n")
        silent = compat.DeviceClass(
            family="test", bus="pci", evidence=codes.Evidence.RULE,
            reason=codes.Code.PLAIN_VFIO_PCI,
        )
        self.assertIs(silent, self.apply(silent))

    def test_accepts_nothing(self) -> None:
        """A device that accepts nothing does not start to."""
        self.say("  - {match: {vendor: 15b3}, state: {a: 1}}\n")
        found = self.apply(dataclasses.replace(
            CLASS, accepts=(), reason=codes.Code.ACCEPTS_NOTHING
        ))
        self.assertEqual((), found.accepts)
        self.assertEqual({**STATE, "a": "1"}, found.state)

    def test_what_the_source_reads(self) -> None:
        """What a source compares is not replaced, and the place is told."""
        other = dataclasses.replace(CLASS, accepts=({"rule": "x"},))
        for name, found in (("type", CLASS), ("rule", other)):
            self.say(f"  - {{match: {{vendor: 15b3}}, state: {{{name}: 1}}}}")
            known = self.load()
            for _ in range(2):
                self.assertIs(found, known.apply(found, SUBJECT))
            (problem,) = known.problems
            self.assertEqual(
                f"{knowledge.FOLDER}/10-site.yaml:2", problem.path
            )
            self.assertIn(f"{name} is", problem.detail)
            self.assertIn("relax", problem.detail)

    def test_contradiction(self) -> None:
        """Of two that differ neither counts, and both places are told."""
        for second in (
            "state: {ecc_mode: off}",
            "state: {ecc_mode: on}, accepts: {ecc_mode: '{x:any}'}",
        ):
            with self.subTest(second):
                self.say(f"""\
  - {{match: {{vendor: 15b3}}, state: {{ecc_mode: on, a: 1, q: 2}}}}
  - {{match: {{driver: mlx5*}}, {second}, verified: [ecc_mode]}}
""")
                known = self.load()
                found = known.apply(CLASS, SUBJECT)
                self.assertEqual({**STATE, "a": "1", "q": "2"}, found.state)
                self.assertEqual(("ecc_mode", "p2p"), found.unverified)
                (problem,) = known.problems
                self.assertTrue(problem.path.endswith("10-site.yaml:3"))
                self.assertIn("10-site.yaml:2", problem.detail)

    def test_agreement(self) -> None:
        """Two that say the same are one."""
        self.say("  - {match: {vendor: 15b3}, state: {a: 1}}\n" * 2)
        self.assertEqual({**STATE, "a": "1"}, self.apply().state)

    def test_no_class(self) -> None:
        """What makes no class leaves the source's, and is told."""
        self.say("  - {match: {vendor: 15b3}, state: {a: 1}}\n")
        many = {f"a{number}": "x" * 112 for number in range(64)}
        found = dataclasses.replace(CLASS, state=many, accepts=(many,))
        self.say(
            "  - {match: {vendor: 15b3}, state: {z: " + "x" * 999 + "}}\n"
        )
        known = self.load()
        result = known.apply(found, SUBJECT)
        self.assertEqual(many, result.state)
        self.assertEqual(("ecc_mode", "p2p", "z"), result.unverified)
        (problem,) = known.problems
        self.assertIn("bytes", problem.detail)

    def test_variable_of_the_source(self) -> None:
        """A variable's name that the source has is told."""
        self.say("""\
  - match: {vendor: 15b3}
    state: {a: x}
    accepts: {a: "{n:any}"}
""")
        found = dataclasses.replace(
            CLASS, accepts=({**STATE, "type": "{n:string:\"a\",\"b\"}"},)
        )
        known = self.load()
        self.assertEqual(STATE, known.apply(found, SUBJECT).state)
        self.assertIn("declared twice", known.problems[0].detail)
