# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib

import hypothesis
from hypothesis import strategies
from oslotest import base

from nova_vfio_compat.placement import codec
from tests.unit.placement import samples

DAY = datetime.date(2026, 11, 22)

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


class EncodeTestCase(base.BaseTestCase):
    def test_the_names_are_an_interface(self) -> None:
        """The names are exactly those that other releases read."""
        class_ = samples.plain()
        report = samples.report_with(pci_0000_81_00_0=class_)
        report = dataclasses.replace(report, seen=frozenset({"20261122"}))

        text = (
            "PMRGE5LTEI5CE4DDNERCYITFOZUWIZLOMNSSEORCOJ2WYZJCFQRGMYLNNFWHS"
            "IR2EJYGG2JCFQRHEZLBONXW4IR2EJYGYYLJNZPXMZTJN5PXAY3JEIWCE5TPMN"
            "QWE5LMMFZHSIR2GF6Q"
        )
        self.assertEqual(
            b'{"bus":"pci","evidence":"rule","family":"pci",'
            b'"reason":"plain_vfio_pci","vocabulary":1}',
            class_.canonical(),
        )
        self.assertEqual(
            {
                "CUSTOM_VFIO1_REPORT",
                "CUSTOM_VFIO1_SEEN_20261122",
                f"CUSTOM_VFIO1_CLASS_{class_.id}",
                f"CUSTOM_VFIO1_DEF_{class_.id}_1_1_{text}",
                "CUSTOM_VFIO1_DEV_PCI_0000_81_00_0_0",
            },
            codec.encode(report),
        )

    def test_names_are_legal(self) -> None:
        """Placement takes the names: characters and length."""
        for name in codec.encode(REPORT):
            self.assertRegex(name, r"^CUSTOM_[A-Z0-9_]{1,248}$")

    def test_decoding_gives_back_what_was_encoded(self) -> None:
        """What a host says is what everybody reads."""
        report = dataclasses.replace(
            REPORT, seen=frozenset({"20261122", "20261121"})
        )

        self.assertEqual(report, codec.decode(codec.encode(report)))

    def test_an_empty_report_is_a_report(self) -> None:
        """A host without devices says that it has been looked at."""
        names = codec.encode(samples.report_with())

        self.assertEqual({codec.REPORT}, names)
        self.assertTrue(codec.decode(names).present)
        self.assertFalse(codec.decode([]).present)

    def test_the_largest_class_can_be_published(self) -> None:
        """A class at the limit of its size survives the way."""
        class_ = dataclasses.replace(
            samples.plain(),
            exposed={f"x{number}": "y" * 980 for number in range(8)},
        )
        report = samples.report_with(mtty_mtty=class_)

        self.assertGreater(len(class_.canonical()), 7900)
        self.assertEqual(report, codec.decode(codec.encode(report)))


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

        self.assertEqual(codec.MAX_PROBLEMS, len(found.problems))
        self.assertIn("only the first", found.problems[0].detail)
        self.assertLess(int(next(endless).rpartition("_")[2]), 5000)

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


class NamesTestCase(base.BaseTestCase):
    def test_names_for_queries(self) -> None:
        """A scheduler asks with the names that reporters write."""
        self.assertEqual("CUSTOM_VFIO1_SEEN_20261122", codec.seen_trait(DAY))
        self.assertEqual(
            "PCI_0000_81_00_2", codec.device_trait_name("pci_0000_81_00.2")
        )
        id_ = samples.plain().id
        self.assertEqual(id_, codec.class_id(codec.class_trait(id_)))
        self.assertIsNone(codec.class_id("CUSTOM_VFIO1_CLASS_1"))
        self.assertTrue(
            codec.definition_traits(samples.plain())[0].startswith(
                codec.definition_prefix(id_)
            )
        )
