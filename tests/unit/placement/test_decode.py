# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import base64
import dataclasses
import hashlib

import hypothesis
from hypothesis import strategies
from oslotest import base

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import problems
from tests.unit.placement import samples

REPORT = samples.report_with(
    pci_0000_81_00_0=samples.nic(),
    pci_0000_81_00_1=samples.nic("28.44.1036"),
    mtty_mtty=samples.vgpu(),
)


def _definition_of(data: bytes, id_: str) -> str:
    text = base64.b32encode(data).decode().rstrip("=")
    return f"{codec.definition_prefix(id_)}1_1_{text}"


def _id_of(data: bytes) -> str:
    digest = hashlib.sha256(data).digest()[:16]
    return base64.b32encode(digest).decode().rstrip("=")


class DecodeTestCase(base.BaseTestCase):
    def _problem(self, *names: str) -> str:
        found = codec.decode([codec.REPORT, *names])
        self.assertEqual(1, len(found.problems), str(found.problems))
        return found.problems[0].detail

    def test_traits_of_others_are_passed_over(self) -> None:
        """Other traits on the provider are nobody's problem."""
        names = {*codec.encode(REPORT), "HW_CPU_X86_VMX", "CUSTOM_GOLD", ""}

        self.assertEqual(REPORT, codec.decode(names))

    def test_a_definition_must_hash_to_its_name(self) -> None:
        """A definition under another class's id is refused."""
        other = dataclasses.replace(samples.plain(), family="other")
        forged = _definition_of(other.canonical(), samples.plain().id)

        detail = self._problem(forged)

        self.assertEqual(f"hashes to {other.id}", detail)

    def test_another_spelling_of_a_class_is_refused(self) -> None:
        """JSON that is not canonical is no class, whatever its hash."""
        data = samples.plain().canonical().replace(b":1", b": 1")

        detail = self._problem(_definition_of(data, _id_of(data)))

        self.assertIn("canonical", detail)

    def test_a_missing_piece_is_a_problem(self) -> None:
        """A class whose definition has a hole is named and not decoded."""
        report = samples.report_with(pci_0000_81_00_0=samples.nic())
        pieces = codec.definition_traits(samples.nic())
        self.assertGreater(len(pieces), 1)

        found = codec.decode(codec.encode(report) - {pieces[0]})

        self.assertEqual({}, found.classes)
        self.assertEqual(report.devices, found.devices)
        self.assertIn("missing", found.problems[0].detail)

    def test_two_texts_for_one_piece_are_both_refused(self) -> None:
        """Nobody can guess which of two is right."""
        piece = codec.definition_traits(samples.plain())[0]

        detail = self._problem(piece, piece[:-1] + "A")

        self.assertEqual("two texts for one piece", detail)

    def test_bad_names_cost_themselves_only(self) -> None:
        """The rest of a report is as good as without the bad name."""
        for bad in (
            "CUSTOM_VFIO1_SEEN_20261399",
            "CUSTOM_VFIO1_SEEN_TODAY",
            "CUSTOM_VFIO1_DEV_PCI_0000_81_00_0_3",
            "CUSTOM_VFIO1_DEV_PCI_0000_81_00_0_0000000000000000001",
            "CUSTOM_VFIO1_DEV_",
            "CUSTOM_VFIO1_DEVS_",
            "CUSTOM_VFIO1_DEVS_PCI_0000_08_FF_3",
            "CUSTOM_VFIO1_DEVS_PCI_0000_08_FF",
            "CUSTOM_VFIO1_DEVS_PCI_0000_08_0FF_0",
            "CUSTOM_VFIO1_DEVS_PCI_0000_08_0_0",
            f"CUSTOM_VFIO1_DEVS_PCI_0000_08_{'F' * 65}_0",
            "CUSTOM_VFIO1_DEVS_PCI_0000_08_00_FF_0",
            "CUSTOM_VFIO1_DEVS_MTTY_FF_0",
            "CUSTOM_VFIO1_CLASS_SHORT",
            "CUSTOM_VFIO1_DEF_",
            f"CUSTOM_VFIO1_DEF_{'A' * 26}_3_2_AAAA",
            f"CUSTOM_VFIO1_DEF_{'A' * 26}_1_100_AAAA",
            f"CUSTOM_VFIO1_DEF_{'A' * 26}_1_1_A",
            f"CUSTOM_VFIO1_DEF_{'A' * 26}_1_1_PMRA",
            "CUSTOM_VFIO1_FUTURE_THING",
        ):
            with self.subTest(bad):
                found = codec.decode({*codec.encode(REPORT), bad})

                self.assertEqual(REPORT.classes, found.classes)
                self.assertEqual(REPORT.devices, found.devices)
                self.assertEqual(1, len(found.problems))

    def test_work_and_problems_are_bounded(self) -> None:
        """A million names cost no more than the limit."""
        endless = (f"CUSTOM_VFIO1_SEEN_{number}" for number in range(10**6))

        found = codec.decode(endless)

        self.assertEqual(problems.MAX_PROBLEMS, len(found.problems))
        self.assertIn("only the first", found.problems[0].detail)
        self.assertLess(int(next(endless).rpartition("_")[2]), 5000)

    def test_devices_are_bounded(self) -> None:
        """Names of many devices each do not fill the memory."""
        names = [
            f"CUSTOM_VFIO1_DEVS_PCI_{domain:04X}_08_{'F' * 64}_0"
            for domain in range(1000)
        ]

        found = codec.decode([*codec.encode(REPORT), *names])

        self.assertLess(
            len(found.devices), codec.MAX_REPORT_DEVICES + 256
        )
        self.assertIn("16384 devices", found.problems[-1].detail)

    def test_definitions_of_a_fleet(self) -> None:
        """A list of names of many hosts gives every complete class."""
        good = {
            *codec.definition_traits(samples.nic()),
            *codec.definition_traits(samples.vgpu()),
        }
        bad = codec.definition_traits(samples.nic("1.0"))[0]

        classes, problems = codec.decode_definitions([*good, bad, "X"])

        self.assertEqual(
            {
                item.id: item
                for item in (samples.nic(), samples.vgpu())
            },
            classes,
        )
        self.assertEqual(1, len(problems))

    @hypothesis.settings(deadline=None, max_examples=300)
    @hypothesis.given(
        names=strategies.lists(
            strategies.one_of(
                strategies.text(max_size=300),
                strategies.from_regex(
                    r"CUSTOM_VFIO1_(REPORT|SEEN|CLASS|DEF|DEV)_[A-Z0-9_]*",
                    fullmatch=True,
                ),
                strategies.sampled_from(sorted(codec.encode(REPORT))),
                strategies.binary(max_size=200).map(
                    lambda data: _definition_of(data, _id_of(data))
                ),
            ),
            max_size=30,
        )
    )
    def test_nothing_else_is_ever_raised(self, names: list[str]) -> None:
        """Any strings give a report, maybe with problems."""
        found = codec.decode(names)

        for id_, class_ in found.classes.items():
            self.assertEqual(id_, class_.id)
