# SPDX-License-Identifier: Apache-2.0

"""Laws: what holds for every class, value and text."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import render
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import report as report_
from tests.unit.compat import strategies

Outcome = compat.Outcome

#: what Placement allows as the name of a trait (placement/schemas/trait.py)
TRAIT = re.compile(r"CUSTOM_[A-Z0-9_]{1,248}")

law = strategies.law
classes = strategies.classes()


def changed(value: compat.DeviceClass, **parts: Any) -> compat.DeviceClass:
    """The class with other parts."""
    names = {
        field.name for field in dataclasses.fields(value) if field.init
    }
    return compat.DeviceClass(**{
        **{name: getattr(value, name) for name in names}, **parts
    })


class AcceptanceLaws(base.BaseTestCase):
    @law
    @hypothesis.given(classes, classes, strategies.states)
    def test_what_it_writes(
        self, one: compat.DeviceClass, other: compat.DeviceClass,
        state: dict[str, str],
    ) -> None:
        """What lists a state literally accepts those who write it."""
        source = changed(one, state=state, accepts=({"a": "2"},), reason=None)
        self.assertIs(
            Outcome.COMPATIBLE, compat.judge(source, source).outcome
        )
        destination = changed(
            source, accepts=(state, *other.accepts)
            if one.evidence is other.evidence else (state,),
            unverified=("else",),
        )
        self.assertIs(
            Outcome.COMPATIBLE, compat.judge(source, destination).outcome
        )

    @law
    @hypothesis.given(classes)
    def test_itself(self, one: compat.DeviceClass) -> None:
        """A class is compatible with itself unless it has a reason."""
        verdict = compat.judge(one, one)
        if one.reason is None:
            self.assertIs(Outcome.COMPATIBLE, verdict.outcome)
        else:
            self.assertIn(
                verdict.outcome, (Outcome.INCOMPATIBLE, Outcome.UNKNOWN)
            )
            self.assertIs(one.reason, verdict.code)

    @law
    @hypothesis.given(
        classes, classes, st.lists(strategies.alternatives(), max_size=3)
    )
    def test_widening(
        self, source: compat.DeviceClass, destination: compat.DeviceClass,
        more: list[dict[str, str]],
    ) -> None:
        """A longer list accepts what the shorter one accepted."""
        hypothesis.assume(destination.accepts and source != destination)
        wider = changed(
            destination, accepts=(*destination.accepts, *more)
        )
        before = compat.judge(source, destination)
        after = compat.judge(source, wider)
        if before.outcome is Outcome.COMPATIBLE:
            self.assertIs(Outcome.COMPATIBLE, after.outcome)
        if after.outcome is Outcome.INCOMPATIBLE:
            self.assertIs(Outcome.INCOMPATIBLE, before.outcome)
            self.assertLessEqual(
                len(after.mismatches), len(before.mismatches)
            )

    @law
    @hypothesis.given(classes, classes)
    def test_nothing_but_the_two(
        self, source: compat.DeviceClass, destination: compat.DeviceClass
    ) -> None:
        """Equal classes get an equal verdict, wherever they came from."""
        expected = compat.judge(source, destination)
        read = [
            compat.DeviceClass.from_canonical(one.canonical())
            for one in (source, destination)
        ]
        shuffled = [
            changed(
                one,
                accepts=tuple(
                    dict(reversed(list(items.items())))
                    for items in reversed(one.accepts)
                ),
                state=None if one.state is None else dict(
                    reversed(list(one.state.items()))
                ),
            )
            for one in (source, destination)
        ]
        for ours, theirs in (read, shuffled):
            self.assertEqual(expected, compat.judge(ours, theirs))

    @law
    @hypothesis.given(
        classes, classes, st.lists(st.sampled_from(strategies.NAMES))
    )
    def test_relax(
        self, source: compat.DeviceClass, destination: compat.DeviceClass,
        names: list[str],
    ) -> None:
        """What is not compared can only take reasons away."""
        order = [
            Outcome.COMPATIBLE, Outcome.CONDITIONAL, Outcome.INCOMPATIBLE
        ]
        strict = compat.judge(source, destination)
        relaxed = compat.judge(
            source, destination,
            frozenset(f"{destination.family}:{name}" for name in names),
        )
        self.assertLessEqual(
            len(relaxed.mismatches), len(strict.mismatches)
        )
        if strict.outcome in order and relaxed.outcome in order:
            self.assertLessEqual(
                order.index(relaxed.outcome), order.index(strict.outcome)
            )

    @law
    @hypothesis.given(classes, classes)
    def test_settings_suffice(
        self, source: compat.DeviceClass, destination: compat.DeviceClass
    ) -> None:
        """What a verdict says to set can be set and differs."""
        verdict = compat.judge(source, destination)
        self.assertEqual(
            verdict.outcome is Outcome.CONDITIONAL, bool(verdict.to_set)
        )
        for name, value in verdict.to_set:
            self.assertIn(name, destination.settable)
            self.assertTrue(value)
            self.assertNotEqual(value, (destination.state or {}).get(name))

    @law
    @hypothesis.given(classes, classes)
    def test_rendering(
        self, source: compat.DeviceClass, destination: compat.DeviceClass
    ) -> None:
        """Every verdict is one line, and JSON that says the same."""
        verdict = compat.judge(source, destination)
        line = render.verdict_text(verdict)
        self.assertNotIn("\n", line)
        self.assertTrue(line.startswith(verdict.outcome.value))
        document = json.loads(json.dumps(render.verdict_dict(verdict)))
        self.assertEqual(
            len(verdict.mismatches), len(document["mismatches"])
        )


class ClassLaws(base.BaseTestCase):
    @law
    @hypothesis.given(strategies.states)
    def test_spelling(self, state: dict[str, str]) -> None:
        """Names of other mails, case of ids and order are the same class."""
        drifted = {
            "type": "mdev_type", "device_api": "device_type",
            "software_version": "interface_version", "pci_id": "device_id",
        }
        other = {
            drifted.get(name, name): (
                f"0x{value.upper()}" if name == "pci_id"
                else value.replace("-", "_") if name == "device_api"
                else f" {value}\n"
            )
            for name, value in reversed(state.items())
        }
        self.assertEqual(state, attributes.normalise_state(other))
        self.assertEqual(
            attributes.normalise_templates(state),
            attributes.normalise_templates(other),
        )

    @law
    @hypothesis.given(st.lists(classes, max_size=4), st.integers(0, 9000))
    def test_encoding(
        self, found: list[compat.DeviceClass], size: int
    ) -> None:
        """A report comes back from its traits, whose names are valid."""
        try:
            found.append(
                changed(
                    found[0] if found else None,  # type: ignore[arg-type]
                    state={"a": "x" * 1000, "b": "y" * (size % 1000)},
                    exposed={f"e{n}": "z" * 999 for n in range(size // 1000)},
                    accepts=({},), reason=None,
                )
                if found else compat.DeviceClass(
                    "f", "pci", compat.Evidence.RULE,
                    reason=compat.Code.NO_STATE,
                )
            )
        except compat.ParseError as error:
            # The documented bound.
            self.assertIn("at most 8192", str(error))
        report = report_.Report(
            classes={one.id: one for one in found},
            devices={"PCI_0000_81_00_0": frozenset(one.id for one in found)},
            present=True,
        )
        names = codec.encode(report)
        for name in names:
            self.assertTrue(TRAIT.fullmatch(name), name)
        read = codec.decode(names)
        self.assertEqual(report.classes, read.classes)
        self.assertEqual(report.devices, read.devices)
        self.assertEqual((), read.problems)
        for one in found:
            self.assertEqual(
                one.canonical(), read.classes[one.id].canonical()
            )
